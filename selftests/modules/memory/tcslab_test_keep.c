// SPDX-License-Identifier: GPL-2.0
/*
 * What a heap keeps: its rule alone, with our own clock
 *
 * The rule is compiled into this module, from the source that the allocator has it from.
 */
#include <linux/module.h>

#include "back/heap_keep.c"
#include "context_test.h"

#define FLOOR	16

static struct tcslab_keep keep;
static unsigned long now, free;

static void begin(unsigned long jiffies_then)
{
	now = jiffies_then;
	free = 0;
	keep = (struct tcslab_keep){ .began = now };
}

static unsigned long excess(void)
{
	return tcslab_keep_excess(&keep, free, FLOOR);
}

/* Users free @npages; what is in excess then goes.  How much. */
static unsigned long put(unsigned long npages)
{
	unsigned long given;

	free += npages;
	given = excess();
	if (given) {
		free -= given;
		tcslab_keep_note_free(&keep, free);
		tcslab_keep_note_given(&keep, given, now);
	}
	return given;
}

/* Users want @npages; what is not free has to come.  How much. */
static unsigned long take(unsigned long npages)
{
	unsigned long grown = npages - min(npages, free);

	if (grown)
		tcslab_keep_note_grown(&keep, grown, FLOOR, now);
	free -= npages - grown;
	tcslab_keep_note_free(&keep, free);
	return grown;
}

/* How much nobody wanted in it. */
static unsigned long period(void)
{
	now += TCSLAB_KEEP_PERIOD;
	return tcslab_keep_next_period(&keep, free, FLOOR, now);
}

/* As often as it comes in a period. */
static void teeth(unsigned long npages, unsigned int n)
{
	while (n--) {
		take(npages);
		put(npages);
	}
}

static void rises(void)
{
	unsigned long first, second;

	begin(1000);
	take(1000);
	first = put(1000);
	take(1000);
	second = put(1000);
	context_check(first == 1000 - FLOOR && second == first,
		      "of once nothing is learnt at once: %lu and %lu of 1000 go", first, second);
	take(1000);
	period();
	first = put(1000);
	context_check(!first, "after one in which they were missed none go: %lu", first);
	first = take(1000);
	context_check(!first, "so none are missed: %lu", first);
	context_check(!put(1000) && put(1) == 1, "but one more goes");

	begin(1000);
	take(1000);
	put(1000);
	period();
	context_check(put(1000 - FLOOR) == 1000 - FLOOR,
		      "a load that does not come back teaches nothing");

	begin(1000);
	take(100);
	put(100);
	take(1000);
	period();
	first = put(1000);
	context_check(first == 900, "who grows beyond what was given misses no more than that: %lu",
		      first);

	/* 34 are missed, 44 more given, then 160 missed at one time. */
	begin(1000);
	take(600);
	put(200);
	take(50);
	put(60);
	take(10 + FLOOR + 150);
	period();
	context_check(keep.target == FLOOR + 160, "by turns: the target is %lu", keep.target);
}

/* Loads do not go up in a straight line. */
static void bumpy(void)
{
	begin(1000);
	take(1000);
	put(1000);
	take(500);
	put(32);
	take(532);
	period();
	context_check(keep.target == 1000, "a little given in between: the target is %lu",
		      keep.target);
}

/* Often within a period. */
static void often(void)
{
	unsigned long first, second;
	unsigned int size, i;

	begin(1000);
	teeth(1000, 7);
	take(1000);
	first = put(1000);
	take(1000);
	second = put(1000);
	context_check(first == 1000 - FLOOR && !second,
		      "missed seven times %lu of 1000 go, eight times %lu", first, second);
	context_check(keep.target == 1000, "the target is %lu", keep.target);

	begin(1000);
	for (size = 64; size <= 4096; size *= 2)
		teeth(size, 7);
	context_check(!keep.target, "ever larger ones are not the same: the target is %lu",
		      keep.target);

	begin(1000);
	teeth(1000, 1);
	take(1000);
	for (i = 0; i < 20; i++)
		teeth(32, 1);
	context_check(!keep.target, "nor is a little at the top of one: the target is %lu",
		      keep.target);
}

/* The period ends in the middle of what is missed. */
static void between(void)
{
	unsigned int i;

	begin(1000);
	teeth(1000, 3);
	take(500);
	period();
	take(500);
	put(1000);
	context_check(keep.target == 1000, "no more than was missed at one time: %lu", keep.target);
	period();
	for (i = 0; i < 5; i++) {
		teeth(1000, 2);
		period();
	}
	context_check(keep.target == 1000 && !excess(), "and it stays so: %lu", keep.target);
}

static void late(unsigned int periods, bool missed)
{
	unsigned long given;
	unsigned int i;

	/* Jiffies go round in between. */
	begin(-5UL);
	take(1000);
	put(1000);
	for (i = 0; i < periods; i++)
		period();
	take(1000);
	period();
	given = put(1000);
	context_check(missed == !given, "asked for %u periods later: %lu of 1000 go", periods,
		      given);
}

/* No period ends of what holds nothing. */
static void no_period(void)
{
	unsigned long given;

	begin(ULONG_MAX / 2);
	take(1000);
	put(1000);
	now += 3 * TCSLAB_KEEP_PERIOD;
	take(1000);
	period();
	given = put(1000);
	context_check(given == 1000 - FLOOR, "asked for much later, and nobody looked: %lu go",
		      given);
}

static void learn(unsigned long npages)
{
	begin(1000);
	teeth(npages, 2);
	period();
	teeth(npages, 1);
	period();
}

static void falls(void)
{
	unsigned long given;
	unsigned int i;

	learn(1000);
	for (i = 0; i < 100; i++) {
		teeth(1000, 3);
		period();
	}
	context_check(!excess(), "a load that goes on is kept for: %lu in excess", excess());
	period();
	context_check(excess() == 1000 - FLOOR, "one that stays away for a period is not: %lu",
		      excess());

	learn(1000);
	teeth(300, 1);
	context_check(period() == 700, "what nobody wanted can be told");
	given = put(0);
	context_check(given == 700, "one that becomes less is kept for as far as it goes: %lu go",
		      given);
	take(300);
	context_check(!put(300), "and no further");

	learn(1000);
	teeth(2000, 2);
	tcslab_keep_forget(&keep);
	period();
	context_check(excess() == free - FLOOR, "all was asked back: %lu in excess", excess());
}

static void floor_alone(void)
{
	begin(0);
	take(FLOOR);
	context_check(!put(FLOOR), "the floor is kept");
	period();
	period();
	context_check(!excess(), "for as long as it is free");
	context_check(tcslab_keep_excess(&keep, free, 0) == FLOOR &&
		      tcslab_keep_excess(&keep, free, FLOOR - 1) == 1 &&
		      !tcslab_keep_excess(&keep, free, ULONG_MAX), "until it is changed");
}

static int __init keep_init(void)
{
	rises();
	bumpy();
	often();
	between();
	late(1, true);
	late(2, false);
	no_period();
	falls();
	floor_alone();
	context_plan();
	return 0;
}

static void __exit keep_exit(void)
{
}

module_init(keep_init);
module_exit(keep_exit);

MODULE_DESCRIPTION("tcslab test: how much is kept");
MODULE_LICENSE("GPL");

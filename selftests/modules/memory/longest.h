/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long a call is, in instructions
 *
 * Needs a guest that counts instructions instead of time (icount).  What one call of the
 * kernel's page allocator takes is measured as well and not counted against us.
 */
#ifndef LONGEST_H
#define LONGEST_H

#include <linux/bottom_half.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/timex.h>

#include <linux/tcslab.h>

#include "context_test.h"

#define LIMIT		100000	/* instructions */
#define PAGES_OF_ONE	512	/* that one free may give back */

static void **objs;	/* what a test holds */

/**
 * struct longest - of several calls
 * @instructions: the longest
 * @pages: most that went back to the kernel, or came
 */
struct longest {
	unsigned long instructions;
	long pages;
};

struct stopwatch {
	cycles_t began;
	unsigned long held;
};

/*
 * Interrupts would be counted, too, and with them off some paths are others: the processor
 * holds them back by itself.
 */
static void hold_interrupts(unsigned long above)
{
#ifdef CONFIG_X86_64
	asm volatile("mov %0, %%cr8" : : "r" (above) : "memory");
#endif
}

static struct stopwatch begin(void)
{
	struct stopwatch watch;

	local_bh_disable();
	preempt_disable();
	hold_interrupts(15);
	watch.held = tcslab_held_pages();
	watch.began = get_cycles();
	return watch;
}

static void end(const struct stopwatch *watch, struct longest *longest)
{
	unsigned long took = get_cycles() - watch->began;

	hold_interrupts(0);

	longest->pages = max(longest->pages, abs((long)(watch->held - tcslab_held_pages())));
	longest->instructions = max(longest->instructions, took);
	preempt_enable();
	local_bh_enable();
}

static void timed_free(void *obj, struct longest *longest)
{
	struct stopwatch watch = begin();

	tcslab_free(obj);
	end(&watch, longest);
}

static void *timed_alloc(size_t size, struct longest *longest)
{
	struct stopwatch watch = begin();
	void *obj = tcslab_alloc(size, GFP_ATOMIC | __GFP_NOWARN);

	end(&watch, longest);
	return obj;
}

static struct longest kernel_alloc, kernel_free;	/* its own page allocator */

static void judge(const char *what, const struct longest *longest, bool is_free)
{
	const struct longest *kernel = is_free ? &kernel_free : &kernel_alloc;
	bool few = !is_free || longest->pages <= PAGES_OF_ONE;

	context_check(longest->instructions <= LIMIT + kernel->instructions && few,
		      "%s: %lu instructions, %ld pages", what, longest->instructions,
		      longest->pages);
}

/* Small blocks, which go through its lists of each CPU, and large ones. */
static void measure_kernel(unsigned int order, unsigned int n)
{
	struct stopwatch watch;
	unsigned int i;

	for (i = 0; i < n; i++) {
		watch = begin();
		objs[i] = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, order);
		end(&watch, &kernel_alloc);
		if (!objs[i])
			break;
	}
	while (i--) {
		watch = begin();
		__free_pages(objs[i], order);
		end(&watch, &kernel_free);
	}
}

static int set_parameter(const char *path, const char *value)
{
	struct file *file = filp_open(path, O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = kernel_write(file, value, strlen(value), &pos);
	filp_close(file, NULL);
	return err < 0 ? err : 0;
}

#endif /* LONGEST_H */

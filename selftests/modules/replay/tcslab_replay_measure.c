// SPDX-License-Identifier: GPL-2.0
/*
 * What a trace is played for: proof, time, the longest calls, memory
 *
 * Everything is done with both allocators in turns, in one boot.
 */
#include <linux/mm.h>

#include "clock.h"
#include "slub_pages.h"
#include "tcslab_replay.h"

#define MAX_ROUNDS	25

static const char * const backends[] = { "empty", "tcslab", "slub" };

const char * const replay_parts[REPLAY_NR_PARTS] = { "all", "kmalloc", "general" };

struct replay_curve replay_curves[REPLAY_NR_PARTS][REPLAY_WINDOWS];

static void result(const char *part, const char *backend, const char *what, u64 value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s_%s", part, *part ? "_" : "", backend, what);
	replay_result(name, value);
}

/* Play once from the beginning and leave nothing behind. */
static int play_once(struct replay_player *player, void (*sample)(void *, unsigned int), void *arg)
{
	int err, closed;

	err = replay_backend_open(player);
	if (err)
		return err;
	err = replay_play(player, sample, arg);
	if (player->backend != REPLAY_EMPTY)
		replay_finish(player);
	else
		memset(player->objs, 0, player->trace->nr_objs * sizeof(*player->objs));
	closed = replay_backend_close(player);
	if (player->backend == REPLAY_TCSLAB)
		tcslab_trim();
	return err ?: closed;
}

static u64 sum(const struct replay_player *player, size_t offset)
{
	u64 total = 0;
	unsigned int i;

	for (i = 0; i < player->nr_threads; i++)
		total += *(u64 *)((void *)&player->threads[i] + offset);
	return total;
}

#define SUM(_player, _field)	sum(_player, offsetof(struct replay_thread, _field))

static void clear_checks(struct replay_player *player)
{
	unsigned int i;

	for (i = 0; i < player->nr_threads; i++) {
		player->threads[i].corruptions = 0;
		player->threads[i].not_zeroed = 0;
		player->threads[i].failed = 0;
	}
}

/* ------------------------------------------------------------------- verify */

int replay_verify(struct replay_trace *trace, bool spoil)
{
	struct replay_player player;
	enum replay_backend last;
	u64 corruptions = 0;
	int err;

	err = replay_player_init(&player, trace, 1);
	if (err)
		return err;
	player.mode = REPLAY_VERIFY;
	player.spoil = spoil;
	/* That damage is noticed need not be shown twice. */
	last = spoil ? REPLAY_TCSLAB : REPLAY_SLUB;
	for (player.backend = REPLAY_TCSLAB; player.backend <= last && !err; player.backend++) {
		clear_checks(&player);
		err = play_once(&player, NULL, NULL);
		corruptions += SUM(&player, corruptions);
		result("", backends[player.backend], "corruptions", SUM(&player, corruptions));
		result("", backends[player.backend], "not_zeroed", SUM(&player, not_zeroed));
		result("", backends[player.backend], "failed", SUM(&player, failed));
	}
	if (!err)
		replay_result("corruptions", corruptions);
	replay_player_exit(&player);
	return err;
}

/* --------------------------------------------------------------------- time */

int replay_time(struct replay_trace *trace, unsigned int rounds)
{
	static u64 cycles[REPLAY_NR_BACKENDS][MAX_ROUNDS], ns[REPLAY_NR_BACKENDS][MAX_ROUNDS];
	struct replay_player player;
	unsigned int round;
	int err;

	rounds = clamp(rounds, 1U, (unsigned int)MAX_ROUNDS);
	err = replay_player_init(&player, trace, 1);
	if (err)
		return err;
	player.mode = REPLAY_TIME;
	for (round = 0; round < rounds && !err; round++) {
		for (player.backend = 0; player.backend < REPLAY_NR_BACKENDS && !err;
		     player.backend++) {
			err = play_once(&player, NULL, NULL);
			cycles[player.backend][round] = SUM(&player, cycles);
			ns[player.backend][round] = SUM(&player, ns);
		}
	}
	for (player.backend = 0; player.backend < REPLAY_NR_BACKENDS && !err; player.backend++) {
		result("", backends[player.backend], "cycles",
		       test_median(cycles[player.backend], rounds));
		result("", backends[player.backend], "ns",
		       test_median(ns[player.backend], rounds));
	}
	if (!err)
		replay_result("failed", SUM(&player, failed));
	replay_player_exit(&player);
	return err;
}

/* ------------------------------------------------------------------ longest */

/*
 * The longest call is that with the largest least: each event's least over the
 * rounds, which the interrupts that hit some event in some round are not in.
 */
static void report_longest(const struct replay_player *player)
{
	u32 i, longest[2] = {}, size[2] = {};

	for (i = 0; i < player->trace->nr_events; i++) {
		bool free = player->order[i].free;

		if (player->costs[i] != U32_MAX && player->costs[i] > longest[free]) {
			longest[free] = player->costs[i];
			size[free] = player->trace->kinds[player->order[i].kind].size;
		}
	}
	result("", backends[player->backend], "longest_alloc", longest[0]);
	result("", backends[player->backend], "longest_alloc_size", size[0]);
	result("", backends[player->backend], "longest_free", longest[1]);
	result("", backends[player->backend], "longest_free_size", size[1]);
}

int replay_longest(struct replay_trace *trace, unsigned int rounds)
{
	struct replay_player player;
	unsigned int round;
	int err;

	err = replay_player_init(&player, trace, 1);
	if (err)
		return err;
	player.mode = REPLAY_LONGEST;
	for (player.backend = 0; player.backend < REPLAY_NR_BACKENDS && !err; player.backend++) {
		memset(player.costs, 0xff, trace->nr_events * sizeof(*player.costs));
		for (round = 0; round < max(rounds, 1U) && !err; round++)
			err = play_once(&player, NULL, NULL);
		if (!err)
			report_longest(&player);
	}
	replay_player_exit(&player);
	return err;
}

/* -------------------------------------------------------------------- pages */

static long held_pages(enum replay_backend backend)
{
	return backend == REPLAY_TCSLAB ? tcslab_held_pages() : slub_pages();
}

struct meter {
	struct replay_player *player;
	long base;
	long peak;
	long now;
};

static void sample(void *arg, unsigned int window)
{
	struct meter *meter = arg;
	struct replay_player *player = meter->player;

	meter->now = held_pages(player->backend) - meter->base;
	meter->peak = max(meter->peak, meter->now);
	replay_curves[player->part][window].pages[player->backend] =
		max(meter->now, 0L);
}

/* Bytes asked for and not freed, at the end of each window. */
static u64 live_bytes(const struct replay_player *player)
{
	const struct replay_trace *trace = player->trace;
	u32 i, length = DIV_ROUND_UP(trace->nr_events, player->windows);
	struct replay_curve *curve = replay_curves[player->part];
	u64 live = 0, peak = 0;

	for (i = 0; i < trace->nr_events; i++) {
		const struct replay_kind *kind = &trace->kinds[trace->events[i].kind];

		if (player->part != REPLAY_KMALLOC || kind->cache < 0)
			live += trace->events[i].free ? -(u64)kind->size : kind->size;
		curve[i / length].live_bytes = live;
		peak = max(peak, live);
	}
	return peak;
}

static int count_part(struct replay_player *player)
{
	const char *part = replay_parts[player->part];
	int err = 0;

	result(part, "live", "peak_bytes", live_bytes(player));
	for (player->backend = REPLAY_TCSLAB; player->backend < REPLAY_NR_BACKENDS;
	     player->backend++) {
		struct meter meter = { .player = player };

		tcslab_trim();
		meter.base = held_pages(player->backend);
		err = play_once(player, sample, &meter);
		if (err)
			break;
		result(part, backends[player->backend], "peak_pages", meter.peak);
		result(part, backends[player->backend], "end_pages", meter.now);
		/* SLUB's may be below the base: the rest of the kernel uses it, too. */
		meter.now = held_pages(player->backend) - meter.base;
		result(part, backends[player->backend], "left_pages", max(meter.now, 0L));
	}
	return err;
}

int replay_pages(struct replay_trace *trace)
{
	struct replay_trace general = *trace;
	struct replay_player player;
	int err;
	u32 k;

	general.nr_caches = 0;
	general.kinds = kvmalloc_array(trace->nr_kinds, sizeof(*trace->kinds), GFP_KERNEL);
	if (!general.kinds)
		return -ENOMEM;
	memcpy(general.kinds, trace->kinds, trace->nr_kinds * sizeof(*trace->kinds));
	for (k = 0; k < trace->nr_kinds; k++)
		general.kinds[k].cache = -1;
	err = replay_player_init(&player, trace, REPLAY_WINDOWS);
	if (err)
		goto out;
	memset(replay_curves, 0, sizeof(replay_curves));
	player.mode = REPLAY_TIME;
	player.mirror_kmalloc = true;
	for (player.part = 0; player.part < REPLAY_NR_PARTS && !err; player.part++) {
		player.trace = player.part == REPLAY_GENERAL ? &general : trace;
		err = count_part(&player);
	}
	replay_player_exit(&player);
out:
	kvfree(general.kinds);
	return err;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Plays a trace through an allocator
 *
 * Each recorded CPU has a thread, unless fewer CPUs are online: then several share
 * one, down to a single thread that plays everything in the recorded order.  The
 * threads run freely, but for one rule: a free waits until its object is there.
 *
 * Nobody waits for ever: of all events that have not been played take the earliest
 * recorded.  Everything before it on its thread has been played, so it is that
 * thread's turn; it is an allocation, or its allocation has been played.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "clock.h"
#include "tcslab_replay.h"

/* What an object is when its allocation failed: its free must not wait for it. */
#define FAILED		((void *)1UL)

/* Between looks at whether to go on, and chances for others to run. */
#define STEP		1024

/* Looks for another thread's object before sleeping. */
#define SPINS		1000

/* In REPLAY_VERIFY with spoiling: one object in so many. */
#define SPOIL_EVERY	1000

/* Not inline: what a reading costs is the same wherever it is. */
u64 replay_cycles(void)
{
	return test_clock();
}

/* -------------------------------------------------------------- allocators */

static __always_inline void *backend_alloc(enum replay_backend backend,
					   const struct replay_kind *kind)
{
	switch (backend) {
	case REPLAY_TCSLAB:
		if (kind->tcslab)
			return tcslab_cache_alloc(kind->tcslab, kind->gfp);
		return tcslab_alloc(kind->size, kind->gfp);
	case REPLAY_SLUB:
		if (kind->slub)
			return kmem_cache_alloc(kind->slub, kind->gfp);
		return kmalloc(kind->size, kind->gfp);
	default:
		return (void *)kind;
	}
}

static __always_inline void backend_free(enum replay_backend backend,
					 const struct replay_kind *kind, void *obj)
{
	switch (backend) {
	case REPLAY_TCSLAB:
		if (kind->tcslab)
			tcslab_cache_free(kind->tcslab, obj);
		else
			tcslab_free(obj);
		break;
	case REPLAY_SLUB:
		if (kind->slub)
			kmem_cache_free(kind->slub, obj);
		else
			kfree(obj);
		break;
	default:
		break;
	}
}

/* ------------------------------------------------------------------ objects */

/* The number says whose the object is, the rest tells a stray write anywhere in it. */
static u8 fill_byte(u32 number)
{
	return (number * 0x9e3779b1U) >> 24;
}

static void fill(void *obj, u32 number, size_t size)
{
	memset(obj, fill_byte(number), size);
	if (size >= sizeof(number))
		memcpy(obj, &number, sizeof(number));
}

static bool intact(const void *obj, u32 number, size_t size)
{
	size_t head = size >= sizeof(number) ? sizeof(number) : 0;

	return !memcmp(obj, &number, head) &&
	       !memchr_inv(obj + head, fill_byte(number), size - head);
}

static noinline void check_new(struct replay_thread *thread, const struct replay_kind *kind,
			       u32 number, void *obj)
{
	if ((kind->gfp & __GFP_ZERO) && memchr_inv(obj, 0, kind->size))
		thread->not_zeroed++;
	fill(obj, number, kind->size);
	if (thread->player->spoil && number % SPOIL_EVERY == 0)
		((u8 *)obj)[kind->size - 1] ^= 1;
}

static noinline void check_old(struct replay_thread *thread, const struct replay_kind *kind,
			       u32 number, const void *obj)
{
	if (!intact(obj, number, kind->size))
		thread->corruptions++;
}

/*
 * Wait for the object of another thread.  NULL when the player stops.  The time is
 * not the allocator's and is taken off.
 */
static noinline void *wait_for(struct replay_thread *thread, void **slot)
{
	u64 cycles = replay_cycles(), ns = ktime_get_ns();
	unsigned int spins = 0;
	void *obj;

	/* Pairs with the release that follows its allocation in play_window(). */
	while (!(obj = smp_load_acquire(slot)) && !READ_ONCE(thread->player->stop)) {
		/* Where CPUs are virtual, the other thread may need ours to get on. */
		if (++spins < SPINS)
			cpu_relax();
		else
			usleep_range(20, 100);
	}
	thread->waited_cycles += replay_cycles() - cycles;
	thread->waited_ns += ktime_get_ns() - ns;
	return obj;
}

/* --------------------------------------------------------------------- play */

/*
 * Inlined once for each allocator and mode, so that neither costs anything here.  Not the loop of
 * bench/: that times pairs of calls in an order of its own, this what somebody else did once.
 */
static __always_inline void play_window(struct replay_thread *thread, u32 end,
					const enum replay_backend backend,
					const enum replay_mode mode)
{
	struct replay_player *player = thread->player;
	const struct replay_kind *kinds = player->trace->kinds;
	const struct replay_event *events = player->order + thread->first;
	bool kmalloc_only = player->part == REPLAY_KMALLOC;
	u32 *costs = player->costs + thread->first;
	u64 begin = 0;
	u32 i;

	for (i = thread->next; i < end; i++) {
		const struct replay_event *event = &events[i];
		const struct replay_kind *kind = &kinds[event->kind];
		void **slot = &player->objs[event->obj];
		void *obj;

		if (unlikely(i % STEP == 0)) {
			if (READ_ONCE(player->stop))
				break;
			cond_resched();
		}
		if (kmalloc_only && kind->cache >= 0)
			continue;
		if (!event->free) {
			if (mode == REPLAY_LONGEST)
				begin = replay_cycles();
			obj = backend_alloc(backend, kind);
			if (mode == REPLAY_LONGEST)
				costs[i] = min_t(u64, costs[i], replay_cycles() - begin);
			if (unlikely(!obj)) {
				thread->failed++;
				obj = FAILED;
			} else if (mode == REPLAY_VERIFY) {
				check_new(thread, kind, event->obj, obj);
			} else if (backend != REPLAY_EMPTY) {
				WRITE_ONCE(*(u8 *)obj, 1);
			}
			/* Pairs with the other thread's acquire: it may check the content. */
			smp_store_release(slot, obj);
			continue;
		}
		/* Pairs with the release above, of whichever thread. */
		obj = smp_load_acquire(slot);
		if (unlikely(!obj)) {
			obj = wait_for(thread, slot);
			if (!obj)
				break;
		}
		WRITE_ONCE(*slot, NULL);
		if (unlikely(obj == FAILED))
			continue;
		if (mode == REPLAY_VERIFY)
			check_old(thread, kind, event->obj, obj);
		if (mode == REPLAY_LONGEST)
			begin = replay_cycles();
		backend_free(backend, kind, obj);
		if (mode == REPLAY_LONGEST)
			costs[i] = min_t(u64, costs[i], replay_cycles() - begin);
	}
	thread->next = i;
}

static __always_inline void play_mode(struct replay_thread *thread, u32 end,
				      const enum replay_backend backend)
{
	switch (thread->player->mode) {
	case REPLAY_VERIFY:
		play_window(thread, end, backend, REPLAY_VERIFY);
		break;
	case REPLAY_TIME:
		play_window(thread, end, backend, REPLAY_TIME);
		break;
	case REPLAY_LONGEST:
		play_window(thread, end, backend, REPLAY_LONGEST);
		break;
	}
}

static void play(struct replay_thread *thread)
{
	struct replay_player *player = thread->player;
	u32 end = thread->end[player->window];
	u64 ns = ktime_get_ns(), cycles = replay_cycles();

	thread->waited_cycles = 0;
	thread->waited_ns = 0;
	switch (player->backend) {
	case REPLAY_TCSLAB:
		play_mode(thread, end, REPLAY_TCSLAB);
		break;
	case REPLAY_SLUB:
		play_mode(thread, end, REPLAY_SLUB);
		break;
	default:
		/* Nothing to fill: there are no objects. */
		if (player->mode != REPLAY_VERIFY)
			play_mode(thread, end, REPLAY_EMPTY);
		break;
	}
	thread->cycles += replay_cycles() - cycles - thread->waited_cycles;
	thread->ns += ktime_get_ns() - ns - thread->waited_ns;
}

static int thread_main(void *data)
{
	struct replay_thread *thread = data;

	for (;;) {
		/* Signals do not reach kernel threads: this only keeps the load down. */
		wait_for_completion_interruptible(&thread->go);
		if (READ_ONCE(thread->player->quit))
			break;
		play(thread);
		complete(&thread->done);
	}
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void stop_threads(struct replay_player *player)
{
	unsigned int i;

	WRITE_ONCE(player->quit, true);
	for (i = 0; i < player->nr_threads; i++) {
		struct replay_thread *thread = &player->threads[i];

		if (!thread->task)
			continue;
		complete(&thread->go);
		kthread_stop(thread->task);
		thread->task = NULL;
	}
}

static int start_threads(struct replay_player *player)
{
	unsigned int i;

	for (i = 0; i < player->nr_threads; i++) {
		struct replay_thread *thread = &player->threads[i];
		struct task_struct *task;

		thread->next = 0;
		thread->cycles = 0;
		thread->ns = 0;
		init_completion(&thread->go);
		init_completion(&thread->done);
		task = kthread_create(thread_main, thread, "replay/%u", i);
		if (IS_ERR(task))
			return PTR_ERR(task);
		thread->task = task;
		kthread_bind(task, thread->cpu);
		wake_up_process(task);
	}
	return 0;
}

int replay_play(struct replay_player *player, void (*sample)(void *arg, unsigned int window),
		void *arg)
{
	unsigned int i;
	int err;

	player->stop = false;
	player->quit = false;
	err = start_threads(player);
	for (player->window = 0; player->window < player->windows && !err; player->window++) {
		for (i = 0; i < player->nr_threads; i++)
			complete(&player->threads[i].go);
		for (i = 0; i < player->nr_threads; i++) {
			struct completion *done = &player->threads[i].done;

			if (!err && wait_for_completion_interruptible(done)) {
				err = -EINTR;
				WRITE_ONCE(player->stop, true);
				wait_for_completion(done);
			} else if (err) {
				wait_for_completion(done);
			}
		}
		if (!err && sample)
			sample(arg, player->window);
	}
	stop_threads(player);
	return err;
}

/* Free what the trace left; with REPLAY_VERIFY it is checked as everything else. */
void replay_finish(struct replay_player *player)
{
	struct replay_thread *thread = &player->threads[0];
	u32 i;

	for (i = 0; i < player->trace->nr_events; i++) {
		const struct replay_event *event = &player->trace->events[i];
		const struct replay_kind *kind = &player->trace->kinds[event->kind];
		void *obj = player->objs[event->obj];

		if (i % STEP == 0)
			cond_resched();
		player->objs[event->obj] = NULL;
		if (!obj || obj == FAILED)
			continue;
		if (player->mode == REPLAY_VERIFY)
			check_old(thread, kind, event->obj, obj);
		backend_free(player->backend, kind, obj);
	}
}

/* ------------------------------------------------------------------- player */

/* Hand the events out to the threads, in recorded order within each. */
static void deal(struct replay_player *player)
{
	struct replay_trace *trace = player->trace;
	u32 i, at = 0, length = DIV_ROUND_UP(trace->nr_events, player->windows);
	unsigned int t, w;

	for (t = 0; t < player->nr_threads; t++) {
		struct replay_thread *thread = &player->threads[t];

		thread->first = at;
		for (i = 0; i < trace->nr_events; i++) {
			if (trace->events[i].cpu % player->nr_threads == t)
				player->order[at++] = trace->events[i];
			thread->end[i / length] = at - thread->first;
			if (i % STEP == 0)
				cond_resched();
		}
		/* Few events do not fill all windows. */
		for (w = DIV_ROUND_UP(trace->nr_events, length); w < player->windows; w++)
			thread->end[w] = at - thread->first;
	}
}

int replay_player_init(struct replay_player *player, struct replay_trace *trace,
		       unsigned int windows)
{
	unsigned int i, cpu = cpumask_first(cpu_online_mask);

	memset(player, 0, sizeof(*player));
	player->trace = trace;
	player->windows = windows;
	player->nr_threads = min(trace->cpus, num_online_cpus());
	player->threads = kvcalloc(player->nr_threads, sizeof(*player->threads), GFP_KERNEL);
	player->order = kvcalloc(trace->nr_events, sizeof(*player->order), GFP_KERNEL);
	player->objs = kvcalloc(trace->nr_objs, sizeof(*player->objs), GFP_KERNEL);
	player->costs = kvcalloc(trace->nr_events, sizeof(*player->costs), GFP_KERNEL);
	if (!player->threads || !player->order || !player->objs || !player->costs) {
		replay_player_exit(player);
		return -ENOMEM;
	}
	for (i = 0; i < player->nr_threads; i++) {
		player->threads[i].player = player;
		player->threads[i].cpu = cpu;
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
	deal(player);
	return 0;
}

void replay_player_exit(struct replay_player *player)
{
	kvfree(player->threads);
	kvfree(player->order);
	kvfree(player->objs);
	kvfree(player->costs);
	memset(player, 0, sizeof(*player));
}

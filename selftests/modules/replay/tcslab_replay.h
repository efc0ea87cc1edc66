/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replay of a recorded trace of allocations, see Documentation/replay.md
 *
 * trace   decodes and checks what was written to debugfs
 * caches  makes the caches that it was recorded with
 * play    plays the events, one thread per CPU, through one allocator
 * measure repeats that in the ways that the `run` file offers
 * main    the files in debugfs
 */
#ifndef TCSLAB_REPLAY_H
#define TCSLAB_REPLAY_H

#include <linux/completion.h>
#include <linux/slab.h>
#include <linux/types.h>

#include <linux/tcslab.h>

#define REPLAY_NAME_BYTES	24
#define REPLAY_WINDOWS		256

/**
 * struct replay_cache - a cache of the recorded kernel
 * @size: of its objects
 * @align: as its padding shows it, or 0
 * @name: as a free told it
 */
struct replay_cache {
	u32 size;
	u32 align;
	char name[REPLAY_NAME_BYTES];
};

/**
 * struct replay_kind - a way to allocate that occurs in the trace
 * @size: bytes asked for
 * @gfp: flags to ask with
 * @cache: index of the cache, or -1 for kmalloc()
 * @tcslab: our cache, while the trace is played through tcslab
 * @slub: SLUB's, while it is played through SLUB
 */
struct replay_kind {
	u32 size;
	gfp_t gfp;
	int cache;
	struct tcslab_cache *tcslab;
	struct kmem_cache *slub;
};

/**
 * struct replay_event - one recorded call
 * @obj: number of the object: each allocation makes a new one, so a free can only
 *	mean one allocation, whichever thread is ahead
 * @kind: how @obj is allocated
 * @cpu: which recorded CPU called
 * @free: it freed
 */
struct replay_event {
	u32 obj;
	u16 kind;
	u8 cpu;
	bool free;
};

struct replay_trace {
	u32 cpus;
	u32 nr_events;
	u32 nr_objs;
	u32 nr_caches;
	u32 nr_kinds;
	u32 lost;
	u32 inferred;
	u32 cross_cpu;		/* objects freed on another CPU */
	struct replay_cache *caches;
	struct replay_kind *kinds;
	struct replay_event *events;	/* in recorded order */
};

int replay_trace_decode(struct replay_trace *trace, const u8 *data, size_t bytes);
void replay_trace_drop(struct replay_trace *trace);

enum replay_backend { REPLAY_EMPTY, REPLAY_TCSLAB, REPLAY_SLUB, REPLAY_NR_BACKENDS };

/* Of the trace, when pages are counted; the last one without any named cache. */
enum replay_part { REPLAY_ALL, REPLAY_KMALLOC, REPLAY_GENERAL, REPLAY_NR_PARTS };

enum replay_mode { REPLAY_VERIFY, REPLAY_TIME, REPLAY_LONGEST };

struct replay_player;

/**
 * struct replay_thread - plays the events of one or more recorded CPUs
 * @player: what it belongs to
 * @task: the thread
 * @cpu: where it is bound to
 * @go: told to play the next window, or to end
 * @done: it has played it
 * @first: its first event in the player's order
 * @next: the next to play, relative to @first
 * @end: where each window ends, relative to @first
 * @cycles: spent since the start, without waiting for other threads
 * @ns: likewise
 * @waited_cycles: spent waiting for objects of other threads in this window
 * @waited_ns: likewise
 * @corruptions: objects that did not hold what was written
 * @not_zeroed: objects that should have been zero and were not
 * @failed: allocations that failed
 */
struct replay_thread {
	struct replay_player *player;
	struct task_struct *task;
	unsigned int cpu;
	struct completion go;
	struct completion done;
	u32 first;
	u32 next;
	u32 end[REPLAY_WINDOWS];
	u64 cycles;
	u64 ns;
	u64 waited_cycles;
	u64 waited_ns;
	u64 corruptions;
	u64 not_zeroed;
	u64 failed;
};

/**
 * struct replay_player - one way of playing a trace, to be played several times
 * @trace: the trace
 * @backend: the allocator
 * @mode: what is done with each object
 * @part: REPLAY_KMALLOC leaves out what came from named caches
 * @mirror_kmalloc: SLUB's kmalloc() goes to caches of its own of the same sizes
 * @spoil: damage objects on purpose, so that somebody sees that damage is seen
 * @windows: the threads wait for each other at the end of each
 * @window: the one being played
 * @stop: end early, for the window being played
 * @quit: end, for threads that wait for the next window
 * @nr_threads: of them
 * @threads: one per recorded CPU, or fewer if fewer CPUs are online
 * @order: the trace's events, thread by thread
 * @objs: by number of the object: NULL before and after its life
 * @costs: least cycles of each event of @order in REPLAY_LONGEST
 */
struct replay_player {
	struct replay_trace *trace;
	enum replay_backend backend;
	enum replay_mode mode;
	enum replay_part part;
	bool mirror_kmalloc;
	bool spoil;
	unsigned int windows;
	unsigned int window;
	bool stop;
	bool quit;
	unsigned int nr_threads;
	struct replay_thread *threads;
	struct replay_event *order;
	void **objs;
	u32 *costs;
};

int replay_player_init(struct replay_player *player, struct replay_trace *trace,
		       unsigned int windows);
void replay_player_exit(struct replay_player *player);

/* Make and drop the caches of the trace in the player's allocator. */
int replay_backend_open(struct replay_player *player);
int replay_backend_close(struct replay_player *player);

/*
 * Play all; @sample is called between windows, with every thread at rest.  What is
 * allocated in the end stays so until replay_finish().  -EINTR on a signal.
 */
int replay_play(struct replay_player *player, void (*sample)(void *arg, unsigned int window),
		void *arg);
void replay_finish(struct replay_player *player);

u64 replay_cycles(void);

/* Results are lines of a name and a number. */
void replay_result(const char *name, u64 value);

struct replay_curve {
	u64 live_bytes;
	u64 pages[REPLAY_NR_BACKENDS];
};

extern const char * const replay_parts[REPLAY_NR_PARTS];
extern struct replay_curve replay_curves[REPLAY_NR_PARTS][REPLAY_WINDOWS];

int replay_verify(struct replay_trace *trace, bool spoil);
int replay_time(struct replay_trace *trace, unsigned int rounds);
int replay_longest(struct replay_trace *trace, unsigned int rounds);
int replay_pages(struct replay_trace *trace);

#endif /* TCSLAB_REPLAY_H */

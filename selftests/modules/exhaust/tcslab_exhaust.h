/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every call in every context while there is no memory
 *
 * steps   what a worker does in a context
 * side    the same calls of tcslab and of the kernel's own allocators
 * hog     takes all memory, and what comes free
 * main    the contexts, and workers that go through them
 */
#ifndef TCSLAB_EXHAUST_H
#define TCSLAB_EXHAUST_H

#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define EXHAUST_WORKERS	8
#define EXHAUST_STASH	40
/* So many of a promised kind a worker has at most, so that the promise holds for all. */
#define EXHAUST_SHARE	4
#define EXHAUST_PROMISED	(EXHAUST_WORKERS * EXHAUST_SHARE)
#define EXHAUST_BULK	8

enum exhaust_kind {
	EXHAUST_GENERAL,
	EXHAUST_ZEROED,
	EXHAUST_NODE,
	EXHAUST_LOW,		/* DMA, DMA32 */
	EXHAUST_HEAP,		/* of a heap; the kernel has nothing but kmalloc() for it */
	EXHAUST_PLAIN,		/* from here on named caches */
	EXHAUST_CONSTRUCTED,
	EXHAUST_TYPESAFE,
	EXHAUST_LIMITED,
	EXHAUST_WAITED,		/* from here on promised: a limit that is waited at, */
	EXHAUST_MINIMUM,	/* a minimum, or a mempool, */
	EXHAUST_RESERVE,	/* a reserve */
	EXHAUST_NR_KINDS,
};

#define EXHAUST_OBJECT_SIZE	700	/* of all named caches */
#define EXHAUST_CONSTRUCT	0x636f6e73UL	/* first word of what has a constructor */

/**
 * struct exhaust_side - an allocator
 * @name: in the results
 * @open: make the caches
 * @close: destroy them; false if an object was lost
 * @alloc: one object
 * @free: and back
 * @free_rcu: after a grace period; waits itself if the third argument says so.  Not for
 *	promised kinds
 * @realloc: of EXHAUST_GENERAL and EXHAUST_HEAP
 * @alloc_bulk: EXHAUST_BULK of a kind, all or none
 * @free_bulk: and back
 * @service: what is for tasks that may sleep: create, destroy, shrink, count
 */
struct exhaust_side {
	const char *name;
	bool (*open)(void);
	bool (*close)(void);
	void *(*alloc)(enum exhaust_kind kind, size_t size, gfp_t gfp);
	void (*free)(enum exhaust_kind kind, void *mem);
	void (*free_rcu)(enum exhaust_kind kind, void *mem, bool wait);
	void *(*realloc)(void *mem, size_t size, gfp_t gfp);
	bool (*alloc_bulk)(enum exhaust_kind kind, size_t size, gfp_t gfp, void **objs);
	void (*free_bulk)(enum exhaust_kind kind, void **objs);
	void (*service)(unsigned int random, gfp_t gfp);
};

extern const struct exhaust_side exhaust_tcslab, exhaust_slub;

/* All that a limited cache may have can still be had. */
bool exhaust_limit_is_whole(void);

enum exhaust_context {
	IN_TASK,
	BH_OFF,
	SOFTIRQ,
	RCU_CALLBACK,
	PREEMPT_OFF,		/* from here on nobody calls the kernel's on PREEMPT_RT, */
	IRQ_OFF,
	HARD_WORKED,
	HARD_TIMER,
	RAW_LOCKED,		/* and from here on nowhere */
	IN_NMI,
	NR_CONTEXTS,
};

struct exhaust_object {
	u8 *mem;
	u32 size;
	u8 kind, mark;
};

/**
 * struct exhaust_worker - a thread and what it has
 * @side: whose calls
 * @gfp: of the steps that are being done
 * @insists: a small request with @gfp is never refused by the kernel
 * @ran: the steps have been done in another context
 * @served: for each context
 * @refused: likewise
 * @broken: promised objects that were not to be had
 * @denied: small ones that the kernel would not have denied
 * @kills: times that somebody would have been killed for us
 * @longest: milliseconds that one call took
 */
struct exhaust_worker {
	struct task_struct *task;
	const struct exhaust_side *side;
	struct rnd_state rnd;
	struct exhaust_object objs[EXHAUST_STASH];
	unsigned int nr, promised[EXHAUST_NR_KINDS];
	gfp_t gfp;
	bool insists;
	enum exhaust_context context;
	struct completion ran;
	struct tasklet_struct tasklet;
	struct irq_work work;
	struct hrtimer timer;
	struct rcu_head rcu;
	raw_spinlock_t lock;
	unsigned long served[NR_CONTEXTS], refused[NR_CONTEXTS];
	unsigned long broken, denied, kills, services;
	unsigned int longest, longest_promised;
};

u32 exhaust_draw(struct exhaust_worker *w, u32 n);
void exhaust_steps(struct exhaust_worker *w);
void exhaust_give(struct exhaust_worker *w);
extern atomic_t exhaust_nr_wrong;	/* objects that were not what they had been */

/* Whose reserves the hog takes, too */
enum exhaust_level {
	EXHAUST_NOTHING,	/* there is no hog */
	EXHAUST_TAKEN,		/* all that a task may have */
	EXHAUST_ATOMIC,		/* and what is for GFP_ATOMIC */
	EXHAUST_GONE,		/* and what is for reclaim itself */
	EXHAUST_NR_LEVELS,
};

int exhaust_hog_start(enum exhaust_level level);
void exhaust_hog_stop(void);
unsigned long exhaust_hog_pages(void);

/* @current is about to have somebody killed. */
void exhaust_note_kill(void);

#endif /* TCSLAB_EXHAUST_H */

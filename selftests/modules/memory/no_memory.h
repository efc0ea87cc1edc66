/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that are there before memory is gone, and one that takes all of it
 *
 * It takes all pages that are to be had without the OOM killer, and what others give back as
 * well, until it is let go.
 */
#ifndef TCSLAB_NO_MEMORY_H
#define TCSLAB_NO_MEMORY_H

#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/types.h>

/**
 * struct helper - a thread that is there before memory is gone
 * @task: it
 * @func: what it does next, NULL to end
 * @arg: with that
 * @start: now
 * @done: it did
 */
struct helper {
	struct task_struct *task;
	void (*func)(void *arg);
	void *arg;
	struct completion start;
	struct completion done;
};

/* On @cpu, or anywhere if it is less than 0; false without memory. */
bool make_helper(struct helper *h, int cpu);
void do_it(struct helper *h, void (*func)(void *arg), void *arg);
void end_helper(struct helper *h);

/* How hard the hog tries. */
extern gfp_t hog_gfp;

bool make_hog(void);
void end_hog(void);

/* Take all memory; nothing if it is being taken. */
void begin_hog(void);

/* It takes no more, but keeps what it has. */
void stop_hog(void);

/* The same, and it keeps nothing. */
void give_back(void);

#endif /* TCSLAB_NO_MEMORY_H */

// SPDX-License-Identifier: GPL-2.0
/* All memory is gone; see no_memory.h */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "context_test.h"
#include "no_memory.h"

static struct helper hog;

static int help(void *data)
{
	struct helper *h = data;

	for (;;) {
		wait_for_completion(&h->start);
		if (!h->func)
			break;
		h->func(h->arg);
		complete(&h->done);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

bool make_helper(struct helper *h, int cpu)
{
	init_completion(&h->start);
	init_completion(&h->done);
	h->task = kthread_create(help, h, "tcslab-helper");
	if (IS_ERR(h->task))
		return false;
	if (cpu >= 0)
		kthread_bind(h->task, cpu);
	wake_up_process(h->task);
	return true;
}

void do_it(struct helper *h, void (*func)(void *arg), void *arg)
{
	h->func = func;
	h->arg = arg;
	complete(&h->start);
}

void end_helper(struct helper *h)
{
	do_it(h, NULL, NULL);
	kthread_stop(h->task);
}

/* ------------------------------------------------------------ all memory gone */

static struct page *taken;
static unsigned long nr_taken;
static bool hogging, stop;
gfp_t hog_gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
static DECLARE_COMPLETION(gone);

static void take_all(void *arg)
{
	unsigned int dry = 0;
	struct page *page;

	while (!READ_ONCE(stop)) {
		page = alloc_page(hog_gfp);
		if (page) {
			page->private = (unsigned long)taken;
			taken = page;
			nr_taken++;
			cond_resched();
			continue;
		}
		if (++dry == 100)
			complete(&gone);
		schedule_timeout_uninterruptible(1);
	}
}

bool make_hog(void)
{
	return make_helper(&hog, -1);
}

void end_hog(void)
{
	end_helper(&hog);
}

void begin_hog(void)
{
	if (hogging)
		return;
	WRITE_ONCE(stop, false);
	reinit_completion(&gone);
	hogging = true;
	do_it(&hog, take_all, NULL);
	wait_for_completion(&gone);
	pr_notice(CONTEXT_PREFIX "# %lu pages are taken\n", nr_taken);
}

void stop_hog(void)
{
	if (!hogging)
		return;
	WRITE_ONCE(stop, true);
	wait_for_completion(&hog.done);
	hogging = false;
}

void give_back(void)
{
	struct page *page;

	stop_hog();
	while ((page = taken)) {
		taken = (struct page *)page->private;
		set_page_private(page, 0);
		__free_page(page);
	}
	nr_taken = 0;
}

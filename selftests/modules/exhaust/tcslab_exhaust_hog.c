// SPDX-License-Identifier: GPL-2.0
/*
 * Takes all memory, page by page, and what comes free later
 *
 * Somebody always frees something in the end: so once a second the hog lets go of some pages for
 * a moment, for those who may neither fail nor have anybody killed.  And before the
 * kernel kills it asks: then the hog gives, and counts, so that the machine goes on.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/spinlock.h>

#include "tcslab_exhaust.h"

#define VICTIM		512	/* pages, of a small process */
#define PERIOD		HZ

static DEFINE_SPINLOCK(lock);	/* guards the list and the count */
static LIST_HEAD(pages);
static unsigned long nr_pages;
static struct task_struct *task;
static gfp_t deepest;

/*
 * What frees somebody: a small process, and what is to stay free when tasks allocate, which
 * may be gone as well.
 */
static unsigned long enough(void)
{
	struct zone *zone = NODE_DATA(first_online_node)->node_zones;
	unsigned long n = VICTIM;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++, zone++)
		n += min_wmark_pages(zone);
	return n;
}

static void give(unsigned long n)
{
	struct page *page;

	while (n--) {
		spin_lock(&lock);
		page = list_first_entry_or_null(&pages, struct page, lru);
		if (page) {
			list_del(&page->lru);
			nr_pages--;
		}
		spin_unlock(&lock);
		if (!page)
			break;
		__free_page(page);
		cond_resched();
	}
}

/* Until there is nothing left of what @gfp may have. */
static void take(gfp_t gfp)
{
	struct page *page;

	while (!kthread_should_stop()) {
		page = alloc_page(gfp | __GFP_NOWARN);
		if (!page)
			break;
		spin_lock(&lock);
		/* The last to come goes first: not always the same pages. */
		list_add(&page->lru, &pages);
		nr_pages++;
		spin_unlock(&lock);
		cond_resched();
	}
}

static int hog(void *arg)
{
	unsigned long breath = jiffies;

	while (!kthread_should_stop()) {
		take(GFP_KERNEL | __GFP_NORETRY);
		if (deepest)
			take(deepest);
		if (time_after(jiffies, breath + PERIOD)) {
			give(enough());
			breath = jiffies;
		}
		/* Time for those who need it. */
		msleep(50);
	}
	return 0;
}

static int out_of_memory_soon(struct notifier_block *nb, unsigned long action, void *arg)
{
	unsigned long *freed = arg;

	if (*freed)
		return NOTIFY_OK;	/* others had something, nobody would be killed */
	exhaust_note_kill();
	give(enough());
	*freed += VICTIM;
	return NOTIFY_OK;
}

/* After tcslab's. */
static struct notifier_block oom_notifier = {
	.notifier_call = out_of_memory_soon, .priority = -1,
};

unsigned long exhaust_hog_pages(void)
{
	return READ_ONCE(nr_pages);	/* a figure for the log */
}

int exhaust_hog_start(enum exhaust_level level)
{
	static const gfp_t deepest_of[] = {
		[EXHAUST_ATOMIC] = GFP_ATOMIC,
		[EXHAUST_GONE] = GFP_ATOMIC | __GFP_MEMALLOC,
	};
	unsigned long before;
	int err;

	deepest = deepest_of[level];
	err = register_oom_notifier(&oom_notifier);
	if (err)
		return err;
	task = kthread_run(hog, NULL, "exhaust-hog");
	if (IS_ERR(task)) {
		unregister_oom_notifier(&oom_notifier);
		return PTR_ERR(task);
	}
	do {
		before = exhaust_hog_pages();
		msleep(200);
	} while (exhaust_hog_pages() > before + VICTIM || !before);
	return 0;
}

void exhaust_hog_stop(void)
{
	kthread_stop(task);
	unregister_oom_notifier(&oom_notifier);
	give(ULONG_MAX);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that allocate and free in every context; see tcslab_exhaust.h
 *
 *   echo "tcslab gone 30" >/sys/module/tcslab_exhaust/parameters/run
 *
 * does it for so long while all memory is taken; slub instead of tcslab is the same with the
 * kernel's own allocators.  "injected" has no hog: there allocations are made to fail.
 *
 * A worker has a stash and runs its steps in one context at a time, for whose end it waits.
 * Each object has a pattern, which is looked at before it is freed.
 */
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "base/compat.h"
#include "context_test.h"
#include "tcslab_exhaust.h"

/* As CONTEXT_HARD_TIMER. */
#ifdef CONFIG_PREEMPT_RT
#define HARD_WORK	IRQ_WORK_INIT_HARD
#else
#define HARD_WORK	IRQ_WORK_INIT
#endif

static const char * const context_names[NR_CONTEXTS] = {
	"task", "bh-off", "softirq", "rcu", "preempt-off", "irq-off", "irq-work", "hard-timer",
	"raw-lock", "nmi",
};

static struct exhaust_worker workers[EXHAUST_WORKERS];
static const struct exhaust_side *side;
static atomic_t kills_of_others;
static bool stop, injected;

void exhaust_note_kill(void)
{
	int i;

	for (i = 0; i < EXHAUST_WORKERS; i++) {
		if (workers[i].task == current) {
			workers[i].kills++;
			return;
		}
	}
	atomic_inc(&kills_of_others);
}

/* --------------------------------------------------------------- contexts */

static void in_tasklet(struct tasklet_struct *tasklet)
{
	struct exhaust_worker *w = container_of(tasklet, struct exhaust_worker, tasklet);

	exhaust_steps(w);
	complete(&w->ran);
}

static void in_irq_work(struct irq_work *work)
{
	struct exhaust_worker *w = container_of(work, struct exhaust_worker, work);

	exhaust_steps(w);
	complete(&w->ran);
}

static enum hrtimer_restart in_timer(struct hrtimer *timer)
{
	struct exhaust_worker *w = container_of(timer, struct exhaust_worker, timer);

	exhaust_steps(w);
	complete(&w->ran);
	return HRTIMER_NORESTART;
}

static void in_rcu_callback(struct rcu_head *rcu)
{
	struct exhaust_worker *w = container_of(rcu, struct exhaust_worker, rcu);

	exhaust_steps(w);
	complete(&w->ran);
}

/* A breakpoint here runs in NMI context. */
static noinline notrace void nmi_here(void)
{
	barrier();
}

#ifdef CONFIG_KPROBES
static int in_breakpoint(struct kprobe *probe, struct pt_regs *regs)
{
	int i;

	for (i = 0; i < EXHAUST_WORKERS; i++)
		if (workers[i].task == current && workers[i].context == IN_NMI && in_nmi())
			exhaust_steps(&workers[i]);
	return 0;
}

/* With it the probe stays a breakpoint. */
static void after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = { .pre_handler = in_breakpoint, .post_handler = after };
static bool probed;

static void probe_nmi(void)
{
	probe.addr = (void *)nmi_here;
	probed = !register_kprobe(&probe);
}

static void unprobe_nmi(void)
{
	if (probed)
		unregister_kprobe(&probe);
}
#else
static const bool probed;

static void probe_nmi(void) { }
static void unprobe_nmi(void) { }
#endif

static void run_in(struct exhaust_worker *w, enum exhaust_context context)
{
	unsigned long flags;

	w->context = context;
	reinit_completion(&w->ran);
	switch (context) {
	case IN_TASK:
		exhaust_steps(w);
		return;
	case BH_OFF:
		local_bh_disable();
		exhaust_steps(w);
		local_bh_enable();
		return;
	case PREEMPT_OFF:
		preempt_disable();
		exhaust_steps(w);
		preempt_enable();
		return;
	case IRQ_OFF:
		local_irq_save(flags);
		exhaust_steps(w);
		local_irq_restore(flags);
		return;
	case RAW_LOCKED:
		raw_spin_lock_irqsave(&w->lock, flags);
		exhaust_steps(w);
		raw_spin_unlock_irqrestore(&w->lock, flags);
		return;
	case IN_NMI:
		nmi_here();
		return;
	case SOFTIRQ:
		tasklet_schedule(&w->tasklet);
		break;
	case HARD_WORKED:
		irq_work_queue(&w->work);
		break;
	case HARD_TIMER:
		hrtimer_start(&w->timer, ns_to_ktime(1000), CONTEXT_HARD_TIMER);
		break;
	default:
		call_rcu(&w->rcu, in_rcu_callback);
	}
	wait_for_completion(&w->ran);
}

/* Nobody calls the kernel's allocators under a raw lock where lockdep knows PREEMPT_RT's rules. */
static enum exhaust_context some_context(struct exhaust_worker *w)
{
	unsigned int n = probed ? NR_CONTEXTS : IN_NMI;
	enum exhaust_context context;

	if (side == &exhaust_slub)
		n = IS_ENABLED(CONFIG_PREEMPT_RT) ? PREEMPT_OFF : RAW_LOCKED;
	context = exhaust_draw(w, n);
	if (context == RAW_LOCKED && !IS_ENABLED(CONFIG_PREEMPT_RT))
		return IRQ_OFF;
	/* Most of what can be asked for is asked for in tasks; and RCU takes its time. */
	if (exhaust_draw(w, 2) || (context == RCU_CALLBACK && exhaust_draw(w, 8)))
		return IN_TASK;
	return context;
}

/* ---------------------------------------------------------------- workers */

static const gfp_t task_gfps[] = {
	GFP_KERNEL, GFP_NOIO, GFP_NOFS, GFP_NOWAIT, GFP_ATOMIC, __GFP_HIGH,
	GFP_ATOMIC | __GFP_NOMEMALLOC, GFP_NOWAIT | __GFP_MEMALLOC, GFP_KERNEL | __GFP_NORETRY,
	GFP_KERNEL | __GFP_RETRY_MAYFAIL, GFP_KERNEL | __GFP_NOFAIL,
};

static const gfp_t atomic_gfps[] = {
	GFP_NOWAIT, GFP_ATOMIC, 0, __GFP_HIGH, GFP_ATOMIC | __GFP_NOMEMALLOC,
	GFP_NOWAIT | __GFP_MEMALLOC,
};

static bool never_refused(gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) && !(gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL));
}

static void turn_in_task(struct exhaust_worker *w)
{
	unsigned int scope = exhaust_draw(w, 8), flags = 0;

	w->gfp = task_gfps[exhaust_draw(w, ARRAY_SIZE(task_gfps))] | __GFP_NOWARN;
	w->insists = never_refused(w->gfp);
	if (scope == 0)
		flags = memalloc_noio_save();
	else if (scope == 1)
		flags = memalloc_nofs_save();
	/* Reclaim itself may not wait for reclaim. */
	else if (scope == 2 && !(w->gfp & __GFP_NOFAIL))
		flags = memalloc_noreclaim_save();
	if (current->flags & PF_MEMALLOC)
		w->insists = false;
	run_in(w, IN_TASK);
	if (scope == 0)
		memalloc_noio_restore(flags);
	else if (scope == 1)
		memalloc_nofs_restore(flags);
	else if (scope == 2 && !(w->gfp & __GFP_NOFAIL))
		memalloc_noreclaim_restore(flags);
}

static void one_turn(struct exhaust_worker *w)
{
	enum exhaust_context context = some_context(w);

	if (context == IN_TASK) {
		turn_in_task(w);
	} else {
		w->gfp = atomic_gfps[exhaust_draw(w, ARRAY_SIZE(atomic_gfps))] | __GFP_NOWARN;
		w->insists = false;
		run_in(w, context);
	}
	if (!exhaust_draw(w, 64)) {
		w->services++;
		side->service(exhaust_draw(w, 1000),
			      exhaust_draw(w, 2) ? GFP_KERNEL : GFP_NOWAIT | __GFP_NOWARN);
	}
}

static int work(void *arg)
{
	struct exhaust_worker *w = arg;

#ifdef CONFIG_FAULT_INJECTION
	current->make_it_fail = injected;
#endif
	while (!READ_ONCE(stop)) {
		one_turn(w);
		cond_resched();
	}
	w->context = IN_TASK;
	w->gfp = GFP_KERNEL;
	while (w->nr)
		exhaust_give(w);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void prepare(struct exhaust_worker *w, unsigned int seed)
{
	memset(w, 0, sizeof(*w));
	w->side = side;
	prandom_seed_state(&w->rnd, seed);
	init_completion(&w->ran);
	tasklet_setup(&w->tasklet, in_tasklet);
	w->work = HARD_WORK(in_irq_work);
	hrtimer_setup(&w->timer, in_timer, CLOCK_MONOTONIC, CONTEXT_HARD_TIMER);
	raw_spin_lock_init(&w->lock);
}

static void report(const char *how)
{
	unsigned long served[NR_CONTEXTS] = {}, refused[NR_CONTEXTS] = {};
	unsigned long broken = 0, denied = 0, kills = 0, services = 0, all = 0;
	unsigned int longest = 0, promised = 0, i, j;

	for (i = 0; i < EXHAUST_WORKERS; i++) {
		const struct exhaust_worker *w = &workers[i];

		for (j = 0; j < NR_CONTEXTS; j++) {
			served[j] += w->served[j];
			refused[j] += w->refused[j];
			all += w->served[j];
		}
		broken += w->broken;
		denied += w->denied;
		kills += w->kills;
		services += w->services;
		longest = max(longest, w->longest);
		promised = max(promised, w->longest_promised);
	}
	for (j = 0; j < NR_CONTEXTS; j++)
		pr_notice(CONTEXT_PREFIX "# %s %s: %s: %lu served, %lu refused\n", side->name,
			  how, context_names[j], served[j], refused[j]);
	pr_notice(CONTEXT_PREFIX "# %s %s: kills %lu of %lu served, others' %d\n", side->name, how,
		  kills, all, atomic_read(&kills_of_others));
	pr_notice(CONTEXT_PREFIX "# %s %s: longest call %u ms, for a promised object %u ms; %lu services\n",
		  side->name, how, longest, promised, services);
	context_check(all, "%s, %s: %lu served", side->name, how, all);
	context_check(!atomic_read(&exhaust_nr_wrong),
		      "%s, %s: %d objects were not what they had been",
		      side->name, how, atomic_read(&exhaust_nr_wrong));
	if (side == &exhaust_slub) {
		pr_notice(CONTEXT_PREFIX "# slub %s: denied %lu, promised %lu\n", how, denied,
			  broken);
		return;
	}
	context_check(!broken, "%s, %s: %lu promised objects were not to be had", side->name, how,
		      broken);
	context_check(!denied, "%s, %s: %lu small requests of who may wait were denied",
		      side->name, how, denied);
}

static bool work_for(enum exhaust_level level, const char *how, unsigned int seconds)
{
	unsigned int i;

	WRITE_ONCE(stop, false);
	atomic_set(&exhaust_nr_wrong, 0);
	atomic_set(&kills_of_others, 0);
	for (i = 0; i < EXHAUST_WORKERS; i++)
		prepare(&workers[i], i + 1);
	if (level != EXHAUST_NOTHING && exhaust_hog_start(level))
		return false;
	pr_notice(CONTEXT_PREFIX "# %s %s: the hog has %lu pages\n", side->name, how,
		  exhaust_hog_pages());
	/* Made before they run: their own stacks are not what this is about. */
	for (i = 0; i < EXHAUST_WORKERS; i++)
		workers[i].task = kthread_create(work, &workers[i], "exhaust/%u", i);
	for (i = 0; i < EXHAUST_WORKERS; i++)
		if (!IS_ERR(workers[i].task))
			wake_up_process(workers[i].task);
	msleep(seconds * MSEC_PER_SEC);
	WRITE_ONCE(stop, true);
	for (i = 0; i < EXHAUST_WORKERS; i++)
		if (!IS_ERR(workers[i].task))
			kthread_stop(workers[i].task);
	for (i = 0; i < EXHAUST_WORKERS; i++) {
		tasklet_kill(&workers[i].tasklet);
		hrtimer_cancel(&workers[i].timer);
		irq_work_sync(&workers[i].work);
	}
	if (level != EXHAUST_NOTHING)
		exhaust_hog_stop();
	rcu_barrier();
	report(how);
	return true;
}

static const char * const levels[EXHAUST_NR_LEVELS] = { "injected", "taken", "atomic", "gone" };

static int run(const char *what, const struct kernel_param *param)
{
	char name[8], how[12];
	unsigned int seconds;
	int level;

	if (sscanf(what, "%7s %11s %u", name, how, &seconds) != 3)
		return -EINVAL;
	level = match_string(levels, ARRAY_SIZE(levels), how);
	if (level < 0)
		return level;
	side = strcmp(name, "slub") ? &exhaust_tcslab : &exhaust_slub;
	injected = level == EXHAUST_NOTHING;
	if (!context_check(side->open(), "%s, %s: caches", side->name, how))
		return -ENOMEM;
	context_check(work_for(level, how, seconds), "%s, %s: %u seconds", side->name, how,
		      seconds);
	if (side == &exhaust_tcslab)
		context_check(exhaust_limit_is_whole(), "a limited cache can have all that it may");
	context_check(side->close(), "%s, %s: no object was lost", side->name, how);
	return 0;
}

static const struct kernel_param_ops run_ops = { .set = run };
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "allocator (tcslab, slub), how much is taken (injected, taken, atomic, gone), seconds");

static int __init exhaust_init(void)
{
	probe_nmi();
	return 0;
}

static void __exit exhaust_exit(void)
{
	unprobe_nmi();
}

module_init(exhaust_init);
module_exit(exhaust_exit);

MODULE_DESCRIPTION("tcslab test: exhaustion");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * NMI context at every instruction of the fast path and of the locked sections
 *
 * A kprobe's breakpoint is handled in NMI context, with whatever the interrupted
 * code holds.  The test puts one on each instruction of a function that the fast
 * path is inlined into and of the module's own slow paths, and from each of them
 * allocates and frees.  Probes that ftrace delivers run in the caller's own context,
 * which only the count of held locks can tell from an innocent one.  Then come NMIs
 * that CPUs send to each other.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/delay.h>

#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

#include "context_objects.h"
#include "context_test.h"

#define MAX_PROBES	1500

static struct kprobe pool[MAX_PROBES];
static struct kprobe *probes[MAX_PROBES];
static unsigned int nr_probes;
static struct context_stash victims[2], draw;
static DEFINE_PER_CPU(struct context_stash, stashes);
static DEFINE_PER_CPU(unsigned int, inside);
static atomic_t in_nmis, in_callers;
static bool stop;

/*
 * Not each hit does something: the code that empties the list of parked frees is
 * full of probes as well, and must not park more than it frees.
 */
#define RARELY	256

static int hit(struct kprobe *probe, struct pt_regs *regs)
{
	struct context_stash *stash = this_cpu_ptr(&stashes);

	/* Our own calls meet the probes of the slow paths, too. */
	if (this_cpu_inc_return(inside) == 1 && !(context_random(stash) % RARELY)) {
		atomic_inc(in_nmi() ? &in_nmis : &in_callers);
		context_step(stash, GFP_NOWAIT | __GFP_NOWARN);
		context_step(stash, GFP_NOWAIT | __GFP_NOWARN);
	}
	this_cpu_dec(inside);
	return 0;
}

/* With it a probe stays a breakpoint. */
static void after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static void *where(const char *symbol)
{
	struct kprobe probe = { .symbol_name = symbol };
	void *addr = NULL;

	if (!register_kprobe(&probe)) {
		addr = probe.addr;
		unregister_kprobe(&probe);
	}
	return addr;
}

/* Returns the length of the instruction there, or where that is unknown 1; or 0. */
static unsigned int probe_at(void *addr, bool breakpoint)
{
	struct kprobe *probe = &pool[nr_probes];

	if (nr_probes == MAX_PROBES)
		return 0;
	*probe = (struct kprobe){
		.addr = addr, .pre_handler = hit, .post_handler = breakpoint ? after : NULL,
	};
	if (register_kprobe(probe))	/* no instruction begins here */
		return 0;
	probes[nr_probes++] = probe;
#if defined(CONFIG_X86) && defined(CONFIG_KPROBES)
	return probe->ainsn.size ?: 1;
#else
	return 1;
#endif
}

/*
 * Each instruction of a function; of a very long one, as sanitizers make them, as many of
 * them, drawn at random: to arm a probe takes long.
 */
#define FUNCTION_BYTES	2048

static unsigned int probe_function(void *addr)
{
	char name[KSYM_SYMBOL_LEN], *slash;
	unsigned long i, bytes;
	unsigned int n = 0, size;

	if (!addr)
		return 0;
	sprint_symbol(name, (unsigned long)addr);	/* name+offset/size */
	slash = strchr(name, '/');
	if (!slash || sscanf(slash, "/0x%lx", &bytes) != 1)
		return 0;
	for (i = 0; i < bytes; i += size ?: 1) {
		size = probe_at(addr + i, true);
		n += !!size;
		if (size)
			i += context_random(&draw) % (1 + 2 * (bytes / FUNCTION_BYTES));
	}
	return n;
}

static void remove_probes(void)
{
	unregister_kprobes(probes, nr_probes);
	nr_probes = 0;
}

/* What is interrupted. */
static noinline int victim(void *arg)
{
	struct context_stash *stash = arg;
	unsigned int i;

	for (i = 0; !READ_ONCE(stop); i++) {
		if (i & 1024)
			context_sweep(stash, GFP_KERNEL);
		else
			context_step(stash, GFP_KERNEL);
		if (!(i % 64))
			cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* Until there were @enough hits of a kind. */
static void run(const atomic_t *hits, int enough)
{
	struct task_struct *tasks[ARRAY_SIZE(victims)];
	unsigned int i;

	WRITE_ONCE(stop, false);
	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		victims[i].seed = i + 1;
		tasks[i] = kthread_run(victim, &victims[i], "tcslab-nmi/%u", i);
	}
	while (atomic_read(hits) < enough)
		msleep(50);
	WRITE_ONCE(stop, true);
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
	remove_probes();
}

static void test_breakpoints(void)
{
	unsigned int n;

	n = probe_function(victim);
	context_check(n > 100, "probes in the fast path: %u", n);
	n = probe_function(where("tcslab_central_alloc"));
	n += probe_function(where("tcslab_central_free"));
	n += probe_function(where("tcslab_page_heap_alloc"));
	n += probe_function(where("tcslab_page_heap_alloc_more"));
	n += probe_function(where("tcslab_page_heap_free_all"));
	if (!context_check(n > 100, "probes in the slow paths: %u", n))
		return;
	run(&in_nmis, 1000);
	context_check(atomic_read(&in_nmis) >= 1000, "%d times in NMI context",
		      atomic_read(&in_nmis));
}

/* --------------------------------------------- NMIs that another CPU sends */

#ifdef CONFIG_X86_LOCAL_APIC
#define NMIS	2000

static struct cpumask sent;
static atomic_t arrived;

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	struct context_stash *stash = this_cpu_ptr(&stashes);

	if (!cpumask_test_cpu(raw_smp_processor_id(), &sent))
		return NMI_DONE;	/* not one of ours */
	context_step(stash, GFP_NOWAIT | __GFP_NOWARN);
	context_step(stash, GFP_NOWAIT | __GFP_NOWARN);
	atomic_inc(&arrived);
	cpumask_clear_cpu(raw_smp_processor_id(), &sent);
	return NMI_HANDLED;
}

/* One at a time to each of the other CPUs, at any moment. */
static int sender(void *arg)
{
	unsigned int seed = 1;
	int cpu;

	while (!READ_ONCE(stop)) {
		preempt_disable();
		for_each_online_cpu(cpu) {
			if (cpu == smp_processor_id() || cpumask_test_cpu(cpu, &sent))
				continue;
			cpumask_set_cpu(cpu, &sent);
			apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
		}
		preempt_enable();
		seed = seed * 1664525 + 1013904223;
		udelay(50 + (seed >> 16) % 256);	/* time for the interrupted to get on */
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void test_nmis(void)
{
	struct task_struct *task;
	int err;

	if (num_online_cpus() < 2)
		return;
	err = register_nmi_handler(NMI_LOCAL, on_nmi, 0, "tcslab-test");
	WRITE_ONCE(stop, false);
	task = kthread_run(sender, NULL, "tcslab-nmi-send");
	if (context_check(!err && !IS_ERR(task), "NMIs can be sent"))
		run(&arrived, NMIS);
	if (!IS_ERR(task))
		kthread_stop(task);
	while (!cpumask_empty(&sent))
		msleep(20);
	unregister_nmi_handler(NMI_LOCAL, "tcslab-test");
	context_check(atomic_read(&arrived) >= NMIS, "%d NMIs came", atomic_read(&arrived));
}
#else
static void test_nmis(void)
{
}
#endif

/* What the compiler did not inline of what runs under the locks. */
static void test_entries(void)
{
	static const char * const names[] = {
		"span_alloc", "take_objs", "enlist", "unlist", "span_grew", "take_empty",
		"tcslab_free_index_best_fit", "tcslab_free_index_add",
		"tcslab_free_index_remove", "tcslab_heap_add_free", "tcslab_heap_remove_free",
		"publish", "unpublish", "carve", "add_free_part", "claim_neighbour",
	};
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		void *addr = where(names[i]);

		n += addr && probe_at(addr, false) != 0;
	}
	if (!context_check(n, "probes under the locks: %u", n))
		return;
	run(IS_ENABLED(CONFIG_KPROBES_ON_FTRACE) ? &in_callers : &in_nmis, 1000);
	context_check(!IS_ENABLED(CONFIG_KPROBES_ON_FTRACE) ||
		      atomic_read(&in_callers) >= 1000,
		      "%d times in the caller's context", atomic_read(&in_callers));
}

static int __init context_nmi_init(void)
{
	unsigned long allocs = 0, fails = 0, frees = 0;
	unsigned int i;
	int cpu, err = context_create();

	if (err)
		return err;
	test_breakpoints();
	test_entries();
	test_nmis();
	for_each_possible_cpu(cpu) {
		struct context_stash *stash = per_cpu_ptr(&stashes, cpu);

		allocs += stash->allocs;
		frees += stash->frees;
		fails += stash->fails;
		context_empty(stash);
	}
	for (i = 0; i < ARRAY_SIZE(victims); i++)
		context_empty(&victims[i]);
	context_check(frees > 500 && allocs > fails, "%lu allocations, %lu frees, %lu refused",
		      allocs, frees, fails);
	context_check(!atomic_read(&context_doubly), "no object had two owners (%d)",
		      atomic_read(&context_doubly));
	for (i = 0; i < 2; i++)
		context_check(!tcslab_cache_destroy(context_caches[i]), "none was lost");
	context_plan();
	return 0;
}

static void __exit context_nmi_exit(void)
{
}

module_init(context_nmi_init);
module_exit(context_nmi_exit);

MODULE_DESCRIPTION("tcslab test: NMI context");
MODULE_LICENSE("GPL");

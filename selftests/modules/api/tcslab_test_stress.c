// SPDX-License-Identifier: GPL-2.0
/*
 * A thread per CPU, random sizes and lifetimes, objects that change hands
 *
 * All threads share a table.  A step takes what is in a random slot, verifies and
 * frees it, or puts something new there: most objects are freed by another thread
 * than the one that allocated them.  One more thread goes from CPU to CPU.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define SLOTS		4096
#define NAMED		3
#define LARGEST		60000
#define BULK		20

static unsigned int steps = 60000;
module_param(steps, uint, 0444);
MODULE_PARM_DESC(steps, "what each thread does, slots touched");

/* At the start of each object; a byte of @seed is in all the rest. */
struct stressed {
	u32 size;
	u16 owner;	/* which named cache, NAMED for none */
	u16 cpu;
	u64 seed;
};

static const unsigned int named_sizes[NAMED] = { 24, 300, 5000 };
static struct tcslab_cache *named[NAMED];
static struct stressed *slots[SLOTS];
static atomic_t corruptions = ATOMIC_INIT(0), refused = ATOMIC_INIT(0);
static atomic_t handed_over = ATOMIC_INIT(0), threads_left;
static DECLARE_COMPLETION(all_done);

static struct stressed *mark(void *mem, size_t size, unsigned int owner, u64 seed)
{
	struct stressed *obj = mem;

	*obj = (struct stressed){
		.size = size, .owner = owner, .cpu = raw_smp_processor_id(), .seed = seed,
	};
	memset(obj + 1, (u8)seed, size - sizeof(*obj));
	return obj;
}

/* Most are small, as in life. */
static size_t random_size(struct rnd_state *rnd)
{
	u32 size = prandom_u32_state(rnd) % LARGEST >> (prandom_u32_state(rnd) % 12);

	return size + sizeof(struct stressed);
}

static struct stressed *make(struct rnd_state *rnd)
{
	unsigned int owner = prandom_u32_state(rnd) % (NAMED * 2);
	size_t size = owner < NAMED ? named_sizes[owner] : random_size(rnd);
	gfp_t gfp = prandom_u32_state(rnd) & 1 ? GFP_KERNEL : GFP_NOWAIT | __GFP_NOWARN;
	void *mem;

	owner = min_t(unsigned int, owner, NAMED);
	mem = owner < NAMED ? tcslab_cache_alloc(named[owner], gfp) : tcslab_alloc(size, gfp);
	if (!mem) {
		atomic_inc(&refused);
		return NULL;
	}
	return mark(mem, size, owner, (u64)prandom_u32_state(rnd) << 8 | (u8)(uintptr_t)mem);
}

static void give_back(struct stressed *obj)
{
	unsigned int owner = obj->owner;
	size_t size = obj->size;

	if (owner > NAMED || size < sizeof(*obj) || size > LARGEST + sizeof(*obj) ||
	    memchr_inv(obj + 1, (u8)obj->seed, size - sizeof(*obj))) {
		atomic_inc(&corruptions);	/* whose it is nobody knows: leaked */
		return;
	}
	if (obj->cpu != raw_smp_processor_id())
		atomic_inc(&handed_over);
	/* Who still looks at it is to find something else. */
	memset(obj, 0xa5, size);
	if (owner < NAMED)
		tcslab_cache_free(named[owner], obj);
	else if (size & 1)
		tcslab_free(obj);
	else
		tcslab_free_sized(obj, size);
}

static void bulk_round(struct rnd_state *rnd)
{
	unsigned int owner = prandom_u32_state(rnd) % NAMED, i;
	void *objs[BULK];
	size_t n;

	n = tcslab_cache_alloc_bulk(named[owner], GFP_KERNEL, BULK, objs);
	for (i = 0; i < n; i++)
		mark(objs[i], named_sizes[owner], owner, prandom_u32_state(rnd));
	for (i = 0; i < n; i++) {
		struct stressed *obj = objs[i];

		if (memchr_inv(obj + 1, (u8)obj->seed, obj->size - sizeof(*obj)))
			atomic_inc(&corruptions);
	}
	tcslab_cache_free_bulk(named[owner], n, objs);
}

static void wander(struct rnd_state *rnd)
{
	unsigned int cpu = cpumask_next(prandom_u32_state(rnd) % nr_cpu_ids, cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

static int stress(void *arg)
{
	long cpu = (long)arg;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, cpu + 77);
	for (i = 0; i < steps; i++) {
		struct stressed **slot = &slots[prandom_u32_state(&rnd) % SLOTS];
		struct stressed *obj = xchg(slot, NULL);

		if (obj) {
			give_back(obj);
		} else {
			obj = xchg(slot, make(&rnd));
			if (obj)	/* somebody was faster */
				give_back(obj);
		}
		if (!(i % 500)) {
			bulk_round(&rnd);
			cond_resched();
		}
		if (cpu < 0 && !(i % 300))
			wander(&rnd);
		if (cpu < 0 && !(i % 20000))
			tcslab_trim();
	}
	if (atomic_dec_and_test(&threads_left))
		complete(&all_done);
	return 0;
}

static bool start(long cpu)
{
	struct task_struct *task = kthread_create(stress, (void *)cpu, "tcslab-stress/%ld", cpu);

	if (IS_ERR(task))
		return false;
	if (cpu >= 0)
		kthread_bind(task, cpu);
	atomic_inc(&threads_left);
	wake_up_process(task);
	return true;
}

static int __init stress_init(void)
{
	struct tcslab_cache_stats stats;
	unsigned int i, threads = 0;
	int cpu;

	for (i = 0; i < NAMED; i++) {
		struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(named_sizes[i]);

		named[i] = tcslab_cache_create("stress", &args);
		if (IS_ERR(named[i]))
			return PTR_ERR(named[i]);
	}
	atomic_set(&threads_left, 1);
	for_each_online_cpu(cpu)
		threads += start(cpu);
	threads += start(-1);
	if (!atomic_dec_and_test(&threads_left))
		wait_for_completion(&all_done);
	context_check(threads == num_online_cpus() + 1, "%u threads of %u steps", threads, steps);
	for (i = 0; i < SLOTS; i++)
		if (slots[i])
			give_back(slots[i]);
	context_check(!atomic_read(&corruptions), "%d corruptions", atomic_read(&corruptions));
	context_check(atomic_read(&handed_over) || num_online_cpus() == 1,
		      "%d objects freed on another CPU", atomic_read(&handed_over));
	context_check(atomic_read(&refused) < steps / 10, "%d allocations refused",
		      atomic_read(&refused));
	for (i = 0; i < NAMED; i++) {
		tcslab_cache_stats(named[i], &stats);
		context_check(!stats.in_use, "%lu of size %u in use", stats.in_use, named_sizes[i]);
		context_check(!tcslab_cache_destroy(named[i]), "destroyed");
	}
	/* A chunk that the scavenger is giving back is held until it has done so. */
	for (i = 0; i < 50; i++) {
		tcslab_trim();
		if (!tcslab_held_pages())
			break;
		msleep(100);
	}
	context_check(!tcslab_held_pages(), "%lu pages held", tcslab_held_pages());
	context_plan();
	return 0;
}

static void __exit stress_exit(void)
{
}

module_init(stress_init);
module_exit(stress_exit);

MODULE_DESCRIPTION("tcslab test: everything at once");
MODULE_LICENSE("GPL");

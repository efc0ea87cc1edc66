// SPDX-License-Identifier: GPL-2.0
/*
 * A module of two files that is built with -DTCSLAB_SLAB_HEAP: what its heap knows
 *
 * mode=guarded is for a tcslab.ko that guards objects, mode=without for one that makes no heap;
 * mode=lend gives an object to the other module, which frees it when it goes.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "context_test.h"
#include "tcslab_test_slab_heap.h"

static char *mode = "all";
module_param(mode, charp, 0444);

#define LARGE	(2 * TCSLAB_MAX_CLASS_SIZE)

static struct tcslab_heap_stats stats(void)
{
	struct tcslab_heap_stats s;

	tcslab_heap_stats(tcslab_slab_owner.heap, &s);
	return s;
}

/* ------------------------------------------------------------------- first use */

#define RACERS	8
#define ROUNDS	100

static atomic_t round, arrived;
static DEFINE_SPINLOCK(lock);

struct racer {
	struct task_struct *task;
	bool atomic;
	void *obj;
};

static void *first_of(struct racer *racer)
{
	void *obj;

	if (!racer->atomic)
		return kmalloc(100, GFP_KERNEL);
	spin_lock(&lock);
	obj = kmalloc(100, GFP_ATOMIC);
	spin_unlock(&lock);
	return obj;
}

static int race(void *data)
{
	struct racer *racer = data;
	int mine = 0;

	while (!kthread_should_stop()) {
		if (atomic_read(&round) == mine) {
			cond_resched();
			continue;
		}
		mine++;
		racer->obj = first_of(racer);
		atomic_inc(&arrived);
	}
	return 0;
}

/* One on each CPU, so that none waits for another's turn; some where nobody can sleep. */
static unsigned int make_racers(struct racer *racers)
{
	unsigned int n = 0, cpu;

	for_each_online_cpu(cpu) {
		if (n == RACERS)
			break;
		racers[n].atomic = n % 2 == 0;
		racers[n].task = kthread_create(race, &racers[n], "tcslab-first/%u", cpu);
		if (IS_ERR(racers[n].task))
			break;
		kthread_bind(racers[n].task, cpu);
		wake_up_process(racers[n].task);
		n++;
	}
	return n;
}

/* Each time as if the module had just been loaded. */
static void first_use(void)
{
	static struct racer racers[RACERS];
	unsigned int n = make_racers(racers), rounds, bad = 0, busy = 0, i;
	struct tcslab_heap_stats s = {};

	for (rounds = 0; rounds < ROUNDS; rounds++) {
		if (rounds)
			busy += !!tcslab_heap_destroy(tcslab_slab_owner.heap);
		WRITE_ONCE(tcslab_slab_owner.heap, &tcslab_no_heap);
		atomic_set(&arrived, 0);
		usleep_range(100, 200);		/* all are at the start */
		atomic_inc(&round);
		while (atomic_read(&arrived) != n)
			usleep_range(50, 100);
		s = stats();
		bad += s.objects != n || s.elsewhere;
		for (i = 0; i < n; i++) {
			bad += !racers[i].obj;
			kfree(racers[i].obj);
		}
	}
	for (i = 0; i < n; i++)
		kthread_stop(racers[i].task);
	context_check(n && !bad && !busy,
		      "%u first users at once are served by one heap: not so %u times of %u, %u were busy",
		      n, bad, rounds, busy);
	s = stats();
	context_check(!s.objects && !s.in_use_bytes, "%lu objects after they were freed",
		      s.objects);
}

/* ------------------------------------------------------------------- all calls */

#define MOST	40

static void *objs[MOST];
static unsigned int taken;
static unsigned long taken_bytes;

static void take(void *obj, size_t size)
{
	if (!obj)
		return;
	objs[taken++] = obj;
	taken_bytes += tcslab_good_size(size);
}

static void take_some(void)
{
	int node = numa_mem_id();

	take(kmalloc(100, GFP_KERNEL), 100);
	take(kzalloc(200, GFP_KERNEL), 200);
	take(kcalloc(3, 111, GFP_KERNEL), 333);
	take(kmalloc_array(5, 30, GFP_KERNEL), 150);
	take(kmalloc_node(400, GFP_KERNEL, node), 400);
	take(kzalloc_node(500, GFP_KERNEL, node), 500);
	take(kmalloc_array_node(5, 130, GFP_KERNEL, node), 650);
	take(kcalloc_node(6, 130, GFP_KERNEL, node), 780);
	take(kvmalloc(5000, GFP_KERNEL), 5000);
	take(kvzalloc(600, GFP_KERNEL), 600);
	take(kvcalloc(10, 1000, GFP_KERNEL), 10000);
	take(kvmalloc_node(7000, GFP_KERNEL, node), 7000);
	take(krealloc(NULL, 700, GFP_KERNEL), 700);
	take(krealloc_array(NULL, 7, 101, GFP_KERNEL), 707);
	take(kmemdup(mode, 3, GFP_KERNEL), 3);
	take(kstrdup("a text of more than sixteen", GFP_KERNEL), 28);
	take(kstrndup("a text of more than sixteen", 20, GFP_KERNEL), 21);
	take(kmemdup_nul("a text of more than sixteen", 24, GFP_KERNEL), 25);
	take(kmalloc(LARGE, GFP_KERNEL), LARGE);
	take(slab_heap_other_alloc(900), 900);
	take(slab_heap_other_copy("another file"), 13);
}

#define CALLS	21

static void free_all(void)
{
	if (!taken)
		return;
	while (taken > 2)
		kfree(objs[--taken]);
	slab_heap_other_free(objs[1]);
	kvfree(objs[0]);
	taken = 0;
	taken_bytes = 0;
}

/* What does not ask hard enough for a class to be made has pages of its own until a worker did. */
static void counts(void)
{
	struct tcslab_heap_stats s;
	unsigned int round;

	for (round = 0; round < 500; round++) {
		take_some();
		s = stats();
		if (s.in_use_bytes == taken_bytes)
			break;
		free_all();
		msleep(20);
	}
	context_check(taken == CALLS && s.objects == taken, "%lu objects of %u calls, %u served",
		      s.objects, CALLS, taken);
	context_check(s.in_use_bytes == taken_bytes, "%lu bytes in use of %lu", s.in_use_bytes,
		      taken_bytes);
	context_check(!s.elsewhere, "%lu came from elsewhere", s.elsewhere);
	free_all();
	s = stats();
	context_check(!s.objects && !s.in_use_bytes, "%lu objects, %lu bytes after all was freed",
		      s.objects, s.in_use_bytes);
}

static void reallocs(void)
{
	struct tcslab_heap_stats s;
	char *first = kmalloc(100, GFP_KERNEL), *obj;

	obj = krealloc(first, 5000, GFP_KERNEL);
	s = stats();
	context_check(obj && s.objects == 1 && s.in_use_bytes == tcslab_good_size(5000),
		      "krealloc() stays in the heap: %lu bytes", s.in_use_bytes);
#ifdef TCSLAB_SLAB_KVREALLOC_OLD_SIZE
	obj = kvrealloc(obj, 5000, 10000, GFP_KERNEL);
#else
	obj = kvrealloc(obj, 10000, GFP_KERNEL);
#endif
	s = stats();
	context_check(obj && s.objects == 1 && s.in_use_bytes == tcslab_good_size(10000),
		      "kvrealloc() too: %lu bytes", s.in_use_bytes);
	kvfree(obj);
}

struct thing {
	struct rcu_head rcu;
};

#define NAMED	10

static void named_caches(void)
{
	struct kmem_cache *cache = kmem_cache_create("slab-heap-things", 200, 0, 0, NULL);
	struct tcslab_heap_stats s;
	void *mine[NAMED];
	int i;

	for (i = 0; i < NAMED; i++)
		mine[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	s = stats();
	context_check(s.caches == 1 && s.objects == NAMED && s.in_use_bytes == NAMED * 200,
		      "%u named cache: %lu objects, %lu bytes", s.caches, s.objects,
		      s.in_use_bytes);
	for (i = 0; i < NAMED; i++)
		kmem_cache_free(cache, mine[i]);
	kmem_cache_destroy(cache);
	s = stats();
	context_check(!s.caches && !s.objects, "%u named caches after its end", s.caches);
}

static void pools(void)
{
	mempool_t *pool = mempool_create_kmalloc_pool(4, 300);
	struct tcslab_heap_stats s;
	void *obj = pool ? mempool_alloc(pool, GFP_KERNEL) : NULL;

	s = stats();
	context_check(obj && s.objects == 5 && s.in_use_bytes == 5 * tcslab_good_size(300),
		      "a mempool: %lu objects, %lu bytes", s.objects, s.in_use_bytes);
	if (obj)
		mempool_free(obj, pool);
	mempool_destroy(pool);
	context_check(!stats().objects, "%lu after its end", stats().objects);
}

static void rcu(void)
{
	struct thing *thing = kmalloc(sizeof(*thing), GFP_KERNEL);

	context_check(stats().objects == 1, "%lu object to be freed by RCU", stats().objects);
	if (thing)
		kfree_rcu(thing, rcu);
	kvfree_rcu_barrier();
	context_check(!stats().objects, "%lu after a grace period", stats().objects);
}

static void not_of_the_heap(void)
{
	void *low = kmalloc(100, GFP_KERNEL | GFP_DMA32), *long_one = kvmalloc(200000, GFP_KERNEL);
	struct tcslab_heap_stats s = stats();

	context_check(low && long_one && !s.objects && s.elsewhere == 2,
		      "in a zone, and too long: %lu objects, %lu from elsewhere", s.objects,
		      s.elsewhere);
	kfree(low);
	kvfree(long_one);
}

static void two_modules(void)
{
	struct tcslab_heap_stats s, theirs, before;
	char *first, *obj, *mine;

	tcslab_test_heap_stats(&before);
	first = tcslab_test_heap_take(300);
	mine = kmalloc(1000, GFP_KERNEL);
	s = stats();
	tcslab_test_heap_stats(&theirs);
	context_check(first && mine && s.objects == 1 && theirs.objects == before.objects + 1 &&
		      theirs.in_use_bytes == before.in_use_bytes + tcslab_good_size(300),
		      "two modules: %lu object here, %lu there", s.objects, theirs.objects);
	obj = krealloc(first, 3000, GFP_KERNEL);
	s = stats();
	tcslab_test_heap_stats(&theirs);
	context_check(obj && s.objects == 1 && theirs.objects == before.objects + 1 &&
		      theirs.in_use_bytes == before.in_use_bytes + tcslab_good_size(3000),
		      "what is theirs stays theirs when it grows here: %lu bytes",
		      theirs.in_use_bytes - before.in_use_bytes);
	kfree(obj);
	tcslab_test_heap_give(mine);
	s = stats();
	tcslab_test_heap_stats(&theirs);
	context_check(!s.objects && theirs.objects == before.objects &&
		      theirs.in_use_bytes == before.in_use_bytes,
		      "each freed the other's: %lu objects here, %lu there", s.objects,
		      theirs.objects);
}

/* With guard_interval set one comes now and then; the page of it does not say whose it is. */
static void guarded_object(void)
{
	unsigned long end = jiffies + 60 * HZ;
	struct tcslab_heap_stats s;
	bool is_guarded;
	char *first, *obj;

	for (;;) {
		first = kmalloc(100, GFP_KERNEL);
		is_guarded = tcslab_cache_of(first) !=
			     tcslab_slab_owner.heap->classes[tcslab_size_class(100)];
		if (is_guarded || time_after(jiffies, end))
			break;
		kfree(first);
		cond_resched();
	}
	s = stats();
	context_check(is_guarded && first && s.objects == 1, "a guarded object: %lu in the heap",
		      s.objects);
	obj = krealloc(first, 3000, GFP_KERNEL);
	s = stats();
	context_check(obj && s.objects == 1 && !s.elsewhere,
		      "krealloc() of a guarded object stays in the heap: %lu object", s.objects);
	kfree(obj);
}

/* ----------------------------------------------------------------- no heap */

static void without(void)
{
	unsigned long counted;

	take_some();
	counted = atomic_long_read(&tcslab_slab_owner.elsewhere);
	context_check(tcslab_slab_owner.heap == &tcslab_no_heap, "there is no heap");
	context_check(taken == CALLS && counted == CALLS, "%u of %u calls are served, %lu counted",
		      taken, CALLS, counted);
	free_all();
}

static int __init heap_test_init(void)
{
	if (!strcmp(mode, "without")) {
		without();
	} else if (!strcmp(mode, "guarded")) {
		guarded_object();
	} else if (!strcmp(mode, "lend")) {
		tcslab_test_heap_keep(kmalloc(100, GFP_KERNEL));
	} else {
		first_use();
		counts();
		reallocs();
		named_caches();
		pools();
		rcu();
		not_of_the_heap();
		two_modules();
	}
	if (context_cases)
		context_plan();
	return 0;
}

static void __exit heap_test_exit(void)
{
}

module_init(heap_test_init);
module_exit(heap_test_exit);

MODULE_DESCRIPTION("tcslab test: the heap of a module");
MODULE_LICENSE("GPL");

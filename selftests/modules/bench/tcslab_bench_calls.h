/* SPDX-License-Identifier: GPL-2.0 */
/* The calls that are measured, each pair with the same two prototypes. */
#ifndef TCSLAB_BENCH_CALLS_H
#define TCSLAB_BENCH_CALLS_H

#include <linux/percpu.h>

#include "tcslab_bench.h"

#define BENCH_BARE	64

/* What the bare stacks hand out may be written to. */
struct bench_bare {
	unsigned int n;
	void *objs[BENCH_BARE];
	char memory[BENCH_BARE][BENCH_SIZE];
};

DECLARE_PER_CPU(struct bench_bare, bench_bare);

static __always_inline void *bare_alloc(size_t size)
{
	struct bench_bare *bare;
	void *obj;

	preempt_disable();
	bare = this_cpu_ptr(&bench_bare);
	obj = bare->objs[--bare->n & (BENCH_BARE - 1)];
	preempt_enable();
	return obj;
}

static __always_inline void bare_free(void *obj, size_t size)
{
	struct bench_bare *bare;

	preempt_disable();
	bare = this_cpu_ptr(&bench_bare);
	bare->objs[bare->n++ & (BENCH_BARE - 1)] = obj;
	preempt_enable();
}

static __always_inline void *empty_alloc(size_t size)
{
	return NULL;
}

/* Where the allocators look at the size, the empty loop has to fetch it, too. */
static __always_inline void *empty_var_alloc(size_t size)
{
	asm volatile("" : : "r" (size));
	return NULL;
}

static __always_inline void empty_free(void *obj, size_t size)
{
	asm volatile("" : : "r" (obj));
}

static __always_inline void *named_alloc(size_t size)
{
	return tcslab_cache_alloc(bench_cache, GFP_ATOMIC);
}

static __always_inline void named_free(void *obj, size_t size)
{
	tcslab_cache_free(bench_cache, obj);
}

static __always_inline void *slub_alloc(size_t size)
{
	return kmem_cache_alloc(bench_slub, GFP_ATOMIC);
}

static __always_inline void slub_free(void *obj, size_t size)
{
	kmem_cache_free(bench_slub, obj);
}

static __always_inline void *var_alloc(size_t size)
{
	return tcslab_alloc(size, GFP_ATOMIC);
}

static __always_inline void var_free(void *obj, size_t size)
{
	tcslab_free(obj);
}

static __always_inline void *kvar_alloc(size_t size)
{
	return kmalloc(size, GFP_ATOMIC);
}

static __always_inline void kvar_free(void *obj, size_t size)
{
	kfree(obj);
}

static __always_inline void *const_alloc(size_t size)
{
	return tcslab_alloc(BENCH_SIZE, GFP_ATOMIC);
}

static __always_inline void *kconst_alloc(size_t size)
{
	return kmalloc(BENCH_SIZE, GFP_ATOMIC);
}

static __always_inline void sized_free(void *obj, size_t size)
{
	tcslab_free_sized(obj, BENCH_SIZE);
}

#endif /* TCSLAB_BENCH_CALLS_H */

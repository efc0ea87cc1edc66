// SPDX-License-Identifier: GPL-2.0
/* Frees of objects of other nodes; see remote.h */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include "middle/central.h"
#include "remote.h"

/**
 * struct tcslab_remote - one CPU's objects of other nodes
 * @n: objects in @objs, fewer than a batch
 * @objs: of any node but the array's, in no order
 */
struct tcslab_remote {
	unsigned int n;
	void *objs[];
};

static int node_of(const void *obj)
{
	return page_to_nid(virt_to_page(obj));
}

/* Move the objects of @node to the end; returns where they begin. */
static unsigned int gather(struct tcslab_remote *remote, int node)
{
	unsigned int first = remote->n, i;

	for (i = remote->n; i--;) {
		if (node_of(remote->objs[i]) != node)
			continue;
		first--;
		swap(remote->objs[i], remote->objs[first]);
	}
	return first;
}

static void flush(struct tcslab_cache *cache, struct tcslab_remote *remote)
{
	while (remote->n) {
		int node = node_of(remote->objs[remote->n - 1]);
		unsigned int first = gather(remote, node), n = remote->n - first;

		remote->n = first;
		tcslab_central_free(cache, node, remote->objs + first, n, 0);
	}
}

bool tcslab_remote_put(struct tcslab_cache *cache, void *obj)
{
	/* Pairs with tcslab_remote_init(), which may come late: see nodes.c. */
	struct tcslab_remote __percpu *remotes = smp_load_acquire(&cache->remote);
	struct tcslab_remote *remote;

	if (unlikely(!remotes)) {
		tcslab_central_free(cache, node_of(obj), &obj, 1, 0);
		return true;
	}
	remote = this_cpu_ptr(remotes);
	remote->objs[remote->n++] = obj;
	if (remote->n < cache->batch)
		return false;
	flush(cache, remote);
	return true;
}

void tcslab_remote_flush(struct tcslab_cache *cache, unsigned int cpu)
{
	if (cache->remote)
		flush(cache, per_cpu_ptr(cache->remote, cpu));
}

unsigned int tcslab_remote_count(const struct tcslab_cache *cache, unsigned int cpu)
{
	/* Its owner changes it meanwhile: what we see may be stale. */
	return cache->remote ? data_race(READ_ONCE(per_cpu_ptr(cache->remote, cpu)->n)) : 0;
}

int tcslab_remote_init(struct tcslab_cache *cache, gfp_t gfp)
{
	struct tcslab_remote __percpu *remote;

	/*
	 * Closed arrays keep nothing, and one node has no others.  With a limit nobody may be
	 * refused for what lies here, and who may not sleep could not have it.
	 */
	if (!static_branch_unlikely(&tcslab_numa_key) || !cache->max_capacity || cache->remote ||
	    cache->limit_pages)
		return 0;
	remote = __alloc_percpu_gfp(struct_size_t(struct tcslab_remote, objs, cache->batch),
				    __alignof__(struct tcslab_remote), gfp);
	/* Frees may be under way. */
	smp_store_release(&cache->remote, remote);
	return remote ? 0 : -ENOMEM;
}

void tcslab_remote_exit(struct tcslab_cache *cache)
{
	free_percpu(cache->remote);
	cache->remote = NULL;
}

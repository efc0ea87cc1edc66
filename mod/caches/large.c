// SPDX-License-Identifier: GPL-2.0
/* Large objects, a span of the page heap each: allocation; see large_free.c for the rest */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "back/mempolicy.h"
#include "back/span.h"
#include "base/charge.h"
#include "base/compat.h"
#include "base/report.h"
#include "base/trace.h"
#include "debug/shadow.h"
#include "front/cpu_cache.h"
#include "effort.h"
#include "large.h"
#include "size_class.h"

/* ---------------------------------------------------------- who it counts for */

static bool charge(struct tcslab_quota *quota, unsigned long npages, gfp_t gfp)
{
	if (!quota || tcslab_charge_quota(quota, npages))
		return true;
	if (gfpflags_allow_blocking(gfp)) {
		tcslab_effort_drain_quota(quota);
		if (tcslab_charge_quota(quota, npages))
			return true;
	}
	if (gfp & __GFP_NOFAIL) {
		tcslab_overrun_quota(quota, npages);
		return true;
	}
	atomic_long_inc(&quota->refusals);
	trace_limit_refused("large");
	return false;
}

/* ---------------------------------------------------------------------- alloc */

/* Where a large object of nobody's choice comes from. */
static int large_node(void)
{
	return tcslab_policy_node(tcslab_cpu_cache_node(tcslab_large_cache));
}

void *tcslab_large_alloc(size_t size, gfp_t gfp, int node, struct tcslab_quota *quota)
{
	unsigned long npages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct tcslab_span *span;
	void *obj;

	if (get_order(size) > MAX_PAGE_ORDER) {
		tcslab_warn(!(gfp & __GFP_NOWARN),
			    "tcslab: %zu bytes are more than the page allocator's largest block\n",
			    size);
		return NULL;
	}
	if (!charge(quota, npages, gfp))
		return NULL;
	if (node == NUMA_NO_NODE) {
		node = large_node();
		gfp = tcslab_policy_gfp(gfp);
	} else {
		gfp &= ~TCSLAB_BOUND;
	}
	span = tcslab_effort_large(tcslab_gfp_zone(gfp), npages, tcslab_span_align(size), gfp,
				   node);
	if (!span) {
		if (quota) {
			tcslab_uncharge_quota(quota, npages);
			atomic_long_inc(&quota->no_memory);
		}
		return NULL;
	}
	tcslab_large_note(quota, span);
	obj = tcslab_span_base(span);
	tcslab_shadow_open_pages(obj, npages << PAGE_SHIFT);
	if (want_init_on_alloc(gfp))
		memset(obj, 0, npages << PAGE_SHIFT);
	tcslab_shadow_fit_pages(obj, size, npages << PAGE_SHIFT);
	kmemleak_alloc(obj, size, 1, gfp);
	return obj;
}

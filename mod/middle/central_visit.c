// SPDX-License-Identifier: GPL-2.0
/*
 * The middle tier, walked: each object of a cache, for who debugs it
 *
 * A span that is left may be gone, or in another list, so each time the walk begins at the
 * list's first one.  It is for people who wait: many spans take long, but no section does.
 */
#include <linux/sched.h>

#include "base/lock.h"
#include "central_lists.h"

#define SPANS_AT_ONCE	4

static struct hlist_node *nth(struct hlist_head *spans, unsigned long n)
{
	struct hlist_node *node = spans->first;

	while (node && n--)
		node = node->next;
	return node;
}

/* Up to SPANS_AT_ONCE from the one that is @first; false after the last. */
static bool visit_some(struct tcslab_cache *cache, struct hlist_head *spans, unsigned long first,
		       const struct tcslab_visitor *visitor, void *arg)
{
	struct hlist_node *node = nth(spans, first);
	unsigned int n, i;

	for (n = 0; node && n < SPANS_AT_ONCE; n++, node = node->next) {
		struct tcslab_span *span = hlist_entry(node, struct tcslab_span, link);

		for (i = 0; i < tcslab_span_objs(cache, span); i++)
			visitor->look(cache, span->base + (size_t)i * cache->size,
				      test_bit(i, span->free_bits), arg);
	}
	return node;
}

static void visit_list(struct tcslab_cache *cache, struct tcslab_central *central,
		       struct hlist_head *spans, const struct tcslab_visitor *visitor, void *arg)
{
	unsigned long first = 0, flags;
	bool more;

	do {
		tcslab_lock_irqsave(&central->lock, flags);
		more = visit_some(cache, spans, first, visitor, arg);
		tcslab_unlock_irqrestore(&central->lock, flags);
		if (visitor->pause)
			visitor->pause(cache, arg);
		first += SPANS_AT_ONCE;
		cond_resched();
	} while (more);
}

void tcslab_central_visit(struct tcslab_cache *cache, const struct tcslab_visitor *visitor,
			  void *arg)
{
	unsigned int list;
	int node;

	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];

		for (list = 0; list < TCSLAB_OCCUPANCY_LISTS; list++)
			visit_list(cache, central, &central->spans[list], visitor, arg);
		visit_list(cache, central, &central->empty, visitor, arg);
	}
}

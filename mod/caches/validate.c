// SPDX-License-Identifier: GPL-2.0
/*
 * All objects of a cache with debug=, looked at now
 *
 * What is wrong is noted under the lock of the middle tier, and told without it.
 */
#include <linux/mutex.h>
#include <linux/slab.h>

#include "debug/objects.h"
#include "middle/central.h"
#include "cache.h"

#define NOTED	16	/* of a few spans: a report is long, and there is a limit of them */

/**
 * struct notes - of one walk
 * @result: the sums
 * @n: entries of @objs
 * @objs: objects that are broken
 * @found: what is wrong with each
 */
struct notes {
	struct tcslab_validated *result;
	unsigned int n;
	void *objs[NOTED];
	struct tcslab_found found[NOTED];
};

static void look(struct tcslab_cache *cache, void *obj, bool is_free, void *arg)
{
	struct notes *notes = arg;
	struct tcslab_found found;
	bool broken = is_free ? tcslab_objects_look_at_free(cache, obj, &found) :
				tcslab_objects_look_at_live(cache, obj, &found);

	notes->result->free += is_free;
	notes->result->in_use += !is_free && tcslab_objects_is_live(cache, obj);
	if (likely(!broken))
		return;
	notes->result->broken++;
	if (notes->n == NOTED)
		return;
	notes->objs[notes->n] = obj;
	notes->found[notes->n++] = found;
}

static void tell(struct tcslab_cache *cache, void *arg)
{
	struct notes *notes = arg;
	unsigned int i;

	for (i = 0; i < notes->n; i++)
		tcslab_objects_report(cache, notes->objs[i], notes->found + i, "by validate", 0);
	notes->n = 0;
}

void tcslab_cache_validate(struct tcslab_cache *cache, struct tcslab_validated *result)
{
	static DEFINE_MUTEX(one);	/* has the notes */
	static struct notes notes;
	static const struct tcslab_visitor visitor = { .look = look, .pause = tell };

	mutex_lock(&one);
	*result = (struct tcslab_validated){};
	notes = (struct notes){ .result = result };
	tcslab_central_visit(cache, &visitor, &notes);
	mutex_unlock(&one);
}

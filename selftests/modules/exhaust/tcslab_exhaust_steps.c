// SPDX-License-Identifier: GPL-2.0
/* What a worker does in a context: allocate, resize, look and free; see tcslab_exhaust.h */
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>

#include "context_test.h"
#include "tcslab_exhaust.h"

#define STEPS		6	/* each time in a context */
#define SMALL_ENOUGH	32768	/* the kernel tries for ever to have so much */

atomic_t exhaust_nr_wrong;

u32 exhaust_draw(struct exhaust_worker *w, u32 n)
{
	return prandom_u32_state(&w->rnd) % n;
}

/* --------------------------------------------------------------- patterns */

/* Beginning, end, and some between: all of a large one would be all that we do. */
#define HEAD	16
#define STRIDE	256

static unsigned int first_free_byte(const struct exhaust_object *obj)
{
	return obj->kind == EXHAUST_CONSTRUCTED ? sizeof(long) : 0;
}

static void mark(struct exhaust_object *obj, u8 with)
{
	u32 i;

	obj->mark = with;
	for (i = first_free_byte(obj); i < min_t(u32, obj->size, HEAD); i++)
		obj->mem[i] = with;
	for (i = STRIDE; i < obj->size; i += STRIDE)
		obj->mem[i] = with;
	if (obj->size > HEAD)
		obj->mem[obj->size - 1] = with;
}

static void look(const struct exhaust_object *obj, u32 size)
{
	bool whole = true;
	u32 i;

	for (i = first_free_byte(obj); i < min_t(u32, size, HEAD); i++)
		whole &= obj->mem[i] == obj->mark;
	for (i = STRIDE; i < size; i += STRIDE)
		whole &= obj->mem[i] == obj->mark;
	if (size > HEAD && size == obj->size)
		whole &= obj->mem[size - 1] == obj->mark;
	if (obj->kind == EXHAUST_CONSTRUCTED)
		whole &= *(unsigned long *)obj->mem == EXHAUST_CONSTRUCT;
	if (!whole)
		atomic_inc(&exhaust_nr_wrong);
}

static void look_at_new(const struct exhaust_object *obj)
{
	u32 i;

	if (obj->kind == EXHAUST_CONSTRUCTED &&
	    *(unsigned long *)obj->mem != EXHAUST_CONSTRUCT)
		atomic_inc(&exhaust_nr_wrong);
	if (obj->kind != EXHAUST_ZEROED)
		return;
	for (i = 0; i < obj->size; i += i < STRIDE ? 1 : STRIDE / 2)
		if (obj->mem[i])
			break;
	if (i < obj->size || obj->mem[obj->size - 1])
		atomic_inc(&exhaust_nr_wrong);
}

/* ------------------------------------------------------------------ steps */

static bool is_promised(enum exhaust_kind kind)
{
	return kind >= EXHAUST_WAITED;
}

static void count(struct exhaust_worker *w, enum exhaust_kind kind, u32 size, bool ok,
		  u64 begin)
{
	unsigned int ms = div_u64(ktime_get_mono_fast_ns() - begin, NSEC_PER_MSEC);
	bool always = kind >= EXHAUST_MINIMUM && !(w->gfp & __GFP_NOMEMALLOC);

	if (always)
		w->longest_promised = max(w->longest_promised, ms);
	else
		w->longest = max(w->longest, ms);
	if (ok) {
		w->served[w->context]++;
		return;
	}
	w->refused[w->context]++;
	w->broken += always;
	if (!w->insists || kind == EXHAUST_LOW || size > SMALL_ENOUGH ||
	    (kind == EXHAUST_LIMITED && !(w->gfp & __GFP_NOFAIL)))
		return;
	if (!w->denied++)
		pr_notice(CONTEXT_PREFIX "# denied: kind %u, %u bytes, gfp %#x, scope %#x, %u ms\n",
			  kind, size, (__force unsigned int)w->gfp,
			  current->flags & (PF_MEMALLOC_NOIO | PF_MEMALLOC_NOFS), ms);
}

static u32 some_size(struct exhaust_worker *w)
{
	u32 r = exhaust_draw(w, 32);

	return 1 + exhaust_draw(w, r < 24 ? 2048 : r < 29 ? 8192 : r < 31 ? 65536 : SZ_1M);
}

static void take(struct exhaust_worker *w)
{
	enum exhaust_kind kind = exhaust_draw(w, EXHAUST_NR_KINDS);
	struct exhaust_object *obj = &w->objs[w->nr];
	u64 begin;

	if (w->nr == EXHAUST_STASH || (is_promised(kind) && w->promised[kind] == EXHAUST_SHARE))
		return;
	/* There is no end to that in a low zone, and a pool adds flags that do not go with it. */
	if (w->gfp & __GFP_NOFAIL && (is_promised(kind) || kind == EXHAUST_LOW))
		return;
	obj->kind = kind;
	obj->size = kind >= EXHAUST_PLAIN ? EXHAUST_OBJECT_SIZE : some_size(w);
	if (w->gfp & __GFP_NOFAIL)
		obj->size = min_t(u32, obj->size, PAGE_SIZE);
	begin = ktime_get_mono_fast_ns();
	obj->mem = w->side->alloc(kind, obj->size, w->gfp);
	count(w, kind, obj->size, obj->mem, begin);
	if (!obj->mem)
		return;
	look_at_new(obj);
	mark(obj, exhaust_draw(w, 255) + 1);
	w->promised[kind]++;
	w->nr++;
}

void exhaust_give(struct exhaust_worker *w)
{
	unsigned int i = exhaust_draw(w, w->nr);
	struct exhaust_object obj = w->objs[i];

	look(&obj, obj.size);
	w->objs[i] = w->objs[--w->nr];
	w->promised[obj.kind]--;
	if (!is_promised(obj.kind) && obj.size >= sizeof(long) + sizeof(struct rcu_head) &&
	    !exhaust_draw(w, 8))
		w->side->free_rcu(obj.kind, obj.mem,
			       w->context == IN_TASK && gfpflags_allow_blocking(w->gfp) &&
			       !exhaust_draw(w, 8));
	else
		w->side->free(obj.kind, obj.mem);
}

static void resize(struct exhaust_worker *w)
{
	struct exhaust_object *obj = &w->objs[exhaust_draw(w, w->nr)];
	u32 size = some_size(w);
	u64 begin;
	void *mem;

	if ((obj->kind != EXHAUST_GENERAL && obj->kind != EXHAUST_HEAP) || w->gfp & __GFP_NOFAIL)
		return;
	begin = ktime_get_mono_fast_ns();
	mem = w->side->realloc(obj->mem, size, w->gfp);
	count(w, obj->kind, size, mem, begin);
	if (mem) {
		obj->mem = mem;
		look(obj, min(size, obj->size));
		obj->size = size;
		mark(obj, obj->mark);
	} else {
		look(obj, obj->size);
	}
}

static void several(struct exhaust_worker *w)
{
	static const u8 kinds[] = {
		EXHAUST_GENERAL, EXHAUST_PLAIN, EXHAUST_CONSTRUCTED, EXHAUST_LIMITED,
		EXHAUST_TYPESAFE,
	};
	struct exhaust_object obj = { .kind = kinds[exhaust_draw(w, ARRAY_SIZE(kinds))] };
	void *objs[EXHAUST_BULK];
	u64 begin;
	bool got;
	int i;

	if (w->gfp & __GFP_NOFAIL)
		return;
	obj.size = obj.kind == EXHAUST_GENERAL ? 1 + exhaust_draw(w, 4096) : EXHAUST_OBJECT_SIZE;
	begin = ktime_get_mono_fast_ns();
	got = w->side->alloc_bulk(obj.kind, obj.size, w->gfp, objs);
	count(w, obj.kind, obj.size, got, begin);
	if (!got)
		return;
	for (i = 0; i < EXHAUST_BULK; i++) {
		obj.mem = objs[i];
		look_at_new(&obj);
		mark(&obj, i + 1);
	}
	for (i = 0; i < EXHAUST_BULK; i++) {
		obj.mem = objs[i];
		obj.mark = i + 1;
		look(&obj, obj.size);
	}
	w->side->free_bulk(obj.kind, objs);
}

void exhaust_steps(struct exhaust_worker *w)
{
	int i;

	for (i = 0; i < STEPS; i++) {
		switch (exhaust_draw(w, 16)) {
		case 0:
			several(w);
			break;
		case 1:
		case 2:
			if (w->nr)
				resize(w);
			break;
		default:
			if (w->nr && (w->nr == EXHAUST_STASH || exhaust_draw(w, 2)))
				exhaust_give(w);
			else
				take(w);
		}
	}
}

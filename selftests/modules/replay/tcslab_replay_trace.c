// SPDX-License-Identifier: GPL-2.0
/*
 * Decodes a recorded trace; scripts/record/convert.py writes them
 *
 * The file comes from user space: nothing in it is believed.  An object is freed at
 * most once and after its allocation, which is what keeps threads from waiting for
 * ever: the earliest event that has not been played can always be played.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "tcslab_replay.h"

#define MAGIC		"tcslabtr"
#define MAGIC_BYTES	8
#define VERSION		1
#define HEADER_BYTES	(MAGIC_BYTES + 8 * 4)
#define CACHE_BYTES	(8 + REPLAY_NAME_BYTES)
#define KIND_BYTES	12
#define KMALLOC		0xffff
#define MAX_EVENTS	(64U << 20)
#define MAX_CPUS	256
#define MAX_CACHES	1024

/* The trace's own bits for gfp flags. */
#define MAY_BLOCK	BIT(0)
#define ZERO		BIT(1)
#define DMA		BIT(2)

/* In the low bits of an event. */
#define FREE		BIT(0)
#define OTHER_CPU	BIT(1)
#define EVENT_SHIFT	2

struct reader {
	const u8 *at;
	const u8 *end;
};

/* The kernel's own moved to another header within the kernels that we support. */
static u16 get_le16(const u8 *at)
{
	return at[0] | at[1] << 8;
}

static u32 get_le32(const u8 *at)
{
	return get_le16(at) | (u32)get_le16(at + 2) << 16;
}

static int read_varint(struct reader *r, u32 *value)
{
	unsigned int shift;
	u64 v = 0;
	u8 byte;

	for (shift = 0; shift < 35; shift += 7) {
		if (r->at == r->end)
			return -EINVAL;
		byte = *r->at++;
		v |= (u64)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*value = v;
			return v > U32_MAX ? -EINVAL : 0;
		}
	}
	return -EINVAL;
}

/*
 * Only kmalloc() can ask for a zone; for a cache that is decided when it is made.
 * DMA32 is dropped since kmalloc() refuses it.
 */
static gfp_t decode_gfp(unsigned int bits, bool named)
{
	gfp_t gfp = bits & MAY_BLOCK ? GFP_KERNEL : GFP_NOWAIT;

	if (bits & ZERO)
		gfp |= __GFP_ZERO;
	if ((bits & DMA) && !named)
		gfp |= GFP_DMA;
	return gfp | __GFP_NOWARN;
}

static int decode_tables(struct replay_trace *trace, struct reader *r)
{
	u64 bytes = (u64)trace->nr_caches * CACHE_BYTES + (u64)trace->nr_kinds * KIND_BYTES;
	u32 i;

	if (r->end - r->at < bytes)
		return -EINVAL;
	for (i = 0; i < trace->nr_caches; i++, r->at += CACHE_BYTES) {
		struct replay_cache *cache = &trace->caches[i];

		cache->size = get_le32(r->at);
		cache->align = get_le32(r->at + 4);
		memcpy(cache->name, r->at + 8, REPLAY_NAME_BYTES - 1);
		if (!cache->size || cache->size > TCSLAB_MAX_CLASS_SIZE ||
		    cache->align & (cache->align - 1) || cache->align > PAGE_SIZE)
			return -EINVAL;
	}
	for (i = 0; i < trace->nr_kinds; i++, r->at += KIND_BYTES) {
		struct replay_kind *kind = &trace->kinds[i];
		u16 cache = get_le16(r->at + 8);

		kind->size = get_le32(r->at);
		kind->cache = cache == KMALLOC ? -1 : cache;
		kind->gfp = decode_gfp(get_le16(r->at + 10), cache != KMALLOC);
		if (!kind->size || kind->cache >= (int)trace->nr_caches)
			return -EINVAL;
		if (cache != KMALLOC && kind->size > trace->caches[cache].size)
			return -EINVAL;
	}
	return 0;
}

static int decode_events(struct replay_trace *trace, struct reader *r, u32 *made_by,
			 unsigned long *freed)
{
	u32 i, value, made = 0, cpu = 0;

	for (i = 0; i < trace->nr_events; i++) {
		struct replay_event *event = &trace->events[i];

		if (read_varint(r, &value))
			return -EINVAL;
		if (value & OTHER_CPU) {
			if (r->at == r->end || *r->at >= trace->cpus)
				return -EINVAL;
			cpu = *r->at++;
		}
		event->cpu = cpu;
		event->free = value & FREE;
		value >>= EVENT_SHIFT;
		if (event->free) {
			if (value >= made)
				return -EINVAL;
			event->obj = made - 1 - value;
			if (__test_and_set_bit(event->obj, freed))
				return -EINVAL;
			event->kind = trace->events[made_by[event->obj]].kind;
			trace->cross_cpu += trace->events[made_by[event->obj]].cpu != cpu;
		} else {
			if (value >= trace->nr_kinds || made == trace->nr_objs)
				return -EINVAL;
			event->kind = value;
			event->obj = made;
			made_by[made++] = i;
		}
		if (!(i & 0xffff)) {
			cond_resched();
			if (signal_pending(current))
				return -EINTR;
		}
	}
	return made == trace->nr_objs ? 0 : -EINVAL;
}

int replay_trace_decode(struct replay_trace *trace, const u8 *data, size_t bytes)
{
	struct reader r = { .at = data + HEADER_BYTES, .end = data + bytes };
	unsigned long *freed = NULL;
	u32 *made_by = NULL;
	int err = -EINVAL;

	memset(trace, 0, sizeof(*trace));
	if (bytes < HEADER_BYTES || memcmp(data, MAGIC, MAGIC_BYTES) ||
	    get_le32(data + 8) != VERSION)
		return -EINVAL;
	trace->cpus = get_le32(data + 12);
	trace->nr_events = get_le32(data + 16);
	trace->nr_objs = get_le32(data + 20);
	trace->nr_caches = get_le32(data + 24);
	trace->nr_kinds = get_le32(data + 28);
	trace->lost = get_le32(data + 32);
	trace->inferred = get_le32(data + 36);
	/* A byte holds no event and less: the counts cannot ask for more than was written. */
	if (!trace->nr_events || trace->nr_events > MAX_EVENTS || trace->nr_events > bytes ||
	    !trace->nr_objs || trace->nr_objs > trace->nr_events ||
	    !trace->cpus || trace->cpus > MAX_CPUS || trace->nr_caches > MAX_CACHES ||
	    !trace->nr_kinds || trace->nr_kinds > KMALLOC)
		return -EINVAL;

	trace->caches = kvcalloc(trace->nr_caches + 1, sizeof(*trace->caches), GFP_KERNEL);
	trace->kinds = kvcalloc(trace->nr_kinds, sizeof(*trace->kinds), GFP_KERNEL);
	trace->events = kvcalloc(trace->nr_events, sizeof(*trace->events), GFP_KERNEL);
	made_by = kvcalloc(trace->nr_objs, sizeof(*made_by), GFP_KERNEL);
	freed = kvcalloc(BITS_TO_LONGS(trace->nr_objs), sizeof(long), GFP_KERNEL);
	if (!trace->caches || !trace->kinds || !trace->events || !made_by || !freed)
		err = -ENOMEM;
	else
		err = decode_tables(trace, &r);
	if (!err)
		err = decode_events(trace, &r, made_by, freed);
	kvfree(made_by);
	kvfree(freed);
	if (err)
		replay_trace_drop(trace);
	return err;
}

void replay_trace_drop(struct replay_trace *trace)
{
	kvfree(trace->caches);
	kvfree(trace->kinds);
	kvfree(trace->events);
	memset(trace, 0, sizeof(*trace));
}

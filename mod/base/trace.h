/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoints tcslab:..., at the slow paths of all tiers.  Nothing of them is on the inline
 * fast path; off, each is a patched nop.  A probe may call into us: see lock.h.
 */
#undef TRACE_SYSTEM
#ifdef TCSLAB_TRACE_SYSTEM	/* one of several in this kernel */
#define TRACE_SYSTEM TCSLAB_TRACE_SYSTEM
#else
#define TRACE_SYSTEM tcslab
#endif

#if !defined(TCSLAB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TCSLAB_TRACE_H

#include <linux/mm_types.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

/* Objects between a CPU and the middle tier. */
DECLARE_EVENT_CLASS(tcslab_moved,
		    TP_PROTO(const char *cache, int node, unsigned int objects),
		    TP_ARGS(cache, node, objects),
		    TP_STRUCT__entry(__array(char, cache, 32)
				     __field(int, node)
				     __field(unsigned int, objects)),
		    TP_fast_assign(strscpy(__entry->cache, cache, sizeof(__entry->cache));
				   __entry->node = node;
				   __entry->objects = objects;),
		    TP_printk("cache=%s node=%d objects=%u",
			      __entry->cache, __entry->node, __entry->objects));

DEFINE_EVENT(tcslab_moved, refill,
	     TP_PROTO(const char *cache, int node, unsigned int objects),
	     TP_ARGS(cache, node, objects));

DEFINE_EVENT(tcslab_moved, flush,
	     TP_PROTO(const char *cache, int node, unsigned int objects),
	     TP_ARGS(cache, node, objects));

/* Pages between a cache, or a large object, and the page heap. */
DECLARE_EVENT_CLASS(tcslab_span,
		    TP_PROTO(const char *cache, unsigned long pfn, unsigned int pages, int node),
		    TP_ARGS(cache, pfn, pages, node),
		    TP_STRUCT__entry(__array(char, cache, 32)
				     __field(unsigned long, pfn)
				     __field(unsigned int, pages)
				     __field(int, node)),
		    TP_fast_assign(strscpy(__entry->cache, cache, sizeof(__entry->cache));
				   __entry->pfn = pfn;
				   __entry->pages = pages;
				   __entry->node = node;),
		    TP_printk("cache=%s pfn=%#lx pages=%u node=%d",
			      __entry->cache, __entry->pfn, __entry->pages, __entry->node));

DEFINE_EVENT(tcslab_span, span_new,
	     TP_PROTO(const char *cache, unsigned long pfn, unsigned int pages, int node),
	     TP_ARGS(cache, pfn, pages, node));

DEFINE_EVENT(tcslab_span, span_free,
	     TP_PROTO(const char *cache, unsigned long pfn, unsigned int pages, int node),
	     TP_ARGS(cache, pfn, pages, node));

/* Pages between the page heap and the kernel. */
DECLARE_EVENT_CLASS(tcslab_chunk,
		    TP_PROTO(unsigned long pfn, unsigned int pages, int node),
		    TP_ARGS(pfn, pages, node),
		    TP_STRUCT__entry(__field(unsigned long, pfn)
				     __field(unsigned int, pages)
				     __field(int, node)),
		    TP_fast_assign(__entry->pfn = pfn;
				   __entry->pages = pages;
				   __entry->node = node;),
		    TP_printk("pfn=%#lx pages=%u node=%d",
			      __entry->pfn, __entry->pages, __entry->node));

DEFINE_EVENT(tcslab_chunk, chunk_grow,
	     TP_PROTO(unsigned long pfn, unsigned int pages, int node),
	     TP_ARGS(pfn, pages, node));

/* Of a chunk that goes in parts each of them is one. */
DEFINE_EVENT(tcslab_chunk, chunk_release,
	     TP_PROTO(unsigned long pfn, unsigned int pages, int node),
	     TP_ARGS(pfn, pages, node));

/* NULL was returned, at a cache's limit or, for "*", at hard_limit_bytes. */
TRACE_EVENT(limit_refused,
	    TP_PROTO(const char *cache),
	    TP_ARGS(cache),
	    TP_STRUCT__entry(__array(char, cache, 32)),
	    TP_fast_assign(strscpy(__entry->cache, cache, sizeof(__entry->cache));),
	    TP_printk("cache=%s", __entry->cache));

/* A promised object is used; @left more are there. */
TRACE_EVENT(reserve_taken,
	    TP_PROTO(const char *cache, unsigned int left),
	    TP_ARGS(cache, left),
	    TP_STRUCT__entry(__array(char, cache, 32)
			     __field(unsigned int, left)),
	    TP_fast_assign(strscpy(__entry->cache, cache, sizeof(__entry->cache));
			   __entry->left = left;),
	    TP_printk("cache=%s left=%u", __entry->cache, __entry->left));

/* A mistake with a guarded object. */
TRACE_EVENT(guard_hit,
	    TP_PROTO(const char *cache, const char *mistake, const void *address),
	    TP_ARGS(cache, mistake, address),
	    TP_STRUCT__entry(__array(char, cache, 32)
			     __array(char, mistake, 32)
			     __field(const void *, address)),
	    TP_fast_assign(strscpy(__entry->cache, cache, sizeof(__entry->cache));
			   strscpy(__entry->mistake, mistake, sizeof(__entry->mistake));
			   __entry->address = address;),
	    TP_printk("cache=%s mistake=\"%s\" address=%p",
		      __entry->cache, __entry->mistake, __entry->address));

#endif /* TCSLAB_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH base
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

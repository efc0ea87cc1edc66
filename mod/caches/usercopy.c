// SPDX-License-Identifier: GPL-2.0
/*
 * Copies to and from user space: may this part of an object be copied?
 *
 * CONFIG_HARDENED_USERCOPY looks into slab pages, which ours are none of.  So whoever copies asks
 * here first, and what comes of a copy that goes wrong is what the kernel's own does of it.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/printk.h>

#include <linux/tcslab.h>

#include "debug/guard.h"
#include "middle/central.h"
#include "cache.h"
#include "free.h"

static void __noreturn refuse(const char *name, unsigned long offset, unsigned long n,
			      bool to_user)
{
	pr_emerg("tcslab: usercopy: kernel memory %s attempt detected %s object of %s, offset %lu, size %lu\n",
		 to_user ? "exposure" : "overwrite", to_user ? "from" : "to", name, offset, n);
	/* As the kernel's, which kills who tried. */
	BUG();
}

/* The part of @cache's objects that may be copied; a general one's is all of it. */
static void check_object(const struct tcslab_cache *cache, const void *obj, const void *ptr,
			 unsigned long n, bool to_user)
{
	unsigned long offset = ptr - obj, from = cache->useroffset, size = cache->usersize;

	if (cache->general) {
		from = 0;
		size = tcslab_asked_size(obj);
	}
	if (offset < from || offset - from > size || n > size - (offset - from))
		refuse(cache->name, offset, n, to_user);
}

static void check_large(const void *ptr, unsigned long n, bool to_user)
{
	const struct tcslab_span *span = tcslab_large_around(ptr);
	unsigned long offset, size;

	/* No object: the kernel does not look into what is no slab either. */
	if (!span)
		return;
	offset = ptr - tcslab_span_base(span);
	size = (unsigned long)span->npages << PAGE_SHIFT;
	if (n > size - offset)
		refuse("large", offset, n, to_user);
}

/**
 * tcslab_check_usercopy() - look at a copy to or from user space before it is made
 * @ptr: kernel memory, ours or not
 * @n: bytes
 * @to_user: from there to user space, not the other way round
 *
 * For objects of ours what check_object_size() is for those of the kernel's allocator: of a named
 * cache only what its &tcslab_cache_args.useroffset and &tcslab_cache_args.usersize say may be
 * copied, of general memory what the object has.  Else it is reported and BUG() is called.  Does
 * nothing for memory that is not ours, nor without CONFIG_HARDENED_USERCOPY.
 *
 * Context: any in which one can copy.
 */
void tcslab_check_usercopy(const void *ptr, unsigned long n, bool to_user)
{
	const struct tcslab_cache *cache;

	if (!IS_ENABLED(CONFIG_HARDENED_USERCOPY) || !n || ZERO_OR_NULL_PTR(ptr))
		return;
	cache = tcslab_owner_of(ptr);
	if (likely(!cache))
		return;
	if (cache == tcslab_large_cache || cache == &tcslab_no_cache)
		check_large(ptr, n, to_user);
	else
		check_object(cache, tcslab_object_around((void *)ptr), ptr, n, to_user);
}
EXPORT_SYMBOL_GPL(tcslab_check_usercopy);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frees that are wrong: what is wrong with them, and the one form in which it is reported
 *
 *   tcslab: free of <pointer> from <place>, <what is wrong>; left alone
 *   tcslab: it is <n> bytes into object <pointer> of cache <name>, <size> bytes in <slot>, <state>
 *
 * The second line is there where the pointer leads to an object, or to where one was.  Addresses
 * are hashed as all that the kernel prints by %p.  What a free that nobody can name
 * any more did is "earlier" instead of a place, and the object is leaked.  What was done to the
 * memory of an object with debug= is told in the same form (debug/objects_report.c), and of
 * those with debug=U behind both who allocated and who freed them, with their stacks.
 */
#ifndef TCSLAB_MISTAKES_H
#define TCSLAB_MISTAKES_H

#include <linux/tcslab.h>

/**
 * enum tcslab_mistake - what is wrong with a free
 * @TCSLAB_RIGHT: nothing that is known
 * @TCSLAB_NOT_OURS: no page of ours
 * @TCSLAB_NO_OBJECT: a page of ours where no object is: it is free, or has never been one
 * @TCSLAB_FOREIGN: an object of another cache than the one that was named
 * @TCSLAB_INTERIOR: not the start of an object
 * @TCSLAB_TWICE: free already
 */
enum tcslab_mistake {
	TCSLAB_RIGHT,
	TCSLAB_NOT_OURS,
	TCSLAB_NO_OBJECT,
	TCSLAB_FOREIGN,
	TCSLAB_INTERIOR,
	TCSLAB_TWICE,
};

/*
 * What would be wrong with freeing @obj to @cache, or, for NULL, to whatever cache it is of.  Of an
 * object that is free and in an array it is not known.  Any context.
 */
enum tcslab_mistake tcslab_mistake_of(const struct tcslab_cache *cache, const void *obj);

/* Tell it, within the limit of its kind; @caller is 0 if nobody knows.  Not in NMI context. */
void tcslab_mistake_report(const struct tcslab_cache *cache, const void *obj,
			   enum tcslab_mistake mistake, unsigned long caller);

#endif /* TCSLAB_MISTAKES_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* Objects that are copied to and from user space, of tcslab and of SLUB. */
#ifndef TCSLAB_TEST_USERCOPY_H
#define TCSLAB_TEST_USERCOPY_H

#include <linux/types.h>

#define SIZE	200
#define FROM	64	/* what may be copied of an object */
#define PART	32
#define LARGE	100000

enum { PARTLY, NOWHERE, GENERAL, LARGE_ONE, NR_OBJECTS };

/* The kernel's own, from a file where no name is mapped. */
void usercopy_native_make(u8 **objects);
void usercopy_native_end(u8 **objects);

#endif /* TCSLAB_TEST_USERCOPY_H */

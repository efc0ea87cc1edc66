// SPDX-License-Identifier: GPL-2.0
/* Objects of SLUB that are copied to and from user space */
#include <linux/slab.h>

#include "tcslab_test_usercopy.h"

#ifdef SLAB_NO_MERGE	/* since 6.5; what has a part for user space is merged with nothing */
#define ALONE	SLAB_NO_MERGE
#else
#define ALONE	0
#endif

static struct kmem_cache *partly, *nowhere;

void usercopy_native_make(u8 **objects)
{
	partly = kmem_cache_create_usercopy("native-partly", SIZE, 0, ALONE, FROM, PART, NULL);
	nowhere = kmem_cache_create("native-nowhere", SIZE, 0, ALONE, NULL);
	objects[PARTLY] = kmem_cache_zalloc(partly, GFP_KERNEL);
	objects[NOWHERE] = kmem_cache_zalloc(nowhere, GFP_KERNEL);
	objects[GENERAL] = kzalloc(SIZE, GFP_KERNEL);
	objects[LARGE_ONE] = kzalloc(LARGE, GFP_KERNEL);
}

void usercopy_native_end(u8 **objects)
{
	kmem_cache_free(partly, objects[PARTLY]);
	kmem_cache_free(nowhere, objects[NOWHERE]);
	kfree(objects[GENERAL]);
	kfree(objects[LARGE_ONE]);
	kmem_cache_destroy(partly);
	kmem_cache_destroy(nowhere);
}

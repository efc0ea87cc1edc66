/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much memory tcslab and SLUB hold for the same load, in one boot
 *
 * side    the two allocators under one roof
 * main    the loads; the parameter mode= chooses one
 */
#ifndef TCSLAB_MEMORY_H
#define TCSLAB_MEMORY_H

#include <linux/types.h>

/**
 * struct side - one allocator
 * @name: as in the results
 * @open: prepare; the pages held now are not counted
 * @close: nothing is in use any more
 * @alloc: or NULL
 * @free: what @alloc gave, with the size that was asked for
 * @pages: held since @open
 * @shrink: give back what nobody uses
 */
struct side {
	const char *name;
	int (*open)(void);
	void (*close)(void);
	void *(*alloc)(size_t size);
	void (*free)(void *obj, size_t size);
	long (*pages)(void);
	void (*shrink)(void);
};

#define NR_SIDES	2
extern const struct side memory_sides[NR_SIDES];	/* tcslab, SLUB */
#define MAX_SIDE_SIZE	4096

/* A row of results: "# name: tcslab X slub Y". */
void memory_row(const char *name, const long values[NR_SIDES]);

#endif /* TCSLAB_MEMORY_H */

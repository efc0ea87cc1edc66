/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tcslab linked into a driver: see Documentation/embedded.md
 *
 * The driver has an allocator of its own, with the calls of <linux/tcslab.h>.  Nothing is exported,
 * nothing has to be there when it is loaded, and others in the same kernel, tcslab.ko
 * among them, have nothing to do with it: an object goes back to the driver that has it
 * from its own.
 */
#ifndef _LINUX_TCSLAB_EMBEDDED_H
#define _LINUX_TCSLAB_EMBEDDED_H

struct dentry;

/**
 * struct tcslab_embedded_args - what a driver wants of its allocator
 * @debugfs: the driver's folder, where "tcslab" with the statistics is made; NULL for none
 * @limit_bytes: that all caches together may hold; 0 for no limit
 */
struct tcslab_embedded_args {
	struct dentry *debugfs;
	unsigned long limit_bytes;
};

int tcslab_embedded_init(const struct tcslab_embedded_args *args);
void tcslab_embedded_exit(void);

#endif /* _LINUX_TCSLAB_EMBEDDED_H */

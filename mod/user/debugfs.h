/* SPDX-License-Identifier: GPL-2.0 */
/* Statistics under /sys/kernel/debug/tcslab/. */
#ifndef TCSLAB_DEBUGFS_H
#define TCSLAB_DEBUGFS_H

struct dentry;

/* Where, if not at the top, NULL for no files; before tcslab_debugfs_init(). */
void tcslab_debugfs_set_parent(struct dentry *folder);

int tcslab_debugfs_init(void);
void tcslab_debugfs_exit(void);

#endif /* TCSLAB_DEBUGFS_H */

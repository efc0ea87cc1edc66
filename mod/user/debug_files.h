/* SPDX-License-Identifier: GPL-2.0 */
/* What debugfs has of caches with debug=, in tcslab/debug/ */
#ifndef TCSLAB_DEBUG_FILES_H
#define TCSLAB_DEBUG_FILES_H

struct dentry;
struct tcslab_cache;

/* Once the general caches are there; the end is before @root is removed.  Task context. */
void tcslab_debug_files_init(struct dentry *root);
void tcslab_debug_files_exit(void);

/* See struct tcslab_cache_debug_hooks. */
void tcslab_debug_files_made(struct tcslab_cache *cache);
void tcslab_debug_files_goes(struct tcslab_cache *cache);

#endif /* TCSLAB_DEBUG_FILES_H */

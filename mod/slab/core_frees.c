// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's slab API on tcslab: functions of the core that free what they are given
 *
 * A module puts their addresses into a table of operations, or gives them to the core with what it
 * has allocated.  Each of these frees memory of either allocator, and does the rest as the kernel's
 * own does.  scripts/border.txt has all that there are, and which of them are left alone.
 */
#include <linux/module.h>
#include <linux/seq_file.h>

#ifdef CONFIG_KEYS
#include <keys/user-type.h>
#include <linux/key-type.h>
#endif
#ifdef CONFIG_CRYPTO_HASH
#include <crypto/internal/hash.h>
#endif

#include <linux/tcslab_slab_api.h>

/**
 * tcslab_slab_kfree_link() - kfree_link(), which file systems hand to set_delayed_call()
 * @obj: memory of either allocator, or NULL
 *
 * Context: as tcslab_free().
 */
void tcslab_slab_kfree_link(void *obj)
{
	tcslab_slab_kfree(obj);
}
EXPORT_SYMBOL_GPL(tcslab_slab_kfree_link);

/**
 * tcslab_slab_kfree_strarray() - kfree_strarray()
 * @array: pointers, it and each of them memory of either allocator, or NULL
 * @n: how many
 *
 * Context: as tcslab_free().
 */
void tcslab_slab_kfree_strarray(char **array, size_t n)
{
	size_t i;

	for (i = 0; array && i < n; i++)
		tcslab_slab_kfree(array[i]);
	tcslab_slab_kfree(array);
}
EXPORT_SYMBOL_GPL(tcslab_slab_kfree_strarray);

/**
 * tcslab_slab_bitmap_free() - bitmap_free()
 * @bitmap: memory of either allocator, or NULL
 *
 * Context: as tcslab_free().
 */
void tcslab_slab_bitmap_free(const unsigned long *bitmap)
{
	tcslab_slab_kfree(bitmap);
}
EXPORT_SYMBOL_GPL(tcslab_slab_bitmap_free);

/**
 * tcslab_slab_seq_release_private() - seq_release_private()
 * @inode: of the file
 * @file: whose seq_file has memory of either allocator, or NULL, as its private data
 *
 * Context: task, may sleep.
 * Return: as seq_release_private().
 */
int tcslab_slab_seq_release_private(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;

	tcslab_slab_kfree(seq->private);
	seq->private = NULL;
	return seq_release(inode, file);
}
EXPORT_SYMBOL_GPL(tcslab_slab_seq_release_private);

#ifdef CONFIG_KEYS

/**
 * tcslab_slab_user_free_preparse() - user_free_preparse()
 * @prep: whose payload is memory of either allocator, or NULL
 *
 * Context: task, may sleep.
 */
void tcslab_slab_user_free_preparse(struct key_preparsed_payload *prep)
{
	tcslab_slab_kfree_sensitive(prep->payload.data[0]);
}
EXPORT_SYMBOL_GPL(tcslab_slab_user_free_preparse);

/**
 * tcslab_slab_user_destroy() - user_destroy()
 * @key: whose payload is memory of either allocator, or NULL
 *
 * Context: task, may sleep.
 */
void tcslab_slab_user_destroy(struct key *key)
{
	tcslab_slab_kfree_sensitive(key->payload.data[0]);
}
EXPORT_SYMBOL_GPL(tcslab_slab_user_destroy);

/**
 * tcslab_slab_user_revoke() - user_revoke()
 * @key: whose payload is memory of either allocator, or NULL
 *
 * Of ours the end of readers is waited for here: an RCU callback in tcslab would have to be
 * waited for when that is unloaded.
 *
 * Context: task, may sleep, the key's semaphore held for writing.
 */
void tcslab_slab_user_revoke(struct key *key)
{
	struct user_key_payload *payload = user_key_payload_locked(key);

	if (!tcslab_cache_of(payload)) {
		user_revoke(key);
		return;
	}
	key_payload_reserve(key, 0);
	rcu_assign_keypointer(key, NULL);
	synchronize_rcu();
	tcslab_free_sensitive(payload);
}
EXPORT_SYMBOL_GPL(tcslab_slab_user_revoke);

#endif

#ifdef CONFIG_CRYPTO_HASH

/*
 * What lets go of the algorithm below may be a module's, which tcslab does not depend on; whoever
 * made the instance does.
 */
static void free_instance(void *inst, struct crypto_spawn *spawn)
{
	void (*drop)(struct crypto_spawn *spawn) = symbol_get(crypto_drop_spawn);

	if (WARN_ON_ONCE(!drop))
		return;
	drop(spawn);
	symbol_put(crypto_drop_spawn);
	tcslab_slab_kfree(inst);
}

/**
 * tcslab_slab_shash_free_instance() - shash_free_singlespawn_instance(), as cmac has it
 * @inst: memory of either allocator
 *
 * Context: task, may sleep.
 */
void tcslab_slab_shash_free_instance(struct shash_instance *inst)
{
	free_instance(inst, shash_instance_ctx(inst));
}
EXPORT_SYMBOL_GPL(tcslab_slab_shash_free_instance);

/**
 * tcslab_slab_ahash_free_instance() - ahash_free_singlespawn_instance(), of later kernels
 * @inst: memory of either allocator
 *
 * Context: task, may sleep.
 */
void tcslab_slab_ahash_free_instance(struct ahash_instance *inst)
{
	free_instance(inst, ahash_instance_ctx(inst));
}
EXPORT_SYMBOL_GPL(tcslab_slab_ahash_free_instance);

#endif

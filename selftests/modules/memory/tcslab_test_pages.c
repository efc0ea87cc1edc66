// SPDX-License-Identifier: GPL-2.0
/*
 * What others do to the pages of an object: drivers, networking, memory management
 *
 * Each thing is done to an object of kmalloc() as well, as far as that kernel lets it be done
 * without a warning.
 */
#include <linux/anon_inodes.h>
#include <linux/bio.h>
#include <linux/bvec.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/pageblock-flags.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/version.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define MANY_PAGES	4096	/* more than any list of free pages hides */
#define LARGE		SZ_64K
#define PATTERN		0x5a

/* From here on references to pages of slabs are refused, with a warning. */
#define SLUB_IS_COUNTED	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0))

struct side {
	const char *name;
	void *(*alloc)(size_t size);
	void (*free)(void *obj);
	bool counted;	/* references may be taken */
};

static void *ours_alloc(size_t size)
{
	return tcslab_alloc(size, GFP_KERNEL);
}

static void ours_free(void *obj)
{
	tcslab_free(obj);
}

static void *theirs_alloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static void theirs_free(void *obj)
{
	kfree(obj);
}

static const struct side sides[] = {
	{ "tcslab", ours_alloc, ours_free, true },
	{ "kmalloc", theirs_alloc, theirs_free, SLUB_IS_COUNTED },
};

/* What must be so of ours, and is only told of kmalloc()'s. */
#define see(side, ok, format, ...) do {						\
	bool __seen = (ok);							\
										\
	if ((side) == sides)							\
		context_check(__seen, format, ##__VA_ARGS__);			\
	else									\
		pr_notice(CONTEXT_PREFIX "# %s: " format "\n",			\
			  __seen ? "yes" : "no", ##__VA_ARGS__);		\
} while (0)

static const size_t sizes[] = { 64, 4096, LARGE };

/* ------------------------------------------------------------- free pages */

static struct page *taken[MANY_PAGES];

static unsigned int take_pages(int node, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		taken[i] = alloc_pages_node(node, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN |
					    __GFP_THISNODE, 0);
		if (!taken[i])
			break;
	}
	return i;
}

static void return_pages(unsigned int n)
{
	while (n--)
		__free_page(taken[n]);
}

/* Are some of @n pages of an object handed out by the page allocator? */
static bool is_handed_out(const struct page *page, unsigned int n)
{
	unsigned int got = take_pages(page_to_nid(page), MANY_PAGES), i;
	bool found = false;

	for (i = 0; i < got; i++)
		found |= taken[i] >= page && taken[i] < page + n;
	return_pages(got);
	return found;
}

/* -------------------------------------------------------------- references */

static void pair(const struct side *side, size_t size)
{
	unsigned int n = DIV_ROUND_UP(size, PAGE_SIZE), i;
	void *obj = side->alloc(size);
	struct page *page;
	bool found;

	if (!obj || !side->counted)
		goto out;
	page = virt_to_page(obj);
	for (i = 0; i < n; i++) {
		get_page(page + i);
		put_page(page + i);
	}
	found = is_handed_out(page, n);
	see(side, !found, "%s of %zu: a reference taken and dropped leaves it to its owner",
	    side->name, size);
	/* The kernel has it now, and again when its owner gives it back. */
	if (found)
		return;
out:
	side->free(obj);
}

/* Somebody holds a page while its object goes, and all that is around it. */
static void held_page(const struct side *side, size_t size)
{
	unsigned int n = DIV_ROUND_UP(size, PAGE_SIZE), which = n / 2;
	struct page *page;
	bool last;
	void *obj;

	tcslab_trim();
	obj = side->alloc(size);
	if (!obj || !side->counted || size < PAGE_SIZE)
		goto out;
	page = virt_to_page(obj) + which;
	memset(obj, PATTERN, size);
	get_page(page);
	side->free(obj);
	tcslab_trim();
	see(side, !is_handed_out(page, 1) &&
	    !memchr_inv(page_address(page), PATTERN, PAGE_SIZE),
	    "%s of %zu: a page that is held is nobody else's after the free",
	    side->name, size);
	if (side == sides)
		context_check(!tcslab_held_pages(), "%zu: nor is it ours, %lu are", size,
			      tcslab_held_pages());
	/* Whether the page allocator hands it out soon is up to its lists. */
	last = page_count(page) == 1;
	put_page(page);
	pr_notice(CONTEXT_PREFIX "# %s of %zu: a count of %d is left, handed out: %d\n",
		  side->name, size, page_count(page), is_handed_out(page, 1));
	see(side, last, "%s of %zu: it comes back when it is let go", side->name, size);
	return;
out:
	side->free(obj);
}

/* -------------------------------------------------------------- what is seen */

static void looks(const struct side *side, size_t size)
{
	void *obj = side->alloc(size);
	struct page *page = virt_to_page(obj), *head = compound_head(page);

	if (!obj)
		return;
	see(side, !folio_mapped(page_folio(page)), "%s of %zu: not mapped", side->name, size);
	see(side, page_address(head) <= obj && obj < page_address(head) + page_size(head),
	    "%s of %zu: in the block of its head, %lu bytes", side->name, size, page_size(head));
	see(side, !sendpage_ok(page), "%s of %zu: networking must copy it", side->name, size);
	side->free(obj);
}

/* ------------------------------------------------------------------ users */

/* Frags hold references, and so do copies of the packet; where there is networking. */
static void frags(const struct side *side, size_t size)
{
	void *obj = side->alloc(size);
	struct sk_buff *skb, *copy;
	bool found, same = false;
	u8 *to;

	if (!obj || !side->counted || !IS_ENABLED(CONFIG_NET))
		goto out;
	memset(obj, PATTERN, size);
	skb = alloc_skb(128, GFP_KERNEL);
	to = kmalloc(size, GFP_KERNEL);
	if (!skb || !to)
		goto out;
	get_page(virt_to_page(obj));
	skb_add_rx_frag(skb, 0, virt_to_page(obj), offset_in_page(obj), size, size);
	copy = pskb_copy(skb, GFP_KERNEL);
	if (copy && !skb_copy_bits(copy, 0, to, size))
		same = !memcmp(to, obj, size);
	kfree_skb(copy);
	kfree_skb(skb);
	kfree(to);
	found = is_handed_out(virt_to_page(obj), DIV_ROUND_UP(size, PAGE_SIZE));
	see(side, same && !found, "%s of %zu: a fragment of packets", side->name, size);
	if (found)
		return;
out:
	side->free(obj);
}

static void vectors(const struct side *side, size_t size)
{
	void *obj = side->alloc(size), *to = kmalloc(size, GFP_KERNEL);
	struct scatterlist sg;
	struct bio_vec bv;
	struct iov_iter iter;
	struct bio *bio;
	size_t got, len;

	if (!obj || !to)
		goto out;
	memset(obj, PATTERN, size);
	sg_init_one(&sg, obj, size);
	got = sg_copy_to_buffer(&sg, 1, to, size);
	see(side, got == size && !memcmp(obj, to, size), "%s of %zu: a scatter list",
	    side->name, size);
	memset(to, 0, size);
	len = min_t(size_t, size, PAGE_SIZE - offset_in_page(obj));
	bv.bv_page = virt_to_page(obj);
	bv.bv_offset = offset_in_page(obj);
	bv.bv_len = len;
	iov_iter_bvec(&iter, WRITE, &bv, 1, len);
	see(side, copy_from_iter(to, len, &iter) == len && !memcmp(obj, to, len),
	    "%s of %zu: a vector of pages", side->name, size);
	bio = bio_alloc(NULL, 1, REQ_OP_READ, GFP_KERNEL);
	if (bio) {
		got = bio_add_page(bio, virt_to_page(obj), len, offset_in_page(obj));
		bio_put(bio);
		see(side, got == len && !is_handed_out(virt_to_page(obj), 1),
		    "%s of %zu: a request of the block layer", side->name, size);
	}
out:
	kfree(to);
	side->free(obj);
}

/* A driver's mmap(): the first page of what its file stands for. */
static int map_page(struct file *file, struct vm_area_struct *vma)
{
	return vm_insert_page(vma, vma->vm_start, virt_to_page(file->private_data));
}

static const struct file_operations map_fops = { .owner = THIS_MODULE, .mmap = map_page };

static void mapped(const struct side *side, size_t size)
{
	void *obj = side->alloc(size);
	struct file *file = anon_inode_getfile("tcslab-map", &map_fops, obj, O_RDWR);
	unsigned long addr;

	if (!obj || !context_check(!IS_ERR(file), "%s of %zu: a file", side->name, size))
		goto out;
	addr = vm_mmap(file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	see(side, addr == (unsigned long)-EINVAL,
	    "%s of %zu: user space does not get its page: %ld", side->name, size,
	    IS_ERR_VALUE(addr) ? (long)addr : 0);
	if (!IS_ERR_VALUE(addr))
		vm_munmap(addr, PAGE_SIZE);
out:
	if (!IS_ERR(file))
		fput(file);
	side->free(obj);
}

/* ------------------------------------------------------ memory management */

#if defined(CONFIG_CONTIG_ALLOC)
static int take_range(unsigned long from, unsigned long to)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	return alloc_contig_range(from, to, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN);
#else
	return alloc_contig_range(from, to, ACR_FLAGS_NONE, GFP_KERNEL | __GFP_NOWARN);
#endif
}

static void taken_range(const struct side *side, size_t size)
{
	void *obj = side->alloc(size);
	unsigned long pfn;
	ktime_t begin;
	int err;

	if (!obj)
		return;
	memset(obj, PATTERN, size);
	pfn = ALIGN_DOWN(page_to_pfn(virt_to_page(obj)), pageblock_nr_pages);
	begin = ktime_get();
	err = take_range(pfn, pfn + pageblock_nr_pages);
	pr_notice(CONTEXT_PREFIX "# %s of %zu: %d after %lld us\n", side->name, size, err,
		  ktime_us_delta(ktime_get(), begin));
	if (!err)
		free_contig_range(pfn, pageblock_nr_pages);
	see(side, err && !memchr_inv(obj, PATTERN, size),
	    "%s of %zu: a range of pages around it is not to be had", side->name, size);
	side->free(obj);
}
#else
static void taken_range(const struct side *side, size_t size)
{
}
#endif

#ifdef CONFIG_MEMORY_FAILURE
/* A page goes bad; the kernel cannot help whose object it is, but it stays out of use. */
static void poison(const struct side *side, size_t size)
{
	void *obj = side->alloc(size);
	struct page *page = virt_to_page(obj);
	bool intact;
	int err;

	if (!obj)
		return;
	memset(obj, PATTERN, size);
	err = memory_failure(page_to_pfn(page), 0);
	pr_notice(CONTEXT_PREFIX "# %s of %zu: %d\n", side->name, size, err);
	intact = !memchr_inv(obj, PATTERN, size);
	see(side, err && intact, "%s of %zu: a bad page under an object is left to its owner",
	    side->name, size);
	side->free(obj);
	tcslab_trim();
	if (side == sides)
		context_check(!is_handed_out(page, 1), "%s of %zu: then nobody gets it",
			      side->name, size);
}

/* A page is said to go bad soon: the kernel would move what is in it. */
static void soft_offline(const struct side *side, size_t size)
{
	static const char file_name[] = "/sys/devices/system/memory/soft_offline_page";
	struct file *file = filp_open(file_name, O_WRONLY, 0);
	void *obj = side->alloc(size);
	loff_t pos = 0;
	char where[24];
	ssize_t ret;

	if (IS_ERR(file) || !obj)
		goto out;
	memset(obj, PATTERN, size);
	scnprintf(where, sizeof(where), "%#llx", (u64)page_to_phys(virt_to_page(obj)));
	ret = kernel_write(file, where, strlen(where), &pos);
	pr_notice(CONTEXT_PREFIX "# %s of %zu: %zd\n", side->name, size, ret);
	see(side, ret < 0 && !memchr_inv(obj, PATTERN, size),
	    "%s of %zu: soft offline leaves the page to its owner", side->name, size);
out:
	side->free(obj);
	if (!IS_ERR(file))
		fput(file);
}
#else
static void poison(const struct side *side, size_t size)
{
}

static void soft_offline(const struct side *side, size_t size)
{
}
#endif

static void (* const tests[])(const struct side *side, size_t size) = {
	pair, held_page, looks, frags, vectors, mapped, taken_range, soft_offline, poison,
};

static int __init pages_init(void)
{
	unsigned int test, side, size;

	/* What one CPU has freed another one is not handed out. */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	for (test = 0; test < ARRAY_SIZE(tests); test++)
		for (size = 0; size < ARRAY_SIZE(sizes); size++)
			for (side = 0; side < ARRAY_SIZE(sides); side++)
				tests[test](&sides[side], sizes[size]);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	context_plan();
	return 0;
}

static void __exit pages_exit(void)
{
}

module_init(pages_init);
module_exit(pages_exit);

MODULE_DESCRIPTION("tcslab test: what others do to pages of objects");
MODULE_LICENSE("GPL");

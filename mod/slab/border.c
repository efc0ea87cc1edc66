// SPDX-License-Identifier: GPL-2.0
/*
 * Debugging the border of <linux/tcslab_slab.h>: who gave the kernel an object of ours
 *
 * With the module parameter border=1 each allocation through that header notes its
 * caller, by address, and kprobes at the kernel's own functions look at what they are
 * passed.  An object of ours is reported with the place that allocated it and the
 * stack that brought it there, within the limit of all reports.  What kfree() got is then
 * freed by us, so that the kernel lives on; the others do to it what they do to any page.
 *
 * A note stays when its object is freed, until the address is handed out again: what
 * matters is who had it last.
 *
 * Lock: the xarray's own, interrupts off.  Probes read it under RCU only.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/xarray.h>

#include <linux/tcslab_slab_api.h>

#include "base/report.h"
#include "debug/guard.h"
#include "border.h"

static bool border;
module_param(border, bool, 0400);
MODULE_PARM_DESC(border, "report objects that code without tcslab_slab.h frees (slow)");

/* On with border=1: the header's allocations are noted. */
DEFINE_STATIC_KEY_FALSE(tcslab_border_key);
EXPORT_SYMBOL_GPL(tcslab_border_key);

bool tcslab_border_is_on(void)
{
	return border;
}

static DEFINE_XARRAY(callers);

static unsigned long index_of(const void *obj)
{
	return ((unsigned long)obj - PAGE_OFFSET) / sizeof(u64);
}

/**
 * tcslab_border_note() - remember who allocated an object
 * @obj: the object; NULL and what is not ours is ignored
 * @caller: where
 *
 * Without memory for the note there is none.
 *
 * Context: any but NMI.
 */
void tcslab_border_note(const void *obj, unsigned long caller)
{
	unsigned long flags;

	if (!tcslab_cache_of(obj))
		return;
	xa_lock_irqsave(&callers, flags);
	/* Values have a bit less; all code has the highest one set. */
	__xa_store(&callers, index_of(obj), xa_mk_value(caller & LONG_MAX),
		   GFP_NOWAIT | __GFP_NOWARN);
	xa_unlock_irqrestore(&callers, flags);
}
EXPORT_SYMBOL_GPL(tcslab_border_note);

/**
 * tcslab_border_note_here() - remember that the caller allocated an object
 * @obj: as for tcslab_border_note()
 *
 * Context: any but NMI.
 */
void tcslab_border_note_here(const void *obj)
{
	tcslab_border_note(obj, _RET_IP_);
}
EXPORT_SYMBOL_GPL(tcslab_border_note_here);

unsigned long tcslab_border_caller(const void *obj)
{
	void *note = xa_load(&callers, index_of(obj));

	return note ? xa_to_value(note) | ~(unsigned long)LONG_MAX : 0;
}

void tcslab_border_forget(void)
{
	xa_destroy(&callers);
}

#if defined(CONFIG_KPROBES) && defined(CONFIG_HAVE_FUNCTION_ARG_ACCESS_API)

/**
 * struct border_probe - a function of the kernel that takes an object
 * @probe: at its entry
 * @arg: which of its arguments
 */
struct border_probe {
	struct kprobe probe;
	unsigned int arg;
};

#define PROBE(_name, _arg)	{ .probe = { .symbol_name = (_name) }, .arg = (_arg) }

/* Not all of them exist in each version. */
static struct border_probe probes[] = {
	PROBE("kfree", 0),
	PROBE("kfree_nolock", 0),
	PROBE("kmem_cache_free", 1),
	PROBE("kvfree_call_rcu", 1),
	PROBE("__ksize", 0),
	PROBE("ksize", 0),
	PROBE("krealloc", 0),
	PROBE("krealloc_noprof", 0),
	PROBE("krealloc_node_align_noprof", 0),
};

/* False where we do not know how. */
static bool clear_first_argument(struct pt_regs *regs)
{
#if defined(CONFIG_X86_64)
	regs->di = 0;
	return true;
#elif defined(CONFIG_ARM64)
	regs->regs[0] = 0;
	return true;
#else
	return false;
#endif
}

static int look(struct kprobe *probe, struct pt_regs *regs)
{
	const struct border_probe *own = container_of(probe, struct border_probe, probe);
	unsigned long obj = regs_get_kernel_argument(regs, own->arg), caller;
	const struct tcslab_cache *cache;

	/* kvfree_call_rcu() got the offset of the head once. */
	if (own->arg && obj < PAGE_SIZE)
		obj = regs_get_kernel_argument(regs, 0) - obj;
	cache = tcslab_owner_of((void *)obj);
	if (likely(!cache))
		return 0;
	caller = tcslab_border_caller((void *)obj);
	tcslab_warn(1, "tcslab: the kernel's %s() got %p of cache %s, allocated at %pS\n",
		    probe->symbol_name, (void *)obj, cache->name, (void *)caller);
	if (own == probes && clear_first_argument(regs))
		tcslab_free((void *)obj);
	return 0;
}

int __init tcslab_border_init(void)
{
	unsigned int i;
	int err;

	if (!border)
		return 0;
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		probes[i].probe.pre_handler = look;
		err = register_kprobe(&probes[i].probe);
		if (err && !i)
			return err;
		if (err)
			probes[i].probe.symbol_name = NULL;
	}
	static_branch_enable(&tcslab_border_key);
	return 0;
}

void tcslab_border_exit(void)
{
	unsigned int i;

	if (!border)
		return;
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].probe.symbol_name)
			unregister_kprobe(&probes[i].probe);
}

#else

int __init tcslab_border_init(void)
{
	return border ? -EOPNOTSUPP : 0;
}

void tcslab_border_exit(void)
{
}

#endif

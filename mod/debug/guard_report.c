// SPDX-License-Identifier: GPL-2.0
/*
 * What happened to a guarded object, in words
 *
 * A mistake that is found at a call is a WARN(), then the object and who allocated and freed it.
 * An access is a fault that kills: the kernel reports it, and between its registers and its
 * stack, where it asks the die notifiers, comes what it was about.  We swallow nothing.
 */
#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "base/report.h"
#include "base/trace.h"
#include "guard.h"
#include "guard_map.h"
#include "guard_slot.h"

static atomic_long_t nr_reports;

unsigned long tcslab_guard_reports(void)
{
	return atomic_long_read(&nr_reports);
}

static const char *name_of(enum tcslab_guard_mistake mistake)
{
	static const char * const names[] = {
		[TCSLAB_GUARD_BEYOND] = "out of bounds",
		[TCSLAB_GUARD_AFTER_FREE] = "use after free",
		[TCSLAB_GUARD_CANARY] = "overwritten beside the object",
		[TCSLAB_GUARD_POISON] = "written after free",
		[TCSLAB_GUARD_DOUBLE] = "double free",
		[TCSLAB_GUARD_INVALID] = "invalid free",
	};

	return names[mistake];
}

/* Where @addr is, seen from the object. */
static void tell_place(const struct tcslab_guard_slot *slot, enum tcslab_guard_mistake mistake,
		       const void *addr, const char *access)
{
	unsigned long a = (unsigned long)addr, obj = (unsigned long)slot->obj;
	unsigned long end = obj + slot->size;

	if (a < obj)
		pr_err("tcslab: guard: %s%s at %p, %lu bytes left of object %p\n",
		       name_of(mistake), access, addr, obj - a, slot->obj);
	else if (a >= end)
		pr_err("tcslab: guard: %s%s at %p, %lu bytes right of object %p\n",
		       name_of(mistake), access, addr, a - end + 1, slot->obj);
	else
		pr_err("tcslab: guard: %s%s at %p, offset %lu of object %p\n",
		       name_of(mistake), access, addr, a - obj, slot->obj);
}

static void tell_rest(const struct tcslab_guard_slot *slot)
{
	pr_err("tcslab: guard: object of cache %s, %zu bytes asked\n", slot->name, slot->size);
	tcslab_track_tell("guard: allocated", &slot->alloced);
	tcslab_track_tell("guard: freed", &slot->freed);
}

void tcslab_guard_tell(const struct tcslab_guard_slot *slot, enum tcslab_guard_mistake mistake,
		       const void *addr, bool write)
{
	atomic_long_inc(&nr_reports);
	trace_guard_hit(slot->name, name_of(mistake), addr);
	tell_place(slot, mistake, addr, write ? ", write" : ", read");
	tell_rest(slot);
}

void tcslab_guard_warn(const struct tcslab_guard_slot *slot, enum tcslab_guard_mistake mistake,
		       const void *addr, unsigned long caller)
{
	static struct tcslab_cause cause = TCSLAB_CAUSE(cause);

	atomic_long_inc(&nr_reports);
	trace_guard_hit(slot->name, name_of(mistake), addr);
	if (!tcslab_may_report(&cause))
		return;
	WARN(1, "tcslab: guard: %s, found at a call from %pS\n", name_of(mistake), (void *)caller);
	tell_place(slot, mistake, addr, "");
	tell_rest(slot);
}

/* -------------------------------------------------------------------- faults */

/**
 * struct fault - the last one of a CPU in the pool
 * @addr: what was not there
 * @ip: who wanted it
 */
struct fault {
	unsigned long addr;
	unsigned long ip;
};

static DEFINE_PER_CPU(struct fault, last_fault);
static struct tracepoint *tracepoint;

/*
 * The tracepoint of faults of the kernel's own accesses, on x86.  By the time that an oops asks the
 * notifiers the processor may have had another fault: printing the code can be one.  Whether
 * this one kills is not known yet.
 */
static void on_fault(void *data, unsigned long addr, struct pt_regs *regs, unsigned long error)
{
	if (unlikely(tcslab_in_guards((void *)addr)))
		*this_cpu_ptr(&last_fault) = (struct fault){ addr, instruction_pointer(regs) };
}

/* An oops, with the registers printed.  The CPU is that of the fault. */
static int on_die(struct notifier_block *self, unsigned long what, void *data)
{
	const struct fault *fault = raw_cpu_ptr(&last_fault);
	const struct die_args *args = data;
	unsigned long addr = fault->addr;
	struct tcslab_guard_slot *slot;

	if (what != DIE_OOPS || !args->regs || fault->ip != instruction_pointer(args->regs) ||
	    !tcslab_in_guards((void *)addr))
		return NOTIFY_DONE;
	slot = tcslab_guard_blame(addr);
	if (slot)
		tcslab_guard_tell(slot, addr - (unsigned long)slot->page < PAGE_SIZE ?
				  TCSLAB_GUARD_AFTER_FREE : TCSLAB_GUARD_BEYOND, (void *)addr,
				  tcslab_guard_map_was_write(args->err));
	return NOTIFY_DONE;
}

static struct notifier_block die_notifier = { .notifier_call = on_die };

static void find_tracepoint(struct tracepoint *tp, void *arg)
{
	if (!strcmp(tp->name, "page_fault_kernel"))
		tracepoint = tp;
}

int tcslab_guard_watch(void)
{
	int err;

	for_each_kernel_tracepoint(find_tracepoint, NULL);
	if (!tracepoint)
		return -ENOENT;
	err = tracepoint_probe_register(tracepoint, on_fault, NULL);
	if (err) {
		tracepoint = NULL;
		return err;
	}
	return register_die_notifier(&die_notifier);
}

void tcslab_guard_unwatch(void)
{
	if (!tracepoint)
		return;
	unregister_die_notifier(&die_notifier);
	tracepoint_probe_unregister(tracepoint, on_fault, NULL);
	tracepoint_synchronize_unregister();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of the direct map that are there, or not; see guard_map.h
 *
 * What takes a page away is not exported (set_memory_np(), set_direct_map_invalid_noflush()), but
 * what finds its entry is.  The direct map is made of large entries: changing how one page
 * of it is cached, and back, splits the large entry that it is part of, for good.
 */
#include <linux/mm.h>
#include <linux/preempt.h>

#include "guard_map.h"

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)

#include <linux/set_memory.h>
#include <asm/cpufeature.h>
#include <asm/invpcid.h>
#include <asm/pgtable.h>
#include <asm/pgtable-invert.h>
#include <asm/trap_pf.h>

static bool is_split(unsigned long addr)
{
	unsigned int level;

	return lookup_address(addr, &level) && level == PG_LEVEL_4K;
}

bool tcslab_guard_map_split(unsigned long addr, unsigned int npages)
{
	unsigned long end = addr + npages * PAGE_SIZE;

	for (; addr < end; addr += PAGE_SIZE) {
		if (is_split(addr))
			continue;
		/* Of a page of ours that nobody uses yet. */
		if (set_memory_uc(addr, 1))
			return false;
		if (set_memory_wb(addr, 1) || !is_split(addr))
			return false;
	}
	return true;
}

/* On this CPU; what its other address spaces remember, too, where one instruction does it. */
static void forget(unsigned long addr)
{
	if (boot_cpu_has(X86_FEATURE_INVPCID))
		invpcid_flush_all();
	else
		asm volatile("invlpg (%0)" : : "r" (addr) : "memory");
}

void tcslab_guard_map_set(unsigned long addr, bool present)
{
	unsigned int level;
	pte_t *pte = lookup_address(addr, &level);
	pteval_t old = pte_val(*pte), val = old ^ _PAGE_PRESENT;

	if (!!(old & _PAGE_PRESENT) == present)
		return;
	/* One that is not there must not say where it was: L1TF. */
	set_pte(pte, __pte(flip_protnone_guard(old, val, PTE_PFN_MASK)));
	/* What was not there is remembered by nobody. */
	if (present)
		return;
	preempt_disable();
	forget(addr);
	preempt_enable();
}

bool tcslab_guard_map_was_write(long error)
{
	return error & X86_PF_WRITE;
}

#else

bool tcslab_guard_map_split(unsigned long addr, unsigned int npages)
{
	return false;
}

void tcslab_guard_map_set(unsigned long addr, bool present)
{
}

bool tcslab_guard_map_was_write(long error)
{
	return false;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* KTAP from a module's init; the shell test takes it from the log, by the prefix. */
#ifndef CONTEXT_TEST_H
#define CONTEXT_TEST_H

#include <linux/compiler.h>
#include <linux/kasan.h>
#include <linux/kconfig.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

#define CONTEXT_PREFIX	"tcslab-context: "

/* Checked kernels find in a few rounds what others need many for, and are slow. */
#define CONTEXT_CHECKED	(IS_ENABLED(CONFIG_PROVE_LOCKING) || IS_ENABLED(CONFIG_KCSAN))

/*
 * Without PREEMPT_RT all timers are served in hard interrupts.  What is said to be hard anyway
 * is held to PREEMPT_RT's rules by lockdep, under which nobody may ask the kernel for memory,
 * and kmemleak does for each object.
 */
#ifdef CONFIG_PREEMPT_RT
#define CONTEXT_HARD_TIMER	HRTIMER_MODE_REL_PINNED_HARD
#else
#define CONTEXT_HARD_TIMER	HRTIMER_MODE_REL_PINNED
#endif

static unsigned int context_cases __maybe_unused;

/* One case; evaluates to @ok. */
#define context_check(ok, format, ...) ({					\
	bool __ok = (ok);							\
										\
	pr_notice(CONTEXT_PREFIX "%sok %u - " format "\n",			\
		  __ok ? "" : "not ", ++context_cases, ##__VA_ARGS__);		\
	__ok;									\
})

/* Is each of the bytes at @mem, in use or free, @byte?  For KASAN it is no mistake to look. */
static inline bool context_filled(const void *mem, u8 byte, size_t n)
{
	bool filled;

	kasan_disable_current();
	filled = !memchr_inv(mem, byte, n);
	kasan_enable_current();
	return filled;
}

/* What was freed last is known of the CPU alone that freed it. */
#define context_stay_here()	\
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()))

#define context_plan()	pr_notice(CONTEXT_PREFIX "1..%u\n", context_cases)

#endif /* CONTEXT_TEST_H */

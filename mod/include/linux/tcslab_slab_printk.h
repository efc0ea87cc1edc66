/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pr_*() for files that <linux/tcslab_slab.h> is put before by -include
 *
 * By then <linux/printk.h> has been read and has defined pr_fmt(), which such a file is
 * about to define itself.  So pr_fmt() is taken away here, and each pr_*() looks where it is
 * used whether there is one by now: of pr_fmt(COMMA) a macro makes several arguments, while
 * the parentheses of what is none keep the comma.
 *
 * A file that uses pr_fmt() by name and leaves it to <linux/printk.h>, or to one of the few
 * macros of other headers that have it, does not compile: -D'pr_fmt(fmt)=fmt' for it helps.
 */
#ifndef _LINUX_TCSLAB_SLAB_PRINTK_H
#define _LINUX_TCSLAB_SLAB_PRINTK_H

#include <linux/dynamic_debug.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#undef pr_fmt

/* One argument with a comma in it; and how many there are when all have been expanded. */
#define TCSLAB_PR_COMMA			0,
#define TCSLAB_PR_COUNT(...)		COUNT_ARGS(__VA_ARGS__)
#define TCSLAB_PR_FMT_1(fmt)		fmt
#define TCSLAB_PR_FMT_2(fmt)		pr_fmt(fmt)
#define TCSLAB_PR_FMT_3(fmt)		pr_fmt(fmt)
#define TCSLAB_PR_FMT_4(fmt)		pr_fmt(fmt)
#define TCSLAB_PR_FMT_5(fmt)		pr_fmt(fmt)
#define TCSLAB_PR_FMT_6(fmt)		pr_fmt(fmt)
#define TCSLAB_PR_FMT(fmt) \
	CONCATENATE(TCSLAB_PR_FMT_, TCSLAB_PR_COUNT(pr_fmt(TCSLAB_PR_COMMA)))(fmt)
#define TCSLAB_PR(print, level, fmt, ...) \
	print(KERN_ ## level TCSLAB_PR_FMT(fmt), ##__VA_ARGS__)

#undef pr_emerg
#define pr_emerg(fmt, ...) TCSLAB_PR(printk, EMERG, fmt, ##__VA_ARGS__)
#undef pr_alert
#define pr_alert(fmt, ...) TCSLAB_PR(printk, ALERT, fmt, ##__VA_ARGS__)
#undef pr_crit
#define pr_crit(fmt, ...) TCSLAB_PR(printk, CRIT, fmt, ##__VA_ARGS__)
#undef pr_err
#define pr_err(fmt, ...) TCSLAB_PR(printk, ERR, fmt, ##__VA_ARGS__)
#undef pr_warn
#define pr_warn(fmt, ...) TCSLAB_PR(printk, WARNING, fmt, ##__VA_ARGS__)
#undef pr_notice
#define pr_notice(fmt, ...) TCSLAB_PR(printk, NOTICE, fmt, ##__VA_ARGS__)
#undef pr_info
#define pr_info(fmt, ...) TCSLAB_PR(printk, INFO, fmt, ##__VA_ARGS__)

#undef pr_emerg_once
#define pr_emerg_once(fmt, ...) TCSLAB_PR(printk_once, EMERG, fmt, ##__VA_ARGS__)
#undef pr_alert_once
#define pr_alert_once(fmt, ...) TCSLAB_PR(printk_once, ALERT, fmt, ##__VA_ARGS__)
#undef pr_crit_once
#define pr_crit_once(fmt, ...) TCSLAB_PR(printk_once, CRIT, fmt, ##__VA_ARGS__)
#undef pr_err_once
#define pr_err_once(fmt, ...) TCSLAB_PR(printk_once, ERR, fmt, ##__VA_ARGS__)
#undef pr_warn_once
#define pr_warn_once(fmt, ...) TCSLAB_PR(printk_once, WARNING, fmt, ##__VA_ARGS__)
#undef pr_notice_once
#define pr_notice_once(fmt, ...) TCSLAB_PR(printk_once, NOTICE, fmt, ##__VA_ARGS__)
#undef pr_info_once
#define pr_info_once(fmt, ...) TCSLAB_PR(printk_once, INFO, fmt, ##__VA_ARGS__)

#undef pr_emerg_ratelimited
#define pr_emerg_ratelimited(fmt, ...) \
	TCSLAB_PR(printk_ratelimited, EMERG, fmt, ##__VA_ARGS__)
#undef pr_alert_ratelimited
#define pr_alert_ratelimited(fmt, ...) \
	TCSLAB_PR(printk_ratelimited, ALERT, fmt, ##__VA_ARGS__)
#undef pr_crit_ratelimited
#define pr_crit_ratelimited(fmt, ...) TCSLAB_PR(printk_ratelimited, CRIT, fmt, ##__VA_ARGS__)
#undef pr_err_ratelimited
#define pr_err_ratelimited(fmt, ...) TCSLAB_PR(printk_ratelimited, ERR, fmt, ##__VA_ARGS__)
#undef pr_warn_ratelimited
#define pr_warn_ratelimited(fmt, ...) \
	TCSLAB_PR(printk_ratelimited, WARNING, fmt, ##__VA_ARGS__)
#undef pr_notice_ratelimited
#define pr_notice_ratelimited(fmt, ...) \
	TCSLAB_PR(printk_ratelimited, NOTICE, fmt, ##__VA_ARGS__)
#undef pr_info_ratelimited
#define pr_info_ratelimited(fmt, ...) TCSLAB_PR(printk_ratelimited, INFO, fmt, ##__VA_ARGS__)

/* Those for debugging: DEBUG counts if it is defined for the compiler, not in the file. */
#ifdef DEBUG
#define TCSLAB_PR_DEVEL			printk
#define TCSLAB_PR_DEVEL_ONCE		printk_once
#define TCSLAB_PR_DEVEL_RATELIMITED	printk_ratelimited
#else
#define TCSLAB_PR_DEVEL			no_printk
#define TCSLAB_PR_DEVEL_ONCE		no_printk
#define TCSLAB_PR_DEVEL_RATELIMITED	no_printk
#endif

#undef pr_devel
#define pr_devel(fmt, ...) TCSLAB_PR(TCSLAB_PR_DEVEL, DEBUG, fmt, ##__VA_ARGS__)
#undef pr_devel_once
#define pr_devel_once(fmt, ...) TCSLAB_PR(TCSLAB_PR_DEVEL_ONCE, DEBUG, fmt, ##__VA_ARGS__)
#undef pr_devel_ratelimited
#define pr_devel_ratelimited(fmt, ...) \
	TCSLAB_PR(TCSLAB_PR_DEVEL_RATELIMITED, DEBUG, fmt, ##__VA_ARGS__)
#undef pr_debug_once
#define pr_debug_once			pr_devel_once

#if defined(CONFIG_DYNAMIC_DEBUG) || \
	(defined(CONFIG_DYNAMIC_DEBUG_CORE) && defined(DYNAMIC_DEBUG_MODULE))
#undef dynamic_pr_debug_cls
#define dynamic_pr_debug_cls(cls, fmt, ...) \
	_dynamic_func_call_cls(cls, fmt, __dynamic_pr_debug, TCSLAB_PR_FMT(fmt), ##__VA_ARGS__)
#undef dynamic_pr_debug
#define dynamic_pr_debug(fmt, ...) \
	_dynamic_func_call(fmt, __dynamic_pr_debug, TCSLAB_PR_FMT(fmt), ##__VA_ARGS__)
#undef pr_debug_ratelimited
#define pr_debug_ratelimited(fmt, ...) do {					\
	static DEFINE_RATELIMIT_STATE(_rs, DEFAULT_RATELIMIT_INTERVAL,		\
				      DEFAULT_RATELIMIT_BURST);			\
	DEFINE_DYNAMIC_DEBUG_METADATA(descriptor, TCSLAB_PR_FMT(fmt));		\
										\
	if (DYNAMIC_DEBUG_BRANCH(descriptor) && __ratelimit(&_rs))		\
		__dynamic_pr_debug(&descriptor, TCSLAB_PR_FMT(fmt), ##__VA_ARGS__);	\
} while (0)
#else
#undef dynamic_pr_debug
#define dynamic_pr_debug(fmt, ...) \
	no_printk(KERN_DEBUG TCSLAB_PR_FMT(fmt), ##__VA_ARGS__)
#undef pr_debug
#define pr_debug			pr_devel
#undef pr_debug_ratelimited
#define pr_debug_ratelimited		pr_devel_ratelimited
#endif

#endif /* _LINUX_TCSLAB_SLAB_PRINTK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports of users' mistakes
 *
 * Each cause has a limit of its own: ten in five seconds, then the next one that is told
 * says how many were not.  So a second mistake is not hidden by the first, and a loop of them
 * does not fill the log.
 *
 * It is a WARN() where SLUB gives one, or worse, for the same mistake.  For what SLUB only
 * complains of it is a complaint with the stack, which does not stop a machine that
 * runs with panic_on_warn=1.
 *
 * Any context, NMI included, also under locks that printing allows.
 */
#ifndef TCSLAB_REPORT_H
#define TCSLAB_REPORT_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

/**
 * struct tcslab_cause - one kind of mistake at one place of the code
 * @limit: of its reports
 * @untold: those that were not made since the last one that was
 */
struct tcslab_cause {
	struct ratelimit_state limit;
	atomic_t untold;
};

/* May this one be told?  Counts it if not, and says how many there were if so. */
bool tcslab_may_report(struct tcslab_cause *cause);

/* The kernel would say itself what it left out, in its own words. */
#define TCSLAB_CAUSE(_name)	{						\
	.limit = RATELIMIT_STATE_INIT_FLAGS(_name.limit, DEFAULT_RATELIMIT_INTERVAL, \
					    DEFAULT_RATELIMIT_BURST,		\
					    RATELIMIT_MSG_ON_RELEASE),		\
	.untold = ATOMIC_INIT(0),						\
}

/* True if @wrong; then, within the limit, what @how() says. */
#define tcslab_report(wrong, how) ({						\
	bool __wrong = !!(wrong);						\
										\
	if (unlikely(__wrong)) {						\
		static struct tcslab_cause __cause = TCSLAB_CAUSE(__cause);	\
										\
		if (tcslab_may_report(&__cause))				\
			how;							\
	}									\
	unlikely(__wrong);							\
})

#define tcslab_warn(wrong, ...)		tcslab_report(wrong, WARN(1, __VA_ARGS__))

#define tcslab_complain(wrong, ...)	tcslab_report(wrong, ({			\
	pr_warn(__VA_ARGS__);							\
	dump_stack();								\
}))

#endif /* TCSLAB_REPORT_H */

// SPDX-License-Identifier: GPL-2.0
/* The limits of reports; see report.h */
#include "report.h"

bool tcslab_may_report(struct tcslab_cause *cause)
{
	int untold;

	/* Who meets another CPU here is not told, but counted as well. */
	if (!__ratelimit(&cause->limit)) {
		atomic_inc(&cause->untold);
		return false;
	}
	untold = atomic_xchg(&cause->untold, 0);
	if (untold)
		pr_warn("tcslab: %d reports like the next one were left out\n", untold);
	return true;
}

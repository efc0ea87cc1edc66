/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read before each of our files that is linked into a driver, see scripts/packaging/tcslab.kbuild:
 * exports nothing, and all parameters begin with tcslab_, as the driver has its own.
 */
#ifndef TCSLAB_EMBEDDED_H
#define TCSLAB_EMBEDDED_H

#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/moduleparam.h>

#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(symbol)	static_assert(__same_type(symbol, symbol))

/* Each driver has its tracepoints. */
#define TCSLAB_TRACE_SYSTEM	__KBUILD_MODNAME

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"tcslab_"

#undef MODULE_PARM_DESC
#define MODULE_PARM_DESC(name, description)	\
	MODULE_INFO(parm, "tcslab_" #name ":" description)

#undef __MODULE_PARM_TYPE
#define __MODULE_PARM_TYPE(name, type)		\
	MODULE_INFO(parmtype, "tcslab_" #name ":" type)

#endif /* TCSLAB_EMBEDDED_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Module parameters that are bytes: 4096, 0x1000, 64K, 64M, 1G
 *
 * They read as a plain number.  What is no number of bytes, or none that the parameter
 * can be, is refused with a sentence in the log.
 */
#ifndef TCSLAB_BYTES_PARAM_H
#define TCSLAB_BYTES_PARAM_H

#include <linux/moduleparam.h>

/**
 * struct tcslab_bytes - one such parameter
 * @value: its variable
 * @min: what it must not be below, but for 0
 */
struct tcslab_bytes {
	unsigned long *value;
	unsigned long min;
};

extern const struct kernel_param_ops tcslab_bytes_ops;

/* The description says what 0 means. */
#define tcslab_bytes_param(_name, _variable, _min, _description)		\
	static const struct tcslab_bytes bytes_of_##_name = {			\
		.value = &(_variable), .min = (_min),				\
	};									\
	module_param_cb(_name, &tcslab_bytes_ops, (void *)&bytes_of_##_name, 0600); \
	__MODULE_PARM_TYPE(_name, "bytes");					\
	MODULE_PARM_DESC(_name, _description)

#endif /* TCSLAB_BYTES_PARAM_H */

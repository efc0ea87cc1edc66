// SPDX-License-Identifier: GPL-2.0
/*
 * Module parameters that are bytes; see bytes_param.h
 *
 * memparse() would take what it cannot count for something else without a word.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "bytes_param.h"

/* -EINVAL if it is no number of bytes, -ERANGE if it is one that no variable holds. */
static int parse(const char *text, size_t len, unsigned long *bytes)
{
	static const char units[] = "KMGTPE";
	const char *unit;
	char digits[32];
	u64 number, all;
	int err;

	/* E is a digit, too. */
	unit = len && strncasecmp(text, "0x", 2) ? strchr(units, toupper(text[len - 1])) : NULL;
	if (unit)
		len--;
	if (len >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, text, len);
	digits[len] = '\0';
	err = kstrtou64(digits, 0, &number);
	if (err)
		return err;
	if (check_shl_overflow(number, unit ? 10 * (unit - units + 1) : 0, &all) || all > ULONG_MAX)
		return -ERANGE;
	*bytes = all;
	return 0;
}

static int set_bytes(const char *text, const struct kernel_param *param)
{
	const struct tcslab_bytes *of = param->arg;
	size_t len = strcspn(text, "\n");
	unsigned long bytes;
	int err;

	err = parse(text, len, &bytes);
	if (err == -ERANGE)
		pr_err("tcslab: %s=%.*s: this kernel cannot count so many bytes\n", param->name,
		       (int)len, text);
	else if (err)
		pr_err("tcslab: %s=%.*s: not a number of bytes, as 4096, 64M and 1G are\n",
		       param->name, (int)len, text);
	if (err)
		return err;
	if (bytes && bytes < of->min) {
		pr_err("tcslab: %s=%.*s: fewer bytes than the %lu that a page has; 0 means no limit\n",
		       param->name, (int)len, text, of->min);
		return -EINVAL;
	}
	/* It is read without a lock. */
	WRITE_ONCE(*of->value, bytes);
	return 0;
}

static int get_bytes(char *buffer, const struct kernel_param *param)
{
	const struct tcslab_bytes *of = param->arg;

	return sprintf(buffer, "%lu\n", READ_ONCE(*of->value));
}

const struct kernel_param_ops tcslab_bytes_ops = { .set = set_bytes, .get = get_bytes };

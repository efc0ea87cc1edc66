// SPDX-License-Identifier: GPL-2.0
/* The parameter debug=; see pattern.h */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "objects.h"
#include "pattern.h"

static DEFINE_MUTEX(lock);	/* of the pattern */
static char pattern[TCSLAB_PATTERN_BYTES], next[TCSLAB_PATTERN_BYTES];

static const char letters[] = "FZPU";	/* bit 0 upwards */

/* Flags of a block that begins at @text, -EINVAL if there are none such; *@text to its names. */
static int parse_flags(const char **text)
{
	const char *p = *text, *letter;
	bool none = *p == '-';
	int flags = 0;

	if (none)
		p++;
	for (; *p && *p != ',' && *p != ';'; p++) {
		letter = strchr(letters, *p);
		if (!letter || none)
			return -EINVAL;
		flags |= BIT(letter - letters);
	}
	*text = p;
	return flags || none ? flags : TCSLAB_DEBUG_ALL;
}

/* Is @name that of the @len bytes at @wanted, which may end with a star? */
static bool matches(const char *wanted, size_t len, const char *name)
{
	if (len && wanted[len - 1] == '*')
		return !strncmp(wanted, name, len - 1);
	return strlen(name) == len && !strncmp(wanted, name, len);
}

/* Is @name among the names of the block, each of which begins with a comma? */
static bool is_named(const char *p, const char *name)
{
	while (*p == ',') {
		size_t len = strcspn(++p, ",;");

		if (matches(p, len, name))
			return true;
		p += len;
	}
	return false;
}

unsigned int tcslab_pattern_flags(const char *name)
{
	unsigned int of_all = 0;
	const char *p = pattern;

	mutex_lock(&lock);
	while (*p) {
		int flags = parse_flags(&p);

		if (is_named(p, name)) {
			of_all = flags;
			break;
		}
		if (*p != ',')
			of_all = flags;
		p += strcspn(p, ";");
		p += *p == ';';
	}
	mutex_unlock(&lock);
	return of_all;
}

static bool is_valid(const char *p)
{
	while (*p) {
		if (parse_flags(&p) < 0)
			return false;
		p += strcspn(p, ";");
		p += *p == ';';
	}
	return true;
}

int tcslab_pattern_set(const char *text)
{
	size_t len = strcspn(text, "\n");
	int err = 0;

	if (len >= sizeof(pattern)) {
		pr_err("tcslab: debug=%.32s...: longer than %zu bytes\n", text,
		       sizeof(pattern) - 1);
		return -E2BIG;
	}
	mutex_lock(&lock);
	memcpy(next, text, len);
	next[len] = '\0';
	if (is_valid(next)) {
		memcpy(pattern, next, len + 1);
	} else {
		pr_err("tcslab: debug=%s: not letters of %s, or -, and names, as FZ,foo*;U is\n",
		       next, letters);
		err = -EINVAL;
	}
	mutex_unlock(&lock);
	return err;
}

size_t tcslab_pattern_get(char text[TCSLAB_PATTERN_BYTES + 1])
{
	size_t n;

	mutex_lock(&lock);
	n = scnprintf(text, TCSLAB_PATTERN_BYTES + 1, "%s\n", pattern);
	mutex_unlock(&lock);
	return n;
}

static int set_param(const char *text, const struct kernel_param *param)
{
	return tcslab_pattern_set(text);
}

static int get_param(char *buffer, const struct kernel_param *param)
{
	return tcslab_pattern_get(buffer);
}

static const struct kernel_param_ops ops = { .set = set_param, .get = get_param };

module_param_cb(debug, &ops, NULL, 0600);
__MODULE_PARM_TYPE(debug, "pattern");
MODULE_PARM_DESC(debug, "caches to debug, as slub_debug: FZPU,name*,name2;F (slow)");

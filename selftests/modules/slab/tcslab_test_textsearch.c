// SPDX-License-Identifier: GPL-2.0
/*
 * Searches text by a module that may have been built with <linux/tcslab_slab.h>; fails to load when
 * something else is found than what is there.  It allocates nothing itself.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <linux/textsearch.h>

#define PATTERNS	8
#define ROUNDS		1000

static char *algorithm = "kmp";
module_param(algorithm, charp, 0400);

static const char text[] =
	"abcabcabcdabcabdabcabcabcdeabxabcdefabcdefgabcdefghthe last of them is here";
static const char * const patterns[PATTERNS] = {
	"abcabcabcd", "abcabd", "abcabcabcde", "abx", "abcdefg", "the last", "here", "not in it"
};

static int __init search(void)
{
	struct ts_config *configs[PATTERNS];
	struct ts_state state;
	unsigned int i, round, found, wanted;
	const char *at;
	int err = 0;

	for (round = 0; round < ROUNDS && !err; round++) {
		for (i = 0; i < PATTERNS; i++) {
			configs[i] = textsearch_prepare(algorithm, patterns[i], strlen(patterns[i]),
							GFP_KERNEL, 0);
			if (IS_ERR(configs[i])) {
				err = PTR_ERR(configs[i]);
				break;
			}
			at = strstr(text, patterns[i]);
			wanted = at ? at - text : UINT_MAX;
			found = textsearch_find_continuous(configs[i], &state, text, strlen(text));
			if (found != wanted) {
				pr_err("%s is at %u, not at %u\n", patterns[i], wanted, found);
				err = -EINVAL;
			}
		}
		while (i--)
			textsearch_destroy(configs[i]);
	}
	return err;
}
module_init(search);

static void __exit nothing(void)
{
}
module_exit(nothing);

MODULE_DESCRIPTION("tcslab test: the kernel's text search");
MODULE_LICENSE("GPL");

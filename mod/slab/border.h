/* SPDX-License-Identifier: GPL-2.0 */
/* Objects of <linux/tcslab_slab.h> in code without it: see the parameter "border". */
#ifndef TCSLAB_BORDER_H
#define TCSLAB_BORDER_H

/* -EOPNOTSUPP for border=1 without kprobes. */
int tcslab_border_init(void);
void tcslab_border_exit(void);
bool tcslab_border_is_on(void);

/* Who allocated @obj last; 0 if it is not known.  Until tcslab_border_forget(). */
unsigned long tcslab_border_caller(const void *obj);
void tcslab_border_forget(void);

#endif /* TCSLAB_BORDER_H */

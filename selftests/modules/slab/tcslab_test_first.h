/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TCSLAB_TEST_FIRST_H
#define TCSLAB_TEST_FIRST_H

void first_own(void);
void first_call(void);
void first_none(void);

#endif /* TCSLAB_TEST_FIRST_H */

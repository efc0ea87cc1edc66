/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kselftest's harness, with the limit of the lab instead of its own 30 seconds: only the lab
 * knows how slow a guest is.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	86400

#endif /* HARNESS_H */

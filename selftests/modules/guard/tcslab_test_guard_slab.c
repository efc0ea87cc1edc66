// SPDX-License-Identifier: GPL-2.0
/* The mistakes of tcslab_test_guard.c, made with the kernel's slab API on the drop-in */
#include "tcslab_test_guard.c"

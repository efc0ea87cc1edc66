// SPDX-License-Identifier: GPL-2.0
/* How deep a CPU is in our locks; see lock.h */
#include "lock.h"

DEFINE_PER_CPU(unsigned int, tcslab_lock_depth);

/* SPDX-License-Identifier: GPL-2.0 */
/* The ioctl device /dev/tcslab. */
#ifndef TCSLAB_CHARDEV_H
#define TCSLAB_CHARDEV_H

int tcslab_chardev_init(void);
void tcslab_chardev_exit(void);

#endif /* TCSLAB_CHARDEV_H */

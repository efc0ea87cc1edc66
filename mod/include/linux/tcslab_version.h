/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_TCSLAB_VERSION_H
#define _LINUX_TCSLAB_VERSION_H

/* As in dkms.conf; what changed is in Documentation/changelog.md. */
#define TCSLAB_VERSION	"0.2"

#endif /* _LINUX_TCSLAB_VERSION_H */

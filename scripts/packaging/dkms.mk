# SPDX-License-Identifier: GPL-2.0
# How dkms builds us, see dkms.conf.  dkms does not look at what PRE_BUILD returns: this does.

modules:
	scripts/packaging/dkms-hook.sh alone $(KVER)
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

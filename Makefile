# SPDX-License-Identifier: GPL-2.0
# For people; kbuild reads Kbuild.

KDIR ?= /lib/modules/$(shell uname -r)/build
LAB := python3 scripts/lab

help:
	@echo 'make demo                 see tcslab work in a VM (needs nothing but apt)'
	@echo 'make check                tests and style checks on debian-6.1 and debian-6.12'
	@echo '     KERNEL=a,b TEST=x      on these kernels, only these tests'
	@echo '     LONG=1                 also the tests that take long'
	@echo '     KDIR=... VMLINUZ=...   on a kernel of your own'
	@echo 'make check-all            on every kernel that can be had; make kernels lists them'
	@echo 'make debug KERNEL= TEST=  the same under gdb'
	@echo 'make bench                instructions and cycles against SLUB'
	@echo 'make golden               the counts that make check compares with'
	@echo 'make record, make replay  an allocation trace'
	@echo 'make module MODULE=fs/f2fs a module of the kernel, built with tcslab_slab.h; KERNEL='
	@echo 'make check-modules KERNEL= that modules of the kernel build so and keep their versions; MODULES=a,b'
	@echo 'make compare KERNEL= TEST= such modules on tcslab and untouched, in instructions and pages'
	@echo 'make modules KDIR=...     tcslab.ko for one kernel'
	@echo 'make modules_install      into /lib/modules of that kernel'
	@echo 'make install              with dkms, rebuilt for each new kernel; KVER=release of one not running'
	@echo 'make uninstall            the same, gone'
	@echo 'make check-install        packages, dkms, a driver that depends: tried in a copy of this machine'
	@echo 'make packages             tcslab-dkms, tcslab-dev and tcslab-doc for Debian'
	@echo 'make clean'

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

# Which kernel KDIR is; Debian's override what the kernel's own makefiles say.
RELEASE = $(or $(shell sed -n 's/^override KERNELRELEASE = //p' $(KDIR)/.kernelvariables 2>/dev/null), \
	$(shell cat $(KDIR)/include/config/kernel.release))

modules_install:
	@sh scripts/packaging/install.sh beside '$(INSTALL_MOD_PATH)' '$(RELEASE)'
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@
	@scripts/packaging/dkms-hook.sh keep '$(RELEASE)' '$(INSTALL_MOD_PATH)'

KVER ?= $(shell uname -r)

install uninstall:
	@sh scripts/packaging/install.sh $@ '$(KVER)'

clean:
	[ ! -d $(KDIR) ] || $(MAKE) -C $(KDIR) M=$(CURDIR) clean
	rm -rf build

# A fresh machine has no python3 yet, and perhaps no package lists.
APT := $(if $(filter-out 0,$(shell id -u)),sudo -n )apt-get
PYTHON3 := $(APT) install -y --no-install-recommends python3

python3:
	@command -v python3 >/dev/null || $(PYTHON3) || { $(APT) update && $(PYTHON3); } || \
		{ echo 'please run: sudo apt-get install python3'; false; }

demo: python3
	@$(LAB) vm $(if $(KERNEL),--kernel $(KERNEL)) --mem 2G --timeout 600 \
		--files scripts/demo.sh:demo.sh scripts/record/replay.sh:replay.sh \
		selftests/data/boot-6.12.trace.xz:boot.trace.xz -- sh /demo.sh

check: export KDIR := $(KDIR)
check: python3
	@$(LAB) check --kernel '$(or $(KERNEL),$(if $(VMLINUZ),host))' --test '$(TEST)' \
		$(if $(LONG),--long) $(if $(SELFTEST),--selftest)

check-all: python3
	@$(LAB) check --all

module: python3
	@$(LAB) module $(if $(KERNEL),--kernel $(KERNEL)) $(MODULE)

check-modules: python3
	@$(LAB) modules $(if $(KERNEL),--kernel $(KERNEL)) $(MODULES)

compare: python3
	@$(LAB) compare $(if $(KERNEL),--kernel $(KERNEL)) --test '$(TEST)'

kernels: python3
	@$(LAB) kernels

check-install: python3
	@$(LAB) install

packages: python3
	@$(LAB) packages

debug: python3
	@$(LAB) debug $(if $(KERNEL),--kernel $(KERNEL)) --test '$(TEST)'

bench: python3
	@python3 scripts/bench.py $(KERNEL)

golden: python3
	@python3 scripts/bench.py --golden $(KERNEL)

record: python3
	@python3 scripts/record $(if $(KERNEL),--kernel $(KERNEL))

TRACE ?= selftests/data/boot-6.12.trace.xz

replay: python3
	@$(LAB) vm $(if $(KERNEL),--kernel $(KERNEL)) --mem 2G --files scripts/record/replay.sh:replay.sh \
		$(TRACE):$(notdir $(TRACE)) -- sh /replay.sh /$(notdir $(TRACE))

.PHONY: help modules modules_install install uninstall clean python3 demo check check-all check-install module check-modules compare kernels packages debug bench golden record replay

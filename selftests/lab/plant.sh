#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Commits what its own name says, for the lab to call it a failure.

what=${0##*/plant-}
what=${what%.sh}
case $what in
failure)
	echo "TAP version 13"
	echo "1..2"
	echo "ok 1 - what works"
	echo "not ok 2 - what does not"
	;;
no-plan)
	echo "TAP version 13"
	echo "ok 1 - the only one, it seems"
	;;
late)
	insmod /lib/tcslab/lab_plant.ko what="$what"
	;;
*)
	# The next bug of this guest loads the module again.
	insmod /lib/tcslab/lab_plant.ko what="$what" && rmmod lab_plant
	;;
esac

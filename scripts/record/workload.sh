#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the guest does while its allocations are recorded: unpack a source tree, walk over it,
# make and drop many small files as a compiler does, start many processes, send bytes over the
# loopback network. $1: the tree's archive.

archive=$1
work=/tmp/work
mkdir -p $work/tree $work/build
cd $work || exit 1

echo "unpack"
tar -xzf "$archive" -C tree || exit 1

echo "walk"
find tree -type f >files
find tree -type f -exec cat {} + | md5sum
du -s tree >/dev/null

# Each round: some sources are read, a temporary file is written and renamed, old output goes.
compile() # round first-line last-line
{
	sed -n "$2,$3p" files | while read -r file; do
		name=build/$1-${file##*/}
		head -c 2000 "$file" >"$name.tmp"
		mv "$name.tmp" "$name.o"
		wc -c <"$name.o" >>"build/$1.list"
	done
	cat build/"$1"-*.o >"build/$1.a"
	rm -f build/"$1"-*.o
}

echo "compile"
compile 1 1 500 &
compile 2 501 1000 &
wait

echo "network"
for _ in 1 2 3 4; do
	nc -l -p 5000 >received &
	sleep 0.5
	head -c 8000000 /dev/zero | nc 127.0.0.1 5000
	wait
done

echo "pipes and processes"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	find tree -name "*$i*" | sort | tail -n 1 >/dev/null &
	[ $((i % 4)) -ne 0 ] || wait
done
wait

echo "remove"
rm -rf tree/* build

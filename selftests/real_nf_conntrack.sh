#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# nf_conntrack on tcslab, below the stock nft_ct: connections are tracked, and rules see them.
# lab: real=net/netfilter/nf_conntrack stock=nft_ct,nf_tables,crc32c_generic? programs=nft:nftables
# lab: timeout=300 when=all kernels=debian-*[0-9]

# shellcheck source=selftests/real.inc
. ./real.inc
rounds=${rounds% 3}
needs crc32c_generic
needs_of nf_conntrack
begin nf_conntrack
modprobe nft_ct
check $? "the stock nft_ct takes its symbols"
ip link set lo up
logged nft -f - <<'RULES'
table inet t {
	chain input {
		type filter hook input priority 0;
		ct state new counter name "fresh" accept
		ct state established counter name "known" accept
	}
	counter fresh { }
	counter known { }
}
RULES
check $? "rules with ct"
packets() # counter
{
	nft list counter inet t "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

mkdir $WORK/www
tar -xOf /real/tree.tar | head -c 300000 >$WORK/www/file
sum=$(md5sum <$WORK/www/file)
for round in $rounds; do
	httpd -f -p 127.0.0.1:8080 -h $WORK/www &
	server=$!
	sleep 1
	bad=0
	for _ in $(seq 30); do
		[ "$(wget -q -O - http://127.0.0.1:8080/file | md5sum)" = "$sum" ] || bad=1
	done
	check $bad "round $round: what comes through 30 connections is what was sent"
	kill $server
	[ "$(grep -c 'dport=8080' /proc/net/nf_conntrack)" -ge 30 ]
	check $? "round $round: they are tracked"
	[ "$(packets fresh)" -ge $((30 * round)) ] && [ "$(packets known)" -ge $((60 * round)) ]
	check $? "round $round: rules saw them"
done
nft flush ruleset
check $? "no rules"
for loaded in nft_ct nf_tables; do
	rmmod $loaded
	check $? "$loaded unloads"
done
finish

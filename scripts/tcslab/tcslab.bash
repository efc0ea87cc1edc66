# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of tcslab(8).

_tcslab()
{
	local word=$2 before=$3 common="--json --debugfs --device --help" options=
	case $before in
	--file | --history | --textfile | --openmetrics | --debugfs | --device)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	-s | --sort)
		mapfile -t COMPREPLY < <(compgen -W "c a w r g u o l s n" -- "$word")
		return
		;;
	esac
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "show top diff growth report trim reset set watch" -- "$word")
		return
	fi
	case ${COMP_WORDS[1]} in
	show)
		options="--all --file"
		;;
	top)
		options="--delay --sort --once --since --file"
		;;
	growth)
		options="--since --history"
		;;
	report)
		options="--since --history --file"
		;;
	watch)
		options="--textfile --openmetrics --history --listen --interval --once --file"
		;;
	set)
		options=$(cd /sys/module/tcslab/parameters 2>/dev/null &&
			find . -perm -200 -type f | sed 's|./||; s|$|=|')
		compopt -o nospace
		;;
	esac
	case $word in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$options $common" -- "$word")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word"; compgen -f -- "$word")
		;;
	esac
}
complete -F _tcslab tcslab

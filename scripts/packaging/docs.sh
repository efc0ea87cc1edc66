#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The pages of Documentation/ and the reference out of kernel-doc, as HTML and man pages of section 9:
#
#   docs.sh OUT     OUT/html/*.html, OUT/man9/*.9
#
# Wants cmark-gfm, mandoc, and the kernel's kernel-doc: that of the headers installed, or KERNEL_DOC=.
set -e
case $1 in
/*) out=$1 ;;
*) out=$PWD/$1 ;;
esac
cd "$(dirname "$0")/../.."
kernel_doc=${KERNEL_DOC:-$(find /usr/lib/linux-kbuild-* -name kernel-doc 2>/dev/null | sort -V | tail -n 1)}
[ -e "$kernel_doc" ] || { echo "docs.sh wants kernel-doc: apt-get install linux-headers-amd64" >&2; exit 1; }
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

rm -rf "$out/html" "$out/man9"
mkdir -p "$out/html" "$out/man9"

page() # title, file; the body is standard input
{
	cat >"$out/html/$2" <<END
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>$1</title><style>
body { max-width: 60em; margin: 2em auto; padding: 0 1em; font: 16px/1.5 sans-serif }
pre, code { font-family: monospace; background: #f4f4f4 } pre { padding: .5em; overflow-x: auto }
table { border-collapse: collapse } th, td { border: 1px solid #ccc; padding: .2em .5em; vertical-align: top }
img { max-width: 100% } h1.Sh { font-size: 1em } section.entry { border-top: 1px solid #ccc }
</style></head><body><p><a href="index.html">tcslab $VERSION</a> · <a href="api.html">reference</a></p>
END
	cat >>"$out/html/$2"
	echo '</body></html>' >>"$out/html/$2"
}

# Links among the pages; what is only among the sources is no link.
links()
{
	sed -e 's|href="Documentation/|href="|g' -e 's|src="Documentation/|src="|g' \
	    -e 's|href="\.\./README\.md|href="index.html|g' \
	    -e 's|href="\([A-Za-z0-9_.-]*\)\.md|href="\1.html|g'
}

# ---------------------------------------------------------------- man pages

# Each .TH begins a page; that of a structure is named struct_x, for there is a function x as well.
manuals()
{
	"$kernel_doc" -man "$@" 2>/dev/null | awk -v folder="$out/man9" -v version="$VERSION" '
	/^\.TH / {
		if (file) close(file)
		split($0, part, "\"")
		name = part[4] ~ /^(struct|enum) / ? part[4] : part[2]
		sub(/ /, "_", name)
		file = folder "/" name ".9"
		# No date: the same sources make the same page.
		print ".TH \"" name "\" 9 \"\" \"tcslab " version "\" \"tcslab reference\"" >file
		next
	}
	/^\.SH NAME/ { print >file; getline; sub(/^(struct|enum) [^ ]*/, name) }
	file { print >file }'
}

# What users call: all of the headers, and of the sources what is exported.
manuals mod/include/linux/tcslab.h mod/include/linux/tcslab_types.h mod/include/linux/tcslab_embedded.h \
	mod/include/linux/tcslab_optional.h
manuals mod/main.c
grep -l EXPORT_SYMBOL_GPL mod/*/*.c | grep -v '^mod/slab/' | while read -r file; do
	manuals -export "$file"
done
# The tiers' own.
rm -f "$out"/man9/struct_step.9 "$out"/man9/struct_tcslab_cpu_cache.9 "$out"/man9/struct_tcslab_cache.9
[ "$(find "$out/man9" -name '*.9' | wc -l)" -gt 30 ] || { echo "docs.sh: kernel-doc said too little" >&2; exit 1; }

{
	echo '<h1>Reference</h1><p>Made from the comments in the sources. Errors and what to do about them: <a href="errors.html">errors</a>;'
	echo 'what is allowed where: <a href="contexts.html">contexts</a>; debugfs and ioctl: <a href="abi.html">ABI</a>.</p><ul>'
	for file in "$out"/man9/*.9; do
		name=$(basename "$file" .9)
		what=$(sed -n '/^\.SH NAME/{n;s/.* \\- //;p;q}' "$file" | sed 's/&/\&amp;/g; s/</\&lt;/g')
		echo "<li><a href=\"#$name\"><code>$name</code></a> $what</li>"
	done
	echo '</ul>'
	for file in "$out"/man9/*.9; do
		name=$(basename "$file" .9)
		echo "<section class=\"entry\" id=\"$name\"><h2>$name</h2>"
		# Without the sections' own anchors, which are the same in each.
		mandoc -T html -O fragment "$file" | sed -e '/class="head"/,/<\/table>/d' -e '/class="foot"/,/<\/table>/d' \
			-e 's/ id="[^"]*"//g; s/<a class="permalink"[^>]*>\([^<]*\)<\/a>/\1/g'
		echo '</section>'
	done
} | page 'tcslab: reference' api.html

# --------------------------------------------------------------------- pages

for file in Documentation/*.md; do
	name=$(basename "$file" .md)
	title=$(sed -n 's/^# //p;/^# /q' "$file")
	cmark-gfm -e table -e autolink --unsafe "$file" | links | page "$title" "$name.html"
done
{
	[ ! -e README.md ] || cmark-gfm -e table README.md | links
	echo '<h2>All pages</h2><ul><li><a href="api.html">Reference</a></li>'
	for file in Documentation/*.md; do
		echo "<li><a href=\"$(basename "$file" .md).html\">$(sed -n 's/^# //p;/^# /q' "$file")</a></li>"
	done
	echo '</ul>'
} | page "tcslab $VERSION" index.html
cp -r Documentation/results "$out/html/"
rm -f "$out"/html/results/*.json

# Turns CHANGELOG.md into a changelog in Debian's format.
#
# usage: awk -v version=VERSION -v date=DATE -v maintainer=NAME -f changelog.awk CHANGELOG.md
#
# The section "Unreleased" becomes VERSION; one for a version, "## 1.2.0 -
# 2026-11-30", is dated by its heading. DATE is as `date -R` writes it.

# finish ends the entry that was begun.
function finish() {
	if (entry != "")
		printf "\n -- %s  %s\n\n", maintainer, when
	entry = ""
}

# day writes a date of the form 2026-11-30 as date -R does.
function day(text,    command, result) {
	command = "date -u -R -d '" text "'"
	command | getline result
	close(command)
	return result
}

# item prints one point, 78 columns wide.
function item(text,    words, n, i, line) {
	n = split(text, words, " ")
	line = "  *"
	for (i = 1; i <= n; i++) {
		if (length(line) + 1 + length(words[i]) > 78) {
			print line
			line = "   "
		}
		line = line " " words[i]
	}
	print line
}

/^## / {
	finish()
	entry = $2 == "Unreleased" ? version : $2
	when = date
	if (match($0, /[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]/))
		when = day(substr($0, RSTART, RLENGTH))
	printf "intercomd (%s) unstable; urgency=medium\n\n", entry
	next
}

entry != "" && /^- / { item(substr($0, 3)) }

END { finish() }

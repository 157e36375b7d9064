#!/bin/bash
# Becomes the emulator. What comes out of it, the machine's console, goes to a log file that never grows past its limit; a full one
# becomes <file>.1, and the one before that is gone.
# Arguments: log file, limit in bytes, the emulator's command.
log=$1 limit=$2
shift 2

keep() {
	size=$(stat -c %s "$log")
	while :; do
		dd bs=64k count=1 status=none >"$log.next" # what is there now, in one read
		grown=$(stat -c %s "$log.next")
		if [ "$grown" = 0 ]; then break; fi # the emulator has ended
		if [ "$size" -gt "$limit" ]; then # only when there is more: the last words are never in the file that is shown second
			mv "$log" "$log.1"
			size=0
		fi
		cat "$log.next" >>"$log"
		size=$((size + grown))
	done
	rm "$log.next"
}

umask 077
: >>"$log"
exec "$@" </dev/null > >(keep) 2>&1

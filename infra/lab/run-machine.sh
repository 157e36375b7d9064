#!/bin/bash
# Becomes the emulator. What comes out of it, the machine's console, goes to a log file that never grows past its limit; a full one
# becomes <file>.1, and the one before that is gone.
# Arguments: log file, limit in bytes, the emulator's command.
log=$1 limit=$2
shift 2

keep() {
	size=0
	while :; do
		dd bs=64k count=1 status=none >>"$log" # what is there now, in one read
		grown=$(stat -c %s "$log")
		if [ "$grown" = "$size" ]; then break; fi # the emulator has ended
		size=$grown
		if [ "$size" -gt "$limit" ]; then
			mv "$log" "$log.1"
			: >"$log"
			size=0
		fi
	done
}

umask 077
: >>"$log"
exec "$@" </dev/null > >(keep) 2>&1

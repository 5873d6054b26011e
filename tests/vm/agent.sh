#!/bin/sh
# The agent inside the machine: a line on the port is a number and a script in base64; the number, the
# script's status and what it said, base64 too, go back on one line. A caller who has gone away ends a
# line early or reads nothing: the next one is served. It is of the tests only, and runs as root as
# they do outside.
port=/dev/virtio-ports/weighlock.test
while ! [ -e "$port" ]; do sleep 0.2; done
exec 3<>"$port"
while :; do
	while IFS=' ' read -r number script <&3; do
		printf %s "$script" | base64 -d >/run/agent.script || continue
		sh /run/agent.script >/run/agent.said 2>&1 </dev/null 3<&-
		printf '%s %s %s\n' "$number" "$?" "$(base64 -w0 /run/agent.said)" >&3
	done
	sleep 0.1 # nobody is connected
done

#!/bin/sh
# install-packages.sh [demo]: installs by package name what is missing of packaging/packages; with
# `demo`, without the part that only the checks need. Quiet where nothing is missing.
set -eu
list="$(dirname "$0")/packages"
if [ "${1:-}" = demo ]; then
	wanted=$(sed '/^# checks only/,$d; /^#/d' "$list")
else
	wanted=$(sed '/^#/d' "$list")
fi
missing=
for p in $wanted; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
		missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "These packages are missing, and only root can install them:$missing" >&2
	exit 3
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
# shellcheck disable=SC2086
apt-get install -y -q --no-install-recommends $missing >/dev/null

#!/bin/sh
# weighlock-spawnd dies in each state of a transfer; see killed.sh.
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/killed.sh"
killed_all killed_spawn weighlock-spawnd

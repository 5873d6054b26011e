/*
 * Landlock without a rule: nothing can be opened, bound, connected or signalled any more, whatever
 * the root looks like.
 *
 * Runs in the worker before any byte from outside. A kernel without Landlock is an error: then no
 * work is done (station.sandbox-missing).
 */
#include "daemon/base/landlock.h"
#include "daemon/spawn/sandbox_parts.h"

int wl_sandbox_landlock(void)
{
	return wl_landlock_restrict(NULL, 0);
}

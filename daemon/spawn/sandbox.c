/*
 * Entering the sandbox: the order of the steps, and nothing else; see sandbox.h.
 *
 * Runs in the worker before any byte from outside was read. The order matters and was measured:
 * the root before Landlock (which forbids mounting), privileges given up before Landlock (which
 * demands it), the limit on descriptors after Landlock (which opens one), capabilities after the
 * last step that needs them, the filter last because it forbids all of these.
 */
#include "daemon/base/landlock.h"
#include "daemon/spawn/sandbox.h"

#include <stdio.h>

#include "daemon/base/cleanup.h"
#include "daemon/spawn/sandbox_parts.h"

static const struct {
	const char *name;
	int (*apply)(void);
} steps[] = {
        {"empty root", wl_sandbox_empty_root},
        {"no new privileges", wl_sandbox_no_new_privileges},
        {"landlock", wl_sandbox_landlock},
        {"limits", wl_sandbox_limit_zygote},
        {"capabilities", wl_sandbox_drop_capabilities},
        {"memory hidden", wl_sandbox_hide_memory},
        {"seccomp", wl_sandbox_filter_zygote},
};

int wl_sandbox_enter(char *said, size_t size, const char **ret_step)
{
	int abi = wl_landlock_abi();

	for (size_t i = 0; i < WL_ARRAY_LEN(steps); i++) {
		int r = steps[i].apply();
		if (r < 0) {
			*ret_step = steps[i].name;
			return r;
		}
	}
	(void)snprintf(said, size, "full: landlock %d, seccomp, userns", abi);
	return 0;
}

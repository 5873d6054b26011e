/*
 * What the service manager's watchdog hears of a daemon: that its loop turns, or that long work got
 * on.
 *
 * Nothing from outside is read here but the environment that the service manager made. Runs in
 * every daemon, and apart from the rest of daemon.h because the ledger's own code calls it too. No
 * state that outlives the process.
 */
#include <limits.h>
#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/base/daemon.h"

int wl_daemon_wait_ms(int wanted_ms)
{
	static int64_t told_ms; /* one loop a process */
	uint64_t every_us = 0;
	struct timespec t = {0};

	if (sd_watchdog_enabled(0, &every_us) <= 0)
		return wanted_ms;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t now_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	if (now_ms - told_ms >= 1000) {
		(void)sd_notify(0, "WATCHDOG=1");
		told_ms = now_ms;
	}
	uint64_t half_ms = every_us / 2000;
	int longest_ms = half_ms > INT_MAX ? INT_MAX : (int)half_ms;
	return wanted_ms < 0 || wanted_ms > longest_ms ? longest_ms : wanted_ms;
}

void wl_daemon_alive(void)
{
	(void)wl_daemon_wait_ms(0);
}

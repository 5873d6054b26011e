/*
 * What every daemon does the same way: options, hardening, notification, its log.
 *
 * A library of its own (libwl_daemon.a), so that workers and the client link none of it. Only the
 * daemons' own code logs; libraries return what happened.
 */
#ifndef WL_BASE_DAEMON_H
#define WL_BASE_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum wl_daemon {
	WL_DAEMON_BROKER = 1,
	WL_DAEMON_MEDIA = 2,
	WL_DAEMON_SPAWN = 4,
	WL_DAEMON_LEDGER = 8,
	WL_DAEMON_ANY = 15,
};

/* A long option: `--name VALUE` (or `--name=VALUE`) sets *text, `--name` alone sets *flag. */
struct wl_daemon_option {
	const char *name;
	const char *value; /* what stands for the value in the help; NULL for a flag */
	const char *help;
	const char **text;
	bool *flag;
};

/* Reads argv by the table; --help and --version are understood by themselves. Returns -1: go on;
 * else the exit status (0 after --help, 2 after wrong usage, which was explained). */
int wl_daemon_options(int argc, char **argv, const char *program, const char *what,
                      const struct wl_daemon_option *options, size_t n);

/*
 * The hardening of INTERFACES 10, to be called first of all: no core file, not dumpable, no new
 * privileges, SIGPIPE ignored, umask 0027; no capability (mediad keeps CAP_SYS_ADMIN) and an empty
 * bounding set where it can be emptied; the list of denied system calls (daemon_denied.def), with
 * every socket family but AF_UNIX (mediad also netlink's uevents). 0, or negative errno and the
 * step that failed in *ret_step: then the daemon must not run. A sanitizer build stays dumpable and
 * traceable, because the leak check at exit traces.
 */
int wl_daemon_harden(enum wl_daemon which, const char **ret_step);

/* The ids of a user by name; 0, -ENOENT. ret_gid may be NULL. */
int wl_daemon_user(const char *name, uid_t *ret_uid, gid_t *ret_gid);

/* How long the loop of a daemon may wait, at most `wanted_ms` (negative: without end), so that the
 * service manager, where it keeps a watchdog, hears of every half of its time that the loop turns
 * (WATCHDOG=1, sd_watchdog_enabled(3)). Told at most once a second; without a watchdog the answer
 * is `wanted_ms` and nothing is sent. */
int wl_daemon_wait_ms(int wanted_ms);

/* The same said from within work that takes longer than a turn of the loop: to be called wherever
 * such work has got on, never where it only waits for what may not come. */
void wl_daemon_alive(void);

/* sd_notify: READY=1, STOPPING=1, and a line of status. Nothing happens without systemd. */
void wl_daemon_ready(const char *status);
void wl_daemon_stopping(void);

/* One line on standard error with the priority prefix of sd-daemon(3); what came from outside may
 * stand in it: control characters are escaped, long lines cut. */
enum wl_log_level { WL_LOG_ERROR = 3, WL_LOG_WARNING = 4, WL_LOG_NOTICE = 5, WL_LOG_INFO = 6 };
void wl_log(enum wl_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define wl_log_error(...)   wl_log(WL_LOG_ERROR, __VA_ARGS__)
#define wl_log_warning(...) wl_log(WL_LOG_WARNING, __VA_ARGS__)
#define wl_log_notice(...)  wl_log(WL_LOG_NOTICE, __VA_ARGS__)
#define wl_log_info(...)    wl_log(WL_LOG_INFO, __VA_ARGS__)

#endif

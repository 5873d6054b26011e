/*
 * The report of `doctor`; see doctor_report.h.
 *
 * It leaves the station, so what goes in is a closed list: words of this program, of the kernel and
 * of os-release, numbers, and ids of rules and states. Texts of transfers, which media and people
 * chose, are never copied, only counted. An existing file is never written over; one that could not
 * be written whole is taken away again.
 */
#include "client/doctor_report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/rules.h"

static void print_machine(FILE *f)
{
	struct utsname u;
	WL_AUTO_FREE void *release = NULL;
	size_t n = 0;

	(void)fprintf(f, "weighlock %s\n", PACKAGE_VERSION);
	if (uname(&u) == 0)
		(void)fprintf(f, "kernel %s %s\n", u.release, u.machine);
	if (wl_file_read(AT_FDCWD, "/etc/os-release", 16384, &release, &n) < 0)
		return;
	const char *at = strstr(release, "PRETTY_NAME=");
	if (at)
		(void)fprintf(f, "system %.*s\n", (int)strcspn(at + 12, "\n"), at + 12);
}

/* A word of a closed list: anything else is not said. */
static const char *word(const json_t *o, const char *name)
{
	const char *s = wl_member_text(o, name);
	return s[0] && strspn(s, "abcdefghijklmnopqrstuvwxyz.-") == strlen(s) ? s : "-";
}

static const char *rule_of(const json_t *o)
{
	enum wl_rule rule = wl_rule_find(wl_member_text(o, "rule"));
	return rule == WL_RULE_NONE ? "-" : wl_rule_id(rule);
}

static void print_station(struct wl_cli *cli, FILE *f)
{
	struct wl_reply reply = {0};

	if (wl_station_ask(cli, "GetStatus", NULL, &reply) != 0)
		return;
	const json_t *s = reply.parameters;
	const json_t *faults = json_object_get(s, "fault_details");
	(void)fprintf(f, "station %s mode %s policy %lld\n", word(s, "state"), word(s, "mode"),
	              (long long)wl_member_integer(s, "policy_version"));
	for (size_t i = 0; i < json_array_size(faults); i++)
		(void)fprintf(f, "fault %s\n", rule_of(json_array_get(faults, i)));
	wl_reply_clear(&reply);
}

/* How many transfers stand in which state for which rule. */
static void print_transfers(struct wl_cli *cli, FILE *f)
{
	struct wl_reply reply = {0};
	json_t *counts = json_object(), *count;
	const char *key;

	if (wl_station_ask(cli, "ListTransfers", NULL, &reply) == 0 && !reply.error[0]) {
		const json_t *list = json_object_get(reply.parameters, "transfers");
		for (size_t i = 0; i < json_array_size(list); i++) {
			char name[120];
			const json_t *t = json_array_get(list, i);
			(void)snprintf(name, sizeof(name), "%s %s %s", word(t, "direction"),
			               word(t, "state"), rule_of(t));
			json_int_t n = json_integer_value(json_object_get(counts, name));
			(void)json_object_set_new(counts, name, json_integer(n + 1));
		}
	}
	json_object_foreach(counts, key, count)(void)
	        fprintf(f, "transfers %s: %lld\n", key, (long long)json_integer_value(count));
	json_decref(counts);
	wl_reply_clear(&reply);
}

/* Asked only where the checks found that it answers. */
static bool answers(const struct wl_doctor_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(lines[i].check, "control"))
			return !strcmp(lines[i].health, "ok");
	return false;
}

int wl_doctor_report(struct wl_cli *cli, const char *path, const struct wl_doctor_line *lines,
                     size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		int error = errno;
		if (fd >= 0)
			(void)close(fd);
		return wl_say_failure(cli, WL_EXIT_FAULT, "Unavailable",
		                      _("The report cannot be written to %s: %s"), path,
		                      strerror(error));
	}
	print_machine(f);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(f, "check %s %s%s%s\n", lines[i].check, lines[i].health,
		              lines[i].words ? ": " : "", lines[i].words ? lines[i].words : "");
	if (answers(lines, n)) {
		print_station(cli, f);
		print_transfers(cli, f);
	} else {
		(void)fputs("station does not answer\n", f);
	}
	bool bad = fflush(f) != 0 || fsync(fd) != 0;
	bad |= fclose(f) != 0;
	if (bad) {
		(void)unlink(path);
		return wl_say_failure(cli, WL_EXIT_FAULT, "Unavailable",
		                      _("The report cannot be written to %s: %s"), path,
		                      strerror(errno));
	}
	wl_say(cli,
	       _("Report for whoever helps: %s. Read it before you hand it on; nothing in it "
	         "comes from a medium."),
	       path);
	return WL_EXIT_DONE;
}

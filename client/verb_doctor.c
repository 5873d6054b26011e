/*
 * `doctor`: what is missing on this machine and how to mend it: one line a check, `ok`, `warn` or
 * `no`. Changes nothing but the file of --report; some checks see more as root.
 */
#include "client/doctor.h"
#include "client/doctor_report.h"

#include <stdarg.h>
#include <stdio.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"

void wl_health_set(struct wl_finding_health *ret, enum wl_health health, const char *mend,
                   const char *format, ...)
{
	va_list args;

	ret->health = health;
	(void)snprintf(ret->mend, sizeof(ret->mend), "%s", mend);
	va_start(args, format);
	(void)vsnprintf(ret->words, sizeof(ret->words), format, args);
	va_end(args);
}

static const struct {
	const char *name; /* in JSON */
	wl_doctor_check *run;
} checks[] = {
        {"user-namespaces", wl_doctor_userns},
        {"landlock", wl_doctor_landlock},
        {"seccomp", wl_doctor_seccomp},
        {"sandbox", wl_doctor_sandbox},
        {"clock", wl_doctor_clock},
        {"users", wl_doctor_users},
        {"folders", wl_doctor_folders},
        {"disk", wl_doctor_disk},
        {"encryption", wl_doctor_encryption},
        {"sockets", wl_doctor_sockets},
        {"control", wl_doctor_control},
        {"keys", wl_doctor_keys},
        {"policy", wl_doctor_policy},
        {"faults", wl_doctor_faults},
        {"mirror", wl_doctor_mirror},
};

static const char *const health_words[] = {N_("ok"), N_("warn"), N_("no")};

static void report(const struct wl_cli *cli, const char *name, const struct wl_finding_health *f)
{
	const char *const *words = health_words;

	wl_say_in(cli, 2, "%-5s %s", _(words[f->health]), f->words);
	if (f->mend[0])
		wl_say_in(cli, 8, "%s %s", _("mend:"), f->mend);
	json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "check", name, "health", words[f->health],
	                      "words", f->words, "mend", f->mend);
	wl_cli_json(cli, o);
	json_decref(o);
}

int wl_verb_doctor(struct wl_cli *cli)
{
	char first[WL_HEALTH_TEXT] = "";
	enum wl_health worst = WL_HEALTH_OK;
	static struct wl_finding_health found[WL_ARRAY_LEN(checks)];
	struct wl_doctor_line lines[WL_ARRAY_LEN(checks)];
	size_t n = 0;

	for (size_t i = 0; i < WL_ARRAY_LEN(checks); i++) {
		struct wl_finding_health f = {.health = WL_HEALTH_OK};
		checks[i].run(cli, &f);
		found[i] = f;
		if (!f.words[0]) /* cannot be said before an earlier one is mended */
			continue;
		report(cli, checks[i].name, &f);
		/* sentences about faults may name what a person or a medium said */
		lines[n++] = (struct wl_doctor_line){
		        .check = checks[i].name,
		        .health = health_words[f.health],
		        .words = checks[i].run == wl_doctor_faults ? NULL : found[i].words};
		if (f.health == WL_HEALTH_NO && !first[0])
			(void)snprintf(first, sizeof(first), "%s", f.mend);
		if (f.health > worst)
			worst = f.health;
	}
	int status = wl_args_given(cli->args, "report")
	                     ? wl_doctor_report(cli, wl_args_value(cli->args, "report"), lines, n)
	                     : WL_EXIT_DONE;
	if (status)
		return status;
	if (worst == WL_HEALTH_NO)
		wl_say_next(cli, false, first, NULL, NULL);
	else
		wl_say_next(cli, false, NULL, NULL, "weighlock status");
	return worst == WL_HEALTH_NO ? WL_EXIT_FAULT : WL_EXIT_DONE;
}

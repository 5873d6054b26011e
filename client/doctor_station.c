/*
 * The four daemons, the keys and the policy, as far as this person may ask.
 */
#include "client/doctor.h"

#include <string.h>
#include <sys/stat.h>

#include "client/control.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/paths.h"

static const struct {
	enum wl_path path;
	const char *daemon;
} sockets[] = {
        {WL_PATH_CONTROL_SOCKET, "weighlockd"},
        {WL_PATH_MEDIA_SOCKET, "weighlock-mediad"},
        {WL_PATH_SPAWN_SOCKET, "weighlock-spawnd"},
        {WL_PATH_LEDGER_SOCKET, "weighlock-ledgerd"},
};

void wl_doctor_sockets(struct wl_cli *cli, struct wl_finding_health *ret)
{
	char mend[100];

	for (size_t i = 0; i < WL_ARRAY_LEN(sockets); i++) {
		char path[WL_PATH_TEXT];
		struct stat st;
		if (wl_path(sockets[i].path, cli->state_dir, path, sizeof(path)) < 0)
			return;
		/* a folder closed to this person says nothing about the daemon */
		if (stat(path, &st) == 0 ? S_ISSOCK(st.st_mode) : errno == EACCES)
			continue;
		(void)snprintf(mend, sizeof(mend), "systemctl start %s", sockets[i].daemon);
		wl_health_set(ret, WL_HEALTH_NO, mend, _("%s is not running: there is no %s"),
		              sockets[i].daemon, path);
		return;
	}
	wl_health_set(ret, WL_HEALTH_OK, "", _("sockets of the four daemons"));
}

/* GetStatus, without a word where it fails; NULL then, and *ret_error. */
static json_t *ask_status(const struct wl_cli *cli, int *ret_error)
{
	char path[WL_PATH_TEXT];
	struct wl_control *c = NULL;
	struct wl_reply reply = {0};
	json_t *status = NULL;
	int r = wl_path(WL_PATH_CONTROL_SOCKET, cli->state_dir, path, sizeof(path));

	if (r == 0)
		r = wl_control_open(path, &c);
	if (r == 0)
		r = wl_control_send(c, "GetStatus", NULL, false);
	if (r == 0)
		r = wl_control_receive(c, 5000, &reply);
	if (r == 0 && !reply.error[0])
		status = json_incref(reply.parameters);
	if (r == 0)
		wl_reply_clear(&reply);
	wl_control_free(c);
	*ret_error = r;
	return status;
}

void wl_doctor_control(struct wl_cli *cli, struct wl_finding_health *ret)
{
	int error = 0;
	json_t *s = ask_status(cli, &error);

	if (s)
		wl_health_set(ret, WL_HEALTH_OK, "", _("the station answers"));
	else if (error == -EACCES)
		wl_health_set(ret, WL_HEALTH_WARN,
		              _("adduser YOU weighlock-users, then log in again"),
		              _("you may not speak to the station"));
	else
		wl_health_set(ret, WL_HEALTH_NO, "systemctl start weighlockd",
		              _("the station does not answer: %s"), strerror(-error));
	json_decref(s);
}

void wl_doctor_keys(struct wl_cli *cli, struct wl_finding_health *ret)
{
	int error;
	json_t *s = ask_status(cli, &error);
	const char *state = wl_member_text(s, "state");

	if (!s)
		return;
	if (!strcmp(state, "uninitialised"))
		wl_health_set(ret, WL_HEALTH_NO, "weighlock station init",
		              _("the station has no keys"));
	else if (!strcmp(state, "unconfirmed"))
		wl_health_set(ret, WL_HEALTH_NO, "weighlock station confirm",
		              _("the station's keys wait for the second person"));
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("station %s has its keys"),
		              wl_member_text(s, "station"));
	json_decref(s);
}

void wl_doctor_policy(struct wl_cli *cli, struct wl_finding_health *ret)
{
	int error;
	json_t *s = ask_status(cli, &error);

	if (!s)
		return;
	if (json_object_get(s, "policy_version"))
		wl_health_set(ret, WL_HEALTH_OK, "", _("policy version %lld"),
		              (long long)wl_member_integer(s, "policy_version"));
	else
		wl_health_set(ret, WL_HEALTH_NO, "weighlock policy install", _("no policy"));
	json_decref(s);
}

void wl_doctor_faults(struct wl_cli *cli, struct wl_finding_health *ret)
{
	int error;
	json_t *s = ask_status(cli, &error);
	const json_t *faults = json_object_get(s, "fault_details");

	for (size_t i = 0; i < json_array_size(faults); i++) {
		const json_t *f = json_array_get(faults, i);
		const char *rule = wl_member_text(f, "rule");
		/* these two have their own lines */
		if (!strcmp(rule, "station.no-keys") || !strcmp(rule, "station.no-policy"))
			continue;
		wl_health_set(ret, WL_HEALTH_NO, wl_member_text(f, "remedy"), "%s (rule %s)",
		              wl_member_text(f, "reason"), rule);
		break;
	}
	json_decref(s);
}

void wl_doctor_mirror(struct wl_cli *cli, struct wl_finding_health *ret)
{
	int error;
	json_t *s = ask_status(cli, &error);
	const char *mirror = wl_member_text(s, "mirror");

	if (!strcmp(mirror, "none"))
		wl_health_set(
		        ret, WL_HEALTH_WARN,
		        _("a second disk, and the drop-in weighlock-mirror.conf: see THE MIRROR in "
		          "weighlock-ledgerd(8)"),
		        _("the ledger has no mirror on a second disk: entries die with the "
		          "disk"));
	else if (!strcmp(mirror, "failed"))
		wl_health_set(ret, WL_HEALTH_NO,
		              _("mend or replace the second disk, then restart weighlock-ledgerd"),
		              _("the ledger's mirror is not written"));
	else if (!strcmp(mirror, "good"))
		wl_health_set(ret, WL_HEALTH_OK, "", _("the ledger is mirrored on a second disk"));
	json_decref(s);
}

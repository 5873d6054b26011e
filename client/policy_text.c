/*
 * The text of a policy from a file or from the station; see policy_text.h.
 *
 * Runs in the client, as the person who asks; nothing is kept. A file may hold anything: it is
 * bounded here and read strictly by who compares it. What the station sends is taken only where it
 * has the digest that was signed.
 */
#include "client/policy_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "client/duration.h"
#include "client/policy_load.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

void wl_policy_text_cleanup(struct wl_policy_text *t)
{
	free(t->text);
	t->text = NULL;
}

static int take_answer(struct wl_cli *cli, const json_t *p, struct wl_policy_text *ret)
{
	const char *text = wl_member_text(p, "text");
	uint8_t digest[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1];

	ret->version = (uint64_t)wl_member_integer(p, "version");
	(void)snprintf(ret->name, sizeof(ret->name), _("version %llu"),
	               (unsigned long long)ret->version);
	if (wl_sha256_of(text, strlen(text), digest) < 0)
		return WL_EXIT_FAULT;
	wl_hex_encode(digest, WL_SHA256_BYTES, hex);
	if (strcmp(hex, wl_member_text(p, "sha256")) != 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "TooMuch",
		                      _("The text of %s is too long for one answer: take its "
		                        "policy.yaml from the medium it came on."),
		                      ret->name);
	ret->text = strdup(text);
	ret->bytes = strlen(text);
	return ret->text ? 0 : WL_EXIT_FAULT;
}

static int from_station(struct wl_cli *cli, bool in_force, uint64_t version,
                        struct wl_policy_text *ret)
{
	json_t *answer = NULL;
	json_t *call = in_force ? NULL : json_pack("{s:I}", "version", (json_int_t)version);
	int status = wl_station_call(cli, "PolicyShow", call, &answer);

	if (status)
		return status;
	status = take_answer(cli, json_object_get(answer, "policy"), ret);
	json_decref(answer);
	return status;
}

static int from_file(const struct wl_cli *cli, const char *path, struct wl_policy_text *ret)
{
	void *p = NULL;
	int r = wl_file_read(AT_FDCWD, path, WL_POLICY_BYTES_MAX, &p, &ret->bytes);

	wl_text_escape(path, strlen(path), ret->name, sizeof(ret->name));
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s cannot be read: %s."), ret->name, strerror(-r));
	ret->text = p;
	return 0;
}

int wl_policy_text_get(struct wl_cli *cli, const char *word, struct wl_policy_text *ret)
{
	uint64_t version = 0;

	*ret = (struct wl_policy_text){.text = NULL};
	if (!word || wl_number_parse(word, &version) == 0)
		return from_station(cli, !word, version, ret);
	return from_file(cli, word, ret);
}

int wl_policy_text_bad(const struct wl_cli *cli, const struct wl_policy_text *t,
                       const struct wl_policy_errors *errors)
{
	wl_policy_errors_say(cli, t->name, errors);
	return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument", _("%s is no policy."), t->name);
}

/*
 * `policy check`: everything a station would say against a policy, before anybody signs it. With
 * --json a line per finding and a last one with the verdict.
 */
#include <string.h>

#include "client/policy_load.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"

int wl_verb_policy_check(struct wl_cli *cli)
{
	const char *path = wl_args_operand(cli->args, 0);
	WL_CLEANUP(wl_policy_cleanup) struct wl_policy *policy = NULL;
	struct wl_policy_errors errors;
	int status = wl_policy_load(cli, path, &policy, &errors);

	if (status && errors.n == 0)
		return status;
	wl_policy_errors_say(cli, path, &errors);
	wl_say(cli, _("%zu errors, %zu warnings"), errors.errors, errors.warnings);
	json_t *object =
	        json_pack("{s:s, s:I, s:I}", "verdict", status ? "refuse" : "pass", "errors",
	                  (json_int_t)errors.errors, "warnings", (json_int_t)errors.warnings);
	if (!status) {
		char sha256[WL_SHA256_HEX + 1];
		wl_hex_encode(policy->sha256, WL_SHA256_BYTES, sha256);
		wl_say(cli,
		       _("Version %llu of station %s, SHA-256 %s. Not checked: who signed it."),
		       (unsigned long long)policy->version, policy->station.id, sha256);
		wl_say_next(cli, false, _("The policy authority signs it, on its own machine:"),
		            NULL,
		            "openssl cms -sign -binary -md sha384 -in policy.yaml -signer "
		            "AUTHORITY.pem "
		            "-inkey AUTHORITY.key -outform DER -out policy.yaml.p7s");
		(void)json_object_set_new(object, "version",
		                          json_integer((json_int_t)policy->version));
		(void)json_object_set_new(object, "sha256", json_string(sha256));
		json_t *not_checked = json_pack("[s]", "policy.signature");
		(void)json_object_set_new(object, "not_checked", not_checked);
	}
	wl_cli_json(cli, object);
	json_decref(object);
	return status;
}

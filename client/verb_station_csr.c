/*
 * `station csr` and `station cert`: the station's certificate, asked for and brought back. The key
 * stays where it is; only the authority's word about it changes.
 */
#include <fcntl.h>
#include <string.h>

#include "client/say.h"
#include "client/station.h"
#include "daemon/base/fdio.h"

static int write_request(struct wl_cli *cli, const char *name, const char *pem)
{
	int r = wl_file_replace(AT_FDCWD, name, pem, strlen(pem), 0644);

	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
		                      name, strerror(-r));
	wl_say(cli, _("Certificate request written to %s."), name);
	return WL_EXIT_DONE;
}

int wl_verb_station_csr(struct wl_cli *cli)
{
	const char *port = wl_args_operand(cli->args, 0),
	           *name = wl_args_value(cli->args, "output");
	json_t *answer = NULL;
	int status = wl_station_call(cli, "StationCsr",
	                             port ? json_pack("{s:s}", "port", port) : NULL, &answer);

	if (status)
		return status;
	if (port)
		wl_say(cli, _("Certificate request written to %s in port %s, read back, equal."),
		       wl_member_text(answer, "medium"), port);
	else if (name)
		status = write_request(cli, name, wl_member_text(answer, "request"));
	else if (!cli->json)
		(void)fputs(wl_member_text(answer, "request"), stdout);
	wl_say_next(cli, true,
	            _("Have the certificate authority sign it; bring the certificate back."), NULL,
	            "weighlock station cert --from PORT");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return status;
}

int wl_verb_station_cert(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "StationCert",
	                             json_pack("{s:s}", "port", wl_args_value(cli->args, "from")),
	                             &answer);

	if (status)
		return status;
	wl_say(cli, _("Certificate of %s taken in, entry %s. It ends %.10s."),
	       wl_member_text(answer, "name"), wl_member_text(answer, "entry"),
	       wl_member_text(answer, "certificate_not_after"));
	wl_say_next(cli, false, _("Print the card anew; recipients need the new certificate."),
	            NULL, "weighlock station card -o card.html");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}

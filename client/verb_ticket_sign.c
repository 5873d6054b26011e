/*
 * `ticket sign`: an officer's signature beside the ticket, or the openssl line that makes it where
 * the key is on a card. Runs on the authority's own machine, with the officer's own files.
 */
#include <string.h>

#include "client/cms_sign.h"
#include "client/say.h"
#include "client/ticket_files.h"
#include "client/ticket_read.h"
#include "daemon/base/cleanup.h"

static void print_line(const struct wl_cli *cli, const char *ticket, const char *cert,
                       const char *key, const char *output)
{
	wl_say(cli, "%s", _("This line signs it:"));
	(void)fprintf(cli->people,
	              "openssl cms -sign -binary -md sha384 -in '%s' -signer '%s' -inkey '%s'%s "
	              "-outform DER -nosmimecap -out '%s'\n",
	              ticket, cert, key ? key : "KEY",
	              key ? " -provider pkcs11 -provider default" : "", output);
}

static int sign(const struct wl_cli *cli, const char *ticket, const void *p, size_t n,
                const char *output)
{
	WL_AUTO_FREE unsigned char *der = NULL;
	size_t der_n = 0;
	enum wl_cms_fault fault = wl_cms_sign(p, n, wl_args_value(cli->args, "cert"),
	                                      wl_args_value(cli->args, "key"), &der, &der_n);

	if (fault != WL_CMS_OK)
		return wl_say_failure(cli, WL_EXIT_USAGE, "Signature", _("%s is not signed: %s."),
		                      ticket, wl_cms_fault_words(fault));
	int status = wl_ticket_save(cli, output, der, der_n);
	if (status)
		return status;
	wl_say(cli, _("Signed. The signature is %s; keep it beside the ticket."), output);
	json_t *object = json_pack("{s:s, s:s}", "ticket", ticket, "signature", output);
	wl_cli_json(cli, object);
	json_decref(object);
	return WL_EXIT_DONE;
}

int wl_verb_ticket_sign(struct wl_cli *cli)
{
	const char *ticket = wl_args_operand(cli->args, 0);
	const char *key = wl_args_value(cli->args, "key");
	WL_CLEANUP(wl_ticket_file_clear) struct wl_ticket_file_read f = {.p = NULL};
	char output[4096], next[8300];
	/* nobody should sign what no station can read */
	int status = wl_ticket_load(cli, ticket, &f);
	unsigned number = status ? 0 : wl_ticket_signature_free(ticket);

	if (status)
		return status;
	if (!number || wl_ticket_signature_path(ticket, number, output, sizeof(output)) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s has %d signatures already."), ticket,
		                      WL_TICKET_SIGNATURES_MAX);
	(void)snprintf(next, sizeof(next), "weighlock ticket check %s --cert %s", ticket,
	               wl_args_value(cli->args, "cert"));
	if (!key || !strncmp(key, "pkcs11:", 7)) {
		print_line(cli, ticket, wl_args_value(cli->args, "cert"), key, output);
		wl_say_next(cli, false, _("Run it, then:"), NULL, next);
		return WL_EXIT_DONE;
	}
	status = sign(cli, ticket, f.p, f.n, output);
	if (status == WL_EXIT_DONE)
		wl_say_next(cli, false, NULL, NULL, next);
	return status;
}

/*
 * `station card`: the page two persons sign, from which an auditor learns the station's key.
 */
#include "client/page.h"
#include "client/qr.h"
#include "client/say.h"
#include "client/station.h"

static const struct {
	const char *member, *label;
} lines[] = {
        {"station", N_("Station")},
        {"origin", N_("Origin")},
        {"vkey", N_("Key of the ledger (vkey)")},
        {"fingerprint", N_("Fingerprint of that key")},
        {"certificate_sha256", N_("Certificate of the station, SHA-256")},
};

static void print_card(FILE *out, const json_t *card)
{
	(void)fprintf(out, "%s\n\n", _("STATION CARD"));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		(void)fprintf(out, "%s:\n    %s\n", _(lines[i].label),
		              wl_member_text(card, lines[i].member));
	const char *checkpoint = wl_member_text(card, "checkpoint");
	(void)wl_qr_text(out, wl_member_text(card, "vkey"));
	if (checkpoint[0])
		(void)fprintf(out, "%s:\n\n%s\n", _("First checkpoint"), checkpoint);
	for (int i = 1; i <= 2; i++)
		(void)fprintf(out,
		              "\n%s ______________________   %s ______________   %s "
		              "______________________\n",
		              _("Name"), _("Date"), _("Signature"));
}

static int print_page(struct wl_cli *cli, const char *name, const json_t *card)
{
	struct wl_page *p = NULL;
	int status = wl_page_open(cli, name, _("STATION CARD"), &p);

	if (status)
		return status;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		wl_page_value(p, _(lines[i].label), wl_member_text(card, lines[i].member));
	if (wl_member_text(card, "certificate_expired")[0])
		wl_page_value(p, _("Certificate expired on"),
		              wl_member_text(card, "certificate_expired"));
	wl_page_lines(p, _("First checkpoint"), wl_member_text(card, "checkpoint"));
	wl_page_qr(p, _("The key (vkey) as a QR code:"), wl_member_text(card, "vkey"));
	wl_page_signatures(p, 2);
	return wl_page_close(cli, p);
}

int wl_verb_station_card(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "StationCard", NULL, &answer);

	if (status)
		return status;
	const json_t *card = json_object_get(answer, "card");
	if (wl_args_value(cli->args, "output"))
		status = print_page(cli, wl_args_value(cli->args, "output"), card);
	else if (!cli->json)
		print_card(stdout, card);
	wl_say_next(cli, true, _("Print it twice; both sign. One stays, one goes to the auditor."),
	            NULL, NULL);
	wl_cli_json(cli, card);
	json_decref(answer);
	return status;
}

/*
 * The page of custody: gaps first, then what happened, on what system, and how to check it.
 *
 * Both languages stand side by side. Names, paths and references were typed by people or come from
 * media and are escaped by wl_html_text. The page says only what entries of the ledger say; what a
 * person has to add by hand is a line to write on. Writes to a stream its caller opened.
 */
#include <string.h>

#include "client/custody.h"
#include "client/html.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

struct word {
	const char *code, *french, *english;
};

static const struct word events[] = {
        {"transfer.opened", "ouvert", "opened"},
        {"transfer.preserved", "copie conservée au poste", "copy kept at the station"},
        {"transfer.inspected", "inspecté", "inspected"},
        {"transfer.approved", "approuvé", "approved"},
        {"transfer.rejected", "accord refusé", "agreement refused"},
        {"transfer.retried", "repris", "gone on with"},
        {"transfer.cancelled", "abandonné", "given up"},
        {"transfer.refused", "refusé par une règle", "refused by a rule"},
        {"transfer.failed", "en panne", "failed"},
        {"transfer.noted", "remarque", "remark"},
        {"transfer.outcome", "résultat noté", "outcome noted"},
        {"transfer.acknowledged", "réception confirmée", "receipt acknowledged"},
        {"approval.voided", "accord annulé", "approval voided"},
        {"gate.opened", "support ouvert", "medium opened"},
        {"gate.shut", "support refermé", "medium shut"},
        {"release.intent", "remise décidée, avant le premier octet",
         "release decided, before the first byte"},
        {"release.written", "écrit et relu", "written and read back"},
        {"release.done", "remis", "released"},
        {"release.failed", "échec d'écriture", "writing failed"},
        {"release.unknown", "fin d'écriture inconnue", "end of writing unknown"},
        {"document.sealed", "document signé", "document signed"},
        {"vault.deleted", "copie du poste supprimée", "the station's copy deleted"},
        {"station.fault", "panne du poste", "fault of the station"},
        {"clock.set", "horloge réglée par deux personnes", "clock set by two persons"},
        {"key.rotated", "clé du registre changée", "key of the ledger changed"},
        {"alarm.settled", "alarme réglée par deux personnes", "alarm settled by two persons"},
        {"medium.refused", "support refusé", "medium refused"},
};

static const struct word gaps[] = {
        {"release-open",
         "l'écriture a commencé et rien ne dit comment elle a fini; support suspect",
         "writing began and nothing says how it ended; medium suspect"},
        {"release-interrupted", "le poste s'est arrêté pendant l'écriture; support suspect",
         "the station stopped while writing; medium suspect"},
        {"release-failed", "l'écriture a échoué; support suspect",
         "writing failed; medium suspect"},
        {"stop-unseen", "le poste s'est arrêté sans le dire avant ce démarrage",
         "the station had stopped without saying so before this start"},
        {"clock-behind", "l'horloge retardait; les heures sont des minimums",
         "the clock was behind; times are the earliest possible"},
        {"brought", "avant que le poste voie le support, le registre ne dit pas qui l'avait",
         "before the station saw the medium the ledger does not say who had it"},
        {"carried", "entre le poste et la réception, le registre ne dit pas qui l'avait",
         "between the station and its arrival the ledger does not say who had it"},
        {"not-acknowledged", "après son départ du poste rien n'en confirme la réception",
         "after it left the station nothing says that it arrived"},
};

static void put_word(FILE *out, const struct word *table, size_t n, const char *code)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].code, code) == 0)
			return wl_html_both(out, table[i].french, table[i].english);
	wl_html_text(out, code);
}

static void put_heading(FILE *out, const char *french, const char *english)
{
	(void)fputs("<h2>", out);
	wl_html_both(out, french, english);
	(void)fputs("</h2>\n", out);
}

/* `heads` in pairs, French then English. */
static void begin_table(FILE *out, const char *const heads[][2], size_t n)
{
	(void)fputs("<table>\n<thead><tr>", out);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "<th>%s<br><span lang=\"en\">%s</span></th>", heads[i][0],
		              heads[i][1]);
	(void)fputs("</tr></thead>\n<tbody>\n", out);
}

static void end_table(FILE *out, size_t rows, size_t columns)
{
	if (rows == 0)
		(void)fprintf(out,
		              "<tr><td colspan=\"%zu\">Aucun / <span lang=\"en\">None</span></td>"
		              "</tr>\n",
		              columns);
	(void)fputs("</tbody>\n</table>\n", out);
}

static const json_t *rows_of(const struct wl_custody *c, const char *name)
{
	return json_object_get(c->report, name);
}

static void put_list(FILE *out, const json_t *list)
{
	json_t *text;
	size_t i;

	json_array_foreach(list, i, text)
	{
		(void)fputs(i ? ", " : "", out);
		wl_html_text(out, json_string_value(text) ? json_string_value(text) : "?");
	}
}

#define CELL(out, row, ...)                                                                        \
	wl_html_cell(out, row, (const char *const[]){__VA_ARGS__},                                 \
	             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* ---- the parts ---- */

static void put_gaps(FILE *out, const struct wl_custody *c)
{
	static const char *const heads[][2] = {{"De", "From"},
	                                       {"À", "To"},
	                                       {"Support", "Medium"},
	                                       {"Lacune", "Gap"},
	                                       {"Témoin", "Witness"}};
	json_t *gap;
	size_t i;

	put_heading(out, "Lacunes", "Gaps");
	begin_table(out, heads, WL_ARRAY_LEN(heads));
	json_array_foreach(rows_of(c, "gaps"), i, gap)
	{
		(void)fputs("<tr>", out);
		CELL(out, gap, "from", "from_entry");
		CELL(out, gap, "to", "to_entry");
		CELL(out, gap, "medium");
		(void)fputs("<td>", out);
		put_word(out, gaps, WL_ARRAY_LEN(gaps), wl_member_text(gap, "kind"));
		(void)fputs("</td><td></td></tr>\n", out);
	}
	end_table(out, i, WL_ARRAY_LEN(heads));
}

static void put_integrity(FILE *out, const struct wl_custody *c)
{
	static const char *const heads[][2] = {{"Quand, inscription", "When, entry"},
	                                       {"Quoi", "What"},
	                                       {"Partie, règle", "Part, rule"}};
	size_t faults = json_array_size(rows_of(c, "faults")), i;
	json_t *row;

	put_heading(out, "Intégrité du système", "Integrity of the system");
	(void)fputs("<p>", out);
	if (faults == 0)
		wl_html_both(
		        out,
		        "De la première à la dernière inscription de ce transfert, le registre "
		        "ne contient aucune panne du poste, aucun réglage de l'horloge et aucun "
		        "changement de clé.",
		        "From the first to the last entry of this transfer the ledger has no "
		        "fault of the station, no setting of its clock and no change of key.");
	else
		wl_html_both(
		        out,
		        "Pendant ce transfert, le registre contient ce qui suit. Que cela ait ou "
		        "non touché l'intégrité, une personne doit le dire et le signer.",
		        "During this transfer the ledger has what follows. Whether it affected "
		        "the integrity a person has to say and to sign.");
	(void)fputs("</p>\n", out);
	if (faults == 0)
		return;
	begin_table(out, heads, WL_ARRAY_LEN(heads));
	json_array_foreach(rows_of(c, "faults"), i, row)
	{
		(void)fputs("<tr>", out);
		CELL(out, row, "time", "entry");
		(void)fputs("<td>", out);
		put_word(out, events, WL_ARRAY_LEN(events), wl_member_text(row, "event"));
		(void)fputs("</td>", out);
		CELL(out, row, "part", "rule", "detail", "old", "new", "words");
		(void)fputs("</tr>\n", out);
	}
	end_table(out, i, WL_ARRAY_LEN(heads));
}

static void put_request(FILE *out, const struct wl_custody *c)
{
	static const struct word members[] = {
	        {"direction", "Sens", "Direction"},
	        {"case", "Dossier", "Case"},
	        {"authority", "Fondement", "Authority"},
	        {"authority_reference", "Pièce", "Reference"},
	        {"requester", "Demandé par", "Requester"},
	        {"device", "Appareil", "Device"},
	        {"actor", "Ouvert par", "Opened by"},
	        {"visit", "Visite", "Visit"},
	        {"work_order", "Bon de travail", "Work order"},
	        {"engineer", "Technicien du fournisseur", "Vendor's engineer"},
	        {"engineer_org", "Son entreprise", "Organisation"},
	        {"escort", "Accompagnateur", "Escort"},
	        {"ticket", "Autorisation", "Ticket"},
	        {"tip_state", "Menaces projetées (TIP)", "Threat image projection"},
	};
	const json_t *opened = rows_of(c, "opened");
	const json_t *offset = json_object_get(opened, "scanner_clock_offset_s");

	put_heading(out, "Ce qui a été demandé", "What was asked for");
	(void)fputs("<table><tbody>\n", out);
	for (size_t i = 0; i < WL_ARRAY_LEN(members); i++) {
		if (!wl_member_text(opened, members[i].code)[0])
			continue;
		(void)fputs("<tr><th>", out);
		wl_html_both(out, members[i].french, members[i].english);
		(void)fputs("</th>", out);
		CELL(out, opened, members[i].code);
		(void)fputs("</tr>\n", out);
	}
	if (offset)
		(void)fprintf(out,
		              "<tr><th>Horloge de l'appareil / <span lang=\"en\">Clock of the "
		              "device</span></th><td>%+lld s</td></tr>\n",
		              (long long)json_integer_value(offset));
	(void)fputs("<tr><th>Numéros d'images / <span lang=\"en\">Scans</span></th><td>", out);
	put_list(out, json_object_get(opened, "scans"));
	(void)fputs("</td></tr>\n</tbody></table>\n", out);
}

static void put_steps(FILE *out, const struct wl_custody *c)
{
	static const char *const heads[][2] = {{"Quand", "When"},
	                                       {"Inscription", "Entry"},
	                                       {"Qui", "Who"},
	                                       {"Quoi", "What"},
	                                       {"Empreinte (RFC 6962)", "Leaf digest (RFC 6962)"}};
	json_t *step;
	size_t i;

	put_heading(out, "Étapes", "Steps");
	begin_table(out, heads, WL_ARRAY_LEN(heads));
	json_array_foreach(rows_of(c, "steps"), i, step)
	{
		(void)fputs("<tr>", out);
		CELL(out, step, "time");
		CELL(out, step, "entry");
		CELL(out, step, "actor");
		(void)fputs("<td>", out);
		put_word(out, events, WL_ARRAY_LEN(events), wl_member_text(step, "event"));
		(void)fputs("</td>", out);
		CELL(out, step, "leaf_sha256");
		(void)fputs("</tr>\n", out);
	}
	end_table(out, i, WL_ARRAY_LEN(heads));
}

static void put_items(FILE *out, const struct wl_custody *c)
{
	static const char *const heads[][2] = {
	        {"Pièce", "Item"},
	        {"Source, empreinte SHA-256", "Source, SHA-256"},
	        {"Décision, règle", "Verdict, rule"},
	        {"Ce qui en sort, empreinte SHA-256", "What leaves, SHA-256"},
	        {"Retiré ou changé", "Removed or changed"}};
	json_t *item;
	size_t i;

	put_heading(out, "Pièces", "Items");
	begin_table(out, heads, WL_ARRAY_LEN(heads));
	json_array_foreach(rows_of(c, "items"), i, item)
	{
		(void)fputs("<tr>", out);
		CELL(out, item, "item", "scan", "entry");
		CELL(out, item, "path", "source_sha256");
		CELL(out, item, "verdict", "rule", "detail");
		CELL(out, item, "output", "output_name", "output_sha256", "sealed_sha256");
		(void)fputs("<td>", out);
		put_list(out, json_object_get(item, "transforms"));
		if (json_array_size(json_object_get(item, "masks"))) {
			(void)fputs("<br>", out);
			wl_html_both(out, "masques", "masks");
			(void)fputs(": ", out);
			put_list(out, json_object_get(item, "masks"));
		}
		(void)fputs("</td></tr>\n", out);
	}
	end_table(out, i, WL_ARRAY_LEN(heads));
}

static void put_approvals(FILE *out, const struct wl_custody *c)
{
	static const char *const heads[][2] = {
	        {"Quand, inscription", "When, entry"},
	        {"Qui, jusqu'à", "Who, until"},
	        {"Règles acceptées", "Rules accepted"},
	        {"Listes de fichiers (SHA-256)", "Lists of files (SHA-256)"},
	        {"Annulé par la règle", "Voided by rule"}};
	json_t *row;
	size_t i;

	put_heading(out, "Accords", "Approvals");
	begin_table(out, heads, WL_ARRAY_LEN(heads));
	json_array_foreach(rows_of(c, "approvals"), i, row)
	{
		(void)fputs("<tr>", out);
		CELL(out, row, "time", "entry");
		CELL(out, row, "actor", "until");
		(void)fputs("<td>", out);
		put_list(out, json_object_get(row, "accepted"));
		(void)fputs("</td><td>", out);
		put_list(out, json_object_get(row, "manifests_sha256"));
		(void)fputs("</td>", out);
		CELL(out, row, "voided");
		(void)fputs("</tr>\n", out);
	}
	end_table(out, i, WL_ARRAY_LEN(heads));
}

static void put_arrival(FILE *out, const json_t *arrival)
{
	CELL(out, arrival, "received_at", "by", "outcome", "entry", "actor", "method");
}

static void put_releases(FILE *out, const struct wl_custody *c)
{
	static const char *const heads[][2] = {{"Quand, inscription", "When, entry"},
	                                       {"Qui", "Who"},
	                                       {"Quoi, liste (SHA-256)", "What, list (SHA-256)"},
	                                       {"Support, port, séjour", "Medium, port, stay"},
	                                       {"Fin, relecture, volume et lot (SHA-256)",
	                                        "End, read back, volume and bag (SHA-256)"},
	                                       {"Réception, par", "Arrival, by"}};
	json_t *row;
	size_t i;

	put_heading(out, "Remises", "Releases");
	begin_table(out, heads, WL_ARRAY_LEN(heads));
	json_array_foreach(rows_of(c, "releases"), i, row)
	{
		(void)fputs("<tr>", out);
		CELL(out, row, "time", "entry");
		CELL(out, row, "actor");
		CELL(out, row, "output", "component", "version", "manifest_sha256");
		CELL(out, row, "medium", "destination_port", "destination_insertion");
		CELL(out, row, "state", "end_rule", "end_time", "end_entry", "readback",
		     "volume_sha256", "bag_sha256");
		put_arrival(out, json_object_get(row, "arrival"));
		(void)fputs("</tr>\n", out);
	}
	end_table(out, i, WL_ARRAY_LEN(heads));
}

/* ---- the system, and who swears to it ---- */

static void put_system(FILE *out, const struct wl_custody *c)
{
	static const char *const heads[][2] = {{"Démarrage, inscription", "Start, entry"},
	                                       {"Version, empreinte SHA-256", "Version, SHA-256"},
	                                       {"Isolement des analyseurs", "Isolation of parsers"},
	                                       {"Bibliothèques", "Libraries"}};
	json_t *row;
	size_t i;

	put_heading(out, "Logiciel et vérifications au démarrage", "Software and checks at start");
	begin_table(out, heads, WL_ARRAY_LEN(heads));
	json_array_foreach(rows_of(c, "starts"), i, row)
	{
		(void)fputs("<tr>", out);
		CELL(out, row, "time", "entry");
		CELL(out, row, "version", "build_sha256");
		CELL(out, row, "sandbox");
		(void)fputs("<td>", out);
		put_list(out, json_object_get(row, "libs"));
		(void)fputs("</td></tr>\n", out);
	}
	end_table(out, i, WL_ARRAY_LEN(heads));
	(void)fputs(
	        "<p>Outils de l'inspection / <span lang=\"en\">Tools of the inspection</span>: ",
	        out);
	json_array_foreach(rows_of(c, "inspections"), i, row)
	{
		(void)fputs(i ? "; " : "", out);
		put_list(out, json_object_get(row, "tools"));
	}
	(void)fputs("</p>\n<p>", out);
	wl_html_both(out, "Normes suivies", "Standards followed");
	(void)fputs(
	        ": FIPS 180-4 (SHA-256, SHA-512), RFC 6962 / C2SP tlog-tiles, RFC 8032 (Ed25519), "
	        "RFC 5652 (CMS), RFC 8493 (BagIt).</p>\n",
	        out);
}

static void put_affiant(FILE *out)
{
	put_heading(out, "À remplir par le témoin", "For the witness to fill in");
	(void)fputs("<p>", out);
	wl_html_both(
	        out,
	        "Je connais ce poste et les marches à suivre selon lesquelles il est employé. La "
	        "présente page en a été imprimée. Procédures de l'organisme (titre, date) : "
	        "______________________. Ce que j'ai à ajouter aux lacunes et aux pannes "
	        "ci-dessus : ______________________",
	        "I know this station and the procedures under which it is used. This page was "
	        "printed from it. Procedures of the organisation (title, date): "
	        "______________________. What I have to add to the gaps and faults above: "
	        "______________________");
	(void)fputs("</p>\n<p>", out);
	wl_html_both(out, "Nom, fonction, date, signature", "Name, position, date, signature");
	(void)fputs(": ____________________________________________</p>\n", out);
}

static void put_head(FILE *out, const struct wl_custody *c, const struct wl_custody_papers *p)
{
	char when[WL_TIME_TEXT];

	wl_time_format(p->now, when);
	wl_html_head(out, "Possession / Custody", "A4 landscape");
	if (p->test)
		(void)fputs("<p><strong>ESSAI / <span lang=\"en\">TEST</span></strong></p>\n", out);
	(void)fputs("<h1>Registre de possession / <span lang=\"en\">Record of custody</span>: ",
	            out);
	wl_html_text(out, wl_member_text(c->report, "transfer"));
	(void)fputs("</h1>\n<p>Poste / <span lang=\"en\">Station</span> ", out);
	wl_html_text(out, p->station);
	(void)fputs(", ", out);
	wl_html_text(out, p->origin);
	(void)fprintf(out, ", %s. ", when);
	wl_html_both(
	        out,
	        "Tiré des seules inscriptions du registre; la preuve est le registre, non cette "
	        "page.",
	        "Made from entries of the ledger alone; the evidence is the ledger, not this "
	        "page.");
	(void)fputs("</p>\n", out);
	if (p->certificate_expired[0]) {
		(void)fputs("<p>Certificat du poste échu le / <span lang=\"en\">Certificate of the "
		            "station expired on</span> ",
		            out);
		wl_html_text(out, p->certificate_expired);
		(void)fputs("</p>\n", out);
	}
}

void wl_custody_page(FILE *out, const struct wl_custody *c, const struct wl_custody_papers *p)
{
	put_head(out, c, p);
	put_gaps(out, c);
	put_integrity(out, c);
	put_request(out, c);
	put_steps(out, c);
	put_items(out, c);
	put_approvals(out, c);
	put_releases(out, c);
	put_system(out, c);
	put_affiant(out);
	wl_custody_check(out, c, p);
	(void)fputs("</body>\n</html>\n", out);
}

/*
 * The page of disclosures, to be printed and put into a file: both languages side by side.
 *
 * Names, cases and references were typed by people: everything is escaped twice over, for controls
 * and for HTML, so that nothing typed can become part of the page. The page is a rendering; the
 * record is the ledger. Writes to a file its caller opened.
 */
#include <string.h>

#include "client/disclosures.h"
#include "client/html.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

static const struct {
	const char *state, *words;
} states[] = {
        {"done", "remis / <span lang=\"en\">released</span>"},
        {"failed", "échec d'écriture, support suspect / <span lang=\"en\">writing failed, medium "
                   "suspect</span>"},
        {"unknown", "fin inconnue, support suspect / <span lang=\"en\">end unknown, medium "
                    "suspect</span>"},
        {"open", "en cours / <span lang=\"en\">under way</span>"},
};

static void put_state(FILE *out, const char *state)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(states); i++)
		if (strcmp(states[i].state, state) == 0)
			(void)fputs(states[i].words, out);
}

/* The medium, and when it arrived; where nobody signed the receipt, that too. */
static void put_arrival(FILE *out, const json_t *row)
{
	(void)fputs("<td>", out);
	wl_html_text(out, wl_member_text(row, "medium"));
	if (wl_member_text(row, "acknowledged")[0]) {
		(void)fputs("<br>", out);
		wl_html_text(out, wl_member_text(row, "acknowledged"));
		if (strcmp(wl_member_text(row, "receipt"), "word") == 0)
			(void)fputs("<br>sur parole, non signé<br><span lang=\"en\">on somebody's "
			            "word, "
			            "unsigned</span>",
			            out);
	}
	(void)fputs("</td>", out);
}

static void put_people(FILE *out, const json_t *row)
{
	json_t *name;
	size_t i;

	(void)fputs("<td>", out);
	wl_html_text(out, wl_member_text(row, "opened_by"));
	(void)fputs("</td><td>", out);
	json_array_foreach(json_object_get(row, "approved_by"), i, name)
	{
		(void)fputs(i ? ", " : "", out);
		wl_html_text(out, json_string_value(name) ? json_string_value(name) : "?");
	}
	(void)fputs("</td>", out);
}

static void put_row(FILE *out, const json_t *row)
{
	static const char *const when[] = {"time", "intent"};
	static const char *const what[] = {"transfer", "output", "device"};
	static const char *const why[] = {"authority", "authority_reference"};
	static const char *const to_whom[] = {"requester"};

	(void)fputs("<tr>", out);
	wl_html_cell(out, row, when, WL_ARRAY_LEN(when));
	wl_html_cell(out, row, what, WL_ARRAY_LEN(what));
	(void)fprintf(out, "<td>%lld</td>", (long long)wl_member_integer(row, "files"));
	wl_html_cell(out, row, why, WL_ARRAY_LEN(why));
	wl_html_cell(out, row, to_whom, WL_ARRAY_LEN(to_whom));
	put_people(out, row);
	put_arrival(out, row);
	(void)fputs("<td>", out);
	put_state(out, wl_member_text(row, "state"));
	(void)fputs("</td></tr>\n", out);
}

static void put_head(FILE *out, const struct wl_disclosures *d, const char *station, bool test,
                     int64_t now)
{
	char when[WL_TIME_TEXT];

	wl_time_format(now, when);
	wl_html_head(out, "Communications / Disclosures", "A4 landscape");
	if (test)
		(void)fputs("<p><strong>ESSAI / <span lang=\"en\">TEST</span></strong></p>\n", out);
	(void)fputs("<h1>Communications, dossier <bdi>", out);
	wl_html_text(out, d->case_id);
	(void)fputs("</bdi> / <span lang=\"en\">Disclosures, case <bdi>", out);
	wl_html_text(out, d->case_id);
	(void)fputs("</bdi></span></h1>\n<p>Poste / <span lang=\"en\">Station</span> ", out);
	wl_html_text(out, station);
	(void)fprintf(out, ", %s. %zu communication(s) / <span lang=\"en\">disclosure(s)</span>; ",
	              when, json_array_size(d->rows));
	(void)fprintf(out,
	              "registre lu jusqu'à %llu entrées / <span lang=\"en\">ledger read, %llu "
	              "entries</span>.</p>\n",
	              (unsigned long long)d->entries, (unsigned long long)d->entries);
}

void wl_disclosures_page(FILE *out, const struct wl_disclosures *d, const char *station, bool test,
                         int64_t now)
{
	static const char *const heads[][2] = {
	        {"Quand, entrée", "When, entry"},
	        {"Quoi", "What"},
	        {"Images", "Pictures"},
	        {"Fondement", "Authority"},
	        {"À qui", "To whom"},
	        {"Ouvert par", "Opened by"},
	        {"Approuvé par", "Approved by"},
	        {"Support, accusé", "Medium, acknowledged"},
	        {"Fin", "End"},
	};
	json_t *row;
	size_t i;

	put_head(out, d, station, test, now);
	(void)fputs("<table>\n<thead><tr>", out);
	for (i = 0; i < WL_ARRAY_LEN(heads); i++)
		(void)fprintf(out, "<th>%s<br><span lang=\"en\">%s</span></th>", heads[i][0],
		              heads[i][1]);
	(void)fputs("</tr></thead>\n<tbody>\n", out);
	json_array_foreach(d->rows, i, row) put_row(out, row);
	if (json_array_size(d->rows) == 0)
		(void)fputs(
		        "<tr><td colspan=\"9\">Aucune / <span lang=\"en\">None</span></td></tr>\n",
		        out);
	(void)fputs("</tbody>\n</table>\n</body>\n</html>\n", out);
}

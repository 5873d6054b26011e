/*
 * The page of a station's time: what is overdue first, then alarms, and only then the ordinary.
 *
 * Both languages stand side by side; texts of entries are escaped by wl_html_text. The page is a
 * rendering, the record is the ledger. Writes to a stream its caller opened.
 */
#include <string.h>

#include "client/html.h"
#include "client/say.h"
#include "client/station_report.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

static const struct {
	const char *code, *french, *english;
} overdue_words[] = {
        {"never-exported",
         "Le registre n'a jamais été emporté. Un vérificateur ou un administrateur le fait : "
         "weighlock ledger export.",
         "The ledger was never taken away. An auditor or administrator does it: weighlock ledger "
         "export."},
        {"export-old",
         "Le registre n'a pas été emporté depuis plus de 100 jours. Un vérificateur ou un "
         "administrateur le fait : weighlock ledger export.",
         "The ledger was not taken away for more than 100 days. An auditor or administrator does "
         "it: weighlock ledger export."},
        {"nobody-countersigns",
         "La politique ne nomme aucune clé de vérificateur : personne ne peut contresigner.",
         "The policy names no auditor's key: nobody can countersign."},
        {"cosignature-old",
         "La contresignature est en retard : le vérificateur emporte le registre et rapporte la "
         "sienne.",
         "The countersignature is overdue: the auditor takes the ledger away and brings hers."},
};

static void put_heading(FILE *out, const char *french, const char *english)
{
	(void)fputs("<h2>", out);
	wl_html_both(out, french, english);
	(void)fputs("</h2>\n", out);
}

static void put_overdue(FILE *out, const json_t *report)
{
	json_t *code;
	size_t i;

	put_heading(out, "À faire", "To be done");
	(void)fputs("<ul>\n", out);
	json_array_foreach(json_object_get(report, "overdue"), i, code)
	{
		for (size_t k = 0; k < WL_ARRAY_LEN(overdue_words); k++) {
			if (strcmp(overdue_words[k].code, json_string_value(code)) != 0)
				continue;
			(void)fputs("<li>", out);
			wl_html_both(out, overdue_words[k].french, overdue_words[k].english);
			(void)fputs("</li>\n", out);
		}
	}
	if (i == 0)
		(void)fputs("<li>Rien n'est en retard / <span lang=\"en\">Nothing is "
		            "overdue</span></li>\n",
		            out);
	(void)fputs("</ul>\n", out);
}

/* Entries, a row each: what they say in `members`. */
static void put_rows(FILE *out, const json_t *rows, const char *const *members, size_t n)
{
	static const char *const when[] = {"time", "entry"}, *const what[] = {"event", "transfer"},
	                         *const who[] = {"actor"};
	json_t *row;
	size_t i;

	(void)fputs("<table>\n<thead><tr><th>Quand / <span lang=\"en\">When</span></th>"
	            "<th>Quoi / <span lang=\"en\">What</span></th>"
	            "<th>Qui / <span lang=\"en\">Who</span></th>"
	            "<th>Détail / <span lang=\"en\">Detail</span></th></tr></thead>\n<tbody>\n",
	            out);
	json_array_foreach(rows, i, row)
	{
		(void)fputs("<tr>", out);
		wl_html_cell(out, row, when, WL_ARRAY_LEN(when));
		wl_html_cell(out, row, what, WL_ARRAY_LEN(what));
		wl_html_cell(out, row, who, WL_ARRAY_LEN(who));
		wl_html_cell(out, row, members, n);
		(void)fputs("</tr>\n", out);
	}
	if (i == 0)
		(void)fputs(
		        "<tr><td colspan=\"4\">Aucun / <span lang=\"en\">None</span></td></tr>\n",
		        out);
	(void)fputs("</tbody>\n</table>\n", out);
}

static void put_counts(FILE *out, json_t *counts)
{
	const char *key;
	json_t *n;

	(void)fputs("<table><tbody>\n", out);
	json_object_foreach(counts, key, n)
	{
		(void)fputs("<tr><th>", out);
		wl_html_text(out, key);
		(void)fprintf(out, "</th><td>%lld</td></tr>\n", (long long)json_integer_value(n));
	}
	if (json_object_size(counts) == 0)
		(void)fputs("<tr><td>Aucun / <span lang=\"en\">None</span></td></tr>\n", out);
	(void)fputs("</tbody></table>\n", out);
}

static void put_people(FILE *out, json_t *people)
{
	const char *name, *event;
	json_t *did, *n;

	(void)fputs("<table><tbody>\n", out);
	json_object_foreach(people, name, did)
	{
		bool first = true;
		(void)fputs("<tr><th>", out);
		wl_html_text(out, name);
		(void)fputs("</th><td>", out);
		json_object_foreach(did, event, n)
		{
			(void)fputs(first ? "" : ", ", out);
			wl_html_text(out, event);
			(void)fprintf(out, " %lld", (long long)json_integer_value(n));
			first = false;
		}
		(void)fputs("</td></tr>\n", out);
	}
	(void)fputs("</tbody></table>\n", out);
}

static void put_head(FILE *out, const struct wl_station_report *r, const char *station, bool test,
                     int64_t now)
{
	char from[WL_TIME_TEXT], to[WL_TIME_TEXT], when[WL_TIME_TEXT];

	wl_time_format(r->from, from);
	wl_time_format(r->to < now ? r->to : now, to);
	wl_time_format(now, when);
	wl_html_head(out, "Poste / Station", "A4");
	if (test)
		(void)fputs("<p><strong>ESSAI / <span lang=\"en\">TEST</span></strong></p>\n", out);
	(void)fputs("<h1>Poste / <span lang=\"en\">Station</span> ", out);
	wl_html_text(out, station);
	(void)fprintf(out,
	              "</h1>\n<p>%s .. %s; imprimé / <span lang=\"en\">printed</span> %s; %lld "
	              "inscriptions au registre / <span lang=\"en\">entries in the ledger</span>."
	              "</p>\n",
	              from, to, when, (long long)wl_member_integer(r->report, "entries"));
}

void wl_station_page(FILE *out, const struct wl_station_report *r, const char *station, bool test,
                     int64_t now)
{
	static const char *const why[] = {"part", "rule", "detail", "words"};
	static const char *const release[] = {"output", "device", "version", "medium", "state"};
	static const char *const change[] = {"version", "build_sha256", "cause",  "sha256",
	                                     "old",     "new",          "which",  "words",
	                                     "rule",    "boot_reason",  "sandbox"};
	static const char *const audit[] = {"medium", "vkey", "cosigned_at"};
	static const struct {
		const char *french, *english, *list;
		const char *const *members;
		size_t n;
	} tables[] = {
	        {"Alarmes et pannes", "Alarms and faults", "alarms", why, WL_ARRAY_LEN(why)},
	        {"Registre emporté et contresigné", "Ledger taken away and countersigned", "audits",
	         audit, WL_ARRAY_LEN(audit)},
	        {"Remises", "Releases", "releases", release, WL_ARRAY_LEN(release)},
	        {"Changements du poste", "Changes of the station", "changes", change,
	         WL_ARRAY_LEN(change)},
	};
	static const char *const counts[][3] = {
	        {"Refus, par règle", "Refusals, by rule", "refusals"},
	        {"Appels refusés, par personne", "Calls denied, by person", "denied"},
	        {"Supports", "Media", "media"},
	        {"Toutes les inscriptions", "All entries", "events"},
	};

	put_head(out, r, station, test, now);
	put_overdue(out, r->report);
	for (size_t i = 0; i < WL_ARRAY_LEN(tables); i++) {
		put_heading(out, tables[i].french, tables[i].english);
		put_rows(out, json_object_get(r->report, tables[i].list), tables[i].members,
		         tables[i].n);
	}
	put_heading(out, "Personnes", "People");
	put_people(out, json_object_get(r->report, "people"));
	for (size_t i = 0; i < WL_ARRAY_LEN(counts); i++) {
		put_heading(out, counts[i][0], counts[i][1]);
		put_counts(out, json_object_get(r->report, counts[i][2]));
	}
	(void)fputs("</body>\n</html>\n", out);
}

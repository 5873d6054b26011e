/*
 * Pages to print.
 *
 * What stands in them came from the station; every text is escaped all the same, because a name in
 * a ledger was once chosen by somebody outside. Runs in the client under the person's own account
 * and writes one file, whole or not at all, so power going leaves the old one or the new one.
 */
#include "client/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "client/qr.h"
#include "client/say.h"
#include "daemon/base/fdio.h"

struct wl_page {
	FILE *out;
	char *html;
	size_t n;
	char *name;
};

static const char head[] = "<meta charset=\"utf-8\">\n<style>\n"
                           "@page { size: A4; margin: 18mm }\n"
                           "body { font-family: sans-serif; max-width: 170mm; margin: auto }\n"
                           "h1 { font-size: 18pt } dt { font-weight: bold; margin-top: 3mm }\n"
                           "dd { margin: 0; font-family: monospace; overflow-wrap: anywhere }\n"
                           "pre { font-family: monospace; font-size: 9pt; white-space: pre-wrap; "
                           "overflow-wrap: anywhere; border: 1px solid #000; padding: 2mm }\n"
                           "table { margin-top: 8mm; width: 100% } td { padding-top: 8mm; "
                           "border-bottom: 1px solid #000 }\n</style>\n";

static void put(FILE *out, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

	for (; *text; text++) {
		const char *entity = NULL;
		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
			if (entities[i].c == *text)
				entity = entities[i].entity;
		if (entity)
			(void)fputs(entity, out);
		else
			(void)fputc(*text, out);
	}
}

int wl_page_open(const struct wl_cli *cli, const char *name, const char *heading,
                 struct wl_page **ret)
{
	struct wl_page *p = calloc(1, sizeof(*p));

	if (p) {
		p->name = strdup(name);
		p->out = open_memstream(&p->html, &p->n);
	}
	if (!p || !p->name || !p->out) {
		if (p) {
			if (p->out) {
				(void)fclose(p->out);
				free(p->html);
			}
			free(p->name);
		}
		free(p);
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s", _("There is no memory."));
	}
	/* TRANSLATORS: the code of the language itself, for HTML */
	(void)fprintf(p->out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<title>", _("en"));
	put(p->out, heading);
	(void)fprintf(p->out, "</title>\n%s</head>\n<body>\n<h1>", head);
	put(p->out, heading);
	(void)fputs("</h1>\n", p->out);
	*ret = p;
	return 0;
}

void wl_page_value(struct wl_page *p, const char *label, const char *value)
{
	(void)fputs("<dl><dt>", p->out);
	put(p->out, label);
	(void)fputs("</dt><dd>", p->out);
	put(p->out, value);
	(void)fputs("</dd></dl>\n", p->out);
}

void wl_page_lines(struct wl_page *p, const char *label, const char *text)
{
	(void)fputs("<dl><dt>", p->out);
	put(p->out, label);
	(void)fputs("</dt></dl>\n<pre>", p->out);
	put(p->out, text);
	(void)fputs("</pre>\n", p->out);
}

void wl_page_text(struct wl_page *p, const char *text)
{
	(void)fputs("<p>", p->out);
	put(p->out, text);
	(void)fputs("</p>\n", p->out);
}

void wl_page_qr(struct wl_page *p, const char *label, const char *text)
{
	(void)fputs("<p>", p->out);
	put(p->out, label);
	(void)fputs("</p>\n", p->out);
	(void)wl_qr_svg(p->out, text, "QR");
}

void wl_page_signatures(struct wl_page *p, unsigned persons)
{
	(void)fputs("<table>\n", p->out);
	for (unsigned i = 0; i < persons; i++)
		(void)fprintf(p->out, "<tr><td>%s</td><td>%s</td><td>%s</td></tr>\n", _("Name"),
		              _("Date"), _("Signature"));
	(void)fputs("</table>\n", p->out);
}

int wl_page_close(const struct wl_cli *cli, struct wl_page *p)
{
	int status = WL_EXIT_DONE;

	(void)fputs("</body>\n</html>\n", p->out);
	int r = fclose(p->out) == 0 ? wl_file_replace(AT_FDCWD, p->name, p->html, p->n, 0644)
	                            : -EIO;
	if (r < 0)
		status = wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
		                        p->name, strerror(-r));
	else
		wl_say(cli, _("Page to print: %s"), p->name);
	free(p->html);
	free(p->name);
	free(p);
	return status;
}

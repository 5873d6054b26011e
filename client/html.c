/*
 * What pages in both languages are made of.
 *
 * Names, cases, paths and references were typed by people or come from media: everything is escaped
 * twice over, for controls and for HTML, so that nothing typed can become part of the page. Writes
 * to a stream its caller opened and keeps nothing; whether writing failed the stream remembers.
 */
#include "client/html.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define SHOWN     4800
#define NOTE_DASH "\xe2\x80\x94" /* begins a signature of a signed note */

static void put_char(FILE *out, char c)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = {
	        {'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

	for (size_t i = 0; i < WL_ARRAY_LEN(entities); i++)
		if (entities[i].c == c)
			return (void)fputs(entities[i].entity, out);
	(void)fputc(c, out);
}

void wl_html_text(FILE *out, const char *text)
{
	char safe[SHOWN];

	wl_text_escape(text, strlen(text), safe, sizeof(safe));
	for (const char *p = safe; *p; p++)
		put_char(out, *p);
}

void wl_html_lines(FILE *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (strncmp(p, NOTE_DASH, strlen(NOTE_DASH)) == 0) {
			(void)fputs(NOTE_DASH, out);
			p += strlen(NOTE_DASH) - 1;
		} else {
			put_char(out, (*p >= ' ' && *p <= '~') || *p == '\n' ? *p : '?');
		}
	}
}

void wl_html_both(FILE *out, const char *french, const char *english)
{
	(void)fprintf(out, "%s / <span lang=\"en\">%s</span>", french, english);
}

void wl_html_cell(FILE *out, const json_t *row, const char *const *members, size_t n)
{
	bool first = true;

	(void)fputs("<td>", out);
	for (size_t i = 0; i < n; i++) {
		const char *text = wl_member_text(row, members[i]);
		if (!text[0])
			continue;
		(void)fputs(first ? "" : "<br>", out);
		wl_html_text(out, text);
		first = false;
	}
	(void)fputs("</td>", out);
}

void wl_html_head(FILE *out, const char *title, const char *page)
{
	(void)fputs("<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n"
	            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	            "style-src 'unsafe-inline'\">\n<title>",
	            out);
	(void)fputs(title, out);
	(void)fputs("</title>\n<style>body{font-family:sans-serif}"
	            "table{border-collapse:collapse;width:100%}"
	            "td,th{border:1px solid #666;padding:.3em;text-align:left;vertical-align:top;"
	            "overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}"
	            "pre{font-size:8pt;white-space:pre-wrap;overflow-wrap:anywhere;"
	            "border:1px solid #000;padding:2mm}code{overflow-wrap:anywhere}@page{size:",
	            out);
	(void)fputs(page, out);
	(void)fputs(";margin:1.5cm}</style>\n</head>\n<body>\n", out);
}

FILE *wl_html_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

int wl_html_done(FILE *out)
{
	int bad = ferror(out) ? -EIO : 0;

	return fclose(out) == 0 ? bad : -errno;
}

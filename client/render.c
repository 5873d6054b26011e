/*
 * Laying text out. Names in it may come from an attacker's medium: they pass wl_render_name or
 * arrive already escaped (INTERFACES 2). Runs in the client; keeps nothing.
 */
#include "client/render.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "client/i18n.h"
#include "daemon/base/text.h"

static int width_of(const char *text, size_t n)
{
	size_t pos = 0;
	int width = 0;

	while (pos < n) {
		uint32_t cp;
		if (wl_utf8_next(text, n, &pos, &cp) < 0) {
			pos++;
			width++;
			continue;
		}
		int w = wcwidth((wchar_t)cp);
		width += w < 0 ? 0 : w;
	}
	return width;
}

int wl_render_width(const char *text)
{
	return width_of(text, strlen(text));
}

int wl_render_columns(FILE *out)
{
	struct winsize size;
	int fd = fileno(out);

	if (fd < 0 || !isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

/* One line of input text, wrapped. */
static void wrap_line(FILE *out, const char *line, size_t n, int indent, int columns)
{
	size_t at = 0;
	int column = indent;

	(void)fprintf(out, "%*s", indent, "");
	while (at < n) {
		size_t space = strspn(line + at, " ");
		if (space > n - at)
			space = n - at;
		size_t word = strcspn(line + at + space, " \n");
		if (word > n - at - space)
			word = n - at - space;
		int width = width_of(line + at + space, word);
		if (columns > 0 && column > indent && column + (int)space + width > columns) {
			(void)fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else {
			(void)fprintf(out, "%*s", (int)space, "");
			column += (int)space;
		}
		(void)fwrite(line + at + space, 1, word, out);
		column += width;
		at += space + word;
	}
	(void)fputc('\n', out);
}

void wl_render_wrap(FILE *out, const char *text, int indent, int columns)
{
	do {
		size_t n = strcspn(text, "\n");
		wrap_line(out, text, n, indent, columns);
		text += n;
		if (*text == '\n')
			text++;
	} while (*text);
}

void wl_render_name(const char *name, char *buf, size_t size)
{
	char shown[WL_NAME_SHOWN - 10];
	bool plain = true;

	wl_text_escape(name, strlen(name), shown, sizeof(shown));
	for (const char *c = shown; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			plain = false;
	}
	/* first strong isolate … pop directional isolate */
	(void)snprintf(buf, size, plain ? "\"%s\"" : "\"\xe2\x81\xa8%s\xe2\x81\xa9\"", shown);
}

static bool group_was_met(const struct wl_list_line *lines, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (!strcmp(lines[i].group, lines[at].group))
			return true;
	}
	return false;
}

static void render_group(FILE *out, const struct wl_list_line *lines, size_t n, size_t first,
                         int indent, int columns)
{
	size_t count = 0, shown = 0;

	for (size_t i = first; i < n; i++)
		count += !strcmp(lines[i].group, lines[first].group);
	(void)fprintf(out, "%*s%s: %zu\n", indent, "", lines[first].group, count);
	for (size_t i = first; i < n && shown < WL_LIST_EXAMPLES; i++) {
		if (strcmp(lines[i].group, lines[first].group) != 0)
			continue;
		wl_render_wrap(out, lines[i].text, indent + 4, columns);
		shown++;
	}
	if (count > shown) {
		(void)fprintf(out, "%*s", indent + 4, "");
		(void)fprintf(out, _("... and %zu more"), count - shown);
		(void)fputc('\n', out);
	}
}

void wl_render_list(FILE *out, const struct wl_list_line *lines, size_t n, int indent, int columns)
{
	for (size_t i = 0; i < n; i++) {
		if (n <= WL_LIST_WHOLE)
			wl_render_wrap(out, lines[i].text, indent, columns);
		else if (!group_was_met(lines, i))
			render_group(out, lines, n, i, indent, columns);
	}
}

void wl_render_duration(unsigned long seconds, char *buf, size_t size)
{
	if (seconds >= 3600)
		(void)snprintf(buf, size, "%lu:%02lu:%02lu", seconds / 3600, seconds / 60 % 60,
		               seconds % 60);
	else
		(void)snprintf(buf, size, "%lu:%02lu", seconds / 60, seconds % 60);
}

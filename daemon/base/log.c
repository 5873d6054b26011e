/*
 * The daemons' log: lines on standard error for the journal; see daemon.h.
 *
 * Words from outside may stand in a line, so the whole line is escaped and cut at this boundary.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/daemon.h"
#include "daemon/base/text.h"

#define LINE_BYTES 1024

void wl_log(enum wl_log_level level, const char *format, ...)
{
	char line[LINE_BYTES], shown[LINE_BYTES];
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (n < 0)
		return;
	wl_text_escape(line, strlen(line), shown, sizeof(shown));
	(void)fprintf(stderr, "<%d>%s\n", (int)level, shown);
}

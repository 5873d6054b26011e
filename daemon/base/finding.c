/* Fills a finding; see finding.h for the convention. Runs in every process, keeps no state. */
#include "daemon/base/finding.h"

#include <string.h>

#include "daemon/base/text.h"

/* Where the detail was cut inside a character, that character goes too: messages are strict UTF-8.
 */
static void drop_cut_character(char *text, size_t n)
{
	size_t start = n;

	while (start > 0 && n - start < 3 && ((unsigned char)text[start - 1] & 0xC0U) == 0x80)
		start--;
	if (start == 0 || (unsigned char)text[start - 1] < 0xC0)
		return;
	unsigned char lead = (unsigned char)text[start - 1];
	size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
	if (n - (start - 1) < wanted)
		text[start - 1] = '\0';
}

int(wl_refuse)(struct wl_finding *ret, enum wl_rule rule, const char *format, ...)
{
	va_list ap;

	ret->rule = rule;
	va_start(ap, format);
	int n = vsnprintf(ret->detail, sizeof(ret->detail), format, ap);
	va_end(ap);
	if (n > WL_DETAIL_MAX)
		drop_cut_character(ret->detail, WL_DETAIL_MAX);
	return -EBADMSG;
}

int wl_refuse_claimed(struct wl_finding *ret, enum wl_rule rule, const char *detail)
{
	ret->rule = rule;
	wl_text_escape(detail, strlen(detail), ret->detail, sizeof(ret->detail));
	return -EBADMSG;
}

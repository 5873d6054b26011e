/*
 * The arguments of calls against the table of methods (weighlockd).
 *
 * The caller controls all of it; what leaves here has the kind, the length and the alphabet the
 * table says, and nothing the table does not know. The text of people keeps its letters of any
 * language but no control characters. Pure, no memory of its own.
 */
#include "daemon/broker/args.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/ids.h"
#include "daemon/base/limits.h"
#include "daemon/base/rules.h"
#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

#define INT_MAX_53 ((json_int_t)9007199254740991)

/* Valid UTF-8 without control characters (and, unless lines, without line feeds), 1 to max bytes.
 */
static bool text_is_plain(const json_t *value, size_t max, bool lines)
{
	const char *s = json_string_value(value);
	size_t n = s ? json_string_length(value) : 0;
	if (n == 0 || n > max || strlen(s) != n)
		return false;
	for (size_t pos = 0; pos < n;) {
		uint32_t c;
		if (wl_utf8_next(s, n, &pos, &c) < 0)
			return false;
		bool feed = c == '\n' || c == '\r' || c == '\t';
		if (feed ? !lines
		         : c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
			return false;
	}
	return true;
}

static bool is_line(json_t *v, size_t max)
{
	return text_is_plain(v, max, false);
}

static bool is_words(json_t *v, size_t max)
{
	return json_is_string(v) && (json_string_length(v) == 0 || text_is_plain(v, max, false));
}

static bool is_text(json_t *v, size_t max)
{
	return text_is_plain(v, max, true);
}

/* Lower case in place: ids of ports and devices may be typed in any case. */
static bool is_name(json_t *v, size_t max)
{
	char low[WL_ID_TEXT];
	if (!text_is_plain(v, max < sizeof(low) - 1 ? max : sizeof(low) - 1, false))
		return false;
	const char *s = json_string_value(v);
	size_t n = strlen(s);
	for (size_t i = 0; i <= n; i++)
		low[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 'a' : s[i]);
	return wl_id_is(WL_ID_NAME, low) && json_string_set(v, low) == 0;
}

static bool is_person(json_t *v, size_t max)
{
	(void)max;
	return json_is_string(v) && wl_id_is(WL_ID_PERSON, json_string_value(v));
}

static bool is_ticket(json_t *v, size_t max)
{
	(void)max;
	return json_is_string(v) && wl_id_is(WL_ID_TICKET, json_string_value(v));
}

static bool is_transfer(json_t *v, size_t max)
{
	(void)max;
	const char *s = json_string_value(v);
	if (!s)
		return false;
	size_t digits = strspn(s, "0123456789");
	return wl_id_is(WL_ID_TRANSFER, s) || (digits > 0 && digits <= 6 && !s[digits]);
}

static bool is_rule(json_t *v, size_t max)
{
	(void)max;
	return json_is_string(v) && wl_rule_find(json_string_value(v)) != WL_RULE_NONE;
}

static bool is_int(json_t *v, size_t max)
{
	(void)max;
	return json_is_integer(v) && json_integer_value(v) >= 0 &&
	       json_integer_value(v) <= INT_MAX_53;
}

static bool is_bool(json_t *v, size_t max)
{
	(void)max;
	return json_is_boolean(v);
}

static bool is_digest(json_t *v, size_t max)
{
	(void)max;
	return json_is_string(v) && wl_hex_is_sha256(json_string_value(v));
}

static bool is_file(json_t *v, size_t max)
{
	(void)max;
	return json_is_object(v) && json_object_size(v) == 2 &&
	       text_is_plain(json_object_get(v, "name"), 64, false) &&
	       json_is_string(json_object_get(v, "base64"));
}

static const struct {
	bool (*is)(json_t *value, size_t max);
	bool list;
	const char *expected;
} kinds[WL_ARG_KIND_MAX] = {
        [WL_ARG_WORDS] = {is_words, false, "text"},
        [WL_ARG_LINE] = {is_line, false, "one line of text"},
        [WL_ARG_TEXT] = {is_text, false, "text"},
        [WL_ARG_NAME] = {is_name, false, "[a-z][a-z0-9-]{0,31}"},
        [WL_ARG_PERSON] = {is_person, false, "[a-z][a-z0-9-]{1,31}"},
        [WL_ARG_TICKET] = {is_ticket, false, "[A-Z0-9-]{3,32}"},
        [WL_ARG_TRANSFER] = {is_transfer, false, "STATION-T000042 or 42"},
        [WL_ARG_RULE] = {is_rule, false, "rule id"},
        [WL_ARG_INT] = {is_int, false, "integer from 0"},
        [WL_ARG_DIGEST] = {is_digest, false, "SHA-256, 64 lower-case hex digits"},
        [WL_ARG_BOOL] = {is_bool, false, "true or false"},
        [WL_ARG_DIGESTS] = {is_digest, true, "list of SHA-256, 64 lower-case hex digits"},
        [WL_ARG_RULES] = {is_rule, true, "list of rule ids"},
        [WL_ARG_LINES] = {is_line, true, "list of lines of text"},
        [WL_ARG_FILES] = {is_file, true, "list of {name, base64}"},
};

static bool value_is(const struct wl_arg *row, json_t *value)
{
	if (!kinds[row->kind].list)
		return kinds[row->kind].is(value, row->max);
	if (!json_is_array(value) || json_array_size(value) > WL_ARG_LIST_MAX)
		return false;
	size_t i;
	json_t *element;
	json_array_foreach(value, i,
	                   element) if (!kinds[row->kind].is(element, row->max)) return false;
	return true;
}

static const struct wl_arg *find(const struct wl_arg *table, const char *name)
{
	for (; table->kind != WL_ARG_END; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

int wl_args_check(const struct wl_arg *table, json_t *parameters, const char **ret_parameter,
                  const char **ret_expected)
{
	const char *name;
	json_t *value;
	void *tmp;
	json_object_foreach_safe(parameters, tmp, name, value)
	{
		const struct wl_arg *row = find(table, name);
		*ret_parameter = row ? row->name : name;
		*ret_expected = row ? kinds[row->kind].expected : "no such parameter";
		if (!row)
			return -EINVAL;
		if (json_is_null(value)) {
			(void)json_object_del(parameters, row->name);
			continue;
		}
		if (!value_is(row, value))
			return -EINVAL;
	}
	for (; table->kind != WL_ARG_END; table++) {
		*ret_parameter = table->name;
		*ret_expected = kinds[table->kind].expected;
		if (table->required && !json_object_get(parameters, table->name))
			return -EINVAL;
	}
	return 0;
}

/*
 * The identifiers of INTERFACES 2, checked and formatted; see ids.h.
 *
 * Identifiers come from people, policies, tickets and messages and are believed only in these exact
 * forms. ASCII by byte value, never by locale. Keeps no state.
 */
#include "daemon/base/ids.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/sha256.h"

#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

#define STATION_MIN        2
#define STATION_MAX        8
#define NUMBER_DIGITS      6 /* of transfers and insertions */
#define ITEM_DIGITS        5
#define ENTRY_DIGITS_MAX   16
#define FINGERPRINT_DIGITS 12

/* min to max characters, the first of `first`, the others of `rest`. */
static bool is_word(const char *s, const char *first, const char *rest, size_t min, size_t max)
{
	size_t n = strlen(s);

	return n >= min && n <= max && strspn(s, first) >= 1 && strspn(s + 1, rest) == n - 1;
}

static bool is_digits(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, DIGITS) == n;
}

/* Whether s begins with a station id that ends before *ret_rest. */
static bool skip_station(const char *s, const char **ret_rest)
{
	size_t n = strspn(s, UPPER DIGITS);

	*ret_rest = s + n;
	return n >= STATION_MIN && n <= STATION_MAX;
}

static bool is_numbered(const char *s, char letter)
{
	const char *rest = NULL;

	return skip_station(s, &rest) && rest[0] == '-' && rest[1] == letter &&
	       is_digits(rest + 2, NUMBER_DIGITS);
}

static bool is_station(const char *s)
{
	return is_word(s, UPPER DIGITS, UPPER DIGITS, STATION_MIN, STATION_MAX);
}

static bool is_transfer(const char *s)
{
	return is_numbered(s, 'T');
}

static bool is_item(const char *s)
{
	char head[WL_ID_TEXT];
	const char *dot = strchr(s, '.');

	if (!dot || (size_t)(dot - s) >= sizeof(head) || !is_digits(dot + 1, ITEM_DIGITS))
		return false;
	memcpy(head, s, (size_t)(dot - s));
	head[dot - s] = 0;
	return is_transfer(head);
}

static bool is_insertion(const char *s)
{
	return is_numbered(s, 'I');
}

static bool is_medium(const char *s)
{
	if (s[0] == '?')
		return strlen(s) == 1 + FINGERPRINT_DIGITS &&
		       strspn(s + 1, DIGITS "abcdef") == FINGERPRINT_DIGITS;
	return is_word(s, UPPER DIGITS "-", UPPER DIGITS "-", 3, 16);
}

static bool is_entry(const char *s)
{
	const char *rest = NULL;

	if (!skip_station(s, &rest) || rest[0] != '#')
		return false;
	size_t n = strlen(rest + 1);
	return n >= 1 && n <= ENTRY_DIGITS_MAX && is_digits(rest + 1, n) &&
	       (n == 1 || rest[1] != '0');
}

static bool is_person(const char *s)
{
	return is_word(s, LOWER, LOWER DIGITS "-", 2, 32);
}

static bool is_ticket(const char *s)
{
	return is_word(s, UPPER DIGITS "-", UPPER DIGITS "-", 3, 32);
}

static bool is_name(const char *s)
{
	return is_word(s, LOWER, LOWER DIGITS "-", 1, 32);
}

static bool (*const forms[WL_ID_MAX])(const char *) = {
        [WL_ID_STATION] = is_station,     [WL_ID_TRANSFER] = is_transfer, [WL_ID_ITEM] = is_item,
        [WL_ID_INSERTION] = is_insertion, [WL_ID_MEDIUM] = is_medium,     [WL_ID_ENTRY] = is_entry,
        [WL_ID_PERSON] = is_person,       [WL_ID_TICKET] = is_ticket,     [WL_ID_NAME] = is_name,
};

bool wl_id_is(enum wl_id_kind kind, const char *s)
{
	return s && (int)kind > 0 && kind < WL_ID_MAX && forms[kind](s);
}

void wl_id_transfer(const char *station, uint64_t n, char buf[WL_ID_TEXT])
{
	(void)snprintf(buf, WL_ID_TEXT, "%s-T%06llu", station, (unsigned long long)n);
}

void wl_id_insertion(const char *station, uint64_t n, char buf[WL_ID_TEXT])
{
	(void)snprintf(buf, WL_ID_TEXT, "%s-I%06llu", station, (unsigned long long)n);
}

void wl_id_entry(const char *station, uint64_t seq, char buf[WL_ID_TEXT])
{
	(void)snprintf(buf, WL_ID_TEXT, "%s#%llu", station, (unsigned long long)seq);
}

void wl_id_item(const char *transfer, uint64_t n, char buf[WL_ID_TEXT])
{
	(void)snprintf(buf, WL_ID_TEXT, "%s.%05llu", transfer, (unsigned long long)n);
}

int wl_id_number(enum wl_id_kind kind, const char *id, uint64_t *ret_n)
{
	if (!wl_id_is(kind, id))
		return -EINVAL;
	if (kind == WL_ID_TRANSFER || kind == WL_ID_INSERTION)
		*ret_n = strtoull(strchr(id, '-') + 2, NULL, 10);
	else if (kind == WL_ID_ENTRY)
		*ret_n = strtoull(strchr(id, '#') + 1, NULL, 10);
	else if (kind == WL_ID_ITEM)
		*ret_n = strtoull(strchr(id, '.') + 1, NULL, 10);
	else
		return -EINVAL;
	return 0;
}

int wl_id_fingerprint(const char *vid, const char *pid, const char *serial, uint64_t bytes,
                      char buf[WL_ID_TEXT])
{
	char size[24];
	const char *const parts[] = {vid ? vid : "", pid ? pid : "", serial ? serial : "", size};
	char text[1024];
	size_t at = 0;
	uint8_t digest[WL_SHA256_BYTES];

	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)bytes);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t n = strlen(parts[i]);
		if (n + 1 > sizeof(text) - at)
			return -ENAMETOOLONG;
		memcpy(text + at, parts[i], n);
		text[at + n] = '\n';
		at += n + 1;
	}
	int r = wl_sha256_of(text, at, digest);
	if (r < 0)
		return r;
	buf[0] = '?';
	wl_hex_encode(digest, FINGERPRINT_DIGITS / 2, buf + 1);
	return 0;
}

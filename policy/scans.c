/*
 * Scan ids and times out of paths, and what an export asks for.
 *
 * The paths come from the medium and are hostile; the pattern is the policy's. Matching remembers
 * where it failed, so that no path costs more than its length times the pattern's. What is taken
 * out of a path is a few letters and digits, copied into fields of fixed size. Pure: no clock, no
 * file; nothing here outlives a cut of power. Runs in the broker.
 */
#include "policy/scans.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/limits.h"

enum place { LITERAL, STAR, SCAN, VIEW, DATE, TIME, PLACES };

struct token {
	enum place place;
	char literal;
};

struct pattern {
	struct token v[WL_SCAN_PATTERN_BYTES_MAX];
	size_t n;
};

static const struct {
	const char *name;
	enum place place;
} names[] = {{"{scan}", SCAN}, {"{view}", VIEW}, {"{date}", DATE}, {"{time}", TIME}, {"*", STAR}};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int parse(const char *text, struct pattern *p)
{
	p->n = 0;
	if (strlen(text) > WL_SCAN_PATTERN_BYTES_MAX)
		return -EINVAL;
	while (*text) {
		struct token t = {LITERAL, lower(*text)};
		size_t n = 1;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (strncmp(text, names[i].name, strlen(names[i].name)) != 0)
				continue;
			t.place = names[i].place;
			n = strlen(names[i].name);
		}
		if (t.place == LITERAL && (*text == '{' || *text == '}' || *text == '\\'))
			return -EINVAL;
		p->v[p->n++] = t;
		text += n;
	}
	return 0;
}

int wl_scan_pattern_check(const char *pattern)
{
	struct pattern p;
	size_t count[PLACES] = {0};
	if (parse(pattern, &p) < 0)
		return -EINVAL;
	for (size_t i = 0; i < p.n; i++) {
		count[p.v[i].place]++;
		if (i > 0 && p.v[i].place != LITERAL && p.v[i - 1].place != LITERAL)
			return -EINVAL;
	}
	bool good = count[SCAN] == 1 && count[VIEW] <= 1 && count[DATE] <= 1 &&
	            count[TIME] <= count[DATE];
	return good ? 0 : -EINVAL;
}

/* ---- matching ---- */

struct match {
	const struct pattern *p;
	const char *path;
	size_t n;
	uint8_t *failed; /* a bit for each (token, position) known to lead nowhere */
	struct {
		size_t at, n;
	} taken[PLACES];
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || c == '-' || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* Digits with '-' between groups: 'd' a digit, '-' itself. */
static bool has_shape(const char *s, size_t n, const char *shape)
{
	if (strlen(shape) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (shape[i] == 'd' ? !is_digit(s[i]) : s[i] != shape[i])
			return false;
	return true;
}

static bool fits(enum place place, const char *s, size_t n)
{
	switch (place) {
	case STAR:
		return memchr(s, '/', n) == NULL;
	case DATE:
		return has_shape(s, n, "dddddddd") || has_shape(s, n, "dddd-dd-dd");
	case TIME:
		return has_shape(s, n, "dddd") || has_shape(s, n, "dddddd") ||
		       has_shape(s, n, "dd-dd") || has_shape(s, n, "dd-dd-dd");
	case SCAN:
	case VIEW:
		for (size_t i = 0; i < n; i++)
			if (!is_word(s[i]))
				return false;
		return n > 0 && n <= WL_SCAN_ID_BYTES_MAX;
	default:
		return false;
	}
}

static bool match_from(struct match *m, size_t token, size_t at)
{
	if (token == m->p->n)
		return at == m->n;
	size_t bit = token * (m->n + 1) + at;
	if (m->failed[bit / 8] & (1U << (bit % 8)))
		return false;
	const struct token *t = &m->p->v[token];
	bool good = false;
	if (t->place == LITERAL) {
		good = at < m->n && lower(m->path[at]) == t->literal &&
		       match_from(m, token + 1, at + 1);
	} else {
		size_t longest = t->place == STAR ? m->n - at : WL_SCAN_ID_BYTES_MAX;
		for (size_t n = longest < m->n - at ? longest : m->n - at;; n--) {
			good = fits(t->place, m->path + at, n) && match_from(m, token + 1, at + n);
			if (good) {
				m->taken[t->place].at = at;
				m->taken[t->place].n = n;
			}
			if (good || n == 0)
				break;
		}
	}
	if (!good)
		m->failed[bit / 8] |= (uint8_t)(1U << (bit % 8));
	return good;
}

/* The digits of a date or time, without what stands between them. */
static void digits_of(const struct match *m, enum place place, char buf[9])
{
	size_t n = 0;
	for (size_t i = 0; i < m->taken[place].n && n < 8; i++)
		if (is_digit(m->path[m->taken[place].at + i]))
			buf[n++] = m->path[m->taken[place].at + i];
	buf[n] = '\0';
}

static int two(const char *s)
{
	return (s[0] - '0') * 10 + (s[1] - '0');
}

/* A date that exists, as seconds since 1970; -1 else. */
static int64_t day_of(const char *digits)
{
	struct tm tm = {.tm_year = two(digits) * 100 + two(digits + 2) - 1900,
	                .tm_mon = two(digits + 4) - 1,
	                .tm_mday = two(digits + 6)};
	int month = tm.tm_mon, day = tm.tm_mday;
	int64_t t = timegm(&tm);
	return tm.tm_mon == month && tm.tm_mday == day ? t : -1;
}

static bool take_time(const struct match *m, struct wl_scan *ret)
{
	char date[9] = "", clock[9] = "";
	digits_of(m, DATE, date);
	if (!date[0])
		return true;
	ret->from = day_of(date);
	if (ret->from < 0)
		return false;
	digits_of(m, TIME, clock);
	size_t n = strlen(clock);
	if (n > 0 && (two(clock) > 23 || two(clock + 2) > 59 || (n > 4 && two(clock + 4) > 59)))
		return false;
	ret->from +=
	        n > 0 ? two(clock) * 3600 + two(clock + 2) * 60 + (n > 4 ? two(clock + 4) : 0) : 0;
	ret->to = ret->from + (n == 0 ? 86400 : n == 4 ? 60 : 1);
	ret->has_time = true;
	return true;
}

static void take_text(const struct match *m, enum place place, char buf[WL_SCAN_TEXT])
{
	(void)snprintf(buf, WL_SCAN_TEXT, "%.*s", (int)m->taken[place].n,
	               m->path + m->taken[place].at);
}

bool wl_scan_match(const char *pattern, const void *path, size_t n, struct wl_scan *ret)
{
	struct pattern p;
	struct match m = {.p = &p, .path = path, .n = n};
	*ret = (struct wl_scan){0};
	if (n == 0 || n > WL_VOLUME_PATH_BYTES_MAX || memchr(path, 0, n) || parse(pattern, &p) < 0)
		return false;
	m.failed = calloc(1, (p.n * (n + 1) + 8) / 8);
	if (!m.failed)
		return false;
	bool good = match_from(&m, 0, 0) && take_time(&m, ret);
	if (good) {
		take_text(&m, SCAN, ret->id);
		take_text(&m, VIEW, ret->view);
	}
	free(m.failed);
	return good;
}

/* ---- lists of scan ids ---- */

/* A number of at most 18 digits; ids of letters are only ever equal. */
static bool number_of(const char *id, uint64_t *ret)
{
	size_t n = strspn(id, "0123456789");
	if (n == 0 || id[n] || n > 18)
		return false;
	*ret = strtoull(id, NULL, 10);
	return true;
}

static uint64_t count_of(const struct wl_scan_range *r)
{
	uint64_t first, last;
	if (!r->last[0] || !number_of(r->first, &first) || !number_of(r->last, &last))
		return 1;
	return last - first + 1;
}

uint64_t wl_scan_list_count(const struct wl_scan_list *list)
{
	uint64_t count = 0;
	for (size_t i = 0; i < list->n; i++)
		count += count_of(&list->v[i]);
	return count;
}

static int copy_id(const char *s, size_t n, char buf[WL_SCAN_TEXT])
{
	if (!fits(SCAN, s, n))
		return -EINVAL;
	(void)snprintf(buf, WL_SCAN_TEXT, "%.*s", (int)n, s);
	return 0;
}

static int add_one(struct wl_scan_list *list, const char *s, size_t n)
{
	struct wl_scan_range r = {0};
	uint64_t first, last;
	const char *dots = memmem(s, n, "..", 2);
	if (list->n == WL_SCAN_RANGES_MAX)
		return -E2BIG;
	if (copy_id(s, dots ? (size_t)(dots - s) : n, r.first) < 0)
		return -EINVAL;
	if (dots && (copy_id(dots + 2, n - (size_t)(dots + 2 - s), r.last) < 0 ||
	             !number_of(r.first, &first) || !number_of(r.last, &last) || last < first))
		return -EINVAL;
	if (count_of(&r) > WL_SCAN_COUNT_MAX ||
	    wl_scan_list_count(list) + count_of(&r) > WL_SCAN_COUNT_MAX)
		return -E2BIG;
	list->v[list->n++] = r;
	return 0;
}

int wl_scan_list_add(struct wl_scan_list *list, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, ",");
		int r = add_one(list, text, n);
		if (r < 0)
			return r;
		if (!text[n])
			return 0;
		text += n + 1;
	}
}

static bool range_has(const struct wl_scan_range *r, const char *id)
{
	uint64_t first, last, n;
	if (!r->last[0])
		return strcmp(r->first, id) == 0 ||
		       (number_of(r->first, &first) && number_of(id, &n) && first == n);
	return number_of(r->first, &first) && number_of(r->last, &last) && number_of(id, &n) &&
	       n >= first && n <= last;
}

bool wl_scan_list_has(const struct wl_scan_list *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (range_has(&list->v[i], id))
			return true;
	return false;
}

struct missing {
	void (*tell)(void *user, const char *ids);
	void *user;
	uint64_t first, last;
	bool open;
};

static void end_run(struct missing *m)
{
	char text[2 * WL_SCAN_TEXT];
	if (!m->open)
		return;
	if (m->first == m->last)
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)m->first);
	else
		(void)snprintf(text, sizeof(text), "%llu..%llu", (unsigned long long)m->first,
		               (unsigned long long)m->last);
	m->tell(m->user, text);
	m->open = false;
}

static void missing_of_range(const struct wl_scan_range *r,
                             bool (*found)(void *user, const char *id), struct missing *m)
{
	uint64_t first = 0, last = 0;
	if (!r->last[0] || !number_of(r->first, &first) || !number_of(r->last, &last)) {
		if (!found(m->user, r->first))
			m->tell(m->user, r->first);
		return;
	}
	for (uint64_t n = first; n <= last; n++) {
		char id[WL_SCAN_TEXT];
		(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)n);
		if (found(m->user, id)) {
			end_run(m);
			continue;
		}
		if (!m->open)
			m->first = n;
		m->open = true;
		m->last = n;
	}
	end_run(m);
}

void wl_scan_list_missing(const struct wl_scan_list *list,
                          bool (*found)(void *user, const char *id),
                          void (*missing)(void *user, const char *ids), void *user)
{
	struct missing m = {.tell = missing, .user = user};
	for (size_t i = 0; i < list->n; i++)
		missing_of_range(&list->v[i], found, &m);
}

bool wl_selection_has(const struct wl_selection *s, const struct wl_scan *scan)
{
	if (s->scans.n > 0)
		return wl_scan_list_has(&s->scans, scan->id);
	/* a picture known only by its day belongs to the window where the day touches it */
	return s->has_window && scan->has_time && scan->from - s->offset_s <= s->to &&
	       scan->to - s->offset_s > s->from;
}

/*
 * Times as records hold them, YYYY-MM-DDTHH:MM:SSZ, and nothing else; see text.h.
 *
 * Own calendar arithmetic (proleptic Gregorian): no time zone, no locale, no file is consulted, so
 * it works inside the sandbox and gives the same everywhere.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/text.h"

#define DAY_SECONDS INT64_C(86400)
#define EPOCH_DAYS  INT64_C(719468) /* from 0000-03-01 to 1970-01-01 */
#define ERA_DAYS    INT64_C(146097) /* 400 years */
#define SECONDS_MIN INT64_C(-62167219200)
#define SECONDS_MAX INT64_C(253402300799)
#define FORM        "dddd-dd-ddTdd:dd:ddZ"

struct date {
	int64_t year;
	int64_t month, day; /* from 1 */
};

/* Days since 1970; years begin in March so that the leap day is the last. */
static int64_t days_of(struct date d)
{
	int64_t y = d.month <= 2 ? d.year - 1 : d.year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static struct date date_of(int64_t days)
{
	int64_t z = days + EPOCH_DAYS;
	int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t day_of_era = z - era * ERA_DAYS;
	int64_t year_of_era =
	        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
	        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t m = (5 * day_of_year + 2) / 153;
	struct date d = {.day = day_of_year - (153 * m + 2) / 5 + 1,
	                 .month = m < 10 ? m + 3 : m - 9};

	d.year = year_of_era + era * 400 + (d.month <= 2 ? 1 : 0);
	return d;
}

/* The last n digits of v, which is not negative; by hand: every entry has a time or two. */
static void put_digits(char *at, int64_t v, size_t n)
{
	for (; n > 0; v /= 10)
		at[--n] = (char)('0' + v % 10);
}

void wl_time_format(int64_t seconds, char buf[WL_TIME_TEXT])
{
	if (seconds < SECONDS_MIN)
		seconds = SECONDS_MIN;
	if (seconds > SECONDS_MAX)
		seconds = SECONDS_MAX;
	int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;
	if (rest < 0) {
		rest += DAY_SECONDS;
		days--;
	}
	struct date d = date_of(days);
	memcpy(buf, FORM, sizeof(FORM));
	put_digits(buf, d.year, 4);
	put_digits(buf + 5, d.month, 2);
	put_digits(buf + 8, d.day, 2);
	put_digits(buf + 11, rest / 3600, 2);
	put_digits(buf + 14, rest / 60 % 60, 2);
	put_digits(buf + 17, rest % 60, 2);
}

static int64_t digits(const char *s, size_t n)
{
	int64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (s[i] - '0');
	return v;
}

static bool has_form(const char *s)
{
	if (strlen(s) != sizeof(FORM) - 1)
		return false;
	for (size_t i = 0; i < sizeof(FORM) - 1; i++)
		if (FORM[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != FORM[i])
			return false;
	return true;
}

int wl_time_parse(const char *s, int64_t *ret_seconds)
{
	if (!has_form(s))
		return -EINVAL;
	struct date d = {digits(s, 4), digits(s + 5, 2), digits(s + 8, 2)};
	int64_t hour = digits(s + 11, 2), minute = digits(s + 14, 2), second = digits(s + 17, 2);
	if (d.month < 1 || d.month > 12 || d.day < 1 || hour > 23 || minute > 59 || second > 59)
		return -EINVAL;
	int64_t days = days_of(d);
	struct date back = date_of(days); /* 31 April comes back as 1 May */
	if (back.month != d.month || back.day != d.day)
		return -EINVAL;
	*ret_seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second;
	return 0;
}

/*
 * Reading of numbers with units. The words are the person's own; all of a word must be understood,
 * since "8m" taken for 8 months or 8 minutes would be a decision nobody made.
 */
#include "client/duration.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define INTEGER_MAX ((UINT64_C(1) << 53) - 1)

struct unit {
	const char *name;
	uint64_t factor;
};

/* Digits at the start of *text, which then points behind them and behind spaces. */
static int take_digits(const char **text, uint64_t *ret)
{
	const char *s = *text;
	uint64_t value = 0;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	for (; *s >= '0' && *s <= '9'; s++) {
		value = value * 10 + (uint64_t)(*s - '0');
		if (value > INTEGER_MAX)
			return -EINVAL;
	}
	while (*s == ' ')
		s++;
	*text = s;
	*ret = value;
	return 0;
}

static int take_with_unit(const char *text, const struct unit *units, size_t n, uint64_t *ret)
{
	uint64_t value;
	if (take_digits(&text, &value) < 0)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(units[i].name, text) != 0)
			continue;
		if (value > INTEGER_MAX / units[i].factor)
			return -EINVAL;
		*ret = value * units[i].factor;
		return 0;
	}
	return -EINVAL;
}

int wl_duration_parse(const char *text, int64_t *ret_seconds)
{
	static const struct unit units[] = {
	        {"s", 1}, {"min", 60}, {"h", 3600}, {"", 3600}, {"d", 86400}};
	uint64_t value;
	int r = take_with_unit(text, units, WL_ARRAY_LEN(units), &value);
	if (r == 0)
		*ret_seconds = (int64_t)value;
	return r;
}

int wl_bytes_parse(const char *text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {{"", 1},
	                                    {"K", UINT64_C(1) << 10},
	                                    {"KiB", UINT64_C(1) << 10},
	                                    {"M", UINT64_C(1) << 20},
	                                    {"MiB", UINT64_C(1) << 20},
	                                    {"G", UINT64_C(1) << 30},
	                                    {"GiB", UINT64_C(1) << 30},
	                                    {"T", UINT64_C(1) << 40},
	                                    {"TiB", UINT64_C(1) << 40}};
	return take_with_unit(text, units, WL_ARRAY_LEN(units), ret_bytes);
}

int wl_date_parse(const char *text, int64_t *ret_seconds, int *ret_whole_day)
{
	char whole[WL_TIME_TEXT];
	int is_day = strlen(text) == 10;

	if (is_day)
		(void)snprintf(whole, sizeof(whole), "%.10sT00:00:00Z", text);
	if (ret_whole_day)
		*ret_whole_day = is_day;
	return wl_time_parse(is_day ? whole : text, ret_seconds);
}

int wl_number_parse(const char *text, uint64_t *ret)
{
	uint64_t value;
	if (take_digits(&text, &value) < 0 || *text)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* Durations and sizes as people type them: "8h", "30min", "64M". */
#ifndef WL_CLIENT_DURATION_H
#define WL_CLIENT_DURATION_H

#include <stdint.h>

/* "8h", "8 h", "30min", "2d", "90s"; a number alone is hours. 0 and seconds, or -EINVAL. */
int wl_duration_parse(const char *text, int64_t *ret_seconds);
/* "64M", "64 MiB", "8G", "1048576": binary units, as the policy's. 0 and bytes, or -EINVAL. */
int wl_bytes_parse(const char *text, uint64_t *ret_bytes);
/* "YYYY-MM-DD" (midnight UTC) or "YYYY-MM-DDTHH:MM:SSZ". 0 and seconds since 1970, or -EINVAL.
 * *ret_whole_day (may be NULL) says which it was. */
int wl_date_parse(const char *text, int64_t *ret_seconds, int *ret_whole_day);
/* Digits only, up to 2^53-1. 0 or -EINVAL. */
int wl_number_parse(const char *text, uint64_t *ret);

#endif

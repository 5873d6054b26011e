/*
 * Text that came from outside: strict UTF-8, the escapes of records and of screens, times, sizes.
 *
 * Paths from a medium are shown and recorded only through wl_path_escape (INTERFACES 2); any other
 * text from outside is shown only through wl_text_escape.
 */
#ifndef WL_BASE_TEXT_H
#define WL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strict UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF. */
bool wl_utf8_is_valid(const void *p, size_t n);

/* The next code point of valid UTF-8 at *pos (advanced); -EILSEQ where invalid. */
int wl_utf8_next(const void *p, size_t n, size_t *pos, uint32_t *ret_cp);

/*
 * INTERFACES 2: every byte outside A-Z a-z 0-9 . _ - / ( ) + , = @ and space as %XX.
 * Writes NUL; 0, or -ENAMETOOLONG where buf (size bytes; 3n+1 suffices) is too small.
 */
int wl_path_escape(const void *p, size_t n, char *buf, size_t size);
/* Undoes it; 0, -EINVAL, -ENAMETOOLONG. */
int wl_path_unescape(const char *s, uint8_t *buf, size_t size, size_t *ret_n);

/*
 * For screens, journals and details: printable text stays; C0, C1, DEL, bidi and zero-width
 * controls, line and paragraph separators and invalid bytes become \xNN or \u{NNNN}. Cuts with …
 * where buf is too small. Always NUL-terminated.
 */
void wl_text_escape(const void *p, size_t n, char *buf, size_t size);

#define WL_TIME_TEXT 21                                       /* YYYY-MM-DDTHH:MM:SSZ and NUL */
void wl_time_format(int64_t seconds, char buf[WL_TIME_TEXT]); /* UTC; years 0000 to 9999 clamp */
int wl_time_parse(const char *s, int64_t *ret_seconds);       /* strict; 0 or -EINVAL */

/* "58.4 MB", decimal units as people read them on a stick's label. */
void wl_size_format(uint64_t bytes, char *buf, size_t size);

/* "31.0 GB < 64.0 GB", for a reason in any language; in bytes where both would read the same. */
void wl_size_format_less(uint64_t there, uint64_t needed, char *buf, size_t size);

/* Base64 with padding. encode: buf has 4*((n+2)/3)+1. decode: strict (canonical,
 * no space); 0, -EINVAL, -EMSGSIZE. */
void wl_base64_encode(const void *p, size_t n, char *buf);
int wl_base64_decode(const char *s, size_t n, uint8_t *buf, size_t size, size_t *ret_n);

#endif

/* SHA-256 through libcrypto (fetched once, context reused), and hexadecimal. */
#ifndef WL_BASE_SHA256_H
#define WL_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WL_SHA256_BYTES 32
#define WL_SHA256_HEX   64

struct wl_sha256; /* opaque: one running digest */

/* NULL without memory. Make it before the seccomp filter goes on: libcrypto opens files once. */
struct wl_sha256 *wl_sha256_new(void);
struct wl_sha256 *wl_sha256_free(struct wl_sha256 *s); /* accepts NULL, returns NULL */
int wl_sha256_begin(struct wl_sha256 *s);              /* 0 or -EIO; may be begun again */
int wl_sha256_add(struct wl_sha256 *s, const void *p, size_t n);
int wl_sha256_end(struct wl_sha256 *s, uint8_t ret_digest[WL_SHA256_BYTES]);

/* One shot. 0 or -EIO. */
int wl_sha256_of(const void *p, size_t n, uint8_t ret_digest[WL_SHA256_BYTES]);

/* The whole of a file from offset 0, by pread; leaves the offset alone. 0 or negative errno. */
int wl_sha256_of_fd(int fd, uint8_t ret_digest[WL_SHA256_BYTES], uint64_t *ret_bytes);

/* Lower-case hex with NUL: buf has 2n+1 bytes. */
void wl_hex_encode(const uint8_t *p, size_t n, char *buf);
/* Exactly 2n lower-case hex digits and NUL; 0 or -EINVAL. */
int wl_hex_decode(const char *hex, uint8_t *ret, size_t n);
/* true for exactly 64 lower-case hex digits. */
bool wl_hex_is_sha256(const char *s);

#endif

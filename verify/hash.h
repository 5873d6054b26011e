/* SHA-256 as a Merkle tree needs it (RFC 6962 2.1): one context, used again for every hash. */
#ifndef WL_VERIFY_HASH_H
#define WL_VERIFY_HASH_H

#include <stddef.h>
#include <stdint.h>

#define VERIFY_HASH_BYTES 32
#define VERIFY_TILE_WIDTH 256

struct verify_hash; /* opaque; one per thread */

/* NULL without memory or without SHA-256. */
struct verify_hash *verify_hash_new(void);
struct verify_hash *verify_hash_free(struct verify_hash *h);

/* SHA-256 of n bytes. 0 or -EIO. */
int verify_hash_bytes(struct verify_hash *h, const void *p, size_t n, uint8_t *ret);

/* The same of what comes in parts: begin, any number of parts, end. Each 0 or -EIO. */
int verify_hash_begin(struct verify_hash *h);
int verify_hash_part(struct verify_hash *h, const void *p, size_t n);
int verify_hash_end(struct verify_hash *h, uint8_t *ret);

/* Lower-case hex of n bytes and a NUL. */
void verify_hex(const uint8_t *p, size_t n, char *ret);

/* SHA-256(0x01 || left || right); ret may be either of them. 0 or -EIO. */
int verify_hash_node(struct verify_hash *h, const uint8_t *left, const uint8_t *right,
                     uint8_t *ret);

/* Root of n hashes, n a power of two up to VERIFY_TILE_WIDTH. 0 or -EIO. */
int verify_hash_perfect(struct verify_hash *h, const uint8_t (*hash)[VERIFY_HASH_BYTES], unsigned n,
                        uint8_t *ret);

#endif

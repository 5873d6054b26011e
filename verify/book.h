/*
 * The book of stations: whom an auditor trusts, one line each (weighlock-verify(1), FILES).
 *
 *   weighlock stations book 1
 *   expect 60
 *   station VKEY
 *   ended ORIGIN SUCCESSOR
 *   cosigner VKEY [required]
 */
#ifndef WL_VERIFY_BOOK_H
#define WL_VERIFY_BOOK_H

#include <stdbool.h>

#include "verify/note.h"

#define VERIFY_BOOK_BYTES_MAX (1U << 20)
#define VERIFY_STATIONS_MAX   2000U
#define VERIFY_BOOK_COSIGNERS 16U

struct verify_station {
	struct verify_key key;               /* its name is the origin */
	char successor[VERIFY_NAME_MAX + 1]; /* "" while the ledger goes on */
};

struct verify_book {
	unsigned stations, cosigners, requireds;
	unsigned expected; /* 0: not said */
	struct verify_key known[VERIFY_BOOK_COSIGNERS], required[VERIFY_BOOK_COSIGNERS];
	struct verify_station station[VERIFY_STATIONS_MAX];
};

/* Reads a book. 0, or -EBADMSG with the number of the line that is wrong in *ret_line. */
int verify_book_parse(const char *p, size_t n, struct verify_book *ret, unsigned *ret_line);

/* The station of this origin, or NULL. */
struct verify_station *verify_book_find(struct verify_book *b, const char *origin);

/* Reads a book's file into buf (VERIFY_BOOK_BYTES_MAX + 1 bytes). The number of bytes, 0 for a file
 * that is not there yet, or negative errno. */
long verify_book_load(const char *path, char *buf);

/* The text with one more line; -ENOBUFS beyond VERIFY_BOOK_BYTES_MAX. Writes the file anew, whole
 * or not at all. */
int verify_book_append(const char *path, char *text, size_t n, const char *line);

#endif

/* The signature of headquarters on the book of stations: a detached CMS signature under one pinned
 * certificate (RFC 5652). */
#ifndef WL_VERIFY_HEADQUARTERS_H
#define WL_VERIFY_HEADQUARTERS_H

#include <stddef.h>

/* Where an installation pins it: while this file exists, every book must be signed under it. */
#define VERIFY_HEADQUARTERS WL_SYSCONFDIR "/weighlock/headquarters.pem"

enum verify_pin {
	VERIFY_PIN_GOOD = 0,
	VERIFY_PIN_NONE,       /* no certificate is pinned */
	VERIFY_PIN_OPEN,       /* others can write to the certificate, or it lies beside the book */
	VERIFY_PIN_UNREADABLE, /* not a certificate */
	VERIFY_PIN_UNSIGNED,   /* the book has no signature */
	VERIFY_PIN_WRONG,      /* the signature is not this certificate's, or not of this book */
};

/*
 * Checks a book's text against BOOK.p7s under the certificate in `pin`, or, where that is NULL, in
 * VERIFY_HEADQUARTERS (VERIFY_PIN_NONE where there is no such file). The certificate's file must be
 * its reader's or root's, not to be written by others, and not lie in the book's folder.
 */
enum verify_pin verify_headquarters_check(const char *pin, const char *book_path, const void *text,
                                          size_t n);

/* A sentence for people. */
const char *verify_pin_words(enum verify_pin pin);

#endif

/* The end of a chain of libcrypto's BIOs: hands what is written on to a function of ours. */
#ifndef WL_UPDATE_BIO_SINK_H
#define WL_UPDATE_BIO_SINK_H

#include <openssl/bio.h>
#include <stddef.h>

/* Where bytes go; 0 or negative errno. */
typedef int (*wl_sink_function)(void *user, const void *p, size_t n);

struct wl_sink {
	wl_sink_function put;
	void *user;
	int error; /* the first that `put` returned; nothing is handed on after it */
};

/* A BIO to write to, for as long as *sink lives; NULL without memory. BIO_free. */
BIO *wl_bio_sink(struct wl_sink *sink);
/* Makes the method once, before the system-call filter. 0 or -EIO. */
int wl_bio_sink_prepare(void);

#endif

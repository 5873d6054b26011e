/*
 * A BIO that writes to a function, so that a full disk is told apart from libcrypto's own failures.
 *
 * Runs in worker-tool (sealing) and worker-update (opening). The bytes are plain or sealed
 * pictures; nothing is looked at and nothing is kept.
 */
#include "daemon/update/bio_sink.h"

#include <errno.h>

static BIO_METHOD *method;

static int sink_write(BIO *b, const char *p, size_t n, size_t *ret_n)
{
	struct wl_sink *s = BIO_get_data(b);

	if (s->error == 0)
		s->error = s->put(s->user, p, n);
	*ret_n = s->error == 0 ? n : 0;
	return s->error == 0;
}

static long sink_ctrl(BIO *b, int command, long number, void *pointer)
{
	(void)b;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

int wl_bio_sink_prepare(void)
{
	if (method)
		return 0;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weighlock sink");
	if (!method || BIO_meth_set_write_ex(method, sink_write) != 1 ||
	    BIO_meth_set_ctrl(method, sink_ctrl) != 1)
		return -EIO;
	return 0;
}

BIO *wl_bio_sink(struct wl_sink *sink)
{
	BIO *b = wl_bio_sink_prepare() == 0 ? BIO_new(method) : NULL;

	if (b) {
		BIO_set_data(b, sink);
		BIO_set_init(b, 1);
	}
	return b;
}

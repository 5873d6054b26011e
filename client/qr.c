/*
 * QR codes, made by libqrencode and drawn here.
 *
 * The texts are the station's own key and checkpoint as ledgerd gave them; runs in the client of an
 * auditor or administrator. Level M: a creased page still reads. No state, so power is no matter.
 */
#include "client/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>

#define QUIET  4 /* modules around the code, as the standard asks */
#define MODULE 4 /* pixels of the drawing */

static bool is_dark(const QRcode *q, int x, int y)
{
	return x >= 0 && y >= 0 && x < q->width && y < q->width && (q->data[y * q->width + x] & 1);
}

static int encode(const char *text, QRcode **ret)
{
	*ret = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	return *ret ? 0 : errno == ERANGE ? -EMSGSIZE : -ENOMEM;
}

int wl_qr_svg(FILE *out, const char *text, const char *label)
{
	QRcode *q = NULL;
	int r = encode(text, &q);

	if (r < 0)
		return r;
	int side = q->width + 2 * QUIET;
	(void)fprintf(out,
	              "<svg role=\"img\" aria-label=\"%s\" width=\"%d\" height=\"%d\" "
	              "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
	              "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
	              label, side * MODULE, side * MODULE, side, side, side, side);
	for (int y = 0; y < q->width; y++)
		for (int x = 0; x < q->width; x++)
			if (is_dark(q, x, y))
				(void)fprintf(out, "M%d %dh1v1h-1z", x + QUIET, y + QUIET);
	(void)fputs("\"/></svg>\n", out);
	QRcode_free(q);
	return 0;
}

/* Two rows a line: dark modules are drawn, so it reads on paper. */
int wl_qr_text(FILE *out, const char *text)
{
	static const char *const blocks[] = {" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};
	QRcode *q = NULL;
	int r = encode(text, &q);

	if (r < 0)
		return r;
	for (int y = -QUIET; y < q->width + QUIET; y += 2) {
		for (int x = -QUIET; x < q->width + QUIET; x++)
			(void)fputs(blocks[is_dark(q, x, y) + 2 * is_dark(q, x, y + 1)], out);
		(void)fputc('\n', out);
	}
	QRcode_free(q);
	return 0;
}

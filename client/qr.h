/* QR codes of short texts, for paper: as SVG inside a page, or as blocks in plain text. */
#ifndef WL_CLIENT_QR_H
#define WL_CLIENT_QR_H

#include <stdio.h>

/* Both write one code of `text` with its quiet zone. 0, or negative errno where the text is too
 * long for a code (-EMSGSIZE). */
int wl_qr_svg(FILE *out, const char *text, const char *label);
int wl_qr_text(FILE *out, const char *text);

#endif

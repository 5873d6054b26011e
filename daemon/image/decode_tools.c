/*
 * Which libraries take a picture of a format apart, as they themselves say (requirement C-12).
 *
 * Runs in worker-image, so its word is a claim like any other of that process; it is only recorded.
 * libjpeg-turbo has no way of being asked: the version is that of the headers this was built with.
 * Power: no state.
 */
#include "daemon/image/decode.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <tiffio.h>
#include <zlib.h>

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

/* "LIBTIFF, Version 4.5.0\nCopyright …" */
static const char *tiff_version(char buf[32])
{
	const char *at = strstr(TIFFGetVersion(), "Version ");

	(void)snprintf(buf, 32, "%.*s", at ? (int)strcspn(at + 8, "\n, ") : 0, at ? at + 8 : "");
	return buf;
}

const char *wl_decode_tools(const char *format)
{
	static char said[128];
	char version[32];

	said[0] = '\0';
	if (strcmp(format, "png") == 0)
		(void)snprintf(said, sizeof(said), "libpng %s,zlib %s", png_get_libpng_ver(NULL),
		               zlibVersion());
	else if (strcmp(format, "jpeg") == 0)
		(void)snprintf(said, sizeof(said), "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION));
	else if (strcmp(format, "tiff") == 0)
		(void)snprintf(said, sizeof(said), "libtiff %s,zlib %s", tiff_version(version),
		               zlibVersion());
	return said;
}

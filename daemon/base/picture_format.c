/*
 * The formats of pictures by name, and what a file's name says of its content; see work_picture.h.
 *
 * The path is the medium's and may be anything; only the bytes behind its last dot are compared
 * with a closed list. Pure. Runs in the broker and in the client.
 */
#include <string.h>
#include <strings.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/work_picture.h"

static const struct {
	enum wl_source_format format;
	const char *name;
} formats[] = {
        {WL_FORMAT_PNG, "png"},
        {WL_FORMAT_JPEG, "jpeg"},
        {WL_FORMAT_BMP, "bmp"},
        {WL_FORMAT_TIFF, "tiff"},
};

static const struct {
	const char *extension, *name;
} extensions[] = {
        {"png", "png"}, {"jpg", "jpeg"}, {"jpeg", "jpeg"}, {"jpe", "jpeg"},  {"jfif", "jpeg"},
        {"bmp", "bmp"}, {"dib", "bmp"},  {"tif", "tiff"},  {"tiff", "tiff"},
};

const char *wl_picture_format_name(enum wl_source_format format)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(formats); i++)
		if (formats[i].format == format)
			return formats[i].name;
	return "";
}

enum wl_source_format wl_picture_format_find(const char *name)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].format;
	return (enum wl_source_format)0;
}

const char *wl_picture_format_of_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash ? slash + 1 : path, '.');

	if (!dot || !dot[1])
		return "";
	for (size_t i = 0; i < WL_ARRAY_LEN(extensions); i++)
		if (strcasecmp(extensions[i].extension, dot + 1) == 0)
			return extensions[i].name;
	return "other";
}

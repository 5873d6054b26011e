/*
 * The table of messages and of their fields, made from messages.def; see message.h.
 *
 * Constant data and look-ups only, in every process. A type may stand twice, as request and as its
 * reply: the pair of type and kind names a row.
 */
#include "daemon/base/message.h"

#define R(tag, max)                                                                                \
	{                                                                                          \
		WL_T_##tag, true, max                                                              \
	}
#define O(tag, max)                                                                                \
	{                                                                                          \
		WL_T_##tag, false, max                                                             \
	}

static const struct wl_message_row rows[WL_MSG_MAX] = {
#define TAG(...)
#define MSG(sym, text, number, kind_, from_, to_, fd_, ...)                                        \
	[WL_MSG_##sym] = {.name = (text),                                                          \
	                  .type = (number),                                                        \
	                  .kind = (kind_),                                                         \
	                  .from = (from_),                                                         \
	                  .to = (to_),                                                             \
	                  .fd = (fd_),                                                             \
	                  .fields = {__VA_ARGS__}},
#include "daemon/base/messages.def"
#undef TAG
#undef MSG
};

static const struct {
	const char *name;
	enum wl_wire wire;
} tags[WL_T_MAX] = {
#define TAG(sym, number, wire) [number] = {#sym, wire},
#define MSG(...)
#include "daemon/base/messages.def"
#undef TAG
#undef MSG
};

const struct wl_message_row *wl_message_row(enum wl_message_id id)
{
	if ((int)id <= WL_MSG_NONE || id >= WL_MSG_MAX)
		return NULL;
	return &rows[id];
}

enum wl_message_id wl_message_find(uint16_t type, unsigned kind)
{
	for (unsigned i = WL_MSG_NONE + 1; i < WL_MSG_MAX; i++)
		if (rows[i].type == type && (unsigned)rows[i].kind == kind)
			return (enum wl_message_id)i;
	return WL_MSG_NONE;
}

const char *wl_tag_name(uint16_t tag)
{
	return tag < WL_T_MAX && tags[tag].name ? tags[tag].name : "";
}

enum wl_wire wl_tag_wire(uint16_t tag)
{
	return tag < WL_T_MAX ? tags[tag].wire : (enum wl_wire)0;
}

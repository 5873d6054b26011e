# what all processes share
noinst_LIBRARIES += daemon/base/libwl_base.a
daemon_base_libwl_base_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
daemon_base_libwl_base_a_SOURCES = \
	daemon/base/bytes.h daemon/base/cleanup.h daemon/base/limits.h \
	daemon/base/messages.def daemon/base/message.h daemon/base/channel.h \
	daemon/base/rules.def daemon/base/rules.h daemon/base/rules.c \
	daemon/base/events.def daemon/base/events.h daemon/base/events.c \
	daemon/base/finding.h daemon/base/finding.c

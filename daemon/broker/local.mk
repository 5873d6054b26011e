# what daemon/broker builds and tests
noinst_LIBRARIES += daemon/broker/libwl_control.a
daemon_broker_libwl_control_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS)
daemon_broker_libwl_control_a_SOURCES = \
	daemon/broker/frame.h daemon/broker/frame.c daemon/broker/rate.h daemon/broker/rate.c \
	daemon/broker/call.h daemon/broker/call.c daemon/broker/server.h daemon/broker/server.c \
	daemon/broker/language.h daemon/broker/language.c \
	daemon/broker/args.h daemon/broker/args.c \
	daemon/broker/transfer.h daemon/broker/transfer_table.c daemon/broker/transfer_fold.c
varlinkdir = $(datadir)/varlink
dist_varlink_DATA = daemon/broker/ca.weighlock.Station.varlink
EXTRA_DIST += daemon/broker/methods.def docs/control-objects.md

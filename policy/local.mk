# the policy, tickets, and the decisions as pure functions; what drives the workers to them
noinst_LIBRARIES += policy/libwl_policy.a
policy_libwl_policy_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS) $(JANSSON_CFLAGS)
policy_libwl_policy_a_SOURCES = \
	policy/model.h policy/ticket.h policy/items.h policy/items.c policy/names.h policy/litter.h \
	policy/decide.h policy/people.h policy/destination.h policy/manifest.h policy/inspect.h \
	policy/drive.h policy/new.h
# for whoever links it; base stands last
wl_policy_libs = policy/libwl_policy.a $(YAML_LIBS) $(JANSSON_LIBS) $(wl_base_libs)

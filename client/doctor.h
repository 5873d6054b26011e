/*
 * `doctor`: a table of checks, each with what was found and how to mend it. Reads only.
 */
#ifndef WL_CLIENT_DOCTOR_H
#define WL_CLIENT_DOCTOR_H

#include "client/cli.h"

enum wl_health { WL_HEALTH_OK = 0, WL_HEALTH_WARN, WL_HEALTH_NO };

#define WL_HEALTH_TEXT 400

/* What one check found: translated sentences; mend "" where nothing is to be done. */
struct wl_finding_health {
	enum wl_health health;
	char words[WL_HEALTH_TEXT], mend[WL_HEALTH_TEXT];
};

/* Fills *ret and returns nothing, so that a check ends with one line. */
void wl_health_set(struct wl_finding_health *ret, enum wl_health health, const char *mend,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

typedef void wl_doctor_check(struct wl_cli *cli, struct wl_finding_health *ret);

/* doctor_kernel.c */
wl_doctor_check wl_doctor_userns, wl_doctor_landlock, wl_doctor_seccomp, wl_doctor_sandbox,
        wl_doctor_clock;
/* doctor_places.c */
wl_doctor_check wl_doctor_users, wl_doctor_folders, wl_doctor_disk, wl_doctor_encryption;
/* doctor_station.c */
wl_doctor_check wl_doctor_sockets, wl_doctor_control, wl_doctor_keys, wl_doctor_policy,
        wl_doctor_faults, wl_doctor_mirror;

#endif

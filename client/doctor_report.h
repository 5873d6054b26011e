/* `doctor --report F`: a file for whoever helps. */
#ifndef WL_CLIENT_DOCTOR_REPORT_H
#define WL_CLIENT_DOCTOR_REPORT_H

#include "client/doctor.h"

/* One line of the report: a check and how it ended. `words` NULL: not to be given away. */
struct wl_doctor_line {
	const char *check, *health, *words;
};

/*
 * Writes the report to a new file at `path`: what this machine and program are, the checks, the
 * station's state, and how many transfers there are by state and rule. Nothing of it came from a
 * medium, a ticket or a person: no name of a file, device, person or case. Exit status, after the
 * person was told.
 */
int wl_doctor_report(struct wl_cli *cli, const char *path, const struct wl_doctor_line *lines,
                     size_t n);

#endif

/*
 * The files of a ticket: NAME.ticket.json and NAME.ticket.N.p7s beside it (INTERFACES 4).
 */
#ifndef WL_CLIENT_TICKET_FILES_H
#define WL_CLIENT_TICKET_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Does the name end as a ticket's must? */
bool wl_ticket_name_is_good(const char *path);

#define WL_TICKET_SIGNATURES_MAX 16
/* Path of the n-th signature (1 to 16). 0, -EINVAL (no ticket's name), -ENAMETOOLONG. */
int wl_ticket_signature_path(const char *ticket_path, unsigned n, char *buf, size_t size);

/* The first number for which there is no file yet; 0 where all 16 are taken. */
unsigned wl_ticket_signature_free(const char *ticket_path);

#endif

/* Roles as bits: what a method asks for and what a person has. */
#ifndef WL_BROKER_ROLES_H
#define WL_BROKER_ROLES_H

enum wl_role_bit {
	WL_TECHNICIAN = 1 << 0,
	WL_INVESTIGATOR = 1 << 1,
	WL_APPROVER = 1 << 2,
	WL_AUDITOR = 1 << 3,
	WL_CUSTODIAN = 1 << 4,
	WL_ADMINISTRATOR = 1 << 5,
	WL_SETUP = 1 << 6,  /* member of weighlock-setup while there is no policy */
	WL_ANYBODY = 1 << 7 /* whoever may connect: changes nothing and tells nothing */
};
#define WL_EVERY_ROLE                                                                              \
	(WL_TECHNICIAN | WL_INVESTIGATOR | WL_APPROVER | WL_AUDITOR | WL_CUSTODIAN |               \
	 WL_ADMINISTRATOR)

/* "technician" for one bit; "" for none or several. */
const char *wl_role_bit_name(unsigned bit);
/* 0 where unknown. */
unsigned wl_role_bit_find(const char *name);

#endif

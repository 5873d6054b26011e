/*
 * The policy in memory: what policy.yaml says (INTERFACES 5), checked, read-only.
 *
 * wl_policy_read makes it from bytes whose signature was verified before (drive.h); everything in
 * it is known to be well-formed, its references resolved, its limits not above the built-in ones.
 * Lists keep the order of the file. Nothing is changed after reading: threads may share one
 * struct wl_policy. All strings belong to it.
 */
#ifndef WL_POLICY_MODEL_H
#define WL_POLICY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/ids.h"
#include "daemon/base/rules.h"
#include "daemon/base/sha256.h"

/* ---- words of the grammar: each set has its names in schema.def ---- */

enum wl_mode { WL_MODE_OPERATIONAL = 1, WL_MODE_TEST };

/* Roles of people: bits. */
enum wl_person_role {
	WL_PERSON_TECHNICIAN = 1,
	WL_PERSON_INVESTIGATOR = 2,
	WL_PERSON_APPROVER = 4,
	WL_PERSON_AUDITOR = 8,
	WL_PERSON_CUSTODIAN = 16,
	WL_PERSON_ADMINISTRATOR = 32,
	WL_PERSON_ALL = 63,
	WL_PERSON_SETUP =
	        64, /* member of weighlock-setup before the first policy; never in a policy */
};

enum wl_port_use { WL_PORT_SOURCE = 1, WL_PORT_DESTINATION };
enum wl_trust_role {
	WL_TRUST_AUTHORITY = 1,
	WL_TRUST_VENDOR,
	WL_TRUST_RECIPIENT,
	WL_TRUST_COSIGNER /* countersigns the ledger */
};
enum wl_signature_format { WL_SIGNED_CMS_DETACHED = 1, WL_SIGNED_NONE };
enum wl_demand { WL_REQUIRED = 1, WL_NONE };
enum wl_volume_format { WL_VOLUME_FAT32 = 1, WL_VOLUME_EXFAT };
enum wl_names_profile { WL_NAMES_ANY = 1, WL_NAMES_DOS_SAFE, WL_NAMES_HI_SCAN };
enum wl_note_place { WL_NOTE_STATION = 1, WL_NOTE_ON_MEDIUM };
enum wl_ticket_channel { WL_CHANNEL_ANY = 1, WL_CHANNEL_SEPARATE };
enum wl_litter_word { WL_LITTER_WORD_LEAVE = 1, WL_LITTER_WORD_REFUSE };
enum wl_destination_demand { WL_DEST_PREPARED = 1, WL_DEST_REGISTERED, WL_DEST_ANY };
enum wl_wipe_word { WL_WIPE_QUICK = 1, WL_WIPE_FULL };
enum wl_encrypt_word { WL_ENCRYPT_OPTIONAL = 1, WL_ENCRYPT_REQUIRED, WL_ENCRYPT_NEVER };
enum wl_unknown_size_word { WL_UNKNOWN_SIZE_REFUSE = 1, WL_UNKNOWN_SIZE_PASS };
enum wl_purpose_word { WL_PURPOSE_CODE_SIGNING = 1, WL_PURPOSE_ANY };
enum wl_archive_format {
	WL_ARCHIVE_TAR = 1,
	WL_ARCHIVE_TAR_GZIP = 2,
	WL_ARCHIVE_ZIP = 4
};                                                                      /* bits */
enum wl_output_kind { WL_OUTPUT_SCRUBBED = 1, WL_OUTPUT_EVIDENCE = 2 }; /* bits */
enum wl_language { WL_LANGUAGE_EN = 1, WL_LANGUAGE_FR = 2 };            /* bits */
enum wl_picture_word {                                                  /* bits */
	               WL_PICTURE_PNG = 1,
	               WL_PICTURE_JPEG = 2,
	               WL_PICTURE_BMP = 4,
	               WL_PICTURE_TIFF = 8
};
enum wl_escort_word { WL_ESCORT_ANY = 1, WL_ESCORT_QUALIFIED };
enum wl_approval_need { WL_NEED_SAMPLES_SEEN = 1 };

/* ---- the parts ---- */

struct wl_policy_texts {
	char **v;
	size_t n;
};

struct wl_policy_person {
	char id[WL_ID_TEXT];
	unsigned line, column;
	struct wl_policy_texts accounts;  /* Unix names; "uid:N" only in mode test */
	unsigned roles;                   /* enum wl_person_role bits */
	int64_t not_after;                /* 0: no end */
	struct wl_policy_texts qualified; /* models this person may escort at */
};

struct wl_policy_port {
	char id[WL_ID_TEXT];
	unsigned line, column;
	char *match; /* "usb:PATH" or "loop:MINOR": handed to mediad as it is */
	enum wl_port_use use;
};

struct wl_policy_trust {
	char id[WL_ID_TEXT];
	unsigned line, column;
	enum wl_trust_role role;
	char *certificate; /* file of the signer's own certificate, or NULL */
	char *issuer;      /* file of an issuing CA, or NULL. Exactly one of the four is there */
	bool has_sha256, has_spki_sha256;
	uint8_t sha256[WL_SHA256_BYTES];      /* of the file's DER */
	uint8_t spki_sha256[WL_SHA256_BYTES]; /* pins the signer itself */
	char *vkey;                           /* of a cosigner (base/cosigner.h), or NULL */
	char person[WL_ID_TEXT];              /* the auditor a cosigner's key belongs to */
	enum wl_purpose_word purpose;         /* 0: none said */
	int64_t not_after;                    /* 0: no end */
};

struct wl_policy_vendor {
	char id[WL_ID_TEXT];
	unsigned line, column;
	enum wl_signature_format signature;
	struct wl_policy_texts anchors; /* trust ids, role vendor */
	uint64_t signers;               /* distinct keys that must have signed */
	enum wl_demand ticket;
	uint64_t authority_signers;
	char *folder; /* where the package lies on the medium; NULL: at the root */
};

struct wl_policy_floor {
	char id[WL_ID_TEXT]; /* component */
	unsigned line, column;
	uint64_t release;
};

struct wl_policy_mask {
	unsigned line, column;
	uint64_t width, height;
	uint64_t rect[4]; /* x, y, width, height */
	char *why;
};

struct wl_policy_device {
	char id[WL_ID_TEXT];
	unsigned line, column;
	char vendor[WL_ID_TEXT];
	char *model;
	char *serial;
	enum wl_volume_format volume;
	enum wl_names_profile names;
	enum wl_note_place delivery_note;
	struct wl_policy_floor *floors;
	size_t nfloors;
	char *scan_path;
	uint64_t overwrite_horizon_s;
	struct wl_policy_mask *masks;
	size_t nmasks;
	enum wl_unknown_size_word mask_unknown_size;
};

/* A pair of roles no person may hold together. */
struct wl_policy_conflict {
	unsigned line, column;
	unsigned roles; /* two bits */
};

/* Who may maintain devices: an organisation, and its engineers where they are named. */
struct wl_policy_organisation {
	char id[WL_ID_TEXT];
	unsigned line, column;
	char *name;
	struct wl_policy_texts vendors, engineers;
	int64_t not_after; /* 0: no end */
};

struct wl_policy {
	uint8_t sha256[WL_SHA256_BYTES]; /* of the bytes of policy.yaml */
	uint64_t grammar;                /* 1 */
	uint64_t version;
	struct {
		char id[WL_ID_TEXT];
		enum wl_mode mode;
		char *origin;
		unsigned languages; /* enum wl_language bits */
		unsigned line, column;
	} station;
	struct wl_policy_person *people;
	size_t npeople;
	struct wl_policy_conflict *conflicts;
	size_t nconflicts;
	struct wl_policy_port *ports;
	size_t nports;
	struct wl_policy_trust *trust;
	size_t ntrust;
	struct wl_policy_vendor *vendors;
	size_t nvendors;
	struct wl_policy_device *devices;
	size_t ndevices;
	struct {
		enum wl_ticket_channel ticket_channel;
		unsigned archives; /* enum wl_archive_format bits */
		enum wl_litter_word os_litter;
		uint64_t approvals;
	} inbound;
	struct {
		unsigned outputs, formats;
		struct wl_policy_texts authorities, recipients;
		enum wl_encrypt_word encrypt;
		uint64_t approvals;
		uint64_t transfer_pictures, transfer_bytes; /* of one export */
		uint64_t day_pictures;                      /* of one person within 24 hours */
	} outbound;
	struct {
		uint64_t valid_s;
		unsigned needs;
	} approvals;
	struct {
		uint64_t confirm_every_s;
		bool required; /* no update without one */
		enum wl_escort_word escorts;
		struct wl_policy_organisation *organisations; /* none: not asked */
		size_t norganisations;
	} visits;
	struct {
		enum wl_destination_demand require;
		enum wl_wipe_word wipe;
	} destination;
	struct {
		uint64_t quota_bytes;
		bool require_encrypted_disk;
		uint64_t keep_refused_s;
	} vault;
	struct {
		uint64_t cosignature_max_age_s;
	} ledger;
	struct {
		uint64_t transfer_files;
		uint64_t transfer_bytes;
		uint64_t image_side;
	} limits; /* always filled: the built-in limit where the policy lowers nothing */
};

/* ---- what is wrong with a policy ---- */

#define WL_POLICY_WORD_MAX   80
#define WL_POLICY_ERRORS_MAX 100

struct wl_policy_error {
	enum wl_rule rule; /* policy.* */
	bool warning;
	unsigned line, column; /* from 1; 0: of the whole (a file, the set) */
	const char
	        *text; /* a marked sentence with {key} {word} {expected} {nearest} {line} places */
	char key[WL_POLICY_WORD_MAX + 1];      /* dotted: "vendors.acme.signers" */
	char word[WL_POLICY_WORD_MAX + 1];     /* what stands there, escaped */
	char expected[WL_POLICY_WORD_MAX + 1]; /* what would do */
	char nearest[WL_POLICY_WORD_MAX + 1];  /* the nearest valid word, or "" */
	unsigned nearest_line; /* where that is defined, 0 where it is a word of the grammar */
};

struct wl_policy_errors {
	struct wl_policy_error v[WL_POLICY_ERRORS_MAX];
	size_t n;      /* in the order of lines */
	size_t errors; /* without warnings; may be more than are kept */
	size_t warnings;
};

/* Renders one error in gettext's language, without file, line and column. Like snprintf. */
size_t wl_policy_error_render(const struct wl_policy_error *e, char *buf, size_t size);

/*
 * Reads and checks policy.yaml: grammar, schema, cross references, lock-outs. Errors are collected
 * (the grammar stops at the first one; what comes after it is found all at once).
 * 0: *ret is the policy (there may be warnings); -EBADMSG: *ret_errors has at least one error;
 * -ENOMEM, -EIO. *ret_errors is always filled. Frees with wl_policy_free.
 */
int wl_policy_read(const void *p, size_t n, struct wl_policy **ret,
                   struct wl_policy_errors *ret_errors);
struct wl_policy *wl_policy_free(struct wl_policy *p); /* accepts NULL, returns NULL */
void wl_policy_cleanup(struct wl_policy **p);          /* for WL_CLEANUP(wl_policy_cleanup) */

/* A file beside policy.yaml: its name and the digest of its DER (wl_policy_der_digest). */
struct wl_policy_file {
	const char *name;
	uint8_t sha256[WL_SHA256_BYTES];
	bool readable; /* false: there, but no certificate in PEM or DER */
};

/*
 * The SHA-256 of a certificate file's DER: of the one CERTIFICATE block of a PEM file, or of the
 * file itself where it begins as DER. Decodes base64, reads no ASN.1. 0, -EBADMSG, -EIO.
 */
int wl_policy_der_digest(const void *p, size_t n, uint8_t ret[WL_SHA256_BYTES]);

/* Whether a file of that name may be one of a policy's: at most WL_POLICY_FILE_NAME_MAX letters,
 * digits and ._- , not hidden. And: whether it is taken along with a proposal, being policy.yaml,
 * its signature, or named as certificates are. */
bool wl_policy_file_name_is_plain(const char *name, size_t n);
bool wl_policy_file_is_wanted(const char *name, size_t n);

/*
 * Every file the policy names is there and has the digest the policy says (policy.reference), and
 * there is no other (files named policy.yaml and policy.yaml.p7s are not counted). Adds to *errors.
 * 0 or -EBADMSG.
 */
int wl_policy_check_files(const struct wl_policy *p, const struct wl_policy_file *files, size_t n,
                          struct wl_policy_errors *errors);

/* Names of the files the policy names, each once, in its order: borrowed. Returns how many there
 * are; fills at most `max`. */
size_t wl_policy_files(const struct wl_policy *p, const char **names, size_t max);

/*
 * May this policy be loaded at this station? Station id and origin must be those of entry 0
 * (policy.reference), the version above `version` of the one in force (0: none)
 * (policy.version-floor). Adds to *errors; 0 or -EBADMSG.
 */
int wl_policy_check_station(const struct wl_policy *p, const char *station, const char *origin,
                            uint64_t version, struct wl_policy_errors *errors);

/* ---- finding things; NULL where there is none. Ids of ports and devices in any case. ---- */

const struct wl_policy_person *wl_policy_person(const struct wl_policy *p, const char *id);
/* By account: "uid:N" matches `uid` (mode test), a name matches `name` (may be NULL). */
const struct wl_policy_person *wl_policy_person_of(const struct wl_policy *p, uid_t uid,
                                                   const char *name);
const struct wl_policy_port *wl_policy_port(const struct wl_policy *p, const char *id);
const struct wl_policy_trust *wl_policy_trust(const struct wl_policy *p, const char *id);
const struct wl_policy_vendor *wl_policy_vendor(const struct wl_policy *p, const char *id);
const struct wl_policy_device *wl_policy_device(const struct wl_policy *p, const char *id);
/* The policy's floor of a component on a device; 0 where it names none. */
uint64_t wl_policy_floor(const struct wl_policy_device *d, const char *component);

/* ---- names of words, for records and screens; "" for 0 ---- */

const char *wl_mode_name(enum wl_mode mode);
const char *wl_person_role_name(enum wl_person_role one_bit); /* "technician" */
unsigned wl_person_role_of(const char *name);                 /* 0 where unknown */
const char *wl_port_use_name(enum wl_port_use use);
const char *wl_signature_format_name(enum wl_signature_format f); /* "cms-detached", "none" */
const char *wl_demand_name(enum wl_demand d);
const char *wl_volume_format_name(enum wl_volume_format f); /* "fat32" */
const char *wl_names_profile_name(enum wl_names_profile n);
const char *wl_archive_format_name(enum wl_archive_format one_bit); /* "tar-gzip" */

#endif

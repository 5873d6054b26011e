/* May this medium be written to? One pure decision over what is known about it. */
#ifndef WL_POLICY_DESTINATION_H
#define WL_POLICY_DESTINATION_H

#include "policy/decide.h"
#include "policy/model.h"

struct wl_destination_facts {
	const struct wl_policy *policy;
	const char *device; /* id, for the policy key; may be NULL */
	const char *port;   /* id, for the policy key; may be NULL */
	bool present;
	bool port_is_destination;
	bool is_source;    /* the same insertion or medium as the transfer's source */
	bool prepared;     /* its head equals a medium.prepared nothing voids (a fact of digest) */
	bool was_prepared; /* some medium.prepared names this medium: it was ours once */
	bool registered;   /* in the register of media */
	uint64_t bytes;    /* size of the medium */
	enum wl_volume_format volume; /* what would be built; 0: FAT32 */
	const uint64_t *files;        /* sizes to be written; NULL with nfiles 0: prepare */
	size_t nfiles;
};

/*
 * All failing rules of stage 3 or 13: medium.direction-wrong (the port's use), destination.missing,
 * destination.is-source, destination.not-ours (nothing here ever prepared or registered it),
 * destination.not-clean (prepared once, written since), destination.file-too-large (of a FAT32),
 * destination.too-small. Empty: yes. `ret_key` (WL_POLICY_KEY_MAX bytes, may be NULL): policy key.
 */
void wl_decide_destination(const struct wl_destination_facts *f, struct wl_rules *ret_rules,
                           char *ret_key);

/*
 * What is wrong with it, for the place {detail} of the rule's sentence: the port, of
 * destination.too-small also the medium's size and what is needed ("b1: 2.1 GB < 4.3 GB"); no word
 * of any language. At least 64 bytes.
 */
void wl_destination_detail(const struct wl_destination_facts *f, enum wl_rule rule, char *buf,
                           size_t size);

/* The smallest medium that holds these files in a volume of this format (INTERFACES 7: the
 * partition begins at LBA 2048, a FAT32 has at least 65,525 clusters), an upper bound that counts
 * folders as `nfolders` clusters. */
uint64_t wl_destination_bytes_needed(enum wl_volume_format volume, const uint64_t *files,
                                     size_t nfiles, size_t nfolders, uint64_t medium_bytes);

/*
 * What a medium with these files is built as: exFAT where one is larger than FAT32 can hold and
 * whoever is to read it does read exFAT, FAT32 in every other case. An update's medium is for the
 * device, by its profile (`device` NULL: FAT32); an export's is for anybody with a computer.
 */
enum wl_volume_format wl_destination_volume(const struct wl_policy_device *device, bool outbound,
                                            const uint64_t *files, size_t nfiles);

/* FAT32's largest file. */
#define WL_FAT32_FILE_BYTES_MAX UINT64_C(0xFFFFFFFF)

#endif

/*
 * Every limit on what comes from outside, in one place: quoted in weighlock-limits(7) and tested at
 * N and at N+1. The policy may lower those marked (policy), never raise one.
 */
#ifndef WL_BASE_LIMITS_H
#define WL_BASE_LIMITS_H

#define WL_KIB(n) ((uint64_t)(n) << 10)
#define WL_MIB(n) ((uint64_t)(n) << 20)
#define WL_GIB(n) ((uint64_t)(n) << 30)

/* messages between processes */
#define WL_MESSAGE_BYTES_MAX  65536U
#define WL_MESSAGE_FIELDS_MAX 24U
#define WL_ERROR_DETAIL_MAX   200U

/* transfers */
#define WL_TRANSFER_FILES_MAX 20000U     /* (policy) */
#define WL_TRANSFER_BYTES_MAX WL_GIB(32) /* (policy) */

/* volumes */
#define WL_VOLUME_METADATA_BYTES_MAX WL_MIB(64)
#define WL_VOLUME_FILES_MAX          100000U /* files and folders; a transfer takes fewer */
#define WL_VOLUME_DEPTH_MAX          16U
#define WL_VOLUME_PATH_BYTES_MAX     1024U /* UTF-8, whole path */
#define WL_VOLUME_NAME_UNITS_MAX     255U  /* UTF-16 units, one name */

/* signatures */
#define WL_SIGNATURE_FILE_BYTES_MAX       WL_KIB(64)
#define WL_SIGNATURE_SIGNERS_MAX          4U
#define WL_SIGNATURE_CERTIFICATES_MAX     8U
#define WL_SIGNATURE_ATTRIBUTES_BYTES_MAX 4096U
#define WL_SIGNATURE_VALUE_BYTES_MAX      1024U
#define WL_SPKI_BYTES_MAX                 2048U
#define WL_CERTIFICATE_FILE_BYTES_MAX     WL_KIB(64)
#define WL_KEY_FILE_BYTES_MAX             WL_KIB(64)
#define WL_MANIFEST_FILE_BYTES_MAX        WL_MIB(8)

/* tickets and policies */
#define WL_TICKET_BYTES_MAX       WL_KIB(64)
#define WL_TICKET_FILES_MAX       20000U
#define WL_TICKET_SERIALS_MAX     1000U
#define WL_POLICY_BYTES_MAX       WL_KIB(256)
#define WL_POLICY_FILES_BYTES_MAX WL_KIB(40) /* through PolicyPropose, together */
#define WL_POLICY_FILES_MAX       32U
#define WL_POLICY_FILE_NAME_MAX   64U

/* pictures */
#define WL_IMAGE_SIDE_MAX          32768U      /* pixels (policy) */
#define WL_IMAGE_SAMPLES_BYTES_MAX WL_MIB(192) /* width * height * channels * bytes of a sample */
#define WL_IMAGE_DECODER_BYTES_MAX WL_MIB(96)  /* what a decoder may hold besides the samples */
#define WL_IMAGE_SOURCE_BYTES_MAX  WL_MIB(200) /* a source file */
#define WL_IMAGE_PAGES_MAX         64U         /* of one source */
#define WL_IMAGE_CHUNKS_MAX        65536U      /* PNG chunks, JPEG segments */
#define WL_IMAGE_SCANS_MAX         100U        /* of a progressive JPEG */
#define WL_IMAGE_TIFF_ENTRIES_MAX  256U        /* of one directory */
#define WL_IMAGE_TIFF_STRIPS_MAX   65536U      /* strips or tiles of one page */
#define WL_IMAGE_MASKS_MAX         32U         /* of one device */
#define WL_PICTURE_DEADLINE_MS     120000U     /* of each process of one picture */
#define WL_PICTURE_REMOVED_MAX     32U /* kinds of things a decoder may say it left out; it has 11 */
#define WL_TOOLS_OF_WORK_MAX       8U /* libraries that workers of one kind may name; they have 2 */
#define WL_TOOLS_MAX               32U /* of the four kinds together */
#define WL_TOOL_TEXT               96U /* "decode libpng 1.6.39" and NUL; what is longer is cut */

/* exports */
#define WL_SCAN_ID_BYTES_MAX      32U    /* a scan id or a view */
#define WL_SCAN_PATTERN_BYTES_MAX 199U   /* devices.*.scan_path */
#define WL_SCAN_RANGES_MAX        64U    /* of one list of scans */
#define WL_SCAN_COUNT_MAX         20000U /* scan ids that one list may name */

/* archives */
#define WL_ARCHIVE_ENTRIES_MAX         20000U
#define WL_ARCHIVE_BYTES_MAX           WL_GIB(32)
#define WL_ARCHIVE_RATIO_MAX           200U
#define WL_ARCHIVE_RATIO_FREE_BYTES    WL_MIB(16) /* the ratio counts only beyond this */
#define WL_ARCHIVE_PATH_BYTES_MAX      240U
#define WL_ARCHIVE_COMPONENT_BYTES_MAX 200U
#define WL_ARCHIVE_DEPTH_MAX           16U

/* what people say */
#define WL_NOTE_BYTES_MAX 1000U /* one remark to a transfer */

/* ledger */
#define WL_ENTRY_BYTES_MAX      65535U
#define WL_ENTRY_TEXT_BYTES_MAX 4096U
#define WL_ENTRY_ELEMENTS_MAX   512U
#define WL_MANIFEST_BYTES_MAX   WL_MIB(64)

/* checkpoints, receipts and cosignatures that come on a medium */
#define WL_CHECKPOINT_FILE_BYTES_MAX WL_KIB(16)
#define WL_CHECKPOINT_FILES_MAX      64U /* of one medium; ours first, then by their paths */
#define WL_CHECKPOINT_ORIGIN_MAX     200U
#define WL_CHECKPOINT_SIGNATURES_MAX 16U /* as C2SP asks verifiers to take */
#define WL_CHECKPOINT_HASHES_MAX     64U /* of a receipt */

/* control interface */
#define WL_CONTROL_FRAME_BYTES_MAX         65536U
#define WL_CONTROL_NESTING_MAX             8U
#define WL_CONTROL_CONNECTIONS_PER_UID_MAX 32U
#define WL_CONTROL_CONNECTIONS_MAX         128U /* of all accounts together */
#define WL_CONTROL_CALLS_PER_SECOND_MAX    20U
#define WL_CONTROL_UNSENT_BYTES_MAX        WL_KIB(256)

/* media */
#define WL_PORTS_MAX                    16U
#define WL_MEDIA_DISKS_MAX              64U /* disks with a medium in them, at any port or at none */
#define WL_MEDIA_BROKER_CONNECTIONS_MAX 16U
#define WL_MEDIA_LEDGER_CONNECTIONS_MAX 4U
#define WL_GRANTS_MAX                   8U /* not yet used */
#define WL_GRANT_SECONDS_MAX            600U
#define WL_GATE_SHUT_MS_MAX             60000U

/* small files taken from one medium: tickets, a policy, certificates, receipts */
#define WL_INTAKE_FILES_MAX 64U

/* workers */
#define WL_WORKER_MEMORY_BYTES_MAX WL_MIB(512)
#define WL_WORKER_JOBS_MAX         16U

#endif

/* The steps behind sandbox.h, one file each: 0 or negative errno. For the sandbox itself only. */
#ifndef WL_SPAWN_SANDBOX_PARTS_H
#define WL_SPAWN_SANDBOX_PARTS_H

#include <stdbool.h>
#include <stdint.h>

int wl_sandbox_empty_root(void);
int wl_sandbox_no_new_privileges(void);
int wl_sandbox_landlock(void);
int wl_sandbox_limit_zygote(void);
int wl_sandbox_drop_capabilities(void);
int wl_sandbox_hide_memory(void);
int wl_sandbox_filter_zygote(void);
int wl_sandbox_limit_job(uint64_t file_bytes_max, uint64_t deadline_ms);

#endif

/*
 * Sentences for people. Every message says what happened, to what, why, and what comes next.
 */
#ifndef WL_CLIENT_SAY_H
#define WL_CLIENT_SAY_H

#include "client/cli.h"

/* One paragraph, wrapped on a terminal, with the line end added. `format` is already translated. */
void wl_say(const struct wl_cli *cli, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* The same, indented by `indent` columns. */
void wl_say_in(const struct wl_cli *cli, int indent, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* To standard error, with "weighlock: " before it. */
void wl_say_error(const struct wl_cli *cli, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* wl_say_error, and with --json an object {"error":NAME,"reason":TEXT}; returns `status`. */
int wl_say_failure(const struct wl_cli *cli, int status, const char *name, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* "(rule X; weighlock help X)" on a line of its own at the place errors go. */
void wl_say_rule(const struct wl_cli *cli, const char *rule);

/*
 * "Next: WORDS (WHO): COMMAND". Any part may be NULL; with none nothing is said. `to_stderr`
 * after an error.
 */
void wl_say_next(const struct wl_cli *cli, bool to_stderr, const char *words, const char *who,
                 const char *command);
/* The same from the members next_words, next_actor, next_command of an object. */
void wl_say_next_of(const struct wl_cli *cli, const json_t *object);

/* Exit status 2 with the list of what is missing; `missing` ends with NULL. */
int wl_say_missing(const struct wl_cli *cli, const char *const *missing);

/* A text member, "" where absent or no text. */
const char *wl_member_text(const json_t *object, const char *name);
/* An integer member, 0 where absent. */
json_int_t wl_member_integer(const json_t *object, const char *name);

#endif

/* The tables of the index (facts.h). A change of any of them changes WL_FACTS_FORMAT: an index of
 * another format is made again from the entries. */
#ifndef WL_LEDGER_FACTS_SCHEMA_H
#define WL_LEDGER_FACTS_SCHEMA_H

#define WL_FACTS_FORMAT 4

extern const char wl_facts_schema[];        /* empty tables and the row of `station` */
extern const char *const wl_facts_tables[]; /* their names; ends with NULL */

#endif

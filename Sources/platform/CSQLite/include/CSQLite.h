// SQLite's C API for Swift, and what of it Swift cannot call: function-like macros, casts to function pointers, variadic functions.
#ifndef CSQLITE_H
#define CSQLITE_H

#include <sqlite3.h>

/// Binds a copy of `count` bytes of UTF-8 text; no bytes are the empty string, never NULL.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
  return sqlite3_bind_text64(statement, index, count == 0 ? "" : (const char *)bytes, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Binds a copy of `count` bytes; none are an empty blob, never NULL.
static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
  return sqlite3_bind_blob64(statement, index, count == 0 ? "" : bytes, count, SQLITE_TRANSIENT);
}

/// Settings of the whole process, which SQLite takes only before its first use: no counting of memory, no locks of its own around
/// connections. Called later it changes nothing.
static inline void csqlite_configure(void) {
  (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/// Closes loopholes that only a crafted database file would use: writable schema, functions with side effects in its views and triggers.
static inline void csqlite_distrust_schema(sqlite3 *connection) {
  (void)sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
  (void)sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
}

#endif

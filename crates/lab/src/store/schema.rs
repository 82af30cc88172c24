//! The database's form, and how an older one becomes it.

use rusqlite::Connection;

use super::StoreError;
use crate::release::Release;

/// What takes the database from one schema to the next: the first from an empty file to schema 1.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE users(name TEXT PRIMARY KEY, created_at INTEGER NOT NULL) STRICT;
     CREATE TABLE keys(hash TEXT PRIMARY KEY, user TEXT NOT NULL, kind TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
     CREATE TABLE sessions(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        owner TEXT NOT NULL, started_at INTEGER NOT NULL, last_active_at INTEGER NOT NULL,
        last_save_at INTEGER, last_save_error TEXT) STRICT;
     CREATE TABLE notices(number INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, text TEXT NOT NULL,
        level TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE(session_id, text, level)) STRICT;
     CREATE TABLE capsules(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        owner TEXT NOT NULL, command TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
     CREATE TABLE computations(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL, owner TEXT NOT NULL, capsule_id TEXT, command TEXT NOT NULL, parameters TEXT NOT NULL,
        state TEXT NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, exit_code INTEGER,
        detail TEXT, worker TEXT, heartbeat_at INTEGER, deleted INTEGER NOT NULL DEFAULT 0) STRICT;
     CREATE INDEX computations_by_state ON computations(state, number);
     CREATE TABLE jobs(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        owner TEXT NOT NULL, submitted_at INTEGER NOT NULL) STRICT;
     CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;",
    "CREATE TABLE saves(number INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, path TEXT NOT NULL,
        bytes INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
     CREATE INDEX saves_by_session ON saves(session_id, number);",
];

/// Take the database to the release's schema, all or nothing.
pub(super) fn migrate(connection: &mut Connection, release: Release) -> Result<(), StoreError> {
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let knows = release.schema();
    if found > knows {
        return Err(StoreError::NewerSchema { found, knows, release });
    }
    let transaction = connection.transaction()?;
    for (schema, migration) in (1..=knows).zip(MIGRATIONS).filter(|(schema, _)| *schema > found) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", schema)?;
    }
    transaction.commit()?;
    Ok(())
}

-- Accounts, sessions, API keys, roles, sign-in counters, signing keys, consume-once.
-- Times are milliseconds since the Unix epoch. Names stand sealed beside a MAC of them; secrets stand only as MACs, and
-- passwords as sealed Argon2id hashes over a MAC, so neither a name nor a guessable secret can be read out of the file.

-- One name, one account: users and services share the space.
CREATE TABLE account_names (
    name_mac BLOB PRIMARY KEY,
    principal TEXT NOT NULL UNIQUE   -- `usr_…` or `svc_…`
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    sealed_name BLOB NOT NULL,
    sealed_hash BLOB NOT NULL,       -- PHC string
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE services (
    id TEXT PRIMARY KEY,
    sealed_name BLOB NOT NULL,
    app TEXT NOT NULL,               -- the one audience of its keys
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,             -- public part
    service TEXT NOT NULL REFERENCES services (id),
    mac BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_service ON api_keys (service);

CREATE TABLE memberships (
    app TEXT NOT NULL,
    role TEXT NOT NULL,
    principal TEXT NOT NULL,         -- as JSON: kind and id
    since INTEGER NOT NULL,
    PRIMARY KEY (app, role, principal)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (id),
    app TEXT NOT NULL,               -- where it was opened, and where its handle is good
    handle_mac BLOB NOT NULL UNIQUE,
    methods TEXT NOT NULL,           -- JSON array (RFC 8176)
    proved_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    renewals INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user, proved_at);
CREATE INDEX sessions_end ON sessions (ends_at);

-- Handles that were replaced: who shows one again has copied it.
CREATE TABLE spent_handles (
    handle_mac BLOB PRIMARY KEY,
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_handles_session ON spent_handles (session);

-- Failed attempts to sign in, for each account name and each address (a MAC of either).
CREATE TABLE attempts (
    subject BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    locked_for INTEGER NOT NULL,     -- milliseconds from last_at: a clock set back cannot stretch it
    forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_forget ON attempts (forget_at);

CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring')),
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (state) WHERE state = 'active';

-- Things that are good for one use: a MAC of each, and when it was used.
CREATE TABLE single_use (
    mac BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    consumed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX single_use_purpose ON single_use (purpose, created_at);

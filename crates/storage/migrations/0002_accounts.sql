-- Accounts, sessions, API keys, roles, sign-in counters, signing keys, consume-once.
-- Times are milliseconds since the Unix epoch. Names stand sealed beside a MAC of them; secrets stand only as MACs, and
-- passwords as sealed Argon2id hashes over a MAC, so neither a name nor a guessable secret can be read out of the file.
-- What gives authority has a proof: a MAC over the row. A row without one, or with another row's, is not in force; what is ended
-- loses it, so that taking an end back takes the root key.

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
    disabled_at INTEGER,
    proof BLOB                       -- that it may sign in: id
) STRICT, WITHOUT ROWID;

CREATE TABLE services (
    id TEXT PRIMARY KEY,
    sealed_name BLOB NOT NULL,
    app TEXT NOT NULL,               -- the one audience of its keys
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    proof BLOB                       -- id, app
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,             -- public part
    service TEXT NOT NULL REFERENCES services (id),
    mac BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    proof BLOB                       -- id, service, mac, expires_at
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_service ON api_keys (service);

CREATE TABLE memberships (
    app TEXT NOT NULL,
    role TEXT NOT NULL,
    principal TEXT NOT NULL,         -- as JSON: kind and id
    since INTEGER NOT NULL,
    proof BLOB NOT NULL,             -- app, role, principal
    PRIMARY KEY (app, role, principal)
) STRICT, WITHOUT ROWID;

-- The whole of them: a MAC over the proofs of all that are in force, so that none can be removed or put back unnoticed.
CREATE TABLE membership_set (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    proof BLOB NOT NULL
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (id),
    app TEXT NOT NULL,               -- where it was opened, and where its handle is good
    handle_mac BLOB NOT NULL UNIQUE,
    methods TEXT NOT NULL,           -- JSON array (RFC 8176)
    proved_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    renewals INTEGER NOT NULL,
    revoked_at INTEGER,
    proof BLOB                       -- everything above but revoked_at
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user, proved_at);
CREATE INDEX sessions_end ON sessions (ends_at);

-- Handles that were replaced: who shows one again has copied it.
CREATE TABLE spent_handles (
    handle_mac BLOB PRIMARY KEY,
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_handles_session ON spent_handles (session);

-- Failed attempts to sign in: of an account name at an address, of an account name from everywhere, and of an address. Each
-- subject is a MAC, also of its door, so what is counted on the data listener never locks the control listener.
CREATE TABLE attempts (
    subject BLOB PRIMARY KEY,
    account BLOB,                    -- a MAC of the account's name, the same at both doors; NULL: an address alone
    door TEXT NOT NULL CHECK (door IN ('apps', 'control')),
    everywhere INTEGER NOT NULL CHECK (everywhere IN (0, 1)),
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    locked_for INTEGER NOT NULL,     -- milliseconds from last_at: a clock set back cannot stretch it
    right_at INTEGER,                -- when the right password was last shown from this address
    forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_forget ON attempts (forget_at);
CREATE INDEX attempts_account ON attempts (account);

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

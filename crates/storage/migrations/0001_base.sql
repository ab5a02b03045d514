-- Small values of the platform itself, each sealed and bound to its name.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Data keys, wrapped by the vault. Deleting an app's row shreds what was sealed under it.
CREATE TABLE data_keys (
    id INTEGER PRIMARY KEY,         -- the vault's 64 random bits, as two's complement
    scope TEXT NOT NULL,            -- `platform`, `ledger` or `app:<name>`
    current INTEGER NOT NULL CHECK (current IN (0, 1)),
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL     -- milliseconds since the Unix epoch
) STRICT;
CREATE UNIQUE INDEX data_keys_current ON data_keys (scope) WHERE current = 1;

-- How often the folder was opened: makes the versions of sealed values unique over its life.
CREATE TABLE opens (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO opens (one, count) VALUES (1, 0);

-- Key-value stores. `store` is a MAC of app and store; nothing about a guest stands here in clear.
CREATE TABLE kv_stores (
    store BLOB PRIMARY KEY,
    bytes INTEGER NOT NULL          -- sealed keys and values together
) STRICT, WITHOUT ROWID;

-- `place` = MAC(app, store) 16 bytes | MAC(app, store, partition) 16 | MAC(app, store, partition, key) 32.
-- A store, a partition and a key are one prefix each, so one index finds, lists and deletes.
CREATE TABLE kv (
    id INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    version INTEGER NOT NULL,       -- differs at every write; bound into the sealed value
    sealed_key BLOB NOT NULL,
    sealed_value BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX kv_place ON kv (place);

-- Deployed revisions. The app's name is in clear (it is a host label); manifest, components and author are sealed.
CREATE TABLE revisions (
    app TEXT NOT NULL,
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (app, revision)
) STRICT, WITHOUT ROWID;

-- Policies that were written by hand: a MAC of the name, and name and text sealed.
CREATE TABLE policies (
    name_mac BLOB PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

//! Sign-in sessions and their handles.
//!
//! Invariant: a session has one good handle, which every renewal replaces; who shows a replaced one has copied it, and the
//! session ends (RFC 9700 §4.14). A session begins only if the password hash that was compared is still the account's.
//! Not here: what a handle looks like, and access tokens (`identity`).

use casemate_core::{AppId, Method, SessionId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension};

use super::attempts::{Counters, succeed};
use super::proof::{Row, SessionRow};
use super::services::read_app;
use super::users::{Credential, read_user, replace_hash};
use super::{Accounts, AccountsError, Mac, Sealer, millis, timestamp};
use crate::error::StorageError;

/// Sessions that a user has at one time; the oldest give way.
const MOST_OF_ONE_USER: u32 = 100;
/// Renewals of one session: bounds what its spent handles take. Twelve hours at one every ten seconds.
const MOST_RENEWALS: u32 = 4320;
/// Sessions that ended and are removed with each new one.
const SWEPT_AT_ONCE: u32 = 8;

/// A session to begin.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Where it is opened.
    pub app: AppId,
    /// A MAC of its handle.
    pub handle: Mac,
    /// How its user proved who they are.
    pub methods: Vec<Method>,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// A session, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The user's name.
    pub name: String,
    /// Where it was opened.
    pub app: AppId,
    /// How its user proved who they are.
    pub methods: Vec<Method>,
    /// When they did.
    pub proved_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whether it was revoked, or its user disabled.
    pub revoked: bool,
}

/// What came of showing a handle for renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The handle was good, and is replaced.
    Renewed(SessionRecord),
    /// The handle had been replaced before: the session is now revoked.
    Reused(SessionRecord),
    /// The handle is of no session, or of one that ended, was revoked, or belongs elsewhere.
    Refused,
}

impl Accounts {
    /// Begins a session after a password was found right; takes the attempt back and, when given, stores the hash anew.
    /// `None` when the account was disabled or got another password meanwhile.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub async fn begin_session(
        &self,
        new: NewSession,
        proved: Credential,
        rehashed: Option<String>,
        counters: Counters,
    ) -> Result<Option<SessionRecord>, AccountsError> {
        let (sealer, now) = (self.sealer.clone(), self.now());
        self.database
            .transact(move |db| {
                let still: Option<(Vec<u8>, Option<Vec<u8>>)> = db
                    .prepare_cached(
                        "SELECT sealed_hash, proof FROM users WHERE id = ?1 AND disabled_at IS NULL",
                    )?
                    .query_row([proved.user.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let Some((sealed, proof)) = still else { return Ok(None) };
                if !sealer.in_force(Row::User { id: proved.user.as_str() }, proof.as_deref()) {
                    return Ok(None);
                }
                if sealer.open(proved.user.as_str(), "hash", &sealed)? != proved.hash {
                    return Ok(None);
                }
                if let Some(hash) = rehashed {
                    replace_hash(db, &sealer, &proved.user, &hash)?;
                }
                succeed(db, &counters, now)?;
                sweep(db, &proved.user, millis(now))?;
                let row = SessionRow {
                    id: new.id.as_str(),
                    user: proved.user.as_str(),
                    app: new.app.as_str(),
                    handle: &new.handle,
                    methods: &serde_json::to_string(&new.methods).unwrap_or_default(),
                    proved_at: millis(now),
                    ends_at: millis(new.ends_at),
                    renewals: 0,
                };
                db.prepare_cached(
                    "INSERT INTO sessions
                        (id, user, app, handle_mac, methods, proved_at, ends_at, renewals, proof)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute((
                    row.id,
                    row.user,
                    row.app,
                    row.handle,
                    row.methods,
                    row.proved_at,
                    row.ends_at,
                    row.renewals,
                    sealer.proof(Row::Session(row)),
                ))?;
                Ok(Some(SessionRecord {
                    id: new.id,
                    user: proved.user,
                    name: proved.name,
                    app: new.app,
                    methods: new.methods,
                    proved_at: now,
                    ends_at: new.ends_at,
                    revoked: false,
                }))
            })
            .await
    }

    /// The session of an id.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn session(&self, id: &SessionId) -> Result<Option<SessionRecord>, AccountsError> {
        self.database.read(|db| Ok(load(db, &self.sealer, id.as_str())?.map(Loaded::into_record)))
    }

    /// Replaces a session's handle, if it is good in `app`.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub async fn renew_session(&self, app: AppId, handle: Mac, next: Mac) -> Result<Renewal, AccountsError> {
        let (sealer, now) = (self.sealer.clone(), self.now());
        self.database
            .transact(move |db| {
                let found = by_handle(db, &handle)?;
                let Some(id) = found else { return reused(db, &sealer, &handle, now) };
                let Some(loaded) = load(db, &sealer, &id)? else {
                    return Ok(Renewal::Refused);
                };
                let proof = loaded.renewed_proof(&sealer, &next);
                let renewals = loaded.renewals;
                let session = loaded.into_record();
                let over = session.revoked || session.ends_at <= now || renewals >= MOST_RENEWALS;
                if over || session.app != app {
                    return Ok(Renewal::Refused);
                }
                db.prepare_cached(
                    "UPDATE sessions SET handle_mac = ?2, renewals = renewals + 1, proof = ?3 WHERE id = ?1",
                )?
                .execute((&id, next, proof))?;
                db.prepare_cached("INSERT INTO spent_handles (handle_mac, session) VALUES (?1, ?2)")?
                    .execute((handle, &id))?;
                Ok(Renewal::Renewed(session))
            })
            .await
    }

    /// Ends the session of a handle, also of one that was replaced. The session that ended, if there was one.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub async fn end_session(&self, app: AppId, handle: Mac) -> Result<Option<SessionId>, AccountsError> {
        let now = self.now();
        self.database
            .transact(move |db| {
                let found = match by_handle(db, &handle)? {
                    Some(id) => Some(id),
                    None => spent(db, &handle)?,
                };
                let Some(id) = found else { return Ok(None) };
                let ended = db
                    .prepare_cached(
                        "UPDATE sessions SET revoked_at = ?2, proof = NULL
                         WHERE id = ?1 AND app = ?3 AND revoked_at IS NULL",
                    )?
                    .execute((&id, millis(now), app.as_str()))?;
                Ok((ended == 1).then(|| read_session(&id)).transpose()?)
            })
            .await
    }
}

/// Ends all sessions of a user.
pub(super) fn revoke_all(db: &Connection, user: &UserId, now: i64) -> Result<(), AccountsError> {
    db.prepare_cached(
        "UPDATE sessions SET revoked_at = ?2, proof = NULL WHERE user = ?1 AND revoked_at IS NULL",
    )?
    .execute((user.as_str(), now))?;
    Ok(())
}

fn reused(db: &Connection, sealer: &Sealer, handle: &Mac, now: Timestamp) -> Result<Renewal, AccountsError> {
    let Some(id) = spent(db, handle)? else { return Ok(Renewal::Refused) };
    let Some(session) = load(db, sealer, &id)?.map(Loaded::into_record) else { return Ok(Renewal::Refused) };
    db.prepare_cached(
        "UPDATE sessions SET revoked_at = coalesce(revoked_at, ?2), proof = NULL WHERE id = ?1",
    )?
    .execute((&id, millis(now)))?;
    Ok(Renewal::Reused(SessionRecord { revoked: true, ..session }))
}

fn by_handle(db: &Connection, handle: &Mac) -> Result<Option<String>, AccountsError> {
    let mut statement = db.prepare_cached("SELECT id FROM sessions WHERE handle_mac = ?1")?;
    Ok(statement.query_row([handle], |row| row.get(0)).optional()?)
}

fn spent(db: &Connection, handle: &Mac) -> Result<Option<String>, AccountsError> {
    let mut statement = db.prepare_cached("SELECT session FROM spent_handles WHERE handle_mac = ?1")?;
    Ok(statement.query_row([handle], |row| row.get(0)).optional()?)
}

/// A session's row as it was read, and whether it is in force.
struct Loaded {
    record: SessionRecord,
    methods: String,
    renewals: u32,
}

impl Loaded {
    fn into_record(self) -> SessionRecord {
        self.record
    }

    /// The row's proof once its handle is replaced by `next`.
    fn renewed_proof(&self, sealer: &Sealer, next: &Mac) -> Mac {
        sealer.proof(Row::Session(SessionRow {
            id: self.record.id.as_str(),
            user: self.record.user.as_str(),
            app: self.record.app.as_str(),
            handle: next,
            methods: &self.methods,
            proved_at: millis(self.record.proved_at),
            ends_at: millis(self.record.ends_at),
            renewals: self.renewals.saturating_add(1),
        }))
    }
}

fn load(db: &Connection, sealer: &Sealer, id: &str) -> Result<Option<Loaded>, AccountsError> {
    let mut statement = db.prepare_cached(
        "SELECT users.id, sealed_name, app, methods, proved_at, ends_at, handle_mac, renewals,
                revoked_at IS NOT NULL OR disabled_at IS NOT NULL, sessions.proof, users.proof
         FROM sessions JOIN users ON users.id = sessions.user WHERE sessions.id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (user, app, methods): (String, String, String) = (row.get(0)?, row.get(2)?, row.get(3)?);
    let (proved_at, ends_at): (i64, i64) = (row.get(4)?, row.get(5)?);
    let (handle, renewals, ended): (Mac, u32, bool) = (row.get(6)?, row.get(7)?, row.get(8)?);
    let (of_session, of_user): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(9)?, row.get(10)?);
    let said = SessionRow {
        id,
        user: &user,
        app: &app,
        handle: &handle,
        methods: &methods,
        proved_at,
        ends_at,
        renewals,
    };
    let revoked = ended
        || !sealer.in_force(Row::Session(said), of_session.as_deref())
        || !sealer.in_force(Row::User { id: &user }, of_user.as_deref());
    let record = SessionRecord {
        id: read_session(id)?,
        name: sealer.open(&user, "name", &row.get::<_, Vec<u8>>(1)?)?,
        user: read_user(&user)?,
        app: read_app(&app)?,
        methods: serde_json::from_str(&methods)
            .map_err(|_| StorageError::Corrupt("a session's methods".to_owned()))?,
        proved_at: timestamp(proved_at),
        ends_at: timestamp(ends_at),
        revoked,
    };
    Ok(Some(Loaded { record, methods, renewals }))
}

fn read_session(id: &str) -> Result<SessionId, StorageError> {
    SessionId::parse(id).map_err(|_| StorageError::Corrupt("a session id".to_owned()))
}

/// Removes some sessions that ended, and ends the user's oldest beyond what one user may have.
fn sweep(db: &Connection, user: &UserId, now: i64) -> Result<(), AccountsError> {
    db.prepare_cached(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2)",
    )?
    .execute((now, SWEPT_AT_ONCE))?;
    db.prepare_cached(
        "UPDATE sessions SET revoked_at = ?2, proof = NULL WHERE revoked_at IS NULL AND user = ?1 AND id NOT IN
            (SELECT id FROM sessions WHERE user = ?1 AND revoked_at IS NULL ORDER BY proved_at DESC, id LIMIT ?3)",
    )?
    .execute((user.as_str(), now, MOST_OF_ONE_USER - 1))?;
    Ok(())
}

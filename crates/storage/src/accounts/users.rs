//! People's accounts.
//!
//! Invariant: disabling an account or changing its password ends its sessions in the same transaction; an id is never used
//! again. Not here: what a password hash means (`identity`).

use casemate_core::{AppId, Principal, RoleName, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension};

use super::proof::Row;
use super::roles::Membership;
use super::{
    Accounts, AccountsError, Mac, Sealer, millis, roles, sessions, single_use, take_name, timestamp,
};
use crate::error::StorageError;

/// An account, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it may sign in.
    pub enabled: bool,
}

/// What a password is compared with.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The account.
    pub user: UserId,
    /// Its name.
    pub name: String,
    /// Its password hash, a PHC string.
    pub hash: String,
    /// Whether it may not sign in.
    pub disabled: bool,
    /// Whether somebody edited the row past this program: then it may not either.
    pub edited: bool,
}

impl Accounts {
    /// Makes an account.
    ///
    /// # Errors
    /// [`AccountsError::NameTaken`]; [`AccountsError::Storage`].
    pub async fn create_user(&self, id: UserId, name: String, hash: String) -> Result<(), AccountsError> {
        let (sealer, now) = (self.sealer.clone(), millis(self.now()));
        self.database.transact(move |db| insert(db, &sealer, &id, &name, &hash, now)).await
    }

    /// Uses a setup code and makes the first administrator, both or neither. Every other setup code is closed.
    ///
    /// # Errors
    /// [`AccountsError::Spent`] when the code is not good (any more), or an administrator exists;
    /// [`AccountsError::NameTaken`]; [`AccountsError::Storage`].
    pub async fn claim_setup(
        &self,
        purpose: &'static str,
        code: Mac,
        id: UserId,
        name: String,
        hash: String,
    ) -> Result<(), AccountsError> {
        let (sealer, now) = (self.sealer.clone(), millis(self.now()));
        self.database
            .transact(move |db| {
                if !single_use::consume_in(db, purpose, &code, now)? || roles::has_administrator(db, &sealer)?
                {
                    return Err(AccountsError::Spent);
                }
                single_use::close_all(db, purpose)?;
                insert(db, &sealer, &id, &name, &hash, now)?;
                let (app, role) = (AppId::platform(), RoleName::admin());
                roles::add(db, &sealer, &Membership { app, role, member: Principal::User(id) }, now)
            })
            .await
    }

    /// The credential of a name, if a user has it.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn credential(&self, name: &str) -> Result<Option<Credential>, AccountsError> {
        let mac = self.sealer.name_mac(name);
        self.database.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT users.id, sealed_name, sealed_hash, disabled_at, proof FROM account_names
                 JOIN users ON users.id = account_names.principal WHERE name_mac = ?1",
            )?;
            type Found = (String, Vec<u8>, Vec<u8>, Option<i64>, Option<Vec<u8>>);
            let row: Option<Found> = statement
                .query_row([mac], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
                .optional()?;
            row.map(|(id, sealed_name, sealed_hash, disabled_at, proof)| {
                let known = self.sealer.open(&id, "name", &sealed_name)?;
                if known != name {
                    return Err(StorageError::Tampered("account name").into());
                }
                Ok(Credential {
                    name: known,
                    hash: self.sealer.open(&id, "hash", &sealed_hash)?,
                    disabled: disabled_at.is_some(),
                    edited: disabled_at.is_none()
                        && !self.sealer.in_force(Row::User { id: &id }, proof.as_deref()),
                    user: read_user(&id)?,
                })
            })
            .transpose()
        })
    }

    /// Sets a password hash and ends all sessions of the account.
    ///
    /// # Errors
    /// [`AccountsError::Missing`]; [`AccountsError::Storage`].
    pub async fn set_password_hash(&self, user: UserId, hash: String) -> Result<(), AccountsError> {
        let (sealer, now) = (self.sealer.clone(), millis(self.now()));
        self.database
            .transact(move |db| {
                replace_hash(db, &sealer, &user, &hash)?;
                sessions::revoke_all(db, &user, now)
            })
            .await
    }

    /// Disables an account and ends all its sessions.
    ///
    /// # Errors
    /// [`AccountsError::LastAdministrator`]; [`AccountsError::Missing`]; [`AccountsError::Storage`].
    pub async fn disable_user(&self, user: UserId) -> Result<(), AccountsError> {
        let (sealer, now) = (self.sealer.clone(), millis(self.now()));
        self.database
            .transact(move |db| {
                let was_possible = roles::check_administrator_left(db, &sealer).is_ok();
                let changed = db
                    .prepare_cached(
                        "UPDATE users SET disabled_at = coalesce(disabled_at, ?2), proof = NULL WHERE id = ?1",
                    )?
                    .execute((user.as_str(), now))?;
                if changed == 0 {
                    return Err(AccountsError::Missing("user"));
                }
                sessions::revoke_all(db, &user, now)?;
                if was_possible { roles::check_administrator_left(db, &sealer) } else { Ok(()) }
            })
            .await
    }

    /// Lets an account sign in again.
    ///
    /// # Errors
    /// [`AccountsError::Missing`]; [`AccountsError::Storage`].
    pub async fn enable_user(&self, user: UserId) -> Result<(), AccountsError> {
        let proof = self.sealer.proof(Row::User { id: user.as_str() });
        self.database
            .transact(move |db| {
                let changed = db
                    .prepare_cached("UPDATE users SET disabled_at = NULL, proof = ?2 WHERE id = ?1")?
                    .execute((user.as_str(), proof))?;
                if changed == 1 { Ok(()) } else { Err(AccountsError::Missing("user")) }
            })
            .await
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn users(&self) -> Result<Vec<UserRecord>, AccountsError> {
        self.database.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT id, sealed_name, created_at, disabled_at, proof FROM users")?;
            let mut rows = statement.query([])?;
            let mut users = Vec::new();
            while let Some(row) = rows.next()? {
                let id: String = row.get(0)?;
                let ended = row.get::<_, Option<i64>>(3)?.is_some();
                let proof: Option<Vec<u8>> = row.get(4)?;
                users.push(UserRecord {
                    name: self.sealer.open(&id, "name", &row.get::<_, Vec<u8>>(1)?)?,
                    id: read_user(&id)?,
                    created_at: timestamp(row.get(2)?),
                    enabled: !ended && self.sealer.in_force(Row::User { id: &id }, proof.as_deref()),
                });
            }
            users.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(users)
        })
    }
}

fn insert(
    db: &Connection,
    sealer: &Sealer,
    id: &UserId,
    name: &str,
    hash: &str,
    now: i64,
) -> Result<(), AccountsError> {
    take_name(db, &sealer.name_mac(name), id.as_str())?;
    let sealed_name = sealer.seal(id.as_str(), "name", name)?;
    let sealed_hash = sealer.seal(id.as_str(), "hash", hash)?;
    db.prepare_cached(
        "INSERT INTO users (id, sealed_name, sealed_hash, created_at, proof) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        id.as_str(),
        sealed_name,
        sealed_hash,
        now,
        sealer.proof(Row::User { id: id.as_str() }),
    ))?;
    Ok(())
}

pub(super) fn replace_hash(
    db: &Connection,
    sealer: &Sealer,
    user: &UserId,
    hash: &str,
) -> Result<(), AccountsError> {
    let sealed = sealer.seal(user.as_str(), "hash", hash)?;
    let changed = db
        .prepare_cached("UPDATE users SET sealed_hash = ?2 WHERE id = ?1")?
        .execute((user.as_str(), sealed))?;
    if changed == 1 { Ok(()) } else { Err(AccountsError::Missing("user")) }
}

pub(super) fn read_user(id: &str) -> Result<UserId, StorageError> {
    UserId::parse(id).map_err(|_| StorageError::Corrupt("a user id".to_owned()))
}

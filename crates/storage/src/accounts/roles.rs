//! Who has which role.
//!
//! Invariant: the installation keeps an administrator who can sign in: the change that would take the last one is refused
//! in the transaction that would make it. Not here: what a role may do (`policy`).

use casemate_core::{AppId, Principal, RoleName};
use rusqlite::Connection;

use super::{Accounts, AccountsError, millis};
use crate::error::StorageError;

/// One principal's membership of one role of one app.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Membership {
    /// The app that the role belongs to.
    pub app: AppId,
    /// The role.
    pub role: RoleName,
    /// The member.
    pub member: Principal,
}

impl Accounts {
    /// All memberships.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn memberships(&self) -> Result<Vec<Membership>, AccountsError> {
        self.database.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT app, role, principal FROM memberships ORDER BY app, role, principal",
            )?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })?;
            rows.map(|row| {
                let (app, role, principal) = row?;
                let corrupt = || StorageError::Corrupt("a role membership".to_owned());
                Ok(Membership {
                    app: AppId::parse(&app).map_err(|_| corrupt())?,
                    role: RoleName::parse(&role).map_err(|_| corrupt())?,
                    member: serde_json::from_str(&principal).map_err(|_| corrupt())?,
                })
            })
            .collect()
        })
    }

    /// Gives a role. Giving it twice changes nothing.
    ///
    /// # Errors
    /// [`AccountsError::Missing`] when the member is a user or service that does not exist; [`AccountsError::Storage`].
    pub async fn grant(&self, membership: Membership) -> Result<(), AccountsError> {
        let now = millis(self.now());
        self.database
            .transact(move |db| {
                check_exists(db, &membership.member)?;
                add(db, &membership, now)
            })
            .await
    }

    /// Takes a role away. Taking what was not given changes nothing.
    ///
    /// # Errors
    /// [`AccountsError::LastAdministrator`]; [`AccountsError::Storage`].
    pub async fn withdraw(&self, membership: Membership) -> Result<(), AccountsError> {
        self.database
            .transact(move |db| {
                db.prepare_cached("DELETE FROM memberships WHERE app = ?1 AND role = ?2 AND principal = ?3")?
                    .execute((
                        membership.app.as_str(),
                        membership.role.as_str(),
                        text(&membership.member)?,
                    ))?;
                let of_platform = membership.app.is_platform() && membership.role == RoleName::admin();
                if of_platform { check_administrator_left(db) } else { Ok(()) }
            })
            .await
    }

    /// Whether there is an administrator who can sign in.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn has_administrator(&self) -> Result<bool, AccountsError> {
        self.database.read(has_administrator)
    }
}

fn check_exists(db: &Connection, member: &Principal) -> Result<(), AccountsError> {
    let (sql, id, what) = match member {
        Principal::User(id) => ("SELECT count(*) FROM users WHERE id = ?1", id.as_str(), "user"),
        Principal::Service(id) => {
            ("SELECT count(*) FROM services WHERE id = ?1 AND revoked_at IS NULL", id.as_str(), "service")
        }
        Principal::External(_) => return Ok(()),
        Principal::Function(_) | Principal::Anonymous | Principal::Setup | Principal::System => {
            return Err(AccountsError::Missing("account"));
        }
    };
    let found: i64 = db.prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
    if found == 1 { Ok(()) } else { Err(AccountsError::Missing(what)) }
}

pub(super) fn add(db: &Connection, membership: &Membership, now: i64) -> Result<(), AccountsError> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO memberships (app, role, principal, since) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute((membership.app.as_str(), membership.role.as_str(), text(&membership.member)?, now))?;
    Ok(())
}

/// Takes all roles of a principal that is no more.
pub(super) fn remove_all(db: &Connection, member: &Principal) -> Result<(), AccountsError> {
    db.prepare_cached("DELETE FROM memberships WHERE principal = ?1")?.execute([text(member)?])?;
    Ok(())
}

/// Refuses, and so undoes, a change that leaves nobody to administer.
pub(super) fn check_administrator_left(db: &Connection) -> Result<(), AccountsError> {
    if has_administrator(db)? { Ok(()) } else { Err(AccountsError::LastAdministrator) }
}

fn has_administrator(db: &Connection) -> Result<bool, AccountsError> {
    let mut statement =
        db.prepare_cached("SELECT principal FROM memberships WHERE app = ?1 AND role = ?2")?;
    let members = statement
        .query_map((AppId::PLATFORM, RoleName::admin().as_str()), |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for member in members {
        let member = serde_json::from_str(&member)
            .map_err(|_| StorageError::Corrupt("a role membership".to_owned()))?;
        // Only a person counts: a service cannot type a password when everything else fails.
        if let Principal::User(id) = member {
            let enabled: i64 = db
                .prepare_cached("SELECT count(*) FROM users WHERE id = ?1 AND disabled_at IS NULL")?
                .query_row([id.as_str()], |row| row.get(0))?;
            if enabled == 1 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn text(member: &Principal) -> Result<String, AccountsError> {
    serde_json::to_string(member).map_err(|_| StorageError::Corrupt("a principal".to_owned()).into())
}

//! Who has which role.
//!
//! Invariant: the installation keeps an administrator who can sign in: the change that would take the last one is refused
//! in the transaction that would make it. Only a membership with its proof is in force, and only while the proof of the whole
//! set fits: an inserted row counts for nothing, a removed or returned one closes everything. Not here: what a role may do
//! (`policy`).

use casemate_core::{AppId, Principal, RoleName};
use casemate_vault::constant_time_eq;
use rusqlite::{Connection, OptionalExtension};

use super::proof::Row;
use super::{Accounts, AccountsError, Mac, Sealer, millis};
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

/// All memberships.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memberships {
    /// Those in force.
    pub in_force: Vec<Membership>,
    /// How many rows are not, because this program did not write them.
    pub refused: usize,
}

impl Accounts {
    /// All memberships.
    ///
    /// # Errors
    /// [`AccountsError::Storage`], with [`StorageError::Tampered`] when one was removed or put back past this program.
    pub fn memberships(&self) -> Result<Memberships, AccountsError> {
        self.database.snapshot(|db| read(db, &self.sealer))
    }

    /// Gives a role. Giving it twice changes nothing.
    ///
    /// # Errors
    /// [`AccountsError::Missing`] when the member is a user or service that does not exist; [`AccountsError::Storage`].
    pub async fn grant(&self, membership: Membership) -> Result<(), AccountsError> {
        let (sealer, now) = (self.sealer.clone(), millis(self.now()));
        self.database
            .transact(move |db| {
                check_exists(db, &membership.member)?;
                add(db, &sealer, &membership, now)
            })
            .await
    }

    /// Takes a role away. Taking what was not given changes nothing.
    ///
    /// # Errors
    /// [`AccountsError::LastAdministrator`]; [`AccountsError::Storage`].
    pub async fn withdraw(&self, membership: Membership) -> Result<(), AccountsError> {
        let sealer = self.sealer.clone();
        self.database
            .transact(move |db| {
                change(db, &sealer, || {
                    db.prepare_cached(
                        "DELETE FROM memberships WHERE app = ?1 AND role = ?2 AND principal = ?3",
                    )?
                    .execute((
                        membership.app.as_str(),
                        membership.role.as_str(),
                        text(&membership.member)?,
                    ))?;
                    Ok(())
                })?;
                let of_platform = membership.app.is_platform() && membership.role == RoleName::admin();
                if of_platform { check_administrator_left(db, &sealer) } else { Ok(()) }
            })
            .await
    }

    /// Whether there is an administrator who can sign in.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn has_administrator(&self) -> Result<bool, AccountsError> {
        self.database.snapshot(|db| has_administrator(db, &self.sealer))
    }
}

/// Makes the proof of the empty set in a folder that has no accounts yet.
pub(super) fn begin(db: &Connection, sealer: &Sealer) -> Result<(), StorageError> {
    let unused: bool = db.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM users) AND NOT EXISTS (SELECT 1 FROM memberships)
            AND NOT EXISTS (SELECT 1 FROM membership_set)",
        [],
        |row| row.get(0),
    )?;
    if unused { keep_proof(db, &sealer.proof(Row::Memberships { proofs: &[] })) } else { Ok(()) }
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

pub(super) fn add(
    db: &Connection,
    sealer: &Sealer,
    membership: &Membership,
    now: i64,
) -> Result<(), AccountsError> {
    let (app, role) = (membership.app.as_str(), membership.role.as_str());
    let principal = text(&membership.member)?;
    let proof = sealer.proof(Row::Membership { app, role, principal: &principal });
    change(db, sealer, || {
        // A row that somebody put there without its proof gets one now.
        db.prepare_cached(
            "INSERT INTO memberships (app, role, principal, since, proof) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (app, role, principal) DO UPDATE SET proof = excluded.proof",
        )?
        .execute((app, role, &principal, now, proof))?;
        Ok(())
    })
}

/// Takes all roles of a principal that is no more.
pub(super) fn remove_all(db: &Connection, sealer: &Sealer, member: &Principal) -> Result<(), AccountsError> {
    change(db, sealer, || {
        db.prepare_cached("DELETE FROM memberships WHERE principal = ?1")?.execute([text(member)?])?;
        Ok(())
    })
}

/// Refuses, and so undoes, a change that leaves nobody to administer.
pub(super) fn check_administrator_left(db: &Connection, sealer: &Sealer) -> Result<(), AccountsError> {
    if has_administrator(db, sealer)? { Ok(()) } else { Err(AccountsError::LastAdministrator) }
}

pub(super) fn has_administrator(db: &Connection, sealer: &Sealer) -> Result<bool, AccountsError> {
    for membership in read(db, sealer)?.in_force {
        // Only a person counts: a service cannot type a password when everything else fails.
        let Principal::User(id) = &membership.member else { continue };
        if !membership.app.is_platform() || membership.role != RoleName::admin() {
            continue;
        }
        let proof: Option<Option<Vec<u8>>> = db
            .prepare_cached("SELECT proof FROM users WHERE id = ?1 AND disabled_at IS NULL")?
            .query_row([id.as_str()], |row| row.get(0))
            .optional()?;
        if proof.is_some_and(|proof| sealer.in_force(Row::User { id: id.as_str() }, proof.as_deref())) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Changes the set and its proof together. What does not fit before is not made to fit.
fn change(
    db: &Connection,
    sealer: &Sealer,
    work: impl FnOnce() -> Result<(), AccountsError>,
) -> Result<(), AccountsError> {
    read(db, sealer)?;
    work()?;
    let mut proofs = Vec::new();
    scan(db, sealer, |proof, membership| {
        if membership.is_some() {
            proofs.extend_from_slice(proof);
        }
    })?;
    Ok(keep_proof(db, &sealer.proof(Row::Memberships { proofs: &proofs }))?)
}

fn read(db: &Connection, sealer: &Sealer) -> Result<Memberships, AccountsError> {
    let (mut memberships, mut proofs) = (Memberships::default(), Vec::new());
    scan(db, sealer, |proof, membership| match membership {
        Some(membership) => {
            proofs.extend_from_slice(proof);
            memberships.in_force.push(membership);
        }
        None => memberships.refused += 1,
    })?;
    let kept: Option<Vec<u8>> =
        db.prepare_cached("SELECT proof FROM membership_set")?.query_row([], |row| row.get(0)).optional()?;
    let expected = sealer.proof(Row::Memberships { proofs: &proofs });
    if kept.is_some_and(|kept| constant_time_eq(&kept, &expected)) {
        Ok(memberships)
    } else {
        Err(StorageError::Tampered("set of role memberships").into())
    }
}

/// Each row's proof, and the membership if the row is in force.
fn scan(
    db: &Connection,
    sealer: &Sealer,
    mut each: impl FnMut(&[u8], Option<Membership>),
) -> Result<(), AccountsError> {
    let mut statement = db.prepare_cached(
        "SELECT app, role, principal, proof FROM memberships ORDER BY app, role, principal",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, String>(at);
        let (app, role, principal): (String, String, String) = (text(0)?, text(1)?, text(2)?);
        let proof: Vec<u8> = row.get(3)?;
        let said = Row::Membership { app: &app, role: &role, principal: &principal };
        if !sealer.in_force(said, Some(&proof)) {
            each(&proof, None);
            continue;
        }
        let corrupt = || StorageError::Corrupt("a role membership".to_owned());
        let membership = Membership {
            app: AppId::parse(&app).map_err(|_| corrupt())?,
            role: RoleName::parse(&role).map_err(|_| corrupt())?,
            member: serde_json::from_str(&principal).map_err(|_| corrupt())?,
        };
        each(&proof, Some(membership));
    }
    Ok(())
}

fn keep_proof(db: &Connection, proof: &Mac) -> Result<(), StorageError> {
    db.prepare_cached(
        "INSERT INTO membership_set (one, proof) VALUES (1, ?1)
         ON CONFLICT (one) DO UPDATE SET proof = excluded.proof",
    )?
    .execute([proof])?;
    Ok(())
}

fn text(member: &Principal) -> Result<String, AccountsError> {
    serde_json::to_string(member).map_err(|_| StorageError::Corrupt("a principal".to_owned()).into())
}

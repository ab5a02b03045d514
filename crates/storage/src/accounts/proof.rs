//! What makes a row that gives authority worth something: a MAC over what it says.
//!
//! Invariant: nobody without the root key makes a row that is in force, changes what one says, or takes back that it was
//! ended, because ending a row removes its proof. What this does not see is a whole row put back as it stood while it was in
//! force; for memberships the proof of the whole set does (`roles`). Not here: what is sealed, which vouches for itself.

use casemate_vault::{MacPurpose, constant_time_eq};

use super::{Mac, Sealer};

/// A row, as far as it gives authority.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row<'a> {
    /// A user who may sign in.
    User { id: &'a str },
    /// A service that was not revoked.
    Service { id: &'a str, app: &'a str },
    /// A key that was not revoked.
    ApiKey { id: &'a str, service: &'a str, mac: &'a Mac, expires_at: Option<i64> },
    /// A session that was not revoked.
    Session(SessionRow<'a>),
    /// A role that was given.
    Membership { app: &'a str, role: &'a str, principal: &'a str },
    /// All roles that were given: their proofs, in the order of the table.
    Memberships { proofs: &'a [u8] },
}

/// A session's row.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionRow<'a> {
    pub(super) id: &'a str,
    pub(super) user: &'a str,
    pub(super) app: &'a str,
    pub(super) handle: &'a Mac,
    pub(super) methods: &'a str,
    pub(super) proved_at: i64,
    pub(super) ends_at: i64,
    pub(super) renewals: u32,
}

impl Sealer {
    /// The proof of a row.
    pub(super) fn proof(&self, row: Row<'_>) -> Mac {
        let mac = |parts: &[&[u8]]| self.0.mac(MacPurpose::AccountRow, parts);
        match row {
            Row::User { id } => mac(&[b"user", id.as_bytes()]),
            Row::Service { id, app } => mac(&[b"service", id.as_bytes(), app.as_bytes()]),
            Row::ApiKey { id, service, mac: secret, expires_at } => {
                let end = expires_at.map(i64::to_be_bytes);
                let end = end.as_ref().map_or(&[][..], <[u8; 8]>::as_slice);
                mac(&[b"api key", id.as_bytes(), service.as_bytes(), secret, end])
            }
            Row::Session(row) => mac(&[
                b"session",
                row.id.as_bytes(),
                row.user.as_bytes(),
                row.app.as_bytes(),
                row.handle,
                row.methods.as_bytes(),
                &row.proved_at.to_be_bytes(),
                &row.ends_at.to_be_bytes(),
                &row.renewals.to_be_bytes(),
            ]),
            Row::Membership { app, role, principal } => {
                mac(&[b"membership", app.as_bytes(), role.as_bytes(), principal.as_bytes()])
            }
            Row::Memberships { proofs } => mac(&[b"memberships", proofs]),
        }
    }

    /// Whether a row that is not marked as ended is in force. One that is not was edited: the operator's log says so.
    pub(super) fn in_force(&self, row: Row<'_>, stored: Option<&[u8]>) -> bool {
        let proved = stored.is_some_and(|stored| constant_time_eq(stored, &self.proof(row)));
        if !proved {
            let (kind, of) = row.named();
            tracing::error!(kind, of, "a row of the accounts was edited; it is not in force");
        }
        proved
    }
}

impl<'a> Row<'a> {
    /// What it is, and whose, for the operator's log.
    fn named(&self) -> (&'static str, &'a str) {
        match *self {
            Self::User { id } => ("user", id),
            Self::Service { id, .. } => ("service", id),
            Self::ApiKey { id, .. } => ("API key", id),
            Self::Session(row) => ("session", row.id),
            Self::Membership { principal, .. } => ("membership", principal),
            Self::Memberships { .. } => ("memberships", ""),
        }
    }
}

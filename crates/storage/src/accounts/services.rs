//! Service accounts and their API keys.
//!
//! Invariant: a key belongs to one service, and a service to one app; revoking a service ends its keys and roles in the
//! same transaction. Not here: what a key looks like (`identity`).

use casemate_core::{AppId, Principal, ServiceId, Timestamp};
use rusqlite::OptionalExtension;

use super::proof::Row;
use super::{Accounts, AccountsError, Mac, millis, roles, take_name, timestamp};
use crate::error::StorageError;

/// A service account, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRecord {
    /// Its id.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// The one app that its keys are good for.
    pub app: AppId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its last key ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A new API key: its public part, and a MAC of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// The public part, which finds it.
    pub id: String,
    /// A MAC of the whole key.
    pub mac: Mac,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// An API key that was looked up, with its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// A MAC of the whole key.
    pub mac: Mac,
    /// The service that it speaks for.
    pub service: ServiceId,
    /// The service's name.
    pub name: String,
    /// The one app that it is good for.
    pub app: AppId,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// Whether it, or its service, was revoked.
    pub revoked: bool,
}

impl Accounts {
    /// Makes a service account with one key.
    ///
    /// # Errors
    /// [`AccountsError::NameTaken`]; [`AccountsError::Storage`].
    pub async fn create_service(
        &self,
        id: ServiceId,
        name: String,
        app: AppId,
        key: NewApiKey,
    ) -> Result<(), AccountsError> {
        let (sealer, now) = (self.sealer.clone(), millis(self.now()));
        self.database
            .transact(move |db| {
                take_name(db, &sealer.name_mac(&name), id.as_str())?;
                let sealed = sealer.seal(id.as_str(), "name", &name)?;
                db.prepare_cached(
                    "INSERT INTO services (id, sealed_name, app, created_at, proof) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((
                    id.as_str(),
                    sealed,
                    app.as_str(),
                    now,
                    sealer.proof(Row::Service { id: id.as_str(), app: app.as_str() }),
                ))?;
                let expires_at = key.expires_at.map(millis);
                let row = Row::ApiKey { id: &key.id, service: id.as_str(), mac: &key.mac, expires_at };
                db.prepare_cached(
                    "INSERT INTO api_keys (id, service, mac, created_at, expires_at, proof)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((&key.id, id.as_str(), key.mac, now, expires_at, sealer.proof(row)))?;
                Ok(())
            })
            .await
    }

    /// Revokes a service, its keys and its roles. Its name becomes free, its id does not.
    ///
    /// # Errors
    /// [`AccountsError::Missing`]; [`AccountsError::Storage`].
    pub async fn revoke_service(&self, id: ServiceId) -> Result<(), AccountsError> {
        let (sealer, now) = (self.sealer.clone(), millis(self.now()));
        self.database
            .transact(move |db| {
                let changed = db
                    .prepare_cached(
                        "UPDATE services SET revoked_at = ?2, proof = NULL WHERE id = ?1 AND revoked_at IS NULL",
                    )?
                    .execute((id.as_str(), now))?;
                if changed == 0 {
                    return Err(AccountsError::Missing("service"));
                }
                db.prepare_cached(
                    "UPDATE api_keys SET revoked_at = ?2, proof = NULL WHERE service = ?1 AND revoked_at IS NULL",
                )?
                .execute((id.as_str(), now))?;
                db.prepare_cached("DELETE FROM account_names WHERE principal = ?1")?
                    .execute([id.as_str()])?;
                roles::remove_all(db, &sealer, &Principal::Service(id))
            })
            .await
    }

    /// All services that are not revoked, by name.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn services(&self) -> Result<Vec<ServiceRecord>, AccountsError> {
        self.database.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT services.id, sealed_name, app, services.created_at,
                        CASE WHEN count(*) = count(expires_at) THEN max(expires_at) END
                 FROM services JOIN api_keys ON api_keys.service = services.id
                 WHERE services.revoked_at IS NULL GROUP BY services.id",
            )?;
            let mut rows = statement.query([])?;
            let mut services = Vec::new();
            while let Some(row) = rows.next()? {
                let id: String = row.get(0)?;
                services.push(ServiceRecord {
                    name: self.sealer.open(&id, "name", &row.get::<_, Vec<u8>>(1)?)?,
                    id: read_service(&id)?,
                    app: read_app(&row.get::<_, String>(2)?)?,
                    created_at: timestamp(row.get(3)?),
                    expires_at: row.get::<_, Option<i64>>(4)?.map(timestamp),
                });
            }
            services.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(services)
        })
    }

    /// The key of a public part.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn api_key(&self, id: &str) -> Result<Option<ApiKeyRecord>, AccountsError> {
        type Found = (Mac, String, Vec<u8>, String, Option<i64>, bool, Option<Vec<u8>>, Option<Vec<u8>>);
        self.database.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT mac, services.id, sealed_name, app, expires_at,
                        api_keys.revoked_at IS NOT NULL OR services.revoked_at IS NOT NULL,
                        api_keys.proof, services.proof
                 FROM api_keys JOIN services ON services.id = api_keys.service WHERE api_keys.id = ?1",
            )?;
            let row: Option<Found> = statement
                .query_row([id], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                        row.get(5)?,
                        row.get(6)?,
                        row.get(7)?,
                    ))
                })
                .optional()?;
            row.map(|(mac, service, sealed_name, app, expires_at, ended, of_key, of_service)| {
                let key = Row::ApiKey { id, service: &service, mac: &mac, expires_at };
                let owner = Row::Service { id: &service, app: &app };
                let revoked = ended
                    || !self.sealer.in_force(key, of_key.as_deref())
                    || !self.sealer.in_force(owner, of_service.as_deref());
                Ok(ApiKeyRecord {
                    mac,
                    name: self.sealer.open(&service, "name", &sealed_name)?,
                    service: read_service(&service)?,
                    app: read_app(&app)?,
                    expires_at: expires_at.map(timestamp),
                    revoked,
                })
            })
            .transpose()
        })
    }
}

fn read_service(id: &str) -> Result<ServiceId, StorageError> {
    ServiceId::parse(id).map_err(|_| StorageError::Corrupt("a service id".to_owned()))
}

pub(super) fn read_app(app: &str) -> Result<AppId, StorageError> {
    AppId::parse(app).map_err(|_| StorageError::Corrupt("an app name".to_owned()))
}

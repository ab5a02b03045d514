//! Revisions: deployed states of apps, counted from one; the last one is live.
//!
//! Invariant: a revision comes to be in one transaction, with the app's data key if it is the app's first, and only when the
//! manifest is the one that the permit names and every component is here. A revision never changes. Not here: compiling,
//! routing, installing its policies.

use std::collections::BTreeMap;

use casemate_core::action::operation::AppDeploy;
use casemate_core::{
    AppId, Digest, Fault, Faulty, FunctionName, Manifest, ManifestError, Principal, Revision, Timestamp,
};
use casemate_policy::Permit;
use casemate_vault::{Binding, KeyScope, Vault, sha256};
use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use super::{Registry, standing};
use crate::error::{StorageError, unsealed};
use crate::keys;

/// A revision as it was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedRevision {
    /// Whose.
    pub app: AppId,
    /// Which.
    pub revision: Revision,
    /// The manifest's text, as it was given.
    pub manifest: String,
    /// The component of each function.
    pub components: BTreeMap<FunctionName, Digest>,
    /// Who deployed it.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
}

/// Why a deployment failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The manifest is not the one that was authorized.
    #[error("the manifest is not the one that the deployment was allowed for")]
    OtherManifest,
    /// The manifest is wrong.
    #[error("the manifest is wrong: {0}")]
    Manifest(#[source] ManifestError),
    /// A function has no component.
    #[error("function `{0}` has no component in this deployment")]
    NoComponent(FunctionName),
    /// A component for no function.
    #[error("the deployment has a component for `{0}`, which the manifest does not name")]
    NoFunction(FunctionName),
    /// A component that was not uploaded.
    #[error("component `{digest}` of function `{function}` is not here; upload it first")]
    MissingComponent {
        /// Of which function.
        function: FunctionName,
        /// Which.
        digest: Digest,
    },
    /// Writing failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for DeployError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl Faulty for DeployError {
    fn fault(&self) -> Fault {
        match self {
            Self::OtherManifest | Self::NoComponent(_) | Self::NoFunction(_) => Fault::Caller,
            Self::Manifest(error) => error.fault(),
            Self::MissingComponent { .. } => Fault::Caller,
            Self::Storage(error) => error.fault(),
        }
    }
    fn help(&self) -> Option<String> {
        match self {
            Self::Manifest(error) => error.help(),
            _ => None,
        }
    }
}

/// How a revision stands in its sealed row.
#[derive(Serialize, Deserialize)]
struct Sealed {
    manifest: String,
    components: BTreeMap<FunctionName, Digest>,
    by: Principal,
    at: Timestamp,
}

impl Registry {
    /// Puts a revision of the permit's app live, on disk on return. The first one gives the app its data key.
    ///
    /// # Errors
    /// [`DeployError`], by variant.
    pub async fn deploy(
        &self,
        permit: Permit<AppDeploy>,
        manifest_text: &str,
        components: BTreeMap<FunctionName, Digest>,
    ) -> Result<Revision, DeployError> {
        let app = permit.target().app.clone();
        self.check_deployment(&permit, manifest_text, &components)?;
        let record = Sealed {
            manifest: manifest_text.to_owned(),
            components,
            by: permit.caller().principal.clone(),
            at: self.clock.now(),
        };
        let vault = self.vault.clone();
        self.database
            .transact(move |transaction| {
                let scope = KeyScope::App(app.clone());
                keys::ensure(transaction, &vault, &scope, record.at)?;
                let last: i64 = transaction.query_row(
                    "SELECT coalesce(max(revision), 0) FROM revisions WHERE app = ?1",
                    [app.as_str()],
                    |row| row.get(0),
                )?;
                let revision = Revision(last.cast_unsigned()).next();
                let clear =
                    serde_json::to_vec(&record).map_err(|error| StorageError::Corrupt(error.to_string()))?;
                let sealed = with_binding(&scope, revision, |binding| vault.seal(binding, &clear))
                    .map_err(StorageError::from)?;
                transaction.execute(
                    "INSERT INTO revisions (app, revision, sealed) VALUES (?1, ?2, ?3)",
                    (app.as_str(), revision.0.cast_signed(), sealed),
                )?;
                standing::keep(transaction, &vault)?;
                Ok(revision)
            })
            .await
    }

    fn check_deployment(
        &self,
        permit: &Permit<AppDeploy>,
        manifest_text: &str,
        components: &BTreeMap<FunctionName, Digest>,
    ) -> Result<(), DeployError> {
        let manifest = Manifest::parse(manifest_text).map_err(DeployError::Manifest)?;
        if sha256(manifest_text.as_bytes()) != permit.target().manifest || manifest.app != permit.target().app
        {
            return Err(DeployError::OtherManifest);
        }
        if let Some(name) = manifest.functions.keys().find(|name| !components.contains_key(*name)) {
            return Err(DeployError::NoComponent(name.clone()));
        }
        for (function, digest) in components {
            if !manifest.functions.contains_key(function) {
                return Err(DeployError::NoFunction(function.clone()));
            }
            if !self.has_component(digest) {
                return Err(DeployError::MissingComponent { function: function.clone(), digest: *digest });
            }
        }
        Ok(())
    }

    /// The live revision of an app.
    ///
    /// # Errors
    /// [`StorageError::Tampered`] when it was edited or moved, or why it could not be read.
    pub fn current(&self, app: &AppId) -> Result<Option<DeployedRevision>, StorageError> {
        self.database.read(|reader| {
            reader
                .prepare_cached(
                    "SELECT app, revision, sealed FROM revisions WHERE app = ?1 ORDER BY revision DESC LIMIT 1",
                )?
                .query_row([app.as_str()], |row| Ok(open(&self.vault, row)))
                .optional()?
                .transpose()
        })
    }

    /// The live revision of every app, by name.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub fn apps(&self) -> Result<Vec<DeployedRevision>, StorageError> {
        self.database.read(|reader| {
            // SQLite takes the other columns from the row of the maximum (sqlite.org/lang_select.html, "bare columns").
            reader
                .prepare_cached(
                    "SELECT app, max(revision) AS revision, sealed FROM revisions GROUP BY app ORDER BY app",
                )?
                .query_map([], |row| Ok(open(&self.vault, row)))?
                .collect::<Result<Result<Vec<_>, _>, _>>()?
        })
    }

    /// Every revision of an app, the newest first, at most `limit`.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub fn revisions(&self, app: &AppId, limit: usize) -> Result<Vec<DeployedRevision>, StorageError> {
        self.database.read(|reader| {
            reader
                .prepare_cached(
                    "SELECT app, revision, sealed FROM revisions WHERE app = ?1 ORDER BY revision DESC LIMIT ?2",
                )?
                .query_map((app.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)), |row| {
                    Ok(open(&self.vault, row))
                })?
                .collect::<Result<Result<Vec<_>, _>, _>>()?
        })
    }
}

fn with_binding<T>(scope: &KeyScope, revision: Revision, act: impl FnOnce(&Binding<'_>) -> T) -> T {
    act(&Binding { scope, parts: &[b"revision", &revision.0.to_be_bytes()] })
}

fn open(vault: &Vault, row: &Row<'_>) -> Result<DeployedRevision, StorageError> {
    let app: String = row.get(0)?;
    let app = AppId::parse(&app).map_err(|_| StorageError::Corrupt("an app has no valid name".to_owned()))?;
    let revision = Revision(row.get::<_, i64>(1)?.cast_unsigned());
    let sealed: Vec<u8> = row.get(2)?;
    let scope = KeyScope::App(app.clone());
    let clear = with_binding(&scope, revision, |binding| vault.open_sealed(binding, &sealed))
        .map_err(unsealed("revision"))?;
    let Sealed { manifest, components, by, at } =
        serde_json::from_slice(&clear).map_err(|_| StorageError::Tampered("revision"))?;
    Ok(DeployedRevision { app, revision, manifest, components, by, at })
}

//! The composition root: opens every room in order and hands each one what it may have, and nothing else.
//!
//! Invariant: each storage handle moves into exactly one room. Not here: listening (`start`), requests (`request`, `control`).

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use casemate_audit::{Ledger, LedgerSettings};
use casemate_core::action::operation::PolicyWrite;
use casemate_core::{Clock, Digest, Durable, Entropy, Manifest, SystemClock};
use casemate_identity::{AccountError, Identity, IdentitySettings};
use casemate_policy::{Directory, Guard, Permit, Rules, WrittenPolicy};
use casemate_sandbox::{EgressSettings, HostServices, Sandbox, SandboxSettings};
use casemate_storage::{Registry, Storage};
use casemate_vault::{SystemEntropy, Vault};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::edge::{EdgeCounters, Rates, server_config};
use crate::error::StartError;
use crate::functions::Functions;
use crate::reply::Problem;
use crate::settings::{Settings, Tls};

/// The setting that remembers how many leaves of the ledger were sealed.
const HIGH_WATER: &str = "ledger-high-water";

/// Everything that a request can reach.
pub(crate) struct Platform {
    /// What the operator set.
    pub(crate) settings: Settings,
    /// The wall clock.
    pub(crate) clock: Arc<dyn Clock>,
    /// Randomness.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The ledger: opens entries, answers readers.
    pub(crate) ledger: Arc<Ledger>,
    /// The ledger again, as what waits for the disk.
    pub(crate) durable: Arc<dyn Durable>,
    /// The one place that allows.
    pub(crate) guard: Arc<Guard>,
    /// Who is who.
    pub(crate) identity: Arc<Identity>,
    /// Where functions run.
    pub(crate) sandbox: Arc<Sandbox>,
    /// What is deployed.
    pub(crate) registry: Registry,
    /// What is live.
    pub(crate) functions: Functions,
    /// Rates of functions, callers and addresses.
    pub(crate) rates: Rates,
    /// What the edge refused, counted.
    pub(crate) counters: Arc<EdgeCounters>,
    /// Deploys and policy changes go one at a time.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// What [`Self::keep_high_water`] kept last.
    high_water: AtomicU64,
    /// Compile children at once.
    pub(crate) compiling: tokio::sync::Semaphore,
    /// Readers of the ledger's files at once.
    pub(crate) reading: Arc<tokio::sync::Semaphore>,
    /// What the guard knows of the roles. Held while they are read and handed over, so that no older reading comes last.
    roles: Mutex<RolesKnown>,
}

/// How much of the roles the guard was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RolesKnown {
    /// All that are in force; so many rows are not, because somebody edited the database.
    All { refused: usize },
    /// None: they could not be read.
    None,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").field("data", &self.settings.data).finish_non_exhaustive()
    }
}

/// How both listeners speak TLS.
pub(crate) struct TlsSetup {
    pub(crate) config: Arc<rustls::ServerConfig>,
    /// The certificate that clients must be given, if the server signed it itself.
    pub(crate) published: Option<PublishedCertificate>,
}

/// A certificate that no authority vouches for: clients need the file, people compare the fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedCertificate {
    /// Where it lies, in PEM.
    pub path: PathBuf,
    /// SHA-256 of the certificate (DER).
    pub fingerprint: Digest,
}

/// What opening the platform yields besides itself.
pub(crate) struct Opened {
    pub(crate) platform: Arc<Platform>,
    /// On a first start: the code with which the first administrator sets a password.
    pub(crate) setup_code: Option<String>,
}

impl Platform {
    /// Opens vault, storage, ledger, identity, guard and sandbox, and puts every deployed app live.
    pub(crate) async fn open(
        settings: Settings,
        vault: Arc<Vault>,
        sandbox: SandboxSettings,
    ) -> Result<Opened, StartError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let handles = Storage::open(&settings.data, Arc::clone(&vault), Arc::clone(&clock))?;
        let ledger_settings =
            LedgerSettings { max_bytes: settings.ledger_max_bytes, ..LedgerSettings::default() };
        let ledger = Ledger::open(handles.ledger, Arc::clone(&vault), Arc::clone(&clock), ledger_settings)?;
        let durable: Arc<dyn Durable> = Arc::clone(&ledger) as Arc<dyn Durable>;
        let identity_settings = IdentitySettings { issuer: settings.issuer(), ..IdentitySettings::default() };
        let identity = Identity::open(
            handles.accounts,
            Arc::clone(&vault),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            identity_settings,
        )
        .await?;
        let guard = Arc::new(Guard::new());
        let services = HostServices {
            guard: Arc::clone(&guard),
            stores: Arc::new(handles.guest),
            durable: Arc::clone(&durable),
            clock: Arc::clone(&clock),
            egress: EgressSettings::default(),
        };
        let sandbox = Sandbox::new(services, sandbox)?;
        let setup_code = identity.setup_code().await?;
        let platform = Arc::new(Self {
            settings,
            clock,
            entropy,
            ledger,
            durable,
            guard,
            identity,
            sandbox,
            registry: handles.registry,
            functions: Functions::default(),
            rates: Rates::default(),
            counters: Arc::new(EdgeCounters::default()),
            changing: tokio::sync::Mutex::new(()),
            high_water: AtomicU64::new(u64::MAX),
            compiling: tokio::sync::Semaphore::new(2),
            reading: Arc::new(tokio::sync::Semaphore::new(2)),
            roles: Mutex::new(RolesKnown::All { refused: 0 }),
        });
        platform.check_high_water().await?;
        platform.refresh_directory()?;
        platform.restore().await?;
        Ok(Opened { platform, setup_code })
    }

    /// The TLS configuration of both listeners, if they are to have one: around the operator's certificate, or around one that was
    /// made at the first start and is kept sealed.
    pub(crate) async fn tls(
        &self,
        vault: &Vault,
        operators: Option<Arc<CertifiedKey>>,
    ) -> Result<Option<TlsSetup>, StartError> {
        let around = |key: Arc<CertifiedKey>| server_config(Arc::new(SingleCertAndKey::from(key)));
        if let Some(key) = operators {
            return Ok(Some(TlsSetup { config: around(key)?, published: None }));
        }
        if self.settings.tls == Tls::Off {
            return Ok(None);
        }
        let kept = self.registry.tls_identity()?;
        let domain = &self.settings.domain;
        let names = [
            domain.clone(),
            format!("*.{domain}"),
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ];
        let mut names = names.to_vec();
        names.dedup();
        let (identity, wrapped) = vault.tls_identity(kept.as_ref(), &names)?;
        if kept.as_ref() != Some(&wrapped) {
            self.registry.put_tls_identity(&wrapped).await?;
        }
        let path = self.registry.publish_certificate(&identity.certificate_pem())?;
        let published = Some(PublishedCertificate { path, fingerprint: identity.fingerprint() });
        Ok(Some(TlsSetup { config: around(identity.certified())?, published }))
    }

    /// Refuses a ledger that is older than this server remembers: whoever puts an older copy back hides what came after it, and a
    /// server that went on from there would sign a second history.
    async fn check_high_water(&self) -> Result<(), StartError> {
        let known = self.registry.setting(HIGH_WATER)?.and_then(|bytes| bytes.try_into().ok());
        let known = known.map_or(0, u64::from_be_bytes);
        let found = self.ledger.checkpoint().0.size;
        if found < known && !self.settings.dangerous_accept_older_ledger {
            return Err(StartError::LedgerRolledBack { found, known });
        }
        Ok(self.registry.put_setting(HIGH_WATER, &found.to_be_bytes()).await?)
    }

    /// Remembers how far the ledger is sealed.
    pub(crate) async fn keep_high_water(&self) {
        let sealed = self.ledger.checkpoint().0.size;
        if self.high_water.swap(sealed, Ordering::Relaxed) == sealed {
            return;
        }
        if let Err(error) = self.registry.put_setting(HIGH_WATER, &sealed.to_be_bytes()).await {
            tracing::error!(%error, "how far the ledger is sealed could not be kept");
        }
    }

    /// Puts a change of the platform's own state into the ledger.
    pub(crate) fn note(&self, activity: &str, message: &str) {
        // A ledger that is broken already denies every request; the operator's log says why.
        if let Err(error) = self.ledger.note(activity, message) {
            tracing::error!(%error, activity, "the ledger did not take a note");
        }
    }

    /// Tells the guard who has which role now. When the roles cannot be read, nobody has any until they can.
    pub(crate) fn refresh_directory(&self) -> Result<(), AccountError> {
        let mut known = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let (memberships, now, failed) = match self.identity.directory() {
            Ok(read) => (read.memberships, RolesKnown::All { refused: read.refused }, Ok(())),
            Err(error) => (Vec::new(), RolesKnown::None, Err(error)),
        };
        self.guard.update_directory(Directory { memberships });
        if now != *known {
            match (&failed, now) {
                (Err(error), _) => {
                    tracing::error!(%error, "the roles could not be read: nobody has any");
                    self.note(
                        "roles closed",
                        &format!("nobody has a role, because they could not be read: {error}"),
                    );
                }
                (Ok(()), RolesKnown::All { refused }) if refused > 0 => {
                    self.note("database edited", &format!("{refused} role memberships are not in force"));
                }
                (Ok(()), _) => self.note("roles read", "all role memberships are in force"),
            }
        }
        *known = now;
        failed
    }

    /// Whether the guard waits for roles that could not be read.
    pub(crate) fn lacks_roles(&self) -> bool {
        *self.roles.lock().unwrap_or_else(PoisonError::into_inner) == RolesKnown::None
    }

    /// The rules as they stand, with one app's manifest replaced.
    pub(crate) fn rules_with(&self, changed: Option<&Arc<Manifest>>) -> Result<Rules, Problem> {
        let mut apps: Vec<_> = self.functions.apps().iter().map(|live| Arc::clone(&live.manifest)).collect();
        if let Some(changed) = changed {
            apps.retain(|manifest| manifest.app != changed.app);
            apps.push(Arc::clone(changed));
        }
        let written = self.registry.policies().map_err(|error| Problem::of(&error))?;
        Ok(Rules { apps, written })
    }

    /// Writes (or, with `None`, removes) a policy: validated strictly, kept, then put in force. A policy that does not
    /// validate changes nothing.
    pub(crate) async fn write_policy(
        &self,
        permit: Permit<PolicyWrite>,
        name: &str,
        text: Option<String>,
    ) -> Result<(), Problem> {
        let _one_at_a_time = self.changing.lock().await;
        let mut rules = self.rules_with(None)?;
        let known = rules.written.iter().any(|policy| policy.name == name);
        rules.written.retain(|policy| policy.name != name);
        match &text {
            Some(text) => rules.written.push(WrittenPolicy { name: name.to_owned(), text: text.clone() }),
            None if !known => return Err(Problem::hidden("no such policy")),
            None => {}
        }
        // A dry run on a guard that guards nothing: the live one must not change before the text is kept.
        Guard::new().install(rules.clone()).map_err(|error| Problem::of(&error))?;
        match &text {
            Some(text) => self.registry.put_policy(permit, text).await,
            None => self.registry.remove_policy(permit).await.map(|_| ()),
        }
        .map_err(|error| Problem::of(&error))?;
        self.guard.install(rules).map_err(|error| Problem::of(&error))?;
        Ok(())
    }
}

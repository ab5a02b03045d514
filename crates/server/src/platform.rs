//! The composition root: opens every room in order and hands each one what it may have, and nothing else.
//!
//! Invariant: each storage handle moves into exactly one room. Not here: listening (`start`), requests (`request`, `control`).

use std::sync::Arc;

use casemate_audit::{Ledger, LedgerSettings};
use casemate_core::action::operation::PolicyWrite;
use casemate_core::{Clock, Durable, Entropy, Manifest, SystemClock};
use casemate_identity::{Identity, IdentitySettings};
use casemate_policy::{Directory, Guard, Permit, Rules, WrittenPolicy};
use casemate_sandbox::{EgressSettings, HostServices, Sandbox, SandboxSettings};
use casemate_storage::{Registry, Storage};
use casemate_vault::{SystemEntropy, Vault};

use crate::edge::{EdgeCounters, Rates, server_config};
use crate::error::StartError;
use crate::functions::Functions;
use crate::reply::Problem;
use crate::request::Unrouted;
use crate::settings::{Settings, Tls};

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
    pub(crate) unrouted: Unrouted,
    /// Deploys and policy changes go one at a time.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").field("data", &self.settings.data).finish_non_exhaustive()
    }
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
            unrouted: Unrouted::new()?,
            changing: tokio::sync::Mutex::new(()),
        });
        platform.refresh_directory();
        platform.restore().await?;
        Ok(Opened { platform, setup_code })
    }

    /// The TLS configuration of both listeners, if they are to have one: made at the first start, kept sealed.
    pub(crate) async fn tls(&self, vault: &Vault) -> Result<Option<Arc<rustls::ServerConfig>>, StartError> {
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
        self.registry.publish_certificate(identity.certificate())?;
        let resolver = rustls::sign::SingleCertAndKey::from(identity.certified());
        Ok(Some(server_config(Arc::new(resolver))?))
    }

    /// Puts a change of the platform's own state into the ledger.
    pub(crate) fn note(&self, activity: &str, message: &str) {
        // A ledger that is broken already denies every request; the operator's log says why.
        if let Err(error) = self.ledger.note(activity, message) {
            tracing::error!(%error, activity, "the ledger did not take a note");
        }
    }

    /// Tells the guard who has which role now.
    pub(crate) fn refresh_directory(&self) {
        self.guard.update_directory(Directory { memberships: self.identity.directory() });
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

//! A server from its first step to its last: confine, open, listen, stop.
//!
//! Invariant: the walls stand before the first byte from outside is read: settings are checked, the process is confined, every room is
//! open and every app restored before a listener accepts. Not here: what the rooms are (`platform`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use casemate_sandbox::SandboxSettings;
use casemate_storage::Storage;
use casemate_vault::Vault;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::confine::{ConfinementPlan, confine};
use crate::edge::{
    Admitted, BodyPace, Handler, Hosts, Listener, ListenerLimits, ListenerSettings, ReplyBody, Serving,
    certified_key,
};
use crate::error::StartError;
use crate::platform::{Platform, PublishedCertificate};
use crate::settings::{Settings, Tls};
use crate::{control, descriptors, jobs, reply, request};

/// How long running requests may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// What a started server tells its operator.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where functions are called.
    pub listen: SocketAddr,
    /// Where the platform is administered.
    pub control: SocketAddr,
    /// Where functions are called, as a URL with a place for the app's name.
    pub url: String,
    /// Where the platform is administered, as a URL.
    pub control_url: String,
    /// On a first start: the code that makes the first administrator.
    pub setup_code: Option<String>,
    /// The key that verifies the ledger.
    pub ledger_key: String,
    /// Which walls of the kernel stand around the process.
    pub confinement: String,
    /// The certificate that clients must be given, if the server signed its own.
    pub certificate: Option<PublishedCertificate>,
    /// What an operator should know.
    pub warnings: Vec<String>,
}

/// A running server. Dropping it cuts all connections.
#[derive(Debug)]
pub struct Server {
    ready: Ready,
    platform: Arc<Platform>,
    data: Serving,
    control: Serving,
    runtime: tokio::runtime::Runtime,
    told_to_stop: ToldToStop,
}

/// The signals that stop a server. They are caught before the server says that it is ready, so that none is missed.
#[derive(Debug)]
struct ToldToStop {
    terminate: Signal,
    interrupt: Signal,
}

impl ToldToStop {
    fn catch() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Requests on the data listener.
struct DataPlane(Arc<Platform>);

impl Handler for DataPlane {
    async fn handle(self: Arc<Self>, admitted: Admitted) -> http::Response<ReplyBody> {
        request::handle(Arc::clone(&self.0), admitted).await
    }
}

/// Requests on the control listener.
struct ControlPlane(Arc<Platform>);

impl Handler for ControlPlane {
    async fn handle(self: Arc<Self>, admitted: Admitted) -> http::Response<ReplyBody> {
        // WHY: a task of its own, because a caller who leaves must not stop a change between what is kept and what is in
        // force (a role that was revoked on disk and not in the guard).
        let answered = tokio::spawn(control::handle(Arc::clone(&self.0), admitted)).await;
        answered.unwrap_or_else(|_| reply::empty(http::StatusCode::INTERNAL_SERVER_ERROR))
    }
}

impl Server {
    /// Starts a server. Call it on a thread that has started no others: confinement holds for this thread and those that it
    /// starts.
    ///
    /// # Errors
    /// [`StartError`] says what to change.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_with(settings, SandboxSettings::default())
    }

    /// Starts a server whose components are compiled by another program than this one.
    ///
    /// # Errors
    /// [`StartError`] says what to change.
    pub fn start_with(mut settings: Settings, sandbox: SandboxSettings) -> Result<Self, StartError> {
        settings.check()?;
        let mut warnings = Vec::new();
        warnings.extend(descriptors::fit(&mut settings.edge, descriptors::raise()));
        // The ports come first: once confined, the process can take no other. Nothing is read from them yet.
        let own = vec!["localhost".to_owned(), settings.domain.clone(), settings.control.ip().to_string()];
        let data =
            Listener::bind(listener(&settings, settings.listen, "listen", settings.workers, Hosts::Any))?;
        let control = Listener::bind(listener(&settings, settings.control, "control", 1, Hosts::Only(own)))?;
        (settings.listen, settings.control) = (data.address(), control.address());

        // Files outside the data folder can be read no longer once the process is confined.
        let operators = match &settings.tls {
            Tls::Files { certificate, key } => Some(certified_key(certificate, key)?),
            Tls::Off | Tls::SelfSigned => None,
        };
        let first_start = Storage::prepare(&settings.data)?;
        // A root key may come from a program, which the confined process could no longer start.
        let vault = Arc::new(Vault::open(&settings.root_key_source(), first_start)?);
        let confinement = confine(&ConfinementPlan::for_server(&settings.data)?)?;
        if let Some(reason) = confinement.weakness() {
            if settings.require_landlock {
                return Err(StartError::Unconfined(reason));
            }
            warnings.push(format!("the kernel does not confine this process fully: {reason}"));
        }
        if settings.root_key.is_none() {
            warnings.push(
                "the root key lies beside the data: whoever steals the disk has both (see `root_key`)"
                    .to_owned(),
            );
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("casemate")
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;

        let told_to_stop = {
            let _inside = runtime.enter();
            ToldToStop::catch().map_err(StartError::Runtime)?
        };
        let opened = runtime.block_on(Platform::open(settings, Arc::clone(&vault), sandbox))?;
        let platform = opened.platform;
        let tls = runtime.block_on(platform.tls(&vault, operators))?;
        let certificate = tls.as_ref().and_then(|tls| tls.published.clone());
        let tls = tls.map(|tls| tls.config);
        let (data, control) = (data.with_tls(tls.clone()), control.with_tls(tls));
        let data = data.serve(Arc::new(DataPlane(Arc::clone(&platform))), Arc::clone(&platform.counters))?;
        let control =
            control.serve(Arc::new(ControlPlane(Arc::clone(&platform))), Arc::clone(&platform.counters))?;
        runtime.spawn(jobs::run(Arc::downgrade(&platform)));
        let ready = Ready {
            listen: data.address(),
            control: control.address(),
            url: platform.url_of("APP"),
            control_url: format!("{}://{}", platform.settings.tls.scheme(), control.address()),
            setup_code: opened.setup_code,
            ledger_key: platform.ledger.verifier_key(),
            confinement: confinement.to_string(),
            certificate,
            warnings,
        };
        Ok(Self { ready, platform, data, control, runtime, told_to_stop })
    }

    /// What the operator should read.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT), then stops.
    pub fn wait(mut self) {
        self.runtime.block_on(self.told_to_stop.told());
        self.stop();
    }

    /// Stops: no new connections, running requests end, the ledger is sealed.
    pub fn stop(self) {
        let Self { platform, data, control, runtime, .. } = self;
        runtime.block_on(async {
            let (cut, _) = tokio::join!(data.stop(DRAIN), control.stop(DRAIN));
            if cut > 0 {
                tracing::warn!(cut, "connections were cut after the drain deadline");
            }
        });
        jobs::report_refusals(&platform);
        platform.ledger.close();
        // After the last seal, so that nothing of this run can be taken away unnoticed.
        runtime.block_on(platform.keep_high_water());
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
}

fn listener(
    settings: &Settings,
    address: SocketAddr,
    setting: &'static str,
    threads: usize,
    hosts: Hosts,
) -> ListenerSettings {
    ListenerSettings {
        threads,
        tls_comes_later: settings.tls != Tls::Off,
        dangerous_plain_http: settings.dangerous_plain_http,
        hosts,
        limits: limits(settings),
        ..ListenerSettings::new(address, setting)
    }
}

fn limits(settings: &Settings) -> ListenerLimits {
    let edge = &settings.edge;
    let defaults = ListenerLimits::default();
    ListenerLimits {
        // A component is the largest body that either listener takes.
        request_body_bytes: defaults.request_body_bytes.max(settings.component_max_bytes),
        connections: edge.connections,
        connections_per_address: edge.connections_per_address,
        header_timeout: Duration::from_millis(edge.header_timeout_ms),
        body_pace: BodyPace { grace: Duration::from_millis(edge.body_grace_ms), ..defaults.body_pace },
        ..defaults
    }
}

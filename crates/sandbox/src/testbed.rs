//! A whole world for tests and benches: guard, stores, ledger in memory, sandbox, and the committed guests.
//!
//! It uses nothing but public ways, so that it proves what it builds on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use casemate_core::action::operation::Invoke;
use casemate_core::testing::{MemoryLedger, clock_at};
use casemate_core::{
    Actor, AppId, Entry, Event, FunctionId, FunctionName, Manifest, Outcome, Revision, Verdict,
};
use casemate_policy::{Guard, Rules};
use casemate_sandbox::{
    Compiler, EgressSettings, FunctionSpec, HostServices, LoadError, LoadedFunction, RunBody, RunError,
    Sandbox, SandboxSettings,
};
use casemate_storage::Storage;
use casemate_vault::{KeyScope, RootKeySource, Vault};
use http_body_util::{BodyExt, Full};
use tempfile::TempDir;

/// Images, so that each guest is compiled once in a process.
static IMAGES: Mutex<BTreeMap<&str, Arc<Vec<u8>>>> = Mutex::new(BTreeMap::new());

pub(crate) struct World {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) ledger: Arc<MemoryLedger>,
    _folder: TempDir,
}

/// What came of one request.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    /// Why the body broke off, if it did.
    pub(crate) broken: Option<RunError>,
}

impl Came {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) fn component(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/components/{name}.wasm"));
    std::fs::read(path).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_egress(EgressSettings::default())
    }

    pub(crate) fn with_egress(egress: EgressSettings) -> Self {
        let folder = TempDir::new().unwrap();
        let data: PathBuf = folder.path().join("data");
        let first_start = Storage::prepare(&data).unwrap();
        let key = RootKeySource::File(folder.path().join("root.key"));
        let vault = Arc::new(Vault::open(&key, first_start).unwrap());
        let clock = clock_at(1_700_000_000);
        let handles = Storage::open(&data, Arc::clone(&vault), Arc::clone(&clock)).unwrap();
        // What a deploy through the registry would do.
        vault.create_data_key(&KeyScope::App(AppId::parse("shop").unwrap())).unwrap();
        let guard = Arc::new(Guard::new());
        let ledger = MemoryLedger::new();
        let services = HostServices {
            guard: Arc::clone(&guard),
            stores: Arc::new(handles.guest),
            durable: Arc::clone(&ledger) as Arc<dyn casemate_core::Durable>,
            clock,
            egress,
        };
        let settings =
            SandboxSettings { compiler: Compiler::DangerousInProcess, ..SandboxSettings::default() };
        let sandbox = Sandbox::new(services, settings).unwrap();
        Self { sandbox, guard, ledger, _folder: folder }
    }

    /// Installs an app with one function `f`, public, with these lines in its table, and loads it.
    pub(crate) async fn deploy(
        &self,
        guest: &'static str,
        lines: &str,
    ) -> Result<Arc<LoadedFunction>, LoadError> {
        let text = format!(
            "app = \"shop\"\n[stores.scratch]\n[stores.orders]\n[stores.own]\npartition = \"caller\"\n\
             [functions.f]\ncomponent = \"f.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n{lines}\n"
        );
        let manifest = Arc::new(Manifest::parse(&text).unwrap());
        self.guard.install(Rules { apps: vec![Arc::clone(&manifest)], written: Vec::new() }).unwrap();
        let name = FunctionName::parse("f").unwrap();
        let spec = FunctionSpec {
            id: FunctionId { app: manifest.app.clone(), name: name.clone() },
            revision: Revision(3),
            function: manifest.functions[&name].clone(),
            stores: manifest.stores.clone(),
        };
        let image = self.image(guest).await;
        self.sandbox.load(&image, spec)
    }

    async fn image(&self, guest: &'static str) -> Arc<Vec<u8>> {
        let images = || IMAGES.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = images().get(guest).cloned();
        if let Some(image) = kept {
            return image;
        }
        let image = Arc::new(self.sandbox.compile(component(guest)).await.unwrap());
        images().insert(guest, Arc::clone(&image));
        image
    }

    pub(crate) async fn start<B>(
        &self,
        function: &Arc<LoadedFunction>,
        caller: Actor,
        request: http::Request<B>,
    ) -> (Arc<Entry>, Result<http::Response<RunBody>, RunError>)
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let entry = Arc::new(self.ledger.entry().unwrap());
        let permit =
            self.guard.authorize::<Invoke>(&entry, &Arc::new(caller), function.id().clone()).unwrap();
        let ran = self.sandbox.run(permit, function, Arc::clone(&entry), request).await;
        (entry, ran)
    }

    pub(crate) async fn ask(
        &self,
        function: &Arc<LoadedFunction>,
        request: http::Request<Full<Bytes>>,
    ) -> Result<Came, RunError> {
        let (_, ran) = self.start(function, Actor::anonymous(), request).await;
        Ok(read(ran?).await)
    }

    pub(crate) async fn get(&self, function: &Arc<LoadedFunction>, path: &str) -> Result<Came, RunError> {
        self.ask(function, request("GET", path, "")).await
    }

    /// The outcomes in the ledger so far.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |event| match event {
            Event::Outcome(outcome) => Some(*outcome),
            _ => None,
        };
        self.ledger.events().into_iter().filter_map(|(_, _, event)| outcome(event)).collect()
    }

    /// Waits until `count` entries are complete, and gives the last.
    pub(crate) async fn outcome(&self, count: usize) -> Outcome {
        for _ in 0..2_000 {
            let outcomes = self.outcomes();
            if outcomes.len() >= count {
                return outcomes[count - 1].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("the entry never completed: {:?}", self.outcomes());
    }

    /// The decisions on host calls so far, as `action resource detail verdict`.
    pub(crate) fn decisions(&self) -> Vec<String> {
        let decision = |event| match event {
            Event::Decision(decision) if decision.action != casemate_core::Action::Invoke => Some(format!(
                "{} {} {} {}",
                decision.action.name(),
                decision.resource.uid(),
                decision.detail.unwrap_or_default(),
                if decision.disposition == Verdict::Allow { "allow" } else { "deny" },
            )),
            _ => None,
        };
        self.ledger.events().into_iter().filter_map(|(_, _, event)| decision(event)).collect()
    }
}

pub(crate) fn request(method: &str, path: &str, body: &str) -> http::Request<Full<Bytes>> {
    http::Request::builder()
        .method(method)
        .uri(format!("http://shop.localhost{path}"))
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap()
}

pub(crate) async fn read(response: http::Response<RunBody>) -> Came {
    let (head, mut body) = response.into_parts();
    let mut whole = Vec::new();
    let mut broken = None;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => whole.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
            Err(error) => broken = Some(error),
        }
    }
    Came { status: head.status.as_u16(), body: whole.into(), broken }
}

//! A whole installation in a temporary folder, with a real vault and a real guard, for this room's tests.
//!
//! Owns: the fixture. Not here: any stand-in for storage itself.

use std::path::PathBuf;
use std::sync::Arc;

use casemate_core::manifest::Partition;
use casemate_core::resource::{KvKeys, PlatformPart};
use casemate_core::testing::{MemoryLedger, clock_at};
use casemate_core::{
    Actor, AppId, Clock, FunctionId, FunctionName, Manifest, Operation, Principal, RoleName, ServiceId,
    StoreId, StoreName, UserId,
};
use casemate_policy::{Directory, Guard, Permit, Refusal, Rules};
use casemate_vault::{RootKeySource, Vault};
use tempfile::TempDir;

use crate::{Handles, OpenStorageError, Storage};

/// A manifest that grants its one function everything on two stores.
pub(crate) fn manifest(app: &str) -> String {
    format!(
        r#"
app = "{app}"
[stores.cart]
[stores.orders]
partition = "caller"
[functions.main]
component = "main.wasm"
routes = ["/*"]
access = "public"
[functions.main.grants]
kv = {{ cart = ["get", "set", "delete", "list"], orders = ["get", "set", "delete", "list"] }}
"#
    )
}

pub(crate) fn app(name: &str) -> AppId {
    AppId::parse(name).unwrap()
}

pub(crate) fn user(number: u8) -> Principal {
    Principal::User(UserId::from_random([number; 16]))
}

pub(crate) fn service(number: u8) -> Principal {
    Principal::Service(ServiceId::from_random([number; 16]))
}

/// An installation. The root key lies in a folder of its own.
pub(crate) struct House {
    pub(crate) data: TempDir,
    pub(crate) keys: TempDir,
    pub(crate) guard: Guard,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) handles: Option<Handles>,
}

impl House {
    /// A fresh one, with the apps `shop` and `blog` known to the guard, and their data keys made.
    pub(crate) async fn new() -> Self {
        let mut house = Self::closed();
        house.handles = Some(house.open().unwrap());
        for name in ["shop", "blog"] {
            house.deploy(name, &manifest(name)).await;
        }
        house
    }

    /// A fresh one that was never opened.
    pub(crate) fn closed() -> Self {
        let guard = Guard::new();
        let apps = ["shop", "blog"].map(|name| Arc::new(Manifest::parse(&manifest(name)).unwrap()));
        guard.install(Rules { apps: apps.to_vec(), written: Vec::new() }).unwrap();
        guard.update_directory(Directory {
            memberships: vec![(user(0xad), AppId::platform(), RoleName::admin())],
        });
        Self {
            data: tempfile::tempdir().unwrap(),
            keys: tempfile::tempdir().unwrap(),
            guard,
            ledger: MemoryLedger::new(),
            handles: None,
        }
    }

    pub(crate) fn handles(&self) -> &Handles {
        self.handles.as_ref().unwrap()
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.keys.path().join("root.key")
    }

    pub(crate) fn vault(&self) -> Arc<Vault> {
        Arc::new(Vault::open(&RootKeySource::File(self.key_file()), true).unwrap())
    }

    /// Opens the folder with the key of this house.
    pub(crate) fn open(&self) -> Result<Handles, OpenStorageError> {
        Storage::open(self.data.path(), self.vault(), clock())
    }

    /// Closes it and opens it anew, with a vault that knows nothing but the root key.
    pub(crate) fn reopen(&mut self) {
        self.handles = None;
        self.handles = Some(self.open().unwrap());
    }

    /// The permit, or the guard's refusal.
    pub(crate) fn ask<A: Operation>(&self, actor: Actor, target: A::Target) -> Result<Permit<A>, Refusal> {
        let entry = self.ledger.entry().unwrap();
        self.guard.authorize(&entry, &Arc::new(actor), target)
    }

    /// A permit for the app's function, on behalf of `caller`.
    pub(crate) fn kv<A>(&self, caller: Principal, store: &str, keys: &[&str]) -> Permit<A>
    where
        A: Operation<Target = KvKeys>,
    {
        let (app_name, store_name) = store.split_once('/').unwrap();
        let app = app(app_name);
        let partition = if store_name == "orders" { Partition::Caller } else { Partition::Shared };
        let target = KvKeys {
            store: StoreId { app: app.clone(), name: StoreName::parse(store_name).unwrap() },
            partition,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        let audience = caller.is_signed_in().then(|| app.clone());
        let caller = Actor { principal: caller, audience, ..Actor::anonymous() };
        let function = FunctionId { app, name: FunctionName::parse("main").unwrap() };
        self.ask(Actor::function(function, Arc::new(caller)), target).unwrap()
    }

    /// A permit for the administrator.
    pub(crate) fn admin<A: Operation>(&self, target: A::Target) -> Permit<A> {
        let admin = Actor { principal: user(0xad), audience: Some(AppId::platform()), ..Actor::anonymous() };
        self.ask(admin, target).unwrap()
    }

    /// Uploads a component and deploys an app whose every function is that component.
    pub(crate) async fn deploy(&self, name: &str, text: &str) -> casemate_core::Revision {
        let digest = self.upload(b"\0asm, or so").unwrap();
        let functions = Manifest::parse(text).unwrap().functions;
        let components = functions.into_keys().map(|function| (function, digest)).collect();
        let target = casemate_core::resource::Deployment {
            app: app(name),
            manifest: casemate_vault::sha256(text.as_bytes()),
        };
        self.handles().registry.deploy(self.admin(target), text, components).await.unwrap()
    }

    /// Uploads a component.
    pub(crate) fn upload(&self, bytes: &[u8]) -> Result<casemate_core::Digest, crate::UploadError> {
        let digest = casemate_vault::sha256(bytes);
        let permit = self.admin(PlatformPart(Some(digest.to_string())));
        let mut upload = self.handles().registry.begin_component(permit, 1 << 20)?;
        for piece in bytes.chunks(4) {
            upload.write(piece)?;
        }
        upload.finish()
    }

    /// A connection past all of this room's code, as somebody with the file would have.
    pub(crate) fn raw(&self) -> rusqlite::Connection {
        let raw = rusqlite::Connection::open(self.data.path().join("casemate.db")).unwrap();
        raw.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        raw
    }

    /// Every file of the data folder, by path.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &std::path::Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files);
                } else {
                    files.push((path.clone(), std::fs::read(&path).unwrap()));
                }
            }
        }
        let mut files = Vec::new();
        walk(self.data.path(), &mut files);
        files.sort();
        files
    }
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    clock_at(1_700_000_000)
}

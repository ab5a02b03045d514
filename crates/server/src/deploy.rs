//! Putting a revision of an app live, and restoring the live ones at start.
//!
//! Invariant: nothing half-done. Manifest, components, images, policies and routes are all checked before the one
//! transaction that makes the revision; only then are policies and routes swapped. A crash in between leaves either the old
//! revision or, at the next start, the whole new one. Not here: compiling (`sandbox`), keeping (`storage`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use casemate_core::action::operation::AppDeploy;
use casemate_core::manifest::{Access, Function, KvRight, Manifest};
use casemate_core::{Digest, FunctionId, FunctionName, Revision, Timestamp};
use casemate_policy::{Guard, Permit};
use casemate_sandbox::{FunctionSpec, LoadedFunction};
use casemate_storage::ComponentError;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::StartError;
use crate::functions::LiveApp;
use crate::platform::Platform;
use crate::reply::Problem;

/// A component that was uploaded, checked and compiled.
#[derive(Debug, Serialize)]
pub(crate) struct ComponentReport {
    pub(crate) digest: Digest,
    pub(crate) wasi: String,
    pub(crate) imports: Vec<String>,
    pub(crate) compiled: bool,
    pub(crate) compile_ms: u64,
    pub(crate) image_bytes: usize,
}

impl Platform {
    /// Checks an uploaded component and makes sure that its compiled image is in the cache.
    pub(crate) async fn prepare_component(&self, digest: &Digest) -> Result<ComponentReport, Problem> {
        let component = self.registry.component(digest).map_err(|error| Problem::of(&error))?;
        let inspected = casemate_sandbox::inspect(&component).map_err(|error| Problem::of(&error))?;
        let since = Instant::now();
        let (image, compiled) = self.image(digest, component).await?;
        Ok(ComponentReport {
            digest: *digest,
            wasi: inspected.wasi.to_string(),
            imports: inspected.imports,
            compiled,
            compile_ms: u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
            image_bytes: image.len(),
        })
    }

    /// The compiled image of a component: from the cache if it is there and untouched, compiled otherwise.
    async fn image(&self, digest: &Digest, component: Vec<u8>) -> Result<(Vec<u8>, bool), Problem> {
        let key = casemate_vault::sha256(self.sandbox.image_key(digest).as_bytes());
        match self.registry.image(&key) {
            Ok(Some(image)) => return Ok((image, false)),
            Ok(None) => {}
            // SECURITY: an image is native code. One that fails authentication is never loaded, it is made anew.
            Err(error) => {
                tracing::warn!(%error, %digest, "a cached image was refused");
                self.note("cached image refused", &format!("{digest}: {error}"));
            }
        }
        // Each child may take gigabytes; uploads wait for their turn.
        let _turn = self.compiling.acquire().await;
        let image = self.sandbox.compile(component).await.map_err(|error| Problem::of(&error))?;
        self.registry.put_image(&key, &image).map_err(|error| Problem::of(&error))?;
        Ok((image, true))
    }

    async fn load(
        &self,
        manifest: &Manifest,
        revision: Revision,
        components: &BTreeMap<FunctionName, Digest>,
    ) -> Result<HashMap<FunctionName, Arc<LoadedFunction>>, Problem> {
        let mut loaded = HashMap::new();
        for (name, function) in &manifest.functions {
            let digest = components.get(name).ok_or_else(|| {
                Problem::caller(format!("no component was named for function `{name}`"))
                    .with_help(format!("\"components\": {{\"{name}\": \"sha256:…\"}}"))
            })?;
            let component = self.registry.component(digest).map_err(|error| match error {
                ComponentError::Missing(_) => {
                    Problem::caller(format!("component {digest} of function `{name}` was not uploaded"))
                        .with_help(format!("PUT /v1/components/{}", digest.to_hex()))
                }
                other => Problem::of(&other),
            })?;
            let (image, _) = self.image(digest, component).await?;
            let spec = FunctionSpec {
                id: FunctionId { app: manifest.app.clone(), name: name.clone() },
                revision,
                function: function.clone(),
                stores: manifest.stores.clone(),
            };
            loaded
                .insert(name.clone(), self.sandbox.load(&image, spec).map_err(|error| Problem::of(&error))?);
        }
        Ok(loaded)
    }

    /// Puts a revision live.
    pub(crate) async fn deploy(
        &self,
        permit: Permit<AppDeploy>,
        text: &str,
        components: BTreeMap<FunctionName, Digest>,
    ) -> Result<Value, Problem> {
        let manifest = Arc::new(Manifest::parse(text).map_err(|error| Problem::of(&error))?);
        if manifest.app != permit.target().app {
            return Err(Problem::caller(format!("the manifest is of app `{}`", manifest.app))
                .with_help(format!("app = \"{}\"", permit.target().app)));
        }
        if let Some(extra) = components.keys().find(|name| !manifest.functions.contains_key(*name)) {
            return Err(Problem::caller(format!("the manifest has no function `{extra}`")));
        }
        let _one_at_a_time = self.changing.lock().await;
        let current = self.functions.app(&manifest.app).map_or(Revision(0), |live| live.revision);
        let revision = current.next();
        let loaded = self.load(&manifest, revision, &components).await?;
        let rules = self.rules_with(Some(&manifest))?;
        // A dry run on a guard that guards nothing: the live one must not change before the revision is kept.
        Guard::new().install(rules.clone()).map_err(|error| Problem::of(&error))?;
        let kept = self
            .registry
            .deploy(permit, text, components.clone())
            .await
            .map_err(|error| Problem::of(&error))?;
        if kept != revision {
            tracing::error!(%kept, %revision, "the registry counts revisions differently");
        }
        let live = LiveApp::new(kept, Arc::clone(&manifest), loaded);
        self.functions
            .swap(|| self.guard.install(rules).map(|_| ()), live)
            .map_err(|error| Problem::of(&error))?;
        self.describe(&manifest, kept, self.clock.now(), &components)
    }

    /// Puts every deployed app live again.
    pub(crate) async fn restore(&self) -> Result<(), StartError> {
        self.registry.check_standing()?;
        for deployed in self.registry.apps()? {
            let name = deployed.app.clone();
            let manifest = Manifest::parse(&deployed.manifest)
                .map_err(|error| StartError::Restore { app: name.clone(), why: error.to_string() })?;
            let manifest = Arc::new(manifest);
            let loaded = self
                .load(&manifest, deployed.revision, &deployed.components)
                .await
                .map_err(|problem| StartError::Restore { app: name.clone(), why: problem.word.into() })?;
            self.functions.install(LiveApp::new(deployed.revision, manifest, loaded));
        }
        let rules = self.rules_with(None).map_err(|problem| StartError::Rules(problem.word.into()))?;
        self.guard.install(rules).map_err(|error| StartError::Rules(error.to_string()))?;
        Ok(())
    }

    /// What a revision is and may do, for people and programs.
    pub(crate) fn describe(
        &self,
        manifest: &Manifest,
        revision: Revision,
        deployed_at: Timestamp,
        components: &BTreeMap<FunctionName, Digest>,
    ) -> Result<Value, Problem> {
        let mut functions = Vec::new();
        let mut notes = Vec::new();
        for (name, function) in &manifest.functions {
            let digest = components.get(name);
            let component = digest
                .map(|digest| self.registry.component(digest))
                .transpose()
                .map_err(|error| Problem::of(&error))?;
            let inspected = component.and_then(|bytes| casemate_sandbox::inspect(&bytes).ok());
            let imports = inspected.as_ref().map(|inspected| inspected.imports.clone()).unwrap_or_default();
            notes.extend(advise(name, function, &imports));
            let limits: Map<String, Value> = function
                .limits
                .pairs()
                .iter()
                .map(|(key, value)| ((*key).to_owned(), json!(value)))
                .collect();
            functions.push(json!({
                "name": name, "routes": function.routes, "access": access_words(&function.access),
                "component": digest, "wasi": inspected.map(|inspected| inspected.wasi.to_string()),
                "grants": grant_words(function), "imports": imports, "limits": limits,
            }));
        }
        Ok(json!({
            "app": manifest.app, "revision": revision, "deployed_at": deployed_at.to_string(),
            "url": self.url_of(manifest.app.as_str()), "functions": functions, "notes": notes,
        }))
    }

    /// Where an app answers.
    pub(crate) fn url_of(&self, app: &str) -> String {
        let (scheme, domain) = (self.settings.tls.scheme(), &self.settings.domain);
        format!("{scheme}://{app}.{domain}:{}", self.settings.listen.port())
    }
}

fn access_words(access: &Access) -> String {
    match access {
        Access::Closed => "nobody".to_owned(),
        Access::Public => "public".to_owned(),
        Access::SignedIn => "signed-in".to_owned(),
        Access::Roles(roles) => {
            let roles: Vec<_> = roles.iter().map(ToString::to_string).collect();
            format!("roles: {}", roles.join(", "))
        }
    }
}

fn grant_words(function: &Function) -> Vec<String> {
    let right = |right: &KvRight| match right {
        KvRight::Get => "get",
        KvRight::Set => "set",
        KvRight::Delete => "delete",
        KvRight::List => "list",
    };
    let stores = function.grants.kv.iter().map(|(store, rights)| {
        let rights: Vec<_> = rights.iter().map(right).collect();
        format!("kv {store}: {}", rights.join(", "))
    });
    let egress = function.grants.egress.iter().map(|egress| format!("egress {}", egress.origin));
    stores.chain(egress).collect()
}

/// What the owner of a function should know before others do: doors left open, rights that the code cannot use.
fn advise(name: &FunctionName, function: &Function, imports: &[String]) -> Vec<Value> {
    let imports_any = |prefix: &str| imports.iter().any(|import| import.starts_with(prefix));
    let note = |level: &str, text: String, help: &str| json!({ "function": name, "level": level, "text": text, "help": help });
    let mut notes = Vec::new();
    match &function.access {
        Access::Public => notes.push(note(
            "warn",
            "everyone may call it, signed in or not".into(),
            "access = \"signed-in\"",
        )),
        Access::Closed => notes.push(note(
            "warn",
            "nobody may call it: `access` is missing".into(),
            "access = \"signed-in\"",
        )),
        Access::SignedIn | Access::Roles(_) => {}
    }
    if function.routes.is_empty() {
        notes.push(note(
            "warn",
            "no request reaches it: `routes` is missing".into(),
            &format!("routes = [\"/{name}\"]"),
        ));
    }
    if !function.grants.kv.is_empty() && !imports_any("wasi:keyvalue/") {
        notes.push(note(
            "warn",
            "it was granted stores, but its code imports no key-value store".into(),
            "remove `grants.kv`",
        ));
    }
    let calls_out = imports_any("wasi:http/outgoing-handler") || imports_any("wasi:http/client");
    if !function.grants.egress.is_empty() && !calls_out {
        notes.push(note(
            "warn",
            "it was granted egress, but its code imports no outgoing HTTP".into(),
            "remove `grants.egress`",
        ));
    }
    if function.grants.egress.is_empty() && calls_out {
        notes.push(note(
            "info",
            "its code can send HTTP requests, but none was granted: they will be refused".into(),
            "egress = [\"https://…\"]",
        ));
    }
    for egress in function.grants.egress.iter().filter(|egress| egress.dangerous_private_address) {
        let text = format!("it may reach private addresses through {}", egress.origin);
        notes.push(note("warn", text, "remove `dangerous_private_address`"));
    }
    notes
}

//! The manifest of an app, `casemate.toml`: its functions, who may call them, what they were granted, their limits.
//!
//! Invariant: a [`Manifest`] that exists is consistent: names fit the grammar, every granted store is declared, no two
//! routes collide, limits are in range. Unknown keys are errors, because a key that does nothing is a lie. Not here: what
//! `access` and `grants` mean to the guard (`policy` compiles them to Cedar).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::ids::{AppId, FunctionName, RoleName, StoreName};
use crate::limits::Limits;
use crate::origin::Origin;

/// The largest manifest that is read, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 256 * 1024;

/// A parsed and checked manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The app's name.
    pub app: AppId,
    /// Its key-value stores.
    pub stores: BTreeMap<StoreName, Store>,
    /// Its functions.
    pub functions: BTreeMap<FunctionName, Function>,
}

/// A declared key-value store.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// How rows are kept apart.
    #[serde(default)]
    pub partition: Partition,
}

/// How a store's rows are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// One space for the whole app.
    #[default]
    Shared,
    /// One space for each caller; an anonymous caller has none.
    Caller,
}

/// A declared function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Path of its component, relative to the manifest.
    pub component: String,
    /// Which requests reach it.
    pub routes: Vec<Route>,
    /// Who may call it.
    pub access: Access,
    /// What it may do.
    pub grants: Grants,
    /// What it may consume.
    pub limits: Limits,
}

/// Which requests reach a function: `[METHOD ]PATH`, where a path may end in `/*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Route {
    method: Option<String>,
    path: String,
    prefix: bool,
}

impl Route {
    /// Parses a route.
    ///
    /// # Errors
    /// The reason, in a few words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => (Some(method), path),
            None => (None, text),
        };
        if let Some(method) = method {
            const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
            if !METHODS.contains(&method) {
                return Err(format!(
                    "`{}` is no method; use one of {}",
                    crate::resource::clip(method, 20),
                    METHODS.join(", ")
                ));
            }
        }
        let (stem, prefix) = match path.strip_suffix("/*") {
            Some(stem) => (stem, true),
            None => (path, false),
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
        if !path.starts_with('/') || !stem.bytes().all(plain) {
            return Err("a path starts with `/` and has letters, digits, `-`, `.`, `_`, `~` and `/`; only `/*` may end it".into());
        }
        if stem.contains("//") || stem.split('/').any(|part| part == "." || part == "..") {
            return Err("a path has no empty, `.` or `..` segments".into());
        }
        if stem == "/.casemate"
            || stem.starts_with("/.casemate/")
            || stem == "/.well-known"
            || stem.starts_with("/.well-known/")
        {
            return Err("`/.casemate/` and `/.well-known/` belong to the platform".into());
        }
        Ok(Self { method: method.map(str::to_owned), path: stem.to_owned(), prefix })
    }

    /// Whether a request's method and normalised path reach this route.
    #[must_use]
    pub fn matches(&self, method: &str, path: &str) -> bool {
        let method_fits =
            self.method.as_deref().is_none_or(|own| own == method || own == "GET" && method == "HEAD");
        let path_fits = match path.strip_prefix(self.path.as_str()) {
            Some("") => true,
            Some(rest) => self.prefix && rest.starts_with('/'),
            None => false,
        };
        method_fits && path_fits
    }

    /// How specific it is: of two routes that match, the higher one wins. No two routes of a manifest that match one request are
    /// equally specific: `HEAD` stands above `GET`, which answers `HEAD` too.
    #[must_use]
    pub fn weight(&self) -> (usize, bool, bool, bool) {
        let method = self.method.as_deref();
        (self.path.len(), !self.prefix, method.is_some(), method == Some("HEAD"))
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = &self.method {
            write!(f, "{method} ")?;
        }
        write!(f, "{}{}", self.path, if self.prefix { "/*" } else { "" })
    }
}

impl TryFrom<String> for Route {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Route> for String {
    fn from(route: Route) -> String {
        route.to_string()
    }
}

/// Who may call a function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Access {
    /// Nobody: what a missing line means.
    #[default]
    Closed,
    /// Everyone, signed in or not.
    Public,
    /// Every signed-in user, service or outside subject.
    SignedIn,
    /// Members of one of these roles of the app.
    Roles(BTreeSet<RoleName>),
}

/// What a function may do. Nothing, unless it is written here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// Rights on stores.
    pub kv: BTreeMap<StoreName, BTreeSet<KvRight>>,
    /// Origins that it may send to.
    pub egress: Vec<Egress>,
}

/// A right on a key-value store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KvRight {
    /// Read values, ask for existence.
    Get,
    /// Write values.
    Set,
    /// Delete values.
    Delete,
    /// List keys.
    List,
}

/// An origin that a function may send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    /// The origin, compared byte for byte.
    pub origin: Origin,
    /// Whether the origin may resolve to a loopback or private address. Metadata and other link-local addresses are
    /// refused even then.
    pub dangerous_private_address: bool,
}

/// What is wrong with a manifest, where, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ManifestError {
    /// Line, from one.
    pub line: usize,
    /// Column in characters, from one.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The line that mends it, when there is one.
    pub help: Option<String>,
}

impl crate::Faulty for ManifestError {
    fn fault(&self) -> crate::Fault {
        crate::Fault::Caller
    }
    fn help(&self) -> Option<String> {
        self.help.clone()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    app: Spanned<String>,
    #[serde(default)]
    stores: BTreeMap<Spanned<String>, Store>,
    #[serde(default)]
    functions: BTreeMap<Spanned<String>, RawFunction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFunction {
    component: Spanned<String>,
    #[serde(default)]
    routes: Vec<Spanned<String>>,
    access: Option<Spanned<RawAccess>>,
    #[serde(default)]
    grants: RawGrants,
    limits: Option<Spanned<Limits>>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected `access = \"public\"`, `access = \"signed-in\"` or `access = { roles = [\"…\"] }`"
)]
enum RawAccess {
    Word(String),
    Roles(RawRoles),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoles {
    roles: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawGrants {
    #[serde(default)]
    kv: BTreeMap<Spanned<String>, Vec<KvRight>>,
    #[serde(default)]
    egress: Vec<Spanned<RawEgress>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected `\"https://host\"` or `{ origin = \"https://host\" }`")]
enum RawEgress {
    Origin(String),
    Table(RawEgressTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEgressTable {
    origin: String,
    #[serde(default)]
    dangerous_private_address: bool,
}

/// Turns byte offsets into lines and columns.
struct Source<'a>(&'a str);

impl Source<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>, help: Option<String>) -> ManifestError {
        let before = self.0.get(..span.start.min(self.0.len())).unwrap_or(self.0);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        ManifestError { line, column, message: message.into(), help }
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] with the place and, where one is known, the line that mends it.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let source = Source(text);
        if text.len() > MAX_MANIFEST_BYTES {
            return Err(source.error(
                0..0,
                format!("the manifest has more than {MAX_MANIFEST_BYTES} bytes"),
                None,
            ));
        }
        let raw: RawManifest = toml::from_str(text).map_err(|error: toml::de::Error| {
            source.error(error.span().unwrap_or(0..0), error.message().to_owned(), None)
        })?;
        let app = AppId::parse(raw.app.get_ref())
            .map_err(|error| source.error(raw.app.span(), error.to_string(), None))?;
        if app.is_platform() {
            return Err(source.error(
                raw.app.span(),
                "`casemate` is the platform's own name",
                Some("app = \"my-app\"".into()),
            ));
        }
        let mut stores = BTreeMap::new();
        for (name, store) in raw.stores {
            let parsed = StoreName::parse(name.get_ref())
                .map_err(|error| source.error(name.span(), error.to_string(), None))?;
            stores.insert(parsed, store);
        }
        let mut functions = BTreeMap::new();
        let mut routes: BTreeMap<Route, String> = BTreeMap::new();
        for (name, function) in raw.functions {
            let parsed = FunctionName::parse(name.get_ref())
                .map_err(|error| source.error(name.span(), error.to_string(), None))?;
            let function = function.check(&source, &stores, &mut routes, parsed.as_str())?;
            functions.insert(parsed, function);
        }
        if functions.is_empty() {
            let help =
                "[functions.hello]\ncomponent = \"hello.wasm\"\nroutes = [\"/\"]\naccess = \"signed-in\""
                    .into();
            return Err(source.error(raw.app.span(), "the app has no functions", Some(help)));
        }
        Ok(Self { app, stores, functions })
    }
}

impl RawFunction {
    fn check(
        self,
        source: &Source<'_>,
        stores: &BTreeMap<StoreName, Store>,
        taken: &mut BTreeMap<Route, String>,
        name: &str,
    ) -> Result<Function, ManifestError> {
        let component = self.component.get_ref();
        let escapes = component.starts_with('/') || component.split(['/', '\\']).any(|part| part == "..");
        if component.is_empty() || escapes {
            return Err(source.error(
                self.component.span(),
                "a component lies beside or below the manifest",
                None,
            ));
        }
        let mut routes = Vec::with_capacity(self.routes.len());
        for raw in &self.routes {
            let route = Route::parse(raw.get_ref())
                .map_err(|why| source.error(raw.span(), format!("`{}`: {why}", raw.get_ref()), None))?;
            if let Some(other) = taken.insert(route.clone(), name.to_owned()) {
                return Err(source.error(
                    raw.span(),
                    format!("route `{route}` already belongs to function `{other}`"),
                    None,
                ));
            }
            routes.push(route);
        }
        let limits = match self.limits {
            None => Limits::default(),
            Some(limits) => {
                if let Some((key, ceiling)) = limits.get_ref().out_of_range() {
                    return Err(source.error(
                        limits.span(),
                        format!("limit `{key}` must lie between 1 and {ceiling}"),
                        None,
                    ));
                }
                limits.into_inner()
            }
        };
        Ok(Function {
            component: component.clone(),
            routes,
            access: self.access.map(|access| check_access(source, access)).transpose()?.unwrap_or_default(),
            grants: self.grants.check(source, stores)?,
            limits,
        })
    }
}

fn check_access(source: &Source<'_>, raw: Spanned<RawAccess>) -> Result<Access, ManifestError> {
    let span = raw.span();
    match raw.into_inner() {
        RawAccess::Word(word) if word == "public" => Ok(Access::Public),
        RawAccess::Word(word) if word == "signed-in" => Ok(Access::SignedIn),
        RawAccess::Word(word) => {
            let help = Some("access = \"signed-in\"".to_owned());
            Err(source.error(span, format!("`{word}` is neither `public` nor `signed-in`"), help))
        }
        RawAccess::Roles(RawRoles { roles }) if roles.is_empty() => Err(source.error(
            span,
            "`roles` is empty: nobody could call this",
            Some("access = { roles = [\"member\"] }".into()),
        )),
        RawAccess::Roles(RawRoles { roles }) => roles
            .iter()
            .map(|role| RoleName::parse(role))
            .collect::<Result<_, _>>()
            .map(Access::Roles)
            .map_err(|error| source.error(span, error.to_string(), None)),
    }
}

impl RawGrants {
    fn check(
        self,
        source: &Source<'_>,
        stores: &BTreeMap<StoreName, Store>,
    ) -> Result<Grants, ManifestError> {
        let mut kv = BTreeMap::new();
        for (name, rights) in self.kv {
            let span = name.span();
            let parsed = StoreName::parse(name.get_ref())
                .map_err(|error| source.error(span.clone(), error.to_string(), None))?;
            if !stores.contains_key(&parsed) {
                return Err(source.error(
                    span,
                    format!("store `{parsed}` is not declared"),
                    Some(format!("[stores.{parsed}]")),
                ));
            }
            kv.insert(parsed, rights.into_iter().collect());
        }
        let mut egress = Vec::with_capacity(self.egress.len());
        for raw in self.egress {
            let span = raw.span();
            let (origin, dangerous_private_address) = match raw.into_inner() {
                RawEgress::Origin(origin) => (origin, false),
                RawEgress::Table(table) => (table.origin, table.dangerous_private_address),
            };
            let origin =
                Origin::parse(&origin).map_err(|error| source.error(span, error.to_string(), None))?;
            egress.push(Egress { origin, dangerous_private_address });
        }
        Ok(Grants { kv, egress })
    }
}

#[cfg(test)]
mod tests;

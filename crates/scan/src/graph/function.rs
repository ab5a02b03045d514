//! A function: what runs, with what it is set up, and what it is handed.

use serde::Serialize;

use super::{Access, Cors, Statement};
use crate::known::{Known, Name, Setting, Text};
use crate::source::{FileId, Place};

/// A function. `None` in a setting means that it is not written: the provider's default holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Function {
    /// Its logical name.
    pub name: Name,
    /// Where it is declared: the name or the block's head.
    pub place: Place,
    /// The name that it will have, where that is written.
    pub physical: Option<Text>,
    /// `nodejs22.x`, `python3.13` …
    pub runtime: Option<Setting<String>>,
    /// `src/app.handler`.
    pub handler: Option<Setting<String>>,
    /// Where its code is.
    pub code: Code,
    /// The role that it runs with; every format's implicit role is a role node of its own.
    pub role: Option<Setting<Name>>,
    /// Its environment.
    pub environment: Vec<Variable>,
    /// Seconds.
    pub timeout_s: Option<Setting<u64>>,
    /// Megabytes.
    pub memory_mb: Option<Setting<u64>>,
    /// How many may run at once (reserved concurrency).
    pub concurrency: Option<Setting<u64>>,
    /// Security groups, when it runs in a private network.
    pub network: Option<Setting<Vec<Text>>>,
    /// Whether calls are traced.
    pub tracing: Option<Setting<bool>>,
    /// Where failed events go.
    pub dead_letter: Option<Setting<Text>>,
    /// The customer's key that encrypts the environment.
    pub environment_key: Option<Setting<Text>>,
    /// Layers and extensions.
    pub layers: Vec<Text>,
    /// Who may invoke it directly, beside its role's and triggers' own permissions: its resource policy.
    pub permissions: Vec<Statement>,
    /// Its own address; of several, for versions and aliases of it, the most open one.
    pub url: Option<FunctionUrl>,
    /// The others of several.
    pub further_urls: Vec<FunctionUrl>,
    /// False where a condition or `count` says that it is not deployed.
    pub deployed: Known<bool>,
}

/// A variable of a function's environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is set to.
    pub value: Text,
}

/// A function's own address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FunctionUrl {
    /// Where it is declared.
    pub place: Place,
    /// Who may call it.
    pub access: Setting<Access>,
    /// What pages of other origins may do.
    pub cors: Option<Cors>,
}

/// Where a function's code is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Code {
    /// Where that is said.
    pub place: Place,
    /// Where it is.
    pub location: Known<CodeLocation>,
}

/// Where code is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeLocation {
    /// In a folder of the tree; the handler's path is relative to it.
    Folder(String),
    /// In one file of the tree.
    File(FileId),
    /// In the infrastructure file itself.
    Inline(Place),
    /// In a container image, with the folder that it is built from where that is known.
    Image(Option<String>),
}

impl Function {
    /// All its addresses, the most open one first.
    pub fn urls(&self) -> impl Iterator<Item = &FunctionUrl> {
        self.url.iter().chain(&self.further_urls)
    }

    /// Gives it an address.
    pub fn add_url(&mut self, url: FunctionUrl) {
        let openness = |url: &FunctionUrl| match &url.access.value {
            Known::Value(Access::Anyone) => 2,
            Known::Unknown(_) => 1,
            Known::Value(_) => 0,
        };
        match &mut self.url {
            Some(known) if openness(known) < openness(&url) => {
                self.further_urls.push(std::mem::replace(known, url));
            }
            Some(_) => self.further_urls.push(url),
            none => *none = Some(url),
        }
    }

    /// A function about which nothing else is known yet.
    #[must_use]
    pub fn new(name: Name, place: Place) -> Self {
        Self {
            name,
            place,
            physical: None,
            runtime: None,
            handler: None,
            code: Code { place, location: Known::Unknown("no code is named".to_owned()) },
            role: None,
            environment: Vec::new(),
            timeout_s: None,
            memory_mb: None,
            concurrency: None,
            network: None,
            tracing: None,
            dead_letter: None,
            environment_key: None,
            layers: Vec::new(),
            permissions: Vec::new(),
            url: None,
            further_urls: Vec::new(),
            deployed: Known::Value(true),
        }
    }

    /// A variable of its environment.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.environment.iter().find(|variable| variable.name == name)
    }
}

//! What an application is, whatever it was written in: functions, who can call them, and what they may do.
//!
//! Invariants: rules, need and paths read this graph and never a file format; everything in it knows its place; a name is unique within
//! its app; what could not be resolved is written down as unknown, never left out. Not here: how files become a graph
//! (`cloudformation`, `serverless`, `terraform`), what is wrong with it (`rules`).

mod access;
mod function;
mod resource;
mod role;
#[cfg(test)]
pub(crate) mod sketch;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use self::access::{
    Access, Api, ApiKind, Authorizer, AuthorizerKind, Cors, Endpoint, Route, Trigger, TriggerKind, Written,
};
pub use self::function::{Code, CodeLocation, Function, FunctionUrl, Variable};
pub use self::resource::{
    Encryption, Login, Network, Opening, OtherResource, Parameter, Protocol, PublicAccess, Secret,
    SecretKind, Store, StoreKind,
};
pub use self::role::{Boundary, Condition, Effect, Guest, ManagedPolicy, Origin, Principal, Role, Statement};
use crate::known::{Attribute, Known, Name, Setting, Text};
use crate::source::{FileId, Place};

/// Everything that was found in a tree.
#[derive(Debug, Default, Serialize)]
pub struct Inventory {
    /// The apps, by path.
    pub apps: Vec<App>,
    /// Files that look like infrastructure and could not be read, and why.
    pub unread: Vec<Unread>,
}

/// What an app is when whoever deploys it gives other values than the files do.
#[derive(Debug)]
pub struct Variant {
    /// The app.
    pub app: App,
    /// Which values, in words that follow "when": "`Stage` is `prod`".
    pub when: String,
    /// Whether it is sure to be deployed some day, as each stage is; otherwise it is a switch that nobody may ever throw.
    pub planned: bool,
}

/// A file that could not be read as what it looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Where reading stopped.
    pub place: Place,
    /// Why: lower case, no full stop.
    pub why: String,
}

/// What an app is described in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framework {
    /// AWS SAM.
    Sam,
    /// Plain CloudFormation, CDK output too.
    CloudFormation,
    /// Serverless Framework.
    Serverless,
    /// Terraform or OpenTofu.
    Terraform,
}

/// One application: what one template, one `serverless.yml` or one Terraform root module describes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct App {
    /// How it is named to readers: its own name, or its folder's.
    pub name: String,
    /// What it is described in.
    pub framework: Framework,
    /// The file that describes it; the first of them by path for Terraform.
    pub file: FileId,
    /// Further templates of which it is made, and which are therefore no apps of their own: nested stacks.
    pub includes: Vec<FileId>,
    /// Templates of other apps from which this one imports: what stands in them is in this graph as far as it is imported, and is
    /// assessed there.
    pub borrowed: BTreeSet<FileId>,
    /// How this one can import parts of things that stand in those templates.
    #[serde(skip)]
    pub imports: Vec<Import>,
    /// Parts of things that stacks hand to those which they nest.
    #[serde(skip)]
    pub handed: Vec<Handed>,
    /// The folder of that file, relative to the tree; code paths are relative to it.
    pub folder: String,
    /// Functions.
    pub functions: Vec<Function>,
    /// Interfaces with routes.
    pub apis: Vec<Api>,
    /// Interfaces that are written in another way than the app's format has it.
    pub written: BTreeMap<Name, Written>,
    /// What callers from outside can call.
    pub routes: Vec<Route>,
    /// What asks callers who they are.
    pub authorizers: Vec<Authorizer>,
    /// What else starts a function.
    pub triggers: Vec<Trigger>,
    /// Roles that functions run with, and others that the app makes.
    pub roles: Vec<Role>,
    /// Roles of which all policies stand in one list: what is attached beside it is detached again. By their names, where the list is.
    #[serde(skip)]
    pub exclusive: BTreeMap<Name, Place>,
    /// Roles that are handed to whoever is not signed in.
    pub guests: Vec<Guest>,
    /// Where data is or passes through.
    pub stores: Vec<Store>,
    /// Managed secrets.
    pub secrets: Vec<Secret>,
    /// Keys that the files give to callers of interfaces.
    #[serde(skip)]
    pub keys: Vec<Login>,
    /// The name of the stack, where the files give it one of their own.
    #[serde(skip)]
    pub stack: Option<Text>,
    /// Passwords that the files give to what they make.
    pub logins: Vec<Login>,
    /// Which protocols things other than interfaces accept.
    #[serde(skip)]
    pub protocols: Vec<Protocol>,
    /// Networks' openings.
    pub networks: Vec<Network>,
    /// Parameters and variables with their defaults.
    pub parameters: Vec<Parameter>,
    /// Everything else, by name, so that references to it are not dangling.
    pub others: Vec<OtherResource>,
    /// What outputs and resources without a node of their own refer to: somebody outside of this graph may use it.
    pub mentioned: BTreeSet<Name>,
    /// Things to which macros may add what no file shows; without a name, the app as a whole.
    pub macros: BTreeSet<Option<Name>>,
    /// What could not be resolved and might matter.
    pub unknowns: Vec<Unknown>,
    /// Where reading ended early, and why: what else there is, nobody knows.
    pub unread: Vec<Unread>,
}

/// A name by which another stack exports something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// What is exported.
    pub thing: Name,
    /// Which part of it.
    pub attribute: Attribute,
    /// The export's name, as a template here writes it: with `${…}` for what a deployment fills in.
    pub name: String,
}

/// A parameter by which a nested stack is handed a part of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// What the names of all that stands in the nested stack begin with.
    pub within: String,
    /// The parameter.
    pub parameter: String,
    /// What is handed.
    pub thing: Name,
    /// Which part of it.
    pub attribute: Attribute,
}

/// Something that could not be told from the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// What it concerns: a function, a route, the app.
    pub subject: Option<Name>,
    /// Where it stands.
    pub place: Place,
    /// What is not known and why: lower case, no full stop.
    pub why: String,
}

impl App {
    /// An app in which nothing was found yet.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        framework: Framework,
        file: FileId,
        folder: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            framework,
            file,
            includes: Vec::new(),
            borrowed: BTreeSet::new(),
            imports: Vec::new(),
            handed: Vec::new(),
            folder: folder.into(),
            functions: Vec::new(),
            apis: Vec::new(),
            written: BTreeMap::new(),
            routes: Vec::new(),
            authorizers: Vec::new(),
            triggers: Vec::new(),
            roles: Vec::new(),
            exclusive: BTreeMap::new(),
            guests: Vec::new(),
            stores: Vec::new(),
            secrets: Vec::new(),
            keys: Vec::new(),
            stack: None,
            logins: Vec::new(),
            protocols: Vec::new(),
            networks: Vec::new(),
            parameters: Vec::new(),
            others: Vec::new(),
            mentioned: BTreeSet::new(),
            macros: BTreeSet::new(),
            unknowns: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// Whether a file describes this app and no other one. Where stacks import from one another in a circle, an app borrows its own files
    /// back.
    #[must_use]
    pub fn describes(&self, file: FileId) -> bool {
        file == self.file || self.includes.contains(&file)
    }

    /// Whether something stands in a template of another app.
    #[must_use]
    pub fn is_borrowed(&self, place: Place) -> bool {
        self.borrowed.contains(&place.file) && !self.describes(place.file)
    }

    /// A function by name.
    #[must_use]
    pub fn function(&self, name: &Name) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == *name)
    }

    /// A role by name.
    #[must_use]
    pub fn role(&self, name: &Name) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == *name)
    }

    /// A store by name.
    #[must_use]
    pub fn store(&self, name: &Name) -> Option<&Store> {
        self.stores.iter().find(|store| store.name == *name)
    }

    /// A managed secret by name.
    #[must_use]
    pub fn secret(&self, name: &Name) -> Option<&Secret> {
        self.secrets.iter().find(|secret| secret.name == *name)
    }

    /// An interface by name.
    #[must_use]
    pub fn api(&self, name: &Name) -> Option<&Api> {
        self.apis.iter().find(|api| api.name == *name)
    }

    /// An authorizer by name.
    #[must_use]
    pub fn authorizer(&self, name: &Name) -> Option<&Authorizer> {
        self.authorizers.iter().find(|authorizer| authorizer.name == *name)
    }

    /// The role that a function runs with, where that is one of this app.
    #[must_use]
    pub fn role_of(&self, function: &Function) -> Option<&Role> {
        self.role(function.role.as_ref()?.known()?)
    }

    /// The role with which the interface of a route acts itself, and the operation that it does.
    #[must_use]
    pub fn act_of<'a>(&'a self, route: &'a Route) -> Option<(&'a Name, &'a str)> {
        Some((route.acts_as.as_ref()?, route.operation()?))
    }

    /// The functions that run with a role.
    pub fn functions_of<'a>(&'a self, role: &'a Name) -> impl Iterator<Item = &'a Function> {
        self.functions.iter().filter(move |function| {
            function.role.as_ref().and_then(|found| found.known()).is_some_and(|name| name == role)
        })
    }

    /// The routes that lead to a function.
    pub fn routes_of<'a>(&'a self, function: &'a Name) -> impl Iterator<Item = &'a Route> {
        self.routes.iter().filter(move |route| route.target.is(function))
    }

    /// Who may connect to each websocket, which decides for all of its routes: the provider asks nobody again.
    #[must_use]
    pub fn connects(&self) -> BTreeMap<&Name, &Setting<Access>> {
        let websockets = self.apis.iter().filter(|api| api.kind == ApiKind::Websocket).map(|api| &api.name);
        let websockets: BTreeSet<_> = websockets.collect();
        let connects = self.routes.iter().filter(|it| it.method.value().is_some_and(|key| key == "$connect"));
        let of = connects.filter_map(|route| Some((route.api.value()?, &route.access)));
        of.filter(|(api, _)| websockets.contains(api)).collect()
    }

    /// Says of routes that ask nothing themselves that their interface asks for a certificate, where all of its addresses do.
    pub(crate) fn ask_for_certificates(&mut self) {
        for api in &self.apis {
            let asked = match api.asks_for_certificates() {
                Known::Value(false) => continue,
                Known::Value(true) => {
                    Known::Value(Access::Outside("the domain's trust store (mutual TLS)".to_owned()))
                }
                Known::Unknown(why) => Known::Unknown(format!("whether it asks for certificates: {why}")),
            };
            let open = |route: &&mut Route| route.api.is(&api.name) && route.access.value.is(&Access::Anyone);
            self.routes.iter_mut().filter(open).for_each(|route| route.access.value = asked.clone());
        }
    }

    /// What else starts a function.
    pub fn triggers_of<'a>(&'a self, function: &'a Name) -> impl Iterator<Item = &'a Trigger> {
        self.triggers.iter().filter(move |trigger| trigger.function.is(function))
    }

    /// Whether a macro may add to a thing: what is not there may be there once it is deployed.
    #[must_use]
    pub fn may_gain(&self, name: &Name) -> bool {
        self.macros.iter().any(|of| of.as_ref().is_none_or(|of| of == name))
    }

    /// Writes down what could not be told.
    pub fn unknown(&mut self, subject: Option<&Name>, place: Place, why: impl Into<String>) {
        self.unknowns.push(Unknown { subject: subject.cloned(), place, why: why.into() });
    }

    /// The physical name or ARN tail that a text names, with this app's own references kept as they are.
    #[must_use]
    pub fn is_own(&self, text: &Text) -> bool {
        text.references().next().is_some()
    }
}

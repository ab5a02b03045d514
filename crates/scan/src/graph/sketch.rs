//! Apps drawn by hand, for tests of whatever reads the graph.
//!
//! Not here: anything that a format would do; what a test does not draw is absent.

use super::{
    Access, Api, ApiKind, App, Framework, Function, Origin, PublicAccess, Role, Route, Secret, SecretKind,
    Statement, Store, StoreKind, Trigger, TriggerKind,
};
use crate::known::{Attribute, Known, Name, Piece, Setting, Text};
use crate::source::{FileId, Place, SourceTree};

/// The file in which drawn things stand.
pub(crate) fn file() -> FileId {
    SourceTree::new().add("template.yaml", Vec::new())
}

/// A place in that file.
pub(crate) fn place() -> Place {
    Place::new(file(), 0, 0)
}

/// A place further down, so that two things can be told apart.
pub(crate) fn place_at(offset: usize) -> Place {
    Place::new(file(), offset, offset + 1)
}

/// A SAM app in which there is nothing.
pub(crate) fn app() -> App {
    App::new("shop", Framework::Sam, file(), "")
}

/// An allow statement.
pub(crate) fn allow(actions: &[&str], resources: &[&str]) -> Statement {
    Statement {
        actions: actions.iter().map(|action| Setting::new(place(), (*action).to_owned())).collect(),
        resources: resources.iter().map(|resource| Text::literal(*resource, place())).collect(),
        ..Statement::allow(place(), Origin::Written)
    }
}

/// An allow statement on things of this app, by name.
pub(crate) fn allow_on(actions: &[&str], names: &[&str]) -> Statement {
    let arn = |name: &&str| Text::of(Name::from(*name), Attribute::Arn, place());
    Statement { resources: names.iter().map(arn).collect(), ..allow(actions, &[]) }
}

/// As [`allow_on`], on what is within: a bucket's objects.
pub(crate) fn allow_within(actions: &[&str], names: &[&str]) -> Statement {
    let mut statement = allow_on(actions, names);
    for resource in &mut statement.resources {
        resource.push(Piece::Literal("/*".to_owned()));
    }
    statement
}

/// Draws things into an app.
pub(crate) trait Sketch {
    /// A function with an implicit role of its own, `<name>Role`, that may write logs and what is given.
    fn draw_function(&mut self, name: &str, statements: Vec<Statement>) -> &mut Function;
    /// A role.
    fn draw_role(&mut self, name: &str, statements: Vec<Statement>) -> &mut Role;
    /// An interface.
    fn draw_api(&mut self, name: &str, kind: ApiKind) -> &mut Api;
    /// A route of an interface, `POST /orders`.
    fn draw_route(&mut self, api: &str, route: &str, function: &str, access: Access) -> &mut Route;
    /// A trigger from a thing of this app.
    fn draw_trigger(&mut self, kind: TriggerKind, source: &str, function: &str) -> &mut Trigger;
    /// A store.
    fn draw_store(&mut self, name: &str, kind: StoreKind) -> &mut Store;
    /// A managed secret.
    fn draw_secret(&mut self, name: &str) -> &mut Secret;
}

/// What was put in last.
fn last<T>(items: &mut [T]) -> &mut T {
    items.last_mut().expect("something was put in")
}

impl Sketch for App {
    fn draw_function(&mut self, name: &str, statements: Vec<Statement>) -> &mut Function {
        let role = format!("{name}Role");
        let logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
        let logs = Statement {
            origin: Origin::Managed("AWSLambdaBasicExecutionRole".to_owned()),
            ..allow(&logs, &["*"])
        };
        let drawn = self.draw_role(&role, std::iter::once(logs).chain(statements).collect());
        drawn.implicit = true;
        let mut function = Function::new(Name::from(name), place_at(self.functions.len() * 10));
        function.role = Some(Setting::new(place(), Name::from(role)));
        self.functions.push(function);
        last(&mut self.functions)
    }

    fn draw_role(&mut self, name: &str, statements: Vec<Statement>) -> &mut Role {
        self.roles.push(Role {
            name: Name::from(name),
            place: place(),
            statements,
            managed: Vec::new(),
            trust: Vec::new(),
            boundary: None,
            implicit: false,
        });
        last(&mut self.roles)
    }

    fn draw_api(&mut self, name: &str, kind: ApiKind) -> &mut Api {
        self.apis.push(Api::new(Name::from(name), place(), kind));
        last(&mut self.apis)
    }

    fn draw_route(&mut self, api: &str, route: &str, function: &str, access: Access) -> &mut Route {
        let (method, path) = route.split_once(' ').unwrap_or((route, ""));
        let at = place_at(1_000 + self.routes.len() * 10);
        self.routes.push(Route {
            api: Known::Value(Name::from(api)),
            place: at,
            method: Known::Value(method.to_owned()),
            path: Known::Value(path.to_owned()),
            target: Known::Value(Name::from(function)),
            access: Setting::new(at, access),
            api_key: false,
            scopes: Vec::new(),
            acts_as: None,
            does: None,
            rate: None,
        });
        last(&mut self.routes)
    }

    fn draw_trigger(&mut self, kind: TriggerKind, source: &str, function: &str) -> &mut Trigger {
        self.triggers.push(Trigger {
            name: Name::from(format!("{function}{source}")),
            place: place(),
            function: Known::Value(Name::from(function)),
            kind,
            source: Text::of(Name::from(source), Attribute::Arn, place()),
            enabled: Known::Value(true),
            prefix: None,
        });
        last(&mut self.triggers)
    }

    fn draw_store(&mut self, name: &str, kind: StoreKind) -> &mut Store {
        self.stores.push(Store {
            name: Name::from(name),
            place: place_at(5_000 + self.stores.len() * 10),
            kind,
            physical: None,
            encryption: None,
            policy: Vec::new(),
            public: PublicAccess::default(),
            website: false,
            recovery: None,
            stream: false,
        });
        last(&mut self.stores)
    }

    fn draw_secret(&mut self, name: &str) -> &mut Secret {
        self.secrets.push(Secret {
            name: Name::from(name),
            place: place(),
            kind: SecretKind::SecretsManager,
            physical: None,
            value: None,
            policy: Vec::new(),
            rotated: false,
        });
        last(&mut self.secrets)
    }
}

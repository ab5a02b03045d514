//! What the policies and openings let in that a finding speaks of, as a baseline keeps it: a finding that lets in more than it did is new.
//!
//! Invariants: texts of the files alone, without places, so that they stay the same while lines move; of conditions, whose values may be
//! secrets, and of what cannot be told, sixteen digits that tell them from others; each policy stands in it once, however many findings
//! speak of it. Not here: how two of them are compared (`baseline`).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::facts::{self, ActionFact, Level};
use crate::finding::{Finding, Rule};
use crate::graph::{App, Cors, Effect, Network, Opening, Principal, Role, Statement, Trigger};
use crate::iam::{Deed, Grants, Target, deed};
use crate::known::{Known, Name, Piece, Setting, Text};
use crate::rules::catalogue;
use crate::source::Place;

/// Which policies a finding speaks of, by their names in [`Policies`], and which of their statements; `None` is all of them.
pub type Spoken = BTreeMap<String, Option<BTreeSet<usize>>>;

/// Policies by what they are of: `role ReadRole`, `policy of Queue`.
pub type Policies = BTreeMap<String, Policy>;

/// A policy, or what a network lets in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its statements, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<Clause>,
    /// What bounds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// What a network or an interface lets in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gives: BTreeSet<String>,
}

/// The policy that bounds a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Its ARN or name.
    pub policy: String,
    /// What it says, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statements: Option<Vec<Clause>>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Clause {
    /// Whether it denies.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deny: bool,
    /// What may be done.
    pub actions: Members,
    /// With what.
    #[serde(default, skip_serializing_if = "Members::is_empty")]
    pub resources: Members,
    /// By whom, in policies of things.
    #[serde(default, skip_serializing_if = "Members::is_empty")]
    pub principals: Members,
    /// Digits of the conditions under which it holds.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub conditions: Option<String>,
}

/// Patterns, or everything but these.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Members {
    /// Whether these are left out of everything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_but: bool,
    /// The patterns.
    pub of: BTreeSet<String>,
}

impl Members {
    fn is_empty(&self) -> bool {
        !self.all_but && self.of.is_empty()
    }
}

/// Rules of ways in: who uses one does with the function what its role lets it do, and what that starts does in turn.
const WAYS_IN: [&Rule; 13] = [
    &catalogue::OPEN_STORE,
    &catalogue::OPEN_TRUST,
    &catalogue::OPEN_ROUTE,
    &catalogue::OPEN_WEBSOCKET,
    &catalogue::OPEN_FUNCTION_URL,
    &catalogue::API_KEY_ONLY,
    &catalogue::OPEN_PERMISSION,
    &catalogue::CONFUSED_DEPUTY,
    &catalogue::COMMAND_INJECTION,
    &catalogue::CODE_INJECTION,
    &catalogue::SQL_INJECTION,
    &catalogue::PATH_TRAVERSAL,
    &catalogue::UNSAFE_DESERIALIZATION,
];

/// What lets somebody in or do something, by where it stands.
#[derive(Debug)]
pub struct Granting<'g, 'a> {
    grants: &'g Grants<'a>,
    roles: BTreeMap<String, &'a Role>,
    /// Policies of things, each as a whole: who may do what with a thing is one matter, however many statements say it.
    policies: BTreeMap<Place, Vec<Of<'a>>>,
    networks: BTreeMap<Place, Vec<&'a Network>>,
    /// What roles come to, as far as it was asked for.
    reaches: RefCell<BTreeMap<&'a Name, Rc<Reaching>>>,
}

/// What a role comes to: its statements by what their actions come to, and which of them come to anything.
#[derive(Debug)]
struct Reaching {
    statements: Vec<Clause>,
    of_use: BTreeSet<usize>,
}

/// The policy of a thing.
#[derive(Debug, Clone)]
struct Of<'a> {
    /// What it is called among policies.
    name: String,
    thing: &'a Name,
    statements: &'a [Statement],
}

impl<'g, 'a> Granting<'g, 'a> {
    /// Of an app.
    #[must_use]
    pub fn of(grants: &'g Grants<'a>) -> Self {
        let app = grants.app();
        let roles = app.roles.iter().map(|role| (format!("role {}", role.name), role)).collect();
        let mut policies: BTreeMap<Place, Vec<Of<'_>>> = BTreeMap::new();
        for policy in all_policies(app) {
            let places: BTreeSet<Place> = policy.statements.iter().map(|statement| statement.place).collect();
            places.into_iter().for_each(|place| policies.entry(place).or_default().push(policy.clone()));
        }
        let mut networks: BTreeMap<Place, Vec<&Network>> = BTreeMap::new();
        for network in &app.networks {
            let openings = network.inward.iter().map(|opening| opening.place);
            let places: BTreeSet<Place> = openings.chain([network.place]).collect();
            places.into_iter().for_each(|place| networks.entry(place).or_default().push(network));
        }
        Self { grants, roles, policies, networks, reaches: RefCell::default() }
    }

    /// What of policies a finding points at; the policies themselves are put to those that are there already.
    #[must_use]
    pub fn by(&self, finding: &Finding, policies: &mut Policies) -> Spoken {
        let places: BTreeSet<Place> =
            std::iter::once(finding.place).chain(finding.related.iter().map(|(place, _)| *place)).collect();
        let mut spoken = Spoken::new();
        let mut add = |name: &str, which: Option<BTreeSet<usize>>, make: &dyn Fn() -> Policy| {
            if !policies.contains_key(name) {
                policies.insert(name.to_owned(), make());
            }
            spoken.insert(name.to_owned(), which);
        };
        for cause in std::iter::once(&finding.cause).chain(&finding.alike) {
            let Some(role) = self.roles.get(cause) else { continue };
            let within = |one: &Place, whole: Place| {
                one.file == whole.file && whole.start <= one.start && one.end <= whole.end
            };
            let pointed_at = |(_, statement): &(usize, &Statement)| {
                places.iter().any(|place| within(place, statement.place))
            };
            let which: BTreeSet<usize> =
                role.statements.iter().enumerate().filter(pointed_at).map(|(at, _)| at).collect();
            if !which.is_empty() {
                add(cause, Some(which), &|| of_role(role));
            }
        }
        if WAYS_IN.iter().any(|rule| rule.id == finding.rule.id) {
            for role in self.roles_behind(finding) {
                let reaching = self.reaching(role);
                if !reaching.of_use.is_empty() {
                    let policy = || Policy { statements: reaching.statements.clone(), ..of_role(role) };
                    add(&format!("reach of {}", role.name), Some(reaching.of_use.clone()), &policy);
                }
            }
            // What a role may do that is none of the app's nobody knows here; that it is another one can be seen.
            let functions = finding.subjects.iter().filter_map(|name| self.grants.app().function(name));
            for (function, why) in functions.filter_map(|it| Some((it, it.role.as_ref()?.value.why()?))) {
                let gives = || Policy {
                    gives: BTreeSet::from([format!("other rights: {why}")]),
                    ..Policy::default()
                };
                add(&format!("role of {}", function.name), None, &gives);
            }
        }
        if finding.rule.id == catalogue::CORS_CREDENTIALS.id
            && let Some(name) = finding.cause.strip_prefix("cors of ")
        {
            let app = self.grants.app();
            let of_api = app.apis.iter().filter(|api| api.name.as_str() == name).flat_map(|api| &api.cors);
            let functions = app.functions.iter().filter(|function| function.name.as_str() == name);
            let of_urls = functions.flat_map(|function| function.urls()).flat_map(|url| &url.cors);
            let cors: Vec<&Cors> = of_api.chain(of_urls).collect();
            let pages =
                || Policy { gives: cors.iter().flat_map(|cors| pages(cors)).collect(), ..Policy::default() };
            if !cors.is_empty() {
                add(&finding.cause, None, &pages);
            }
        }
        for place in &places {
            let all = self.policies.get(place).map(Vec::as_slice).unwrap_or_default();
            // Instances of a block stand at one place: those of others are not spoken of.
            for policy in spoken_of(all, |it| it.thing, finding) {
                let made = || Policy {
                    statements: policy.statements.iter().map(clause).collect(),
                    ..Policy::default()
                };
                add(&policy.name, None, &made);
            }
            let all = self.networks.get(place).map(Vec::as_slice).unwrap_or_default();
            for network in spoken_of(all, |it| &it.name, finding) {
                let policy =
                    || Policy { gives: network.inward.iter().map(inward).collect(), ..Policy::default() };
                add(&format!("network {}", network.name), None, &policy);
            }
        }
        spoken
    }
}

fn inward(opening: &Opening) -> String {
    let ports = opening.ports.map_or("every port".to_owned(), |(from, to)| format!("{from}-{to}"));
    let protocol = match &opening.protocol {
        Known::Value(protocol) => protocol.to_ascii_lowercase(),
        Known::Unknown(why) => untold(why),
    };
    format!("a way in from `{}` ({protocol} {ports})", told(&opening.peer))
}

/// What pages of others may do.
fn pages(cors: &Cors) -> impl Iterator<Item = String> {
    let told = |setting: &Setting<String>| match &setting.value {
        Known::Value(value) => value.clone(),
        Known::Unknown(why) => untold(why),
    };
    // REST APIs have one text with all of them.
    let each = move |settings: &[Setting<String>]| -> Vec<String> {
        let all: Vec<String> = settings.iter().map(told).collect();
        all.iter().flat_map(|one| one.split(',')).map(|one| one.trim().to_owned()).collect()
    };
    let origins = cors.origins.iter().map(move |origin| format!("pages of `{}` a way in", told(origin)));
    let headers = each(&cors.headers).into_iter().map(|header| format!("pages the header `{header}`"));
    let methods = each(&cors.methods).into_iter();
    let methods = methods.map(|method| format!("pages the method `{}`", method.to_ascii_uppercase()));
    origins.chain(headers).chain(methods)
}

/// Whether a statement allows something beside what every function needs to run.
fn is_of_use(statement: &Statement) -> bool {
    let to_run = |action: &Setting<String>| {
        let action = action.known().map_or(String::new(), |action| action.to_ascii_lowercase());
        let (service, name) = action.split_once(':').unwrap_or_default();
        matches!(service, "logs" | "xray") || (service == "ec2" && name.contains("networkinterface"))
    };
    statement.effect.value() != Some(&Effect::Deny)
        && (statement.not_actions || !statement.actions.iter().all(to_run))
}

impl<'a> Granting<'_, 'a> {
    fn reaching(&self, role: &'a Role) -> Rc<Reaching> {
        let mut known = self.reaches.borrow_mut();
        let made = || {
            let statements: Vec<Clause> = role.statements.iter().map(reaching).collect();
            let all = role.statements.iter().zip(&statements).enumerate();
            let of_use = all.filter(|(_, (it, clause))| is_of_use(it) && !clause.actions.is_empty());
            let of_use = of_use.map(|(at, _)| at).collect();
            Rc::new(Reaching { statements, of_use })
        };
        Rc::clone(known.entry(&role.name).or_insert_with(made))
    }

    /// The roles that whoever uses what a finding speaks of works with: those of its functions and of what sends to functions, its roles
    /// themselves, and those of all functions that these start, in turn.
    fn roles_behind(&self, finding: &Finding) -> Vec<&'a Role> {
        let app = self.grants.app();
        let (mut found, mut seen): (Vec<&Role>, BTreeSet<&Name>) = (Vec::new(), BTreeSet::new());
        let role_of = |name: &Name| {
            let own = app.role(name).filter(|_| finding.rule.id == catalogue::OPEN_TRUST.id);
            own.or_else(|| app.function(name).and_then(|function| self.grants.role_of(function)))
        };
        let started = |store: &Name| -> Vec<&'a Role> {
            let from = |trigger: &&Trigger| trigger.source.references().any(|source| source == store);
            let functions = app.triggers.iter().filter(from).filter_map(|it| it.function.value());
            functions.filter_map(role_of).collect()
        };
        let mut waiting: Vec<&Role> = Vec::new();
        for name in &finding.subjects {
            waiting.extend(role_of(name));
            waiting.extend(started(name));
        }
        while let Some(role) = waiting.pop() {
            if !seen.insert(&role.name) {
                continue;
            }
            found.push(role);
            let Some(permissions) = self.grants.role(&role.name) else { continue };
            for hold in &permissions.reach().holds {
                let does =
                    |deed: Deed| hold.deeds.iter().any(|(it, verdict)| *it == deed && verdict.is_yes());
                match hold.target {
                    Target::Function(function) if does(Deed::Starts) || does(Deed::TakesOver) => {
                        waiting.extend(self.grants.role_of(function));
                    }
                    Target::Store(store) if does(Deed::Sends) || does(Deed::Changes) => {
                        waiting.extend(started(&store.name));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

/// A statement by what its actions come to: who may read a table already gets to nothing more by one more way to read it.
fn reaching(statement: &Statement) -> Clause {
    let mut clause = clause(statement);
    if !clause.deny && !clause.actions.all_but {
        clause.actions.of = clause.actions.of.iter().flat_map(|pattern| doings(pattern)).collect();
    }
    clause
}

/// What a pattern of actions comes to: `dynamodb:reading`. Those that only name things come to nothing; others stay as they are.
fn doings(pattern: &str) -> BTreeSet<String> {
    let doing = |action: ActionFact| Some(format!("{}:{}", action.service, doing(deed(action)?)));
    match facts::action(pattern) {
        _ if pattern.contains(['*', '?']) => {
            facts::actions_matching(pattern).filter_map(doing).chain([pattern.to_owned()]).collect()
        }
        Some(action) if action.level == Level::List => BTreeSet::new(),
        Some(action) => BTreeSet::from([doing(action).unwrap_or_else(|| pattern.to_owned())]),
        None => BTreeSet::from([pattern.to_owned()]),
    }
}

/// What actions come to, in the place of their names.
pub(crate) const DOINGS: [&str; 7] =
    ["sending", "starting", "changing", "reading", "destroying", "opening", "taking over"];

fn doing(deed: Deed) -> &'static str {
    let [sends, starts, changes, reads, destroys, opens, takes_over] = DOINGS;
    match deed {
        Deed::Sends => sends,
        Deed::Starts => starts,
        Deed::Changes => changes,
        Deed::Reads => reads,
        Deed::Destroys => destroys,
        Deed::Opens => opens,
        Deed::TakesOver => takes_over,
    }
}

/// What a finding touches; all, where that is none of them.
fn spoken_of<'p, T>(
    all: &'p [T],
    name: impl Fn(&'p T) -> &'p Name + Copy,
    finding: &Finding,
) -> impl Iterator<Item = &'p T> {
    let touched: BTreeSet<&Name> = finding.subjects.iter().collect();
    let any = all.len() > 1 && all.iter().any(|it| touched.contains(name(it)));
    all.iter().filter(move |it| !any || touched.contains(name(it)))
}

fn all_policies(app: &App) -> impl Iterator<Item = Of<'_>> {
    fn of<'a>(kind: &str, thing: &'a Name, statements: &'a [Statement]) -> Of<'a> {
        Of { name: format!("{kind} {thing}"), thing, statements }
    }
    let roles = app.roles.iter().map(|role| of("trust of", &role.name, &role.trust));
    let functions = app.functions.iter();
    let functions = functions.map(|function| of("permissions of", &function.name, &function.permissions));
    let stores = app.stores.iter().map(|store| of("policy of", &store.name, &store.policy));
    let secrets = app.secrets.iter().map(|secret| of("policy of secret", &secret.name, &secret.policy));
    let apis = app.apis.iter().map(|api| of("policy of interface", &api.name, &api.policy));
    roles.chain(functions).chain(stores).chain(secrets).chain(apis)
}

fn of_role(role: &Role) -> Policy {
    let bounds = role.boundary.as_ref().map(|boundary| Bounds {
        policy: told(&boundary.policy),
        statements: match &boundary.statements {
            Known::Value(statements) => Some(statements.iter().map(clause).collect()),
            Known::Unknown(_) => None,
        },
    });
    Policy { statements: role.statements.iter().map(clause).collect(), bounds, gives: BTreeSet::new() }
}

fn clause(statement: &Statement) -> Clause {
    let mut principals = Members::default();
    for principal in &statement.principals {
        match principal {
            Principal::Anyone => principals.of.extend(["*".to_owned()]),
            Principal::Aws(text) | Principal::Service(text) | Principal::Federated(text) => {
                principals.of.extend([told(text)]);
            }
            Principal::Others(texts) => {
                principals.all_but = true;
                principals.of.extend(texts.iter().map(told));
            }
            Principal::Unknown(why) => principals.of.extend([untold(why)]),
        }
    }
    let action = |action: &Setting<String>| match &action.value {
        Known::Value(action) => action.to_ascii_lowercase(),
        Known::Unknown(why) => untold(why),
    };
    let mut conditions: Vec<String> = statement
        .conditions
        .iter()
        .map(|condition| {
            let mut values: Vec<String> = condition.values.iter().map(told).collect();
            values.sort();
            format!("{} {} {}", condition.operator, condition.key, values.join(" "))
        })
        .collect();
    conditions.sort();
    Clause {
        // What may allow counts as what does.
        deny: statement.effect.value() == Some(&Effect::Deny),
        actions: Members {
            all_but: statement.not_actions,
            of: statement.actions.iter().map(action).collect(),
        },
        resources: Members {
            all_but: statement.not_resources,
            of: statement.resources.iter().map(told).collect(),
        },
        principals,
        conditions: (!conditions.is_empty()).then(|| digits(&conditions.join("\n"))),
    }
}

/// A text as a reader would write it; what of it cannot be told is told from others of the kind.
fn told(text: &Text) -> String {
    let mut written = String::new();
    for piece in &text.pieces {
        match piece {
            Piece::Unknown(why) => written.push_str(&untold(why)),
            // A text of which this is the whole.
            piece => {
                let _ = write!(written, "{}", Text { pieces: vec![piece.clone()], place: text.place });
            }
        }
    }
    // The partition of most accounts, by its name or by the one that the deployment fills in.
    match written.strip_prefix("arn:${AWS::Partition}:") {
        Some(rest) => format!("arn:aws:{rest}"),
        None => written,
    }
}

fn untold(why: &str) -> String {
    format!("${{?{}}}", digits(why))
}

/// SECURITY: as many as nobody finds a second text for. Whoever has the baseline has the files as well, in which the text stands in clear.
fn digits(text: &str) -> String {
    Sha256::digest(text).iter().take(8).fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

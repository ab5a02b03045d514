//! What can be lost: what a role gives away, what is open by itself, what the files give away.
//!
//! Invariant: harm only depends on what is reached and what can be done there. Not here: how somebody gets there.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::model::Cause;
use super::spread::FRONT_DOOR;
use super::{Reached, entry, verbs};
use crate::finding::{Confidence, Finding};
use crate::graph::{App, Role, Route, StoreKind};
use crate::iam::{Deed, Grants, Hold, Permissions, Reach, Target, Verdict};
use crate::known::Name;
use crate::source::Place;

/// Harm of what cannot be told: half of a store's.
pub(super) const UNKNOWN_HARM: u8 = 25;
/// What is granted perhaps counts half.
const PERHAPS: u32 = 500;

/// Something that a role gives away.
#[derive(Debug, Clone)]
pub(super) struct Goal {
    pub(super) reached: Reached,
    /// The number of what is reached.
    pub(super) number: usize,
    /// 0 to 100.
    pub(super) harm: u8,
    /// How certain the grant is, in parts of a thousand.
    pub(super) likelihood: u32,
    text: Words,
    pub(super) places: BTreeSet<Place>,
    /// The numbers of the role's statements that grant it: where they stand differs between roles that say the same.
    pub(super) statements: Rc<BTreeSet<usize>>,
    pub(super) unknown: Option<String>,
    /// Harm of what the code does for every caller anyway: to data of the app, not to rights.
    pub(super) front_door: u8,
    /// Whether no function needs it, so that narrowing it is advice.
    pub(super) broad: bool,
    /// Whether a path of its own would only repeat that everything is lost.
    pub(super) shadowed: bool,
    /// On to this function, and whether with code of one's own.
    pub(super) onward: Vec<(Name, bool)>,
}

/// A clause. There is one for each role and thing, and few are ever read.
#[derive(Debug, Clone)]
enum Words {
    Said(String),
    May(Vec<Deed>, Name),
}

/// What a role gives away.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) role: &'a Role,
    /// What is lost with this role and no other.
    pub(super) own: Vec<Goal>,
    /// The number of what it shares with the roles that say the same.
    pub(super) class: usize,
}

/// What all roles of a class give away.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) goals: Vec<Goal>,
}

impl Goal {
    fn of(reached: Reached, harm: u8, verdict: &Verdict, text: Words) -> Self {
        let (likelihood, unknown) = match verdict {
            Verdict::Yes => (1_000, None),
            Verdict::Unknown(why) => (PERHAPS, Some(why.clone())),
            Verdict::No => (0, None),
        };
        Self {
            reached,
            number: 0,
            harm,
            likelihood,
            text,
            places: BTreeSet::new(),
            statements: Rc::default(),
            unknown,
            front_door: 0,
            broad: false,
            shadowed: false,
            onward: Vec::new(),
        }
    }

    /// A clause.
    pub(super) fn text(&self) -> String {
        match &self.text {
            Words::Said(text) => text.clone(),
            Words::May(deeds, name) => format!("the role may {} `{name}`", verbs(deeds)),
        }
    }
}

/// Which functions start when something is done to a store.
type Starts<'a> = BTreeMap<&'a Name, Vec<Name>>;

/// What some roles give away, and what they share of it by class.
pub(super) fn goals<'a, 'n>(
    grants: &Grants<'a>,
    roles: impl Iterator<Item = &'n Name>,
) -> (BTreeMap<&'a Name, Given<'a>>, Vec<Shared>) {
    let mut starts = Starts::new();
    for trigger in grants.app().triggers.iter().filter(|trigger| !trigger.enabled.is(&false)) {
        for store in trigger.source.references() {
            starts.entry(store).or_default().extend(trigger.function.value().cloned());
        }
    }
    let (mut given, mut shared) = (BTreeMap::new(), Vec::new());
    let mut classes: BTreeMap<usize, usize> = BTreeMap::new();
    for name in roles {
        let Some(permissions) = grants.role(name) else { continue };
        let permissions = permissions.without_unread();
        let reach = permissions.reach();
        let class = *classes.entry(permissions.class()).or_insert_with(|| {
            shared.push(of_class(&reach, &starts));
            shared.len() - 1
        });
        let role = permissions.role;
        given.entry(&role.name).or_insert_with(|| Given { role, own: of_role(&permissions, &reach), class });
    }
    (given, shared)
}

/// What is lost with a role and no other: rights, and what cannot be told of it.
fn of_role(permissions: &Permissions<'_, '_>, reach: &Reach<'_>) -> Vec<Goal> {
    let role = permissions.role;
    let mut goals = Vec::new();
    let all = reach.everything.is_yes();
    if reach.everything.is_possible() {
        let allows = role.statements.iter().filter(|statement| statement.may_allow());
        let places = allows.filter(|statement| is_everything(statement)).map(|statement| statement.place);
        let text = Words::Said("the role may do everything in the account".to_owned());
        let goal = Goal::of(Reached::Account, 100, &reach.everything, text);
        goals.push(Goal { broad: true, places: places.collect(), ..goal });
    }
    let escalations = permissions.escalations();
    if let Some(first) = escalations.iter().max_by_key(|one| one.verdict.is_yes()) {
        let text = Words::Said(format!("the role can {}", first.combination.gives));
        let same = escalations.iter().filter(|one| one.verdict == first.verdict);
        let places = same.flat_map(|one| one.places.clone()).collect();
        let goal = Goal::of(Reached::Escalation(role.name.clone()), 90, &first.verdict, text);
        goals.push(Goal { broad: true, shadowed: all, places, ..goal });
    }
    let unlooked = || (role.place, "the app has too many roles and things to compare them all".to_owned());
    if let Some((place, why)) = permissions.why_unread().or_else(|| reach.left_out.then(unlooked)) {
        let text = Words::Said("the role may do what cannot be told from the files".to_owned());
        let goal = Goal::of(Reached::Unknown(role.name.clone()), UNKNOWN_HARM, &Verdict::Unknown(why), text);
        let places = BTreeSet::from([place]);
        goals.push(Goal { likelihood: 1_000, shadowed: all, places, ..goal });
    }
    goals
}

/// What is lost with every role that says the same: services and things of the app.
fn of_class(reach: &Reach<'_>, starts: &Starts<'_>) -> Shared {
    let all = reach.everything.is_yes();
    let mut goals = Vec::new();
    for hold in &reach.wide {
        let Target::All(service) = hold.target else { continue };
        let Some((harm, deeds, verdict)) = worst(hold, |deed| harm_of_service(service, deed)) else {
            continue;
        };
        let title = crate::facts::service_title(service).unwrap_or(service);
        let verbs = verbs(&deeds);
        // What is named by something that nobody can read is not everything; it may be anything.
        let text = Words::Said(match verdict.is_yes() {
            true => format!("the role may {verbs} everything of {title} in the account"),
            false => format!("the role may {verbs} something of {title} that the files do not tell"),
        });
        let goal = Goal::of(Reached::Service(service.to_owned()), harm, &verdict, text);
        goals.push(Goal { broad: true, shadowed: all, statements: Rc::clone(&hold.statements), ..goal });
    }
    goals.extend(reach.holds.iter().filter_map(|hold| of_hold(hold, all, starts)));
    Shared { goals }
}

fn is_everything(statement: &crate::graph::Statement) -> bool {
    let every = |pattern: &String| crate::iam::statement::is_every_action(pattern);
    statement.not_actions || statement.actions.iter().filter_map(|action| action.known()).any(every)
}

fn of_hold(hold: &Hold<'_>, all: bool, starts: &Starts<'_>) -> Option<Goal> {
    let (harm, deeds, verdict) = worst(hold, |deed| harm_of(hold.target, deed))?;
    let name = hold.target.name()?;
    let reached = match hold.target {
        Target::Store(_) => Reached::Store(name.clone()),
        Target::Secret(_) => Reached::Secret(name.clone()),
        Target::Function(_) => Reached::Function(name.clone()),
        Target::Arn(_) | Target::All(_) => return None,
    };
    let mut goal = Goal::of(reached, harm, &verdict, Words::May(deeds.clone(), name.clone()));
    goal.statements = Rc::clone(&hold.statements);
    let usual = [Deed::Reads, Deed::Changes, Deed::Sends, Deed::Starts];
    if matches!(hold.target, Target::Store(_)) {
        let does = deeds.iter().filter(|deed| usual.contains(deed));
        goal.front_door = does.map(|deed| harm_of(hold.target, *deed)).max().unwrap_or(0);
    }
    goal.broad = deeds.iter().any(|deed| *deed > Deed::Reads);
    goal.shadowed = all;
    goal.onward = onward(starts, hold, name);
    Some(goal)
}

/// The functions that start when something is done to a thing.
fn onward(starts: &Starts<'_>, hold: &Hold<'_>, name: &Name) -> Vec<(Name, bool)> {
    let does = |deed: Deed| hold.deeds.get(&deed).is_some_and(Verdict::is_possible);
    if matches!(hold.target, Target::Function(_)) {
        let own = does(Deed::TakesOver).then(|| (name.clone(), true));
        return own.into_iter().chain(does(Deed::Starts).then(|| (name.clone(), false))).collect();
    }
    if ![Deed::Sends, Deed::Changes, Deed::Starts].into_iter().any(does) {
        return Vec::new();
    }
    starts.get(name).into_iter().flatten().map(|function| (function.clone(), false)).collect()
}

/// The greatest harm among deeds, all deeds that do harm, and how certain the worst is.
fn worst(hold: &Hold<'_>, harm: impl Fn(Deed) -> u8) -> Option<(u8, Vec<Deed>, Verdict)> {
    let harmful: Vec<_> = hold.deeds.iter().filter(|(deed, _)| harm(**deed) > 0).collect();
    // What is certain weighs twice what is not.
    let weight = |verdict: &Verdict, harm: u8| u32::from(harm) * if verdict.is_yes() { 2 } else { 1 };
    let (deed, verdict) = harmful.iter().max_by_key(|(deed, verdict)| weight(verdict, harm(**deed)))?;
    let same = harmful.iter().filter(|(_, other)| other.is_yes() == verdict.is_yes());
    Some((harm(**deed), same.map(|(deed, _)| **deed).collect(), (*verdict).clone()))
}

/// What a deed does to all things of a service.
fn harm_of_service(service: &str, deed: Deed) -> u8 {
    match (service, deed) {
        ("secretsmanager" | "ssm", Deed::Reads) => 85,
        ("lambda" | "ecr" | "states", Deed::TakesOver) => 85,
        ("logs", Deed::Reads) => 20,
        ("logs", Deed::Destroys) => 25,
        ("logs", _) => 5,
        (_, Deed::Sends | Deed::Starts) => 15,
        (_, Deed::Opens) => 75,
        (_, Deed::Destroys) => 70,
        ("lambda" | "ecr", Deed::Reads) => 30,
        ("kms", Deed::Reads) => 45,
        ("sqs" | "sns" | "kinesis" | "firehose" | "kafka" | "events" | "states", _) => 40,
        (_, Deed::Reads | Deed::Changes | Deed::TakesOver) => 65,
    }
}

/// What a deed does to one thing of the app.
fn harm_of(target: Target<'_>, deed: Deed) -> u8 {
    let kind = match target {
        Target::Secret(_) => {
            return match deed {
                Deed::Reads => 70,
                Deed::Sends | Deed::Starts => 0,
                _ => 50,
            };
        }
        Target::Function(_) => {
            return match deed {
                Deed::TakesOver => 60,
                Deed::Opens | Deed::Destroys => 40,
                Deed::Starts => 10,
                Deed::Reads => 20,
                Deed::Sends | Deed::Changes => 0,
            };
        }
        Target::Store(store) => &store.kind,
        Target::Arn(_) | Target::All(_) => return 0,
    };
    match (kind, deed) {
        (StoreKind::Logs, Deed::Reads | Deed::Destroys) => 15,
        (StoreKind::Logs, _) => 5,
        (StoreKind::Registry | StoreKind::StateMachine, Deed::TakesOver) => 60,
        (StoreKind::StateMachine, Deed::Starts) => 10,
        (_, Deed::Sends | Deed::Starts) => 15,
        (kind, Deed::Reads) if passes_on(kind) => 35,
        (kind, _) if passes_on(kind) => 30,
        (StoreKind::Key, Deed::Reads) => 30,
        (_, Deed::Reads | Deed::Changes) => 50,
        (_, Deed::Opens | Deed::TakesOver) => 65,
        (_, Deed::Destroys) => 60,
    }
}

/// Whether what is in a store only passes through it.
fn passes_on(kind: &StoreKind) -> bool {
    matches!(
        kind,
        StoreKind::Queue
            | StoreKind::Topic
            | StoreKind::Stream
            | StoreKind::KafkaCluster
            | StoreKind::Broker
            | StoreKind::EventBus
    )
}

/// What is lost without any function: open stores, databases and files that hold secrets.
#[derive(Debug, Clone)]
pub(super) struct Direct {
    pub(super) goal: Goal,
    /// How likely it is that a stranger gets there, in parts of a thousand.
    pub(super) likelihood: u32,
    pub(super) entry: String,
    pub(super) need: Option<String>,
    pub(super) place: Place,
    pub(super) cause: Cause,
}

/// All of them.
pub(super) fn direct(grants: &Grants<'_>, findings: &[Finding]) -> Vec<Direct> {
    let app = grants.app();
    let routes = app.routes.iter().flat_map(|route| of_route(grants, route, findings));
    findings.iter().flat_map(|finding| of_finding(app, finding)).chain(routes).collect()
}

/// What an interface does itself for anyone who calls: as likely as what code does for every caller.
fn of_route(grants: &Grants<'_>, route: &Route, findings: &[Finding]) -> Vec<Direct> {
    let app = grants.app();
    let Some((role, operation)) = app.act_of(route) else { return Vec::new() };
    let Some(role) = grants.role(role) else { return Vec::new() };
    let Some(api) = route.api.value().and_then(|name| app.api(name)) else { return Vec::new() };
    if !entry::is_for_anyone(app, route, findings) {
        return Vec::new();
    }
    let make = |(target, deed): (Target<'_>, Deed)| {
        let name = target.name().filter(|_| matches!(target, Target::Store(_)))?;
        let text = format!("`{}` does `{operation}` itself and may {} `{name}`", api.name, verbs(&[deed]));
        let reached = Reached::Store(name.clone());
        let goal = Goal::of(reached, harm_of(target, deed), &Verdict::Yes, Words::Said(text));
        Some(Direct {
            goal: Goal { places: BTreeSet::from([route.place]), ..goal },
            likelihood: FRONT_DOOR,
            entry: "anyone".to_owned(),
            need: None,
            place: route.access.place,
            cause: Cause::Api(api.name.clone()),
        })
    };
    role.through(operation).into_iter().filter_map(make).collect()
}

fn of_finding(app: &App, finding: &Finding) -> Vec<Direct> {
    let make = |reached, likelihood, harm, entry: &str, need: Option<&str>, text: String, cause| {
        let goal = Goal::of(reached, harm, &Verdict::Yes, Words::Said(text));
        let goal = Goal { places: BTreeSet::from([finding.place]), ..goal };
        let sure = finding.confidence == Confidence::Certain;
        let likelihood = if sure { likelihood } else { likelihood * 4 / 5 };
        let (entry, need) = (entry.to_owned(), need.map(str::to_owned));
        Direct { goal, likelihood, entry, need, place: finding.place, cause }
    };
    let stores =
        || finding.subjects.iter().filter(|name| app.store(name).is_some() || app.secret(name).is_some());
    let reached = |name: &Name| match app.secret(name) {
        Some(_) => Reached::Secret(name.clone()),
        None => Reached::Store(name.clone()),
    };
    match finding.rule.id {
        "open-store" => {
            let text = |name: &Name| format!("`{name}` is open to everyone");
            let one = |name: &Name| {
                let harm = if app.secret(name).is_some() { 70 } else { 50 };
                make(reached(name), 1_000, harm, "anyone", None, text(name), Cause::Store(name.clone()))
            };
            stores().map(one).collect()
        }
        "public-database" => {
            let text = |name: &Name| format!("`{name}` answers on the internet");
            let need = Some("the database's password, or a hole in it");
            let one = |name: &Name| {
                make(reached(name), 400, 60, "anyone", need, text(name), Cause::Store(name.clone()))
            };
            stores().map(one).collect()
        }
        "secret-in-template" | "secret-in-source" | "secret-in-environment" => {
            let key = format!("{} {}", finding.rule.id, finding.cause);
            let text = "a secret stands there in clear text".to_owned();
            let cause = Cause::Leak(finding.rule.id, finding.cause.clone());
            let who = "whoever reads the files";
            let need = Some("a look at the repository, or the right to read the function's settings");
            vec![make(Reached::Leak(key), 300, 60, who, need, text, cause)]
        }
        _ => Vec::new(),
    }
}

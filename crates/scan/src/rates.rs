//! Rates of interfaces, and firewalls before them: what stages have, for all of their routes or for single ones.
//!
//! Invariant: calls of a route are counted, and a firewall stands before it, only where every stage has that. Not here: how formats write
//! them; usage plans, which limit only whoever brings a key.

use std::collections::{BTreeMap, HashMap};

use crate::graph::{App, Route};
use crate::known::{Known, Name, Setting};
use crate::source::Place;

/// Stages of an interface that are looked at; the provider allows ten.
const MAX_STAGES: usize = 40;

/// What is known of them while an app is read.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    stages: BTreeMap<Name, Vec<Stage>>,
    walls: BTreeMap<Name, Vec<Wall>>,
}

/// A firewall before a stage.
#[derive(Debug)]
struct Wall {
    place: Place,
    /// The stage's resource, where that is named.
    resource: Option<Name>,
    /// What the stage is called, where that is known.
    called: String,
}

/// What a stage sets.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    /// Its resource, where it has one.
    resource: Option<Name>,
    /// What it is called, where that is known.
    called: String,
    /// The rate of all routes that have none of their own.
    all: Option<Setting<bool>>,
    /// Those of single ones, by [`plain`].
    single: HashMap<String, Setting<bool>>,
}

impl Rates {
    /// Changes a stage that is known by its resource or by what it is called, or a new one.
    pub(crate) fn stage(
        &mut self,
        api: &Name,
        resource: Option<&Name>,
        called: &str,
        change: impl FnOnce(&mut Stage),
    ) {
        let stages = self.stages.entry(api.clone()).or_default();
        let known = stages.iter_mut().take(MAX_STAGES).find(|stage| {
            (resource.is_some() && stage.resource.as_ref() == resource)
                || (!called.is_empty() && stage.called == called)
        });
        if let Some(known) = known {
            change(known);
        } else {
            let mut stage =
                Stage { resource: resource.cloned(), called: called.to_owned(), ..Stage::default() };
            change(&mut stage);
            stages.push(stage);
        }
    }

    /// Puts a firewall before the stage that is known by its resource or by what it is called.
    pub(crate) fn wall(&mut self, api: &Name, resource: Option<&Name>, called: &str, place: Place) {
        let wall = Wall { place, resource: resource.cloned(), called: called.to_owned() };
        self.walls.entry(api.clone()).or_default().push(wall);
    }

    /// Writes down what this means for interfaces and routes that an app has.
    pub(crate) fn set(&self, app: &mut App) {
        for api in &mut app.apis {
            if let Some(stages) = self.stages.get(&api.name) {
                api.throttled = everywhere(stages, None);
            }
            if let Some(walls) = self.walls.get(&api.name) {
                let stages = self.stages.get(&api.name).map(Vec::as_slice).unwrap_or_default();
                api.firewall = walled(walls, stages);
            }
        }
        let single = self.stages.values().flatten().any(|stage| !stage.single.is_empty());
        if !single {
            return;
        }
        for route in &mut app.routes {
            route.rate = self.of(route).or(route.rate.take());
        }
    }

    /// The rate of a route of which a stage speaks.
    fn of(&self, route: &Route) -> Option<Setting<bool>> {
        let (stages, key) = route.api.value().and_then(|api| self.stages.get(api)).zip(key(route))?;
        let spoken_of = stages.iter().take(MAX_STAGES).any(|stage| stage.single.contains_key(&key));
        everywhere(stages, Some(&key)).filter(|_| spoken_of)
    }
}

impl Stage {
    /// Sets the rate of all routes that have none of their own.
    pub(crate) fn all(&mut self, rate: Setting<bool>) {
        self.all = Some(rate);
    }

    /// Sets the rate of one method on one path.
    pub(crate) fn one(&mut self, method: &str, path: &str, rate: Setting<bool>) {
        self.single.insert(plain(method, path), rate);
    }

    /// Sets the rate of one route of a newer interface, by its key: `GET /orders`, `$default`.
    pub(crate) fn route(&mut self, key: &str, rate: Setting<bool>) {
        let (method, path) = key.split_once(' ').unwrap_or((key, ""));
        self.one(method, path, rate);
    }

    /// Some routes have a rate, and nobody knows which: then of no route it is known whether it has one.
    pub(crate) fn some(&mut self, rate: Setting<bool>) {
        self.all.get_or_insert(rate);
    }

    /// Some routes have none though others do, and nobody knows which.
    pub(crate) fn none_of_some(&mut self, place: Place, why: &str) {
        for rate in self.all.iter_mut().chain(self.single.values_mut()) {
            *rate = Setting::unknown(place, why);
        }
    }

    fn rate(&self, key: Option<&String>) -> Option<&Setting<bool>> {
        key.and_then(|key| self.single.get(key)).or(self.all.as_ref())
    }
}

/// By what a stage's settings name a route.
fn key(route: &Route) -> Option<String> {
    let (method, path) = (route.method.value()?, route.path.value()?);
    Some(if path == "$default" { plain(path, "") } else { plain(method, path) })
}

/// Methods and paths as they are told apart: `~1` is a slash within a name of a stage's setting.
fn plain(method: &str, path: &str) -> String {
    format!("{} {}", method.to_ascii_uppercase(), path.replace("~1", "/").trim_matches('/'))
}

/// The rate that all stages have, for one route or for all that have none of their own.
fn everywhere(stages: &[Stage], key: Option<&String>) -> Option<Setting<bool>> {
    let mut found: Option<&Setting<bool>> = None;
    for stage in stages.iter().take(MAX_STAGES) {
        let rate = stage.rate(key)?;
        if found.is_none_or(|found| is_weaker(rate, found)) {
            found = Some(rate);
        }
    }
    let found = found?.clone();
    let more = stages.len() > MAX_STAGES && found.value.is(&true);
    Some(if more { Setting::unknown(found.place, "it has too many stages to look at all") } else { found })
}

/// Whether a firewall stands before all stages; `None` where one has none.
fn walled(walls: &[Wall], stages: &[Stage]) -> Option<Setting<bool>> {
    let place = walls.first()?.place;
    let has = |stage: &Stage, wall: &Wall| {
        (wall.resource.is_some() && wall.resource == stage.resource)
            || (!wall.called.is_empty() && wall.called == stage.called)
    };
    let looked_at = || stages.iter().take(MAX_STAGES);
    let bare = looked_at().filter(|stage| !walls.iter().any(|wall| has(stage, wall))).count();
    // Of a wall that is before none of these it is not known where it stands.
    let lost = walls.iter().filter(|wall| !looked_at().any(|stage| has(stage, wall))).count();
    // What is called otherwise is another stage, though these files do not make it.
    let other = |wall: &Wall, stage: &Stage| {
        let known = |called: &str| !called.is_empty() && !called.contains('$');
        known(&wall.called) && known(&stage.called) && wall.called != stage.called
    };
    let elsewhere = stages.iter().any(|stage| walls.iter().all(|wall| other(wall, stage)));
    match bare {
        1 if stages.len() == 1 && elsewhere => None,
        0 if stages.len() <= MAX_STAGES => Some(Setting::new(place, true)),
        // There is nowhere else for it to stand.
        1 if stages.len() == 1 => Some(Setting::new(place, true)),
        _ if lost > 0 || stages.len() > MAX_STAGES => {
            Some(Setting::unknown(place, "which of its stages a firewall stands before cannot be told"))
        }
        _ => None,
    }
}

/// Whether less is said by one rate than by another: none, then one that is not known, then one that counts.
fn is_weaker(rate: &Setting<bool>, than: &Setting<bool>) -> bool {
    let rank = |rate: &Setting<bool>| match rate.value {
        Known::Value(false) => 0,
        Known::Unknown(_) => 1,
        Known::Value(true) => 2,
    };
    rank(rate) < rank(than)
}

#[cfg(test)]
mod tests;

//! Attack paths: from whoever is outside, through a way in, a function and its role, to what is lost; and what that adds up to.
//!
//! Owns: ways in, what a call can become, what a role then gives away, how likely and how bad that is, the score, the one change that
//! takes away most. Invariants: pure and the same every time; bounded, whatever the app; taking a way in, a weakness or a grant away
//! never raises the score; what is unknown counts, for less than what is known and never for nothing, and is named. Not here: what a
//! role may do (`iam`), what is wrong (`rules`), how paths are drawn (`report`).
//!
//! The measure, in parts of a thousand and points of a hundred:
//! ```text
//! likelihood = way in (anyone 1000, API key 600, unknown 500, signed in 250, the provider's signatures 100, private network 100)
//!            × weakness of the function (code injection 1000 … known hole in a package 700 … none known 250)
//! risk       = likelihood × harm (the whole account 100, every secret 85, a secret 70, data 50, a message 15)
//! score      = 100 × (1 − Π (1 − risk/100 × 1/2ⁿ)), the greatest risk first (n = 0, 1, 2 …)
//! ```
//! A role that cannot be told counts as half of a store's harm; what is granted perhaps counts half.

mod change;
mod entry;
mod goal;
mod model;
mod score;
mod spread;
mod story;
mod weakness;

use serde::Serialize;

pub use self::score::{Grade, Reason, Score};
use crate::finding::Finding;
use crate::graph::App;
use crate::iam::{Deed, Grants};
use crate::known::Name;
use crate::source::Place;

/// What an app's risk comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// The score and a reason for each of its points.
    pub score: Score,
    /// The paths, the worst first; one for each thing that is reached, by the way that needs least.
    pub paths: Vec<Path>,
    /// How many more there are.
    pub left_out: usize,
    /// The one change that takes away most.
    pub best_change: Option<BestChange>,
    /// What was not looked at, because the app is larger than any: lower case, no full stop.
    #[serde(skip)]
    pub not_looked_at: Vec<String>,
}

/// One attack path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// What it weighs: likelihood × harm, 0 to 100.
    pub risk: u8,
    /// How likely it is that somebody gets there, in parts of a thousand.
    pub likelihood: u16,
    /// How bad it is then, 0 to 100.
    pub harm: u8,
    /// What is reached.
    pub reached: Reached,
    /// How, in order; the first step is a way in, the last one is what is reached.
    pub steps: Vec<Step>,
    /// What an attacker still needs: nothing when it is empty.
    pub needs: Vec<String>,
    /// What about it cannot be told.
    pub unknown: Vec<String>,
    /// Other ways in to the same function, at most ten.
    pub other_entries: Vec<String>,
}

impl Assessment {
    /// Every place of which it speaks.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let steps = self.paths.iter().flat_map(|path| &path.steps).flat_map(|step| &step.places);
        steps.chain(self.best_change.iter().map(|change| &change.place)).copied()
    }
}

/// What a path ends at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// Everything in the account.
    Account,
    /// More rights than the role was given.
    Escalation(Name),
    /// All things of a service in the account.
    Service(String),
    /// A store of the app.
    Store(Name),
    /// A managed secret of the app.
    Secret(Name),
    /// A function of the app.
    Function(Name),
    /// Something that the files give away, such as a password in a template.
    Leak(String),
    /// What is not in the files: by function where its role is not, by role where one of its policies is not.
    Unknown(Name),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// The thing of the app that it goes to, where it is one.
    pub name: Option<Name>,
    /// What happens, in words: lower case, no full stop.
    pub text: String,
    /// Where that stands.
    pub places: Vec<Place>,
    /// False where it cannot be told.
    pub certain: bool,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A way in.
    Entry,
    /// A function that runs.
    Function,
    /// What makes it do what the attacker wants.
    Weakness,
    /// A role that is used.
    Role,
    /// On to another function.
    Hop,
    /// What is reached.
    Goal,
}

/// The change that takes most risk away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BestChange {
    /// What to do, as a sentence.
    pub text: String,
    /// Where.
    pub place: Place,
    /// The score that remains.
    pub remaining: u8,
    /// How many points it takes away.
    pub saved: u8,
}

/// Finds the paths of an app. `findings` are those that nobody allowed by a comment.
#[must_use]
pub fn assess(app: &App, findings: &[Finding]) -> Assessment {
    assess_with(&Grants::of(app), findings)
}

/// The same, where it is known already what the app's roles may do.
#[must_use]
pub fn assess_with(grants: &Grants<'_>, findings: &[Finding]) -> Assessment {
    let model = model::Model::of(grants, findings);
    let solution = spread::solve(&model, None);
    let (paths, left_out) = story::tell(&model, &solution);
    let score = score::score(&solution.risks(), &paths);
    let best_change = change::best(&model, &solution, score.points);
    let paths = paths.into_iter().map(|(path, _)| path).collect();
    Assessment { score, paths, left_out, best_change, not_looked_at: model.left_out }
}

/// The deeds of a list in words: `read and change`.
fn verbs(deeds: &[Deed]) -> String {
    let word = |deed: &Deed| match deed {
        Deed::Sends => "put messages into",
        Deed::Starts => "start",
        Deed::Changes => "change",
        Deed::Reads => "read",
        Deed::Destroys => "destroy",
        Deed::Opens => "open to others",
        Deed::TakesOver => "replace the code of",
    };
    let words: Vec<_> = deeds.iter().map(word).collect();
    match words.split_last() {
        None => "see".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests;

//! What functions need against what their roles give, as the report has it.
//!
//! Invariants: one entry for each function that has code or a role, in the order of the app; what is not known in full says so, and claims
//! nothing as certain. Not here: how it is found out (`need`), how one function's is shown by itself (`need_text`).

use serde::Serialize;

use super::{Note, Report, Spot};
use crate::code::Certainty;
use crate::finding::Confidence;
use crate::graph::{App, Framework};
use crate::known::Text;
use crate::need::{Excess, Missing, Need, Use};
use crate::serverless::SHARED as SHARED_ROLE;
use crate::source::SourceTree;

/// What a function needs, and how that compares with what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionNeed {
    /// Its name.
    pub function: String,
    /// The name that it has where it is deployed, where that is written out.
    #[serde(skip)]
    pub physical: Option<String>,
    /// Its role, where that is one of the app.
    pub role: Option<String>,
    /// Where the function is declared.
    pub at: Spot,
    /// Whether its code was found and read.
    pub read: bool,
    /// What its code uses.
    pub uses: Vec<Used>,
    /// What it uses and its role does not allow.
    pub missing: Vec<Lacking>,
    /// What its role gives and it does not use.
    pub excess: Vec<Idle>,
    /// Actions that its set-up asks for, whatever its code says.
    pub implied: Vec<String>,
    /// The smallest policy that it can do with; none where something is not known.
    pub policy: Option<Written>,
    /// Why this is not known in full.
    pub gaps: Vec<Note>,
}

/// A permission that code uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Used {
    /// `dynamodb:PutItem`.
    pub action: String,
    /// On what; a name of the app's own, or an ARN. None: the action has no resource.
    pub on: Option<String>,
    /// Whether the handler gets there.
    pub certainty: Certainty,
    /// Where.
    pub at: Spot,
}

/// A permission that is used and not given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lacking {
    /// The action.
    pub action: String,
    /// On what.
    pub on: Option<String>,
    /// One sentence about it.
    pub message: String,
    /// How sure.
    pub confidence: Confidence,
    /// Why it is no more than likely, where it is.
    pub because: Option<String>,
    /// Where it is used.
    pub at: Spot,
}

/// A permission that is given and not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Idle {
    /// The action as the statement writes it.
    pub action: String,
    /// The resource, where only the action on that one is not used.
    pub resource: Option<String>,
    /// The policy template that gives it.
    pub template: Option<String>,
    /// Actions that would do instead of a pattern of which some are used.
    pub instead: Vec<String>,
    /// How sure.
    pub confidence: Confidence,
    /// Why it is no more than likely, where it is.
    pub because: Option<String>,
    /// Where it is given.
    pub at: Spot,
}

/// A policy as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// In whose format.
    pub framework: Framework,
    /// The text; lines that begin with `#` say what is kept as it is.
    pub text: String,
    /// Whether there is anything to give.
    pub empty: bool,
    /// Who makes the role that it is for.
    #[serde(skip)]
    pub role: RoleMade,
}

/// Who makes a function's role, which says where its statements stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleMade {
    /// The framework makes one for several functions.
    Shared,
    /// The framework makes one for this function alone.
    Alone,
    /// It is a resource of the app.
    Written,
    /// It is not in these files.
    Unknown,
}

impl RoleMade {
    fn of(app: &App, need: &Need) -> Self {
        let role = need.role.as_ref().and_then(|name| app.roles.iter().find(|role| role.name == *name));
        match role {
            None => Self::Unknown,
            Some(role) if !role.implicit => Self::Written,
            Some(role) if role.name.as_str() == SHARED_ROLE => Self::Shared,
            Some(_) => Self::Alone,
        }
    }
}

impl FunctionNeed {
    /// What is known of an app's functions, ready to be shown.
    #[must_use]
    pub fn all(tree: &SourceTree, app: &App, needs: &[Need]) -> Vec<Self> {
        needs.iter().filter_map(|need| Self::of(tree, app, need)).collect()
    }

    fn of(tree: &SourceTree, app: &App, need: &Need) -> Option<Self> {
        let function = app.function(&need.function)?;
        if !need.read && function.role.is_none() {
            return None;
        }
        let mut uses: Vec<Used> = need.uses.iter().map(|used| Used::of(tree, used)).collect();
        uses.sort();
        let gap = |gap: &crate::code::Seen<String>| Note {
            at: Spot::of(tree, gap.place),
            subject: Some(need.function.to_string()),
            text: gap.value.clone(),
        };
        Some(Self {
            function: need.function.to_string(),
            physical: function.physical.as_ref().and_then(Text::as_literal).map(str::to_owned),
            role: need.role.as_ref().map(ToString::to_string),
            at: Spot::of(tree, function.place),
            read: need.read,
            uses,
            missing: need.missing.iter().map(|missing| Lacking::of(tree, missing)).collect(),
            excess: need.excess.iter().map(|excess| Idle::of(tree, excess)).collect(),
            implied: need.implied.iter().cloned().collect(),
            policy: need.policy.as_ref().map(|policy| Written {
                framework: policy.framework,
                text: policy.text(),
                empty: policy.statements.is_empty(),
                role: RoleMade::of(app, need),
            }),
            gaps: need.gaps.iter().map(gap).collect(),
        })
    }

    /// Whether all is known, and role and code agree.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.missing.is_empty() && self.excess.is_empty() && self.gaps.is_empty()
    }
}

impl Used {
    fn of(tree: &SourceTree, used: &Use) -> Self {
        Self {
            action: used.action.clone(),
            on: used.thing.shown(),
            certainty: used.certainty,
            at: Spot::of(tree, used.place),
        }
    }
}

impl Lacking {
    fn of(tree: &SourceTree, missing: &Missing) -> Self {
        Self {
            action: missing.action.clone(),
            on: missing.thing.shown(),
            message: missing.message.clone(),
            confidence: missing.confidence,
            because: missing.because.clone(),
            at: Spot::of(tree, missing.place),
        }
    }
}

impl Idle {
    fn of(tree: &SourceTree, excess: &Excess) -> Self {
        Self {
            action: excess.action.clone(),
            resource: excess.resource.as_ref().map(Text::to_string),
            template: excess.template.clone(),
            instead: excess.used.iter().cloned().collect(),
            confidence: excess.confidence,
            because: excess.because.clone(),
            at: Spot::of(tree, excess.place),
        }
    }
}

impl Report {
    /// What functions of a name need, in whichever app. A short form does that one function alone has: its name in whichever case of
    /// letters, its physical name, the end of `service.function` or of an address, with its key or without.
    pub fn needs_of<'a>(
        &'a self,
        function: &'a str,
    ) -> impl Iterator<Item = (&'a super::AppReport, &'a FunctionNeed)> {
        let meant = self.functions_meant(function);
        let function = match meant.as_slice() {
            [only] => only,
            _ => function,
        };
        self.apps.iter().flat_map(move |app| {
            app.needs.iter().filter(move |need| need.function == function).map(move |need| (app, need))
        })
    }

    /// The functions that a name may mean: the one of just that name, or else all that have it as a short form.
    #[must_use]
    pub fn functions_meant(&self, asked: &str) -> Vec<&str> {
        let needs = || self.apps.iter().flat_map(|app| &app.needs);
        if let Some(exact) = needs().find(|need| need.function == asked) {
            return vec![&exact.function];
        }
        let meant = needs().filter(|need| {
            let mut forms = short_forms(&need.function).into_iter().chain(need.physical.as_deref());
            forms.any(|form| form.eq_ignore_ascii_case(asked))
        });
        let mut names: Vec<&str> = meant.map(|need| need.function.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The functions of which something is known, by name.
    #[must_use]
    pub fn functions(&self) -> Vec<&str> {
        let needs = self.apps.iter().flat_map(|app| &app.needs);
        let mut names: Vec<&str> = needs.map(|need| need.function.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What a function's name is called for short: all of it, its last part, that without its key, and the key; of one in a module the same of
/// the module, and of the CDK's the construct.
fn short_forms(name: &str) -> Vec<&str> {
    let module = name.rfind(".aws_lambda_function.").and_then(|at| name.get(..at));
    // The CDK puts eight digits behind the names of constructs.
    let hash = |digits: &&str| digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'A'..=b'F'));
    let at = name.len().checked_sub(8).filter(|at| *at > 0);
    let construct = at.filter(|at| name.get(*at..).as_ref().is_some_and(hash)).and_then(|at| name.get(..at));
    fn of(name: &str) -> [Option<&str>; 4] {
        // A key in brackets may hold anything, dots too.
        let (before, key) = match name.strip_suffix(']').and_then(|open| open.rsplit_once('[')) {
            Some((before, key)) => (before, Some(key.trim_matches('"'))),
            None => (name, None),
        };
        let start = before.rfind('.').map_or(0, |dot| dot + 1);
        [Some(name), name.get(start..), before.get(start..), key]
    }
    [Some(name), module, construct].into_iter().flatten().flat_map(of).flatten().collect()
}

#[cfg(test)]
mod tests;

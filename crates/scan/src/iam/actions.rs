//! The patterns of actions of one statement, in an order in which an action finds the few that may speak of it.
//!
//! The provider's policies for readers list thousands of patterns, and each is about one service. Invariant: the answer is that of
//! comparing an action with every pattern. Not here: what a pattern covers (`iam::wildcard`).

use std::collections::{BTreeMap, BTreeSet};

use super::{Verdict, wildcard};
use crate::graph::Statement;
use crate::known::Known;

/// What a statement says of actions.
#[derive(Debug, Default)]
pub(super) struct Actions<'a> {
    /// `NotAction`.
    others: bool,
    /// By the service that they name, in small letters.
    of_service: BTreeMap<String, Patterns<'a>>,
    /// Patterns that leave the service open.
    open: Vec<&'a str>,
    /// Why one of them cannot be told.
    unknown: Option<String>,
}

/// Patterns of one service.
#[derive(Debug, Default)]
struct Patterns<'a> {
    /// Without wildcards, in small letters.
    plain: BTreeSet<String>,
    wild: Vec<&'a str>,
}

impl<'a> Actions<'a> {
    pub(super) fn of(statement: &'a Statement) -> Self {
        let mut actions = Self { others: statement.not_actions, ..Self::default() };
        for setting in &statement.actions {
            match &setting.value {
                Known::Value(pattern) => actions.add(pattern),
                Known::Unknown(why) if actions.unknown.is_none() => {
                    actions.unknown = Some(format!("an action cannot be told: {why}"));
                }
                Known::Unknown(_) => {}
            }
        }
        actions
    }

    fn add(&mut self, pattern: &'a str) {
        let service = pattern.split_once(':').map(|(service, _)| service);
        match service.filter(|service| !service.contains(['*', '?'])) {
            None => self.open.push(pattern),
            Some(service) => {
                let patterns = self.of_service.entry(service.to_ascii_lowercase()).or_default();
                match pattern.contains(['*', '?']) {
                    true => patterns.wild.push(pattern),
                    false => _ = patterns.plain.insert(pattern.to_ascii_lowercase()),
                }
            }
        }
    }

    /// Whether the statement says something of a service, by the looks of it: most are not even read further.
    pub(super) fn is_near(&self, service: &str) -> bool {
        self.others
            || self.unknown.is_some()
            || !self.open.is_empty()
            || self.of_service.contains_key(service)
    }

    /// How many patterns an action of a service is compared with.
    pub(super) fn work(&self, service: &str) -> usize {
        self.open.len() + self.of_service.get(service).map_or(0, |patterns| 1 + patterns.wild.len())
    }

    /// Whether the statement speaks of an action.
    pub(super) fn speak_of(&self, action: &str) -> Verdict {
        self.speak_of_small(&action.to_ascii_lowercase())
    }

    /// The same of an action in small letters.
    pub(super) fn speak_of_small(&self, action: &str) -> Verdict {
        let found = if self.list(action) {
            Verdict::Yes
        } else {
            self.unknown.clone().map_or(Verdict::No, Verdict::Unknown)
        };
        match (self.others, found) {
            (true, Verdict::Yes) => Verdict::No,
            (true, Verdict::No) => Verdict::Yes,
            (_, found) => found,
        }
    }

    /// Whether a pattern covers an action, which is in small letters.
    fn list(&self, action: &str) -> bool {
        let covers = |pattern: &&str| wildcard::covers_action(pattern, action);
        let service = action.split_once(':').map_or(action, |(service, _)| service);
        self.open.iter().any(covers)
            || self
                .of_service
                .get(service)
                .is_some_and(|patterns| patterns.plain.contains(action) || patterns.wild.iter().any(covers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sketch;

    fn statement(actions: &[&str]) -> Statement {
        sketch::allow(actions, &[])
    }

    #[test]
    fn an_action_is_found_as_if_it_were_compared_with_every_pattern() {
        let patterns = [
            "s3:Get*",
            "S3:putobject",
            "dynamodb:Query",
            "sqs:*",
            "s*:List*",
            "kms:Decrypt?",
            "ec2*",
            "lambda:*Function",
        ];
        let asked = [
            "s3:GetObject",
            "s3:PutObject",
            "s3:PutObjectAcl",
            "dynamodb:query",
            "sqs:SendMessage",
            "sns:ListTopics",
            "kms:Decrypt",
            "kms:Decrypt1",
            "ec2:RunInstances",
            "lambda:InvokeFunction",
            "iam:PassRole",
            "s3",
        ];
        let mut both = [0, 0];
        for not in [false, true] {
            let mut statement = statement(&patterns);
            statement.not_actions = not;
            let actions = Actions::of(&statement);
            for action in asked {
                let any = patterns.iter().any(|pattern| wildcard::covers_action(pattern, action));
                let expected = if any == not { Verdict::No } else { Verdict::Yes };
                assert_eq!(actions.speak_of(action), expected, "{action}, not: {not}");
                both[usize::from(any)] += 1;
            }
        }
        assert!(both.iter().all(|count| *count > 4), "{both:?}");
    }

    #[test]
    fn an_action_that_nobody_knows_may_be_any() {
        let mut statement = statement(&["s3:GetObject", "s3:PutObject"]);
        statement.actions[1].value = Known::Unknown("a parameter".to_owned());
        let actions = Actions::of(&statement);
        assert_eq!(actions.speak_of("s3:GetObject"), Verdict::Yes);
        assert!(matches!(actions.speak_of("sqs:SendMessage"), Verdict::Unknown(_)));
        assert!(actions.is_near("sqs"));
    }
}

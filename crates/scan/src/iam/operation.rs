//! What an interface reaches that does an operation of another service itself, with a role that it was given.
//!
//! Not here: how a route says so (`graph`), who may call it (`rules::access`, `paths`).

use super::{Deed, Permissions, Target, deed};
use crate::facts;

impl<'a> Permissions<'_, 'a> {
    /// The things of the app on which this role certainly lets an operation such as `dynamodb:action/Scan` be done, and what that is. Of
    /// one that is only a path (`sqs:path/…`) nobody knows the action: it may be any that the role allows there.
    #[must_use]
    pub fn through(&self, operation: &str) -> Vec<(Target<'a>, Deed)> {
        let Some((service, call)) = operation.split_once(':') else { return Vec::new() };
        // HTTP APIs have names of their own.
        let service = match service {
            "eventbridge" => "events",
            "stepfunctions" => "states",
            service => service,
        };
        let named = call.strip_prefix("action/");
        let action = named.and_then(|name| facts::action(&format!("{service}:{name}")));
        let mut reached = Vec::new();
        for hold in &self.reach().holds {
            if !hold.target.services().contains(&service) {
                continue;
            }
            let sure = || hold.deeds.iter().filter(|(_, verdict)| verdict.is_yes()).map(|(deed, _)| *deed);
            let done = match (action, named) {
                (Some(fact), _) => deed(fact).filter(|_| self.may_do(fact, hold.target).is_yes()),
                // To change counts for more than to read.
                (None, None) => sure().filter(|deed| *deed != Deed::Reads).max().or_else(|| sure().max()),
                (None, Some(_)) => None,
            };
            reached.extend(done.map(|deed| (hold.target, deed)));
        }
        reached
    }
}

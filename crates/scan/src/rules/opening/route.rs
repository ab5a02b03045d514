//! What an interface's policy means for one of its routes.
//!
//! Invariants: a statement that allows counts for every route that it may speak of, one that denies only for those of which it speaks at
//! every stage and for every value of the path. Source: "Control access to a REST API with API Gateway resource policies" (what no
//! statement allows is denied, also where no authorizer asks). Not here: whom a statement speaks of (`opening`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::open_statement;
use crate::graph::{Effect, Route, Statement};
use crate::iam::wildcard;
use crate::known::Text;

/// What stands for a part of an address that may be anything; no pattern names it.
const ANYTHING: &str = "\u{1}";

/// What is filled in where a policy denies: nothing that is known.
const FILLED: char = '\u{2}';

/// Resources of a policy that are compared with routes; the provider takes policies of 8 KiB.
const MAX_RESOURCES: usize = 400;

/// Whether the policy of an interface lets strangers use one of its routes.
///
/// # Errors
/// Why it cannot be told.
pub(crate) fn opens_route(policy: &[Statement], route: &Route) -> Result<bool, String> {
    let resources: usize = policy.iter().map(|statement| statement.resources.len()).sum();
    if resources > MAX_RESOURCES || !policy.iter().any(is_of_routes) {
        return open_statement(policy).map(|found| found.is_some());
    }
    let address = address(route);
    let of_route: Vec<Statement> =
        policy.iter().filter_map(|statement| of_route(statement, &address)).map(Cow::into_owned).collect();
    open_statement(&of_route).map(|found| found.is_some())
}

/// Whether a statement speaks of some routes and not of others.
fn is_of_routes(statement: &Statement) -> bool {
    !statement.not_resources && statement.resources.iter().any(|resource| pattern(resource, '*').is_some())
}

/// A statement as it counts for a route, and nothing where it does not.
fn of_route<'s>(statement: &'s Statement, address: &[String]) -> Option<Cow<'s, Statement>> {
    if !is_of_routes(statement) {
        return Some(Cow::Borrowed(statement));
    }
    let speaks = |resource: &&Text| match statement.effect.value() {
        Some(Effect::Deny) => match pattern(resource, FILLED) {
            Some(pattern) => covers(&pattern, address),
            None => is_everything(resource),
        },
        _ => pattern(resource, '*').is_none_or(|pattern| may_meet(&pattern, address)),
    };
    let place = statement.resources.iter().find(speaks)?.place;
    let everything = Text::literal("execute-api:/*", place);
    Some(Cow::Owned(Statement { resources: vec![everything], ..statement.clone() }))
}

/// Stage, method and path of a route; [`ANYTHING`] where that is open.
fn address(route: &Route) -> Vec<String> {
    let anything = || ANYTHING.to_owned();
    let method = route.method.value().filter(|method| *method != "ANY");
    let mut parts = vec![anything(), method.cloned().unwrap_or_else(anything)];
    match route.path.value() {
        Some(path) => {
            let part = |part: &str| if part.contains('{') { anything() } else { part.to_owned() };
            parts.extend(path.trim_start_matches('/').split('/').map(part));
        }
        None => parts.push(anything()),
    }
    parts
}

fn is_everything(resource: &Text) -> bool {
    let text = resource.to_string();
    text == "*" || text.contains("execute-api:")
}

/// The part of a resource that names stage, method and path: `/prod/GET/orders`, with something for what is filled in. Nothing for what
/// names a whole interface or no interface.
fn pattern(resource: &Text, filled: char) -> Option<String> {
    let text = resource.to_string();
    let (_, rest) = text.split_once("execute-api:")?;
    let mut depth = 0_usize;
    let mut pattern = String::new();
    for found in rest.chars() {
        match found {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            // Nothing before the stage has a slash.
            _ if pattern.is_empty() && found != '/' => {}
            '$' => pattern.push(filled),
            _ => pattern.push(found),
        }
    }
    pattern.chars().any(|found| !matches!(found, '/' | '*')).then_some(pattern)
}

/// Whether a pattern stands for an address whatever is filled in.
fn covers(pattern: &str, address: &[String]) -> bool {
    !pattern.contains('?') && wildcard::matches(pattern, &format!("/{}", address.join("/")))
}

/// Whether a pattern may stand for an address.
fn may_meet(pattern: &str, address: &[String]) -> bool {
    // How many parts of the address may be taken up.
    let mut taken = BTreeSet::from([0]);
    for part in pattern.split('/').skip(1) {
        let mut next = BTreeSet::new();
        for at in taken {
            let Some(named) = address.get(at) else { continue };
            let start = part.split(['*', '?']).next().unwrap_or_default();
            let is_wide = part.contains('*');
            if named == ANYTHING || wildcard::matches(part, named) || is_wide && named.starts_with(start) {
                // Both a wildcard and a variable of the path may take up several.
                next.extend(at + 1..=if is_wide { address.len() } else { at + 1 });
                next.extend((named == ANYTHING && at > 1).then_some(at));
            }
        }
        taken = next;
    }
    taken.contains(&address.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sketch::{Sketch, allow, app};
    use crate::graph::{Access, ApiKind, Principal};

    fn statement(effect: Effect, resources: &[&str]) -> Statement {
        let made = allow(&["execute-api:Invoke"], resources);
        let effect = crate::known::Known::Value(effect);
        Statement { effect, principals: vec![Principal::Anyone], ..made }
    }

    fn is_open(route: &str, allowed: &[&str], denied: &[&str]) -> bool {
        let mut app = app();
        app.draw_api("Api", ApiKind::Rest);
        let route = app.draw_route("Api", route, "F", Access::Anyone).clone();
        let mut policy = vec![statement(Effect::Allow, allowed)];
        policy.extend((!denied.is_empty()).then(|| statement(Effect::Deny, denied)));
        opens_route(&policy, &route).unwrap()
    }

    #[test]
    fn what_is_denied_of_a_route_closes_that_route() {
        let all = ["execute-api:/*"];
        let cases = [
            ("DELETE /a", "execute-api:/*/DELETE/*", false),
            ("GET /a", "execute-api:/*/DELETE/*", true),
            ("ANY /a", "execute-api:/*/DELETE/*", true),
            ("ANY /a", "execute-api:/*/*/a", false),
            ("DELETE /a", "arn:aws:execute-api:eu-west-1:111122223333:abc/*/DELETE/a", false),
            ("DELETE /a/{id}", "execute-api:/*/DELETE/a/*", false),
            ("DELETE /a/{id}", "execute-api:/*/DELETE/a/1", true),
            ("DELETE /a/{id}", "execute-api:/*/DELETE/a/?", true),
            ("DELETE /a", "execute-api:/*/DELETE/b", true),
            // Of another stage nothing is known.
            ("DELETE /a", "execute-api:/prod/DELETE/a", true),
            ("DELETE /a", "execute-api:/${Stage}/DELETE/a", true),
            ("DELETE /a", "execute-api:/*", false),
        ];
        for (route, denied, open) in cases {
            assert_eq!(is_open(route, &all, &[denied]), open, "{route}: {denied}");
        }
        assert!(!is_open("DELETE /a", &all, &["execute-api:/*/POST/a", "execute-api:/*/DELETE/a"]));
    }

    #[test]
    fn what_no_statement_allows_is_closed() {
        let cases = [
            ("GET /a", "execute-api:/*/GET/*", true),
            ("POST /a", "execute-api:/*/GET/*", false),
            ("ANY /a", "execute-api:/*/GET/*", true),
            ("GET /a", "execute-api:/prod/GET/a", true),
            ("GET /a", "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/${Stage}/GET/a", true),
            ("POST /a", "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/${Stage}/GET/a", false),
            ("GET /b", "execute-api:/prod/GET/a", false),
            ("GET /a/{id}", "execute-api:/prod/GET/a/1", true),
            ("GET /a/{rest+}", "execute-api:/prod/GET/a/b/c", true),
            ("GET /{rest+}", "execute-api:/prod/GET/a/b/c", true),
            ("GET /a", "execute-api:/prod/GET/a/b", false),
            ("GET /a/b", "execute-api:/prod/GET/a*", true),
            ("GET /a/b/c", "execute-api:/*/c", true),
            ("GET /a/b/c", "execute-api:/*/d", false),
            ("GET /a", "*", true),
        ];
        for (route, allowed, open) in cases {
            assert_eq!(is_open(route, &[allowed], &[]), open, "{route}: {allowed}");
        }
    }
}

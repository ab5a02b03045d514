//! The index against plain Cedar: on random policies, and on Cedar's own corpus.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use cedar_policy::{Authorizer, Context, Entities, Entity, EntityUid, PolicySet, Request, Response, Schema};
use proptest::prelude::*;
use serde_json::Value;

use super::Index;

/// The answer by way of the index.
fn indexed(policies: &PolicySet, request: &Request, entities: &Entities) -> Response {
    let index = Index::new(policies);
    let uids = [request.principal().unwrap(), request.action().unwrap(), request.resource().unwrap()];
    let places = index.candidates(uids, entities);
    let candidates = PolicySet::from_policies(index.policies(&places).cloned()).unwrap();
    Authorizer::new().is_authorized(request, &candidates, entities)
}

/// Decision, reasons and errors must be the same.
fn compare(policies: &PolicySet, request: &Request, entities: &Entities) -> Response {
    let plain = Authorizer::new().is_authorized(request, policies, entities);
    let ours = indexed(policies, request, entities);
    let shape = |response: &Response| {
        let reasons: HashSet<_> = response.diagnostics().reason().map(ToString::to_string).collect();
        let errors: HashSet<_> = response.diagnostics().errors().map(ToString::to_string).collect();
        (response.decision(), reasons, errors)
    };
    assert_eq!(shape(&ours), shape(&plain), "{request:?}\n{policies}");
    plain
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn uid(kind: &str, name: &str) -> String {
    format!("{kind}::{name:?}")
}

fn scope(variable: &'static str, kinds: &'static [&'static str]) -> impl Strategy<Value = String> {
    let entity = (proptest::sample::select(kinds), proptest::sample::select(&NAMES[..]));
    let kind = proptest::sample::select(kinds);
    (0..5_u8, entity, kind).prop_map(move |(shape, (of, name), kind)| match shape {
        0 => variable.to_owned(),
        1 => format!("{variable} == {}", uid(of, name)),
        2 => format!("{variable} in {}", uid(of, name)),
        3 => format!("{variable} is {kind}"),
        _ => format!("{variable} is {kind} in {}", uid(of, name)),
    })
}

fn action_scope() -> impl Strategy<Value = String> {
    let names = proptest::collection::vec(proptest::sample::select(&NAMES[..]), 0..3);
    (0..4_u8, names).prop_map(|(shape, names)| {
        let uids: Vec<_> = names.iter().map(|name| uid("Action", name)).collect();
        match (shape, uids.first()) {
            (1, Some(first)) => format!("action == {first}"),
            (2, Some(first)) => format!("action in {first}"),
            (3, _) => format!("action in [{}]", uids.join(", ")),
            _ => "action".to_owned(),
        }
    })
}

fn policy() -> impl Strategy<Value = String> {
    let conditions = [
        "",
        "when { context.flag }",
        "unless { context.flag }",
        "when { context.missing }",
        "when { principal == resource }",
        "when { 9223372036854775807 + 1 == 0 }",
    ];
    (
        any::<bool>(),
        scope("principal", &["User", "Group"]),
        action_scope(),
        scope("resource", &["User", "Group", "Thing"]),
        proptest::sample::select(conditions.to_vec()),
    )
        .prop_map(|(permit, principal, action, resource, condition)| {
            let effect = if permit { "permit" } else { "forbid" };
            format!("{effect}({principal}, {action}, {resource}) {condition};\n")
        })
}

/// Entities whose parents come later in the alphabet of kinds and names, so that there is no cycle.
fn world() -> impl Strategy<Value = Vec<Entity>> {
    let order: Vec<(&str, &str)> = ["Action", "Thing", "User", "Group"]
        .iter()
        .flat_map(|kind| NAMES.map(|name| (*kind, name)))
        .collect();
    proptest::collection::vec(proptest::bits::u16::ANY, order.len()).prop_map(move |masks| {
        let parse = |(kind, name): (&str, &str)| uid(kind, name).parse::<EntityUid>().unwrap();
        masks
            .iter()
            .enumerate()
            // One in eight is not in the store at all.
            .filter(|(_, mask)| **mask % 8 != 0)
            .map(|(place, mask)| {
                let later = order.iter().enumerate().skip(place + 1);
                let mine = later.filter(|(other, (kind, _))| {
                    // Few parents each, and actions only below actions, as Cedar wants it.
                    mask >> (other % 16) & 1 == 1
                        && other % 3 == place % 3
                        && (*kind == "Action") == (order[place].0 == "Action")
                });
                Entity::new_no_attrs(parse(order[place]), mine.map(|(_, name)| parse(*name)).collect())
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn answers_like_plain_cedar(
        policies in proptest::collection::vec(policy(), 0..12),
        world in world(),
        asked in proptest::collection::vec(
            (0..2_usize, 0..4_usize, 0..4_usize, 0..3_usize, 0..4_usize, any::<bool>()), 1..8),
    ) {
        let policies: PolicySet = policies.concat().parse().unwrap();
        let entities = Entities::from_entities(world, None).unwrap();
        for (principal_kind, principal, action, resource_kind, resource, flag) in asked {
            let parse = |text: String| text.parse::<EntityUid>().unwrap();
            let flag = cedar_policy::RestrictedExpression::new_bool(flag);
            let request = Request::new(
                parse(uid(["User", "Group"][principal_kind], NAMES[principal])),
                parse(uid("Action", NAMES[action])),
                parse(uid(["User", "Group", "Thing"][resource_kind], NAMES[resource])),
                Context::from_pairs([("flag".to_owned(), flag)]).unwrap(),
                None,
            ).unwrap();
            compare(&policies, &request, &entities);
        }
    }
}

#[test]
fn leaves_out_what_cannot_match() {
    let text = "permit(principal == User::\"a\", action, resource);
        permit(principal == User::\"b\", action, resource);
        permit(principal is Group, action, resource);
        forbid(principal, action == Action::\"a\", resource);
        forbid(principal, action == Action::\"b\", resource in Group::\"x\");";
    let index = Index::new(&text.parse().unwrap());
    let [principal, action, resource] =
        ["User::\"a\"", "Action::\"b\"", "Thing::\"t\""].map(|uid| uid.parse().unwrap());
    let parents = HashSet::from(["Group::\"x\"".parse().unwrap()]);
    let inside =
        Entities::from_entities([Entity::new_no_attrs(Clone::clone(&resource), parents)], None).unwrap();
    assert_eq!(index.candidates([&principal, &action, &resource], &inside), [0, 4]);
    assert_eq!(index.candidates([&principal, &action, &resource], &Entities::empty()), [0]);
}

/// `corpora/cedar-corpus-tests.tar.gz` beside the repository.
fn corpus() -> Option<PathBuf> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/cedar-corpus-tests.tar.gz");
    path.exists().then_some(path)
}

/// Of the 7,809 cases, every second one whose scope asks for an ancestor, and every 24th of the others: seconds, not minutes.
fn is_sampled(place: usize, policies: &str) -> bool {
    let asks_for_ancestors = policies.lines().any(|line| {
        line.trim_start().starts_with("principal in") || line.trim_start().starts_with("resource in")
    });
    place.is_multiple_of(if asks_for_ancestors { 2 } else { 24 })
}

#[test]
fn answers_like_cedars_corpus_expects() {
    let Some(archive) = corpus() else {
        // Past the capture of the test harness: a skipped test must be heard.
        let _ = std::io::stderr().write_all(b"SKIPPED: Cedar's corpus is not beside this repository\n");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let unpacked =
        Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(unpacked.success());
    let cases = folder.path().join("corpus-tests");
    let mut names: Vec<_> = std::fs::read_dir(&cases)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json") && !name.ends_with(".entities.json"))
        .collect();
    names.sort();
    let (mut allowed, mut denied, mut with_errors) = (0, 0, 0);
    for (place, name) in names.iter().enumerate() {
        let read = |end: &str| std::fs::read_to_string(cases.join(name.replace(".json", end))).unwrap();
        let text = read(".cedar");
        if !is_sampled(place, &text) {
            continue;
        }
        let case: Value = serde_json::from_str(&read(".json")).unwrap();
        let policies: PolicySet = text.parse().unwrap();
        assert_eq!(policies.num_of_templates(), 0, "{name}");
        let (schema, _) = Schema::from_cedarschema_str(&read(".cedarschema")).unwrap();
        let entities = Entities::from_json_str(&read(".entities.json"), Some(&schema)).unwrap();
        for asked in case["requests"].as_array().unwrap() {
            let uid = |field: &str| EntityUid::from_json(asked[field].clone()).unwrap();
            let action = uid("action");
            let context =
                Context::from_json_value(asked["context"].clone(), Some((&schema, &action))).unwrap();
            let request = Request::new(uid("principal"), action, uid("resource"), context, None).unwrap();
            let answer = compare(&policies, &request, &entities);
            let expect = asked["decision"] == "allow";
            assert_eq!(answer.decision() == cedar_policy::Decision::Allow, expect, "{name}");
            *(if expect { &mut allowed } else { &mut denied }) += 1;
            with_errors += usize::from(!asked["errors"].as_array().unwrap().is_empty());
        }
    }
    println!("{allowed} allowed, {denied} denied, {with_errors} with errors");
    assert!(allowed > 100 && denied > 100 && with_errors > 10);
}

//! AWS's own translator as an outside oracle: what is read in a SAM template must be what is read in the translator's expansion of it.
//!
//! The expansions lie in `tests/scan/oracle` (`cargo xtask oracle` makes them). They are plain CloudFormation, so the two sides share the reading
//! of roles and interfaces, and nothing of what SAM adds: implicit interfaces, default authorizers, policy templates, permissions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use casemate_scan::graph::{Access, App, Statement};
use casemate_scan::known::Known;
use casemate_scan::source::SourceTree;
use casemate_scan::{cloudformation, document};

/// What is compared of an app, in words.
#[derive(Debug, Default, PartialEq, Eq)]
struct Face {
    routes: BTreeSet<String>,
    urls: BTreeSet<String>,
    grants: BTreeSet<String>,
    triggers: BTreeSet<String>,
}

fn read(path: &str, bytes: Vec<u8>) -> App {
    let mut tree = SourceTree::new();
    let file = tree.add(path, bytes);
    let document =
        if path.ends_with(".json") { document::json(&tree, file) } else { document::yaml(&tree, file) };
    cloudformation::read(&tree, &cloudformation::Exports::default(), file, &document.unwrap())
}

fn known<T: ToString>(value: &Known<T>) -> String {
    value.value().map_or_else(|| "?".to_owned(), ToString::to_string)
}

fn access(app: &App, access: Option<&Access>) -> String {
    match access {
        None => "?".to_owned(),
        Some(Access::Anyone) => "anyone".to_owned(),
        Some(Access::Iam) => "iam".to_owned(),
        Some(Access::Authorizer(name)) => {
            // The translator's authorizers stand in the interface's document and have another name; what matters is which kind asks.
            let kind = app.authorizer(name).map(|found| format!("{:?}", found.kind));
            kind.unwrap_or_default().split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
        }
        Some(Access::Outside(what)) => format!("outside {what}"),
    }
}

fn statement(statement: &Statement) -> String {
    let mut actions: Vec<&str> =
        statement.actions.iter().map(|action| action.known().map_or("?", String::as_str)).collect();
    actions.sort_unstable();
    let mut resources: Vec<String> = statement.resources.iter().map(ToString::to_string).collect();
    resources.sort();
    format!("{:?} {actions:?} on {resources:?}", statement.effect.value())
}

fn face(app: &App) -> Face {
    let mut face = Face::default();
    for route in &app.routes {
        let (method, path, target) =
            (known(&route.method).to_uppercase(), known(&route.path), known(&route.target));
        // Preflights that the translator adds answer themselves.
        if method == "OPTIONS" && target == "?" {
            continue;
        }
        let key = if route.api_key { " with a key" } else { "" };
        let who = access(app, route.access.known());
        face.routes.insert(format!("{method} {path} -> {target}: {who}{key}"));
    }
    for function in &app.functions {
        if let Some(url) = &function.url {
            face.urls.insert(format!("{}: {}", function.name, access(app, url.access.known())));
        }
        for granted in app.role_of(function).map(|role| role.statements.as_slice()).unwrap_or_default() {
            face.grants.insert(format!("{}: {}", function.name, statement(granted)));
        }
    }
    for trigger in &app.triggers {
        face.triggers.insert(format!("{:?} -> {}", trigger.kind, known(&trigger.function)));
    }
    face
}

#[test]
fn what_sam_means_is_what_its_own_translator_makes_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scan");
    let mut compared = 0;
    let mut differences = Vec::new();
    let mut expansions: Vec<_> =
        std::fs::read_dir(root.join("oracle")).unwrap().map(|entry| entry.unwrap().path()).collect();
    expansions.sort();
    for expansion in expansions {
        let app = expansion.file_stem().unwrap().to_str().unwrap().to_owned();
        let labelled = root.join("apps").join(&app).join("template.yaml");
        let alone = root.join("sam").join(format!("{app}.yaml"));
        let template = if labelled.exists() { labelled } else { alone };
        let ours = face(&read("template.yaml", std::fs::read(template).unwrap()));
        let theirs = face(&read("expanded.json", std::fs::read(&expansion).unwrap()));
        let parts = [
            ("routes", &ours.routes, &theirs.routes),
            ("urls", &ours.urls, &theirs.urls),
            ("grants", &ours.grants, &theirs.grants),
            ("triggers", &ours.triggers, &theirs.triggers),
        ];
        for (part, ours, theirs) in parts {
            compared += theirs.len();
            differences.extend(ours.difference(theirs).map(|one| format!("{app}: {part}: only ours: {one}")));
            differences
                .extend(theirs.difference(ours).map(|one| format!("{app}: {part}: only theirs: {one}")));
        }
    }
    assert!(compared > 100, "control: {compared} things were compared");
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

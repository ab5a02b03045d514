use super::*;
use crate::graph::{Access, AuthorizerKind, CodeLocation, Effect, Principal, Statement};
use crate::known::{Known, Setting};

mod access;
mod grants;
mod resources;
mod settings;

fn tree(files: &[(&str, &str)]) -> SourceTree {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes());
    }
    tree
}

fn read_app(files: &[(&str, &str)]) -> App {
    let tree = tree(files);
    read(&tree, &Exports::default(), tree.find(files[0].0).unwrap()).unwrap().unwrap()
}

/// What `functions:` and the rest make of a service on AWS, line by line.
fn lines(text: &str) -> Vec<String> {
    let text = match text.contains("provider:") {
        true => format!("service: shop\n{text}"),
        false => format!("service: shop\nprovider: {{ name: aws }}\n{text}"),
    };
    show(&read_app(&[("serverless.yml", &text)]))
}

/// Every line of `expected` must be there; one that starts with `!` must not.
fn check(text: &str, expected: &[&str]) {
    let found = lines(text);
    for line in expected {
        match line.strip_prefix('!') {
            Some(line) => {
                assert!(!found.iter().any(|found| found.starts_with(line)), "{text}\n{line}\n{found:#?}")
            }
            None => assert!(found.iter().any(|found| found == line), "{text}\n{line}\n{found:#?}"),
        }
    }
}

fn known<T>(value: &Known<T>, show: impl Fn(&T) -> String) -> String {
    match value {
        Known::Value(value) => show(value),
        Known::Unknown(why) => format!("?({why})"),
    }
}

fn set<T: ToString>(setting: &Setting<T>) -> String {
    known(&setting.value, T::to_string)
}

fn show(app: &App) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |line: String| lines.push(line.trim_end().to_owned());
    for function in &app.functions {
        let name = &function.name;
        add(format!("function {name} {}", function.handler.as_ref().map(set).unwrap_or_default()));
        add(format!("{name} code {}", known(&function.code.location, show_location)));
        let mut setting = |what: &str, value: Option<String>| {
            if let Some(value) = value {
                add(format!("{name} {what} {value}"));
            }
        };
        setting("runtime", function.runtime.as_ref().map(set));
        setting("role", function.role.as_ref().map(set));
        setting("timeout", function.timeout_s.as_ref().map(set));
        setting("memory", function.memory_mb.as_ref().map(set));
        setting("concurrency", function.concurrency.as_ref().map(set));
        setting("tracing", function.tracing.as_ref().map(set));
        setting(
            "dead letters",
            function.dead_letter.as_ref().map(|text| known(&text.value, Text::to_string)),
        );
        setting("key", function.environment_key.as_ref().map(|text| known(&text.value, Text::to_string)));
        setting(
            "network",
            function.network.as_ref().map(|groups| known(&groups.value, |groups| texts(groups))),
        );
        setting("url", function.url.as_ref().map(|url| known(&url.access.value, show_access)));
        setting("url cors", function.url.as_ref().and_then(|url| url.cors.as_ref()).map(show_cors));
        setting("layers", Some(texts(&function.layers)).filter(|layers| !layers.is_empty()));
        setting("deployed", Some(known(&function.deployed, bool::to_string)).filter(|value| value != "true"));
        for variable in &function.environment {
            setting("env", Some(format!("{}={}", variable.name, variable.value)));
        }
        for statement in &function.permissions {
            setting("permission", Some(show_statement(statement)));
        }
    }
    for route in &app.routes {
        let method = known(&route.method, String::clone);
        let path = known(&route.path, String::clone);
        let access = known(&route.access.value, show_access);
        let target = known(&route.target, |target| target.to_string());
        let more = if route.api_key { " with key" } else { "" };
        let scopes =
            if route.scopes.is_empty() { String::new() } else { format!(" scopes {:?}", route.scopes) };
        add(format!(
            "{}: {method} {path} -> {target}: {access}{more}{scopes}",
            known(&route.api, |api| api.to_string())
        ));
    }
    for authorizer in &app.authorizers {
        add(format!("authorizer {} {}", authorizer.name, show_kind(&authorizer.kind)));
    }
    for api in &app.apis {
        add(format!("api {} {}", api.name, known(&api.endpoint.value, |endpoint| format!("{endpoint:?}"))));
        let mut setting = |what: &str, value: Option<String>| {
            if let Some(value) = value {
                add(format!("api {} {what} {value}", api.name));
            }
        };
        setting("cors", api.cors.as_ref().map(show_cors));
        setting("access log", api.access_log.as_ref().map(set));
        setting("data trace", api.data_trace.as_ref().map(set));
        setting("tracing", api.tracing.as_ref().map(set));
        setting("tls", api.minimum_tls.as_ref().map(set));
        for statement in &api.policy {
            setting("policy", Some(show_statement(statement)));
        }
    }
    for trigger in &app.triggers {
        let enabled = known(&trigger.enabled, |on| if *on { "on" } else { "off" }.to_owned());
        let function = known(&trigger.function, |function| function.to_string());
        add(format!("{:?} {} -> {function} {enabled}", trigger.kind, trigger.source));
    }
    for role in &app.roles {
        for statement in &role.statements {
            add(format!("{} {}", role.name, show_statement(statement)));
        }
        for policy in &role.managed {
            add(format!("{} managed {}", role.name, policy.policy));
        }
        for statement in &role.trust {
            add(format!("{} trust {}", role.name, show_statement(statement)));
        }
        if let Some(boundary) = &role.boundary {
            add(format!("{} boundary {}", role.name, boundary.policy));
        }
    }
    for store in &app.stores {
        let physical = store.physical.as_ref().map(Text::to_string).unwrap_or_default();
        add(format!("{:?} {} {physical}", store.kind, store.name));
    }
    for unknown in &app.unknowns {
        add(format!("unknown {}", unknown.why));
    }
    lines
}

fn texts(texts: &[Text]) -> String {
    texts.iter().map(Text::to_string).collect::<Vec<_>>().join(" ")
}

fn show_location(location: &CodeLocation) -> String {
    match location {
        CodeLocation::Folder(folder) => format!("in {folder}"),
        CodeLocation::Image(folder) => format!("image {}", folder.clone().unwrap_or_default()),
        other => format!("{other:?}"),
    }
}

fn show_access(access: &Access) -> String {
    match access {
        Access::Anyone => "anyone".to_owned(),
        Access::Iam => "iam".to_owned(),
        Access::Authorizer(name) => format!("by {name}"),
        Access::Outside(what) => format!("outside {what}"),
    }
}

fn show_kind(kind: &AuthorizerKind) -> String {
    match kind {
        AuthorizerKind::UserPool(pools) => format!("pool {}", texts(pools)),
        AuthorizerKind::Jwt { issuer, audience } => format!("jwt {issuer} for {}", texts(audience)),
        AuthorizerKind::Function(name) => format!("function {}", known(name, |name| name.to_string())),
        AuthorizerKind::Other(what) => format!("other {what}"),
    }
}

fn show_cors(cors: &crate::graph::Cors) -> String {
    let origins = cors.origins.iter().map(set).collect::<Vec<_>>().join(" ");
    let credentials = cors.credentials.as_ref().map(set).unwrap_or_else(|| "-".to_owned());
    format!("{origins} credentials {credentials}")
}

fn show_statement(statement: &Statement) -> String {
    let effect = known(&statement.effect, |effect| match effect {
        Effect::Allow => "allow".to_owned(),
        Effect::Deny => "deny".to_owned(),
    });
    let not = |not: bool| if not { "not " } else { "" };
    let actions = statement.actions.iter().map(set).collect::<Vec<_>>().join(" ");
    let principals = statement.principals.iter().map(|principal| match principal {
        Principal::Anyone => " to anyone".to_owned(),
        Principal::Aws(text) | Principal::Service(text) | Principal::Federated(text) => format!(" to {text}"),
        Principal::Others(spared) => format!(" to all but {}", spared.len()),
        Principal::Unknown(why) => format!(" to ?({why})"),
    });
    let conditions = statement.conditions.iter().map(|condition| {
        format!(" if {} {} {}", condition.key, condition.operator, texts(&condition.values))
    });
    let tail: String = principals.chain(conditions).collect();
    let resources = texts(&statement.resources);
    let on = if resources.is_empty() {
        String::new()
    } else {
        format!(" on {}{resources}", not(statement.not_resources))
    };
    format!("{effect} {}{actions}{on}{tail}", not(statement.not_actions))
}

#[test]
fn services_are_recognised_by_name() {
    let cases = [
        ("serverless.yml", true),
        ("a/b/serverless.yaml", true),
        ("serverless.json", true),
        ("serverless.ts", true),
        ("serverless.js", true),
        ("serverless-compose.yml", true),
        ("serverless.orders.yml", true),
        ("serverless-orders.yml", true),
        ("serverless.test.js", false),
        ("serverless-http.js", false),
        ("my-serverless.yml", false),
        ("serverless", false),
        ("template.yml", false),
    ];
    for (path, expected) in cases {
        assert_eq!(is_service(path), expected, "{path}");
    }
}

#[test]
fn what_is_out_of_reach_is_said_so() {
    let cases = [
        (
            "serverless.ts",
            "export default { service: 'a', provider: { name: 'aws' } }",
            "the service is a program",
        ),
        ("serverless.js", "module.exports = { service: 'a', provider: {} }", "the service is a program"),
        ("serverless.yml", "service: a\nprovider: { name: google }", "the provider `google` is out of reach"),
        ("serverless.yml", "service: a\nprovider: azure", "the provider `azure` is out of reach"),
        ("serverless-compose.yml", "services: { a: { path: a } }", "it composes services"),
        ("serverless.yml", "name: x\nbuild: y", "it names no provider"),
        ("serverless.yml", "site: { component: '@sls-next/x' }", "it uses components"),
        ("serverless.yml", "a: [", ""),
    ];
    for (path, text, expected) in cases {
        let tree = tree(&[(path, text)]);
        let unread = read(&tree, &Exports::default(), tree.find(path).unwrap()).unwrap_err();
        assert!(unread.why.starts_with(expected), "{path}: {}", unread.why);
    }
}

#[test]
fn other_files_of_such_names_are_no_services() {
    let cases = [
        ("src/serverless.js", "exports.handler = async () => {}"),
        ("serverless-resources.yml", "Resources: {}"),
        ("serverless.common.yml", "provider: { name: aws }"),
    ];
    for (path, text) in cases {
        let tree = tree(&[(path, text)]);
        assert!(matches!(read(&tree, &Exports::default(), tree.find(path).unwrap()), Ok(None)), "{path}");
    }
}

#[test]
fn a_service_has_its_name_and_folder() {
    let text = "service: shop\nprovider: aws\nfunctions: { f: { handler: h.f } }";
    let app = read_app(&[("apps/one/serverless.yml", text)]);
    assert_eq!((app.name.as_str(), app.folder.as_str()), ("shop", "apps/one"));
    assert_eq!(app.functions[0].code.location, Known::Value(CodeLocation::Folder("apps/one".to_owned())));
    let app = read_app(&[("apps/two/serverless.yml", "provider: { name: aws }\nfunctions: {}")]);
    assert_eq!(app.name, "two");
}

//! Serverless Framework, versions 1 to 4: a `serverless.yml` becomes an application of the graph.
//!
//! Owns: recognising services, their variables, functions, events, roles and interfaces as the framework makes them for AWS. Invariants:
//! what only a deployment knows stays a parameter, what cannot be told stays unknown with its reason; other providers and services
//! written as programs are refused with the reason, never guessed. Not here: CloudFormation under `resources` (`cloudformation`).

mod changes;
mod constructs;
mod dotenv;
mod events;
mod functions;
mod interfaces;
mod policy;
mod resolve;
mod resources;
mod roles;
mod service;
mod sources;
mod stages;
mod variable;

pub(crate) use self::roles::SHARED;
use self::service::{Parts, Service};
use crate::cloudformation::value::text;
use crate::cloudformation::{self, Exports, Stack};
use crate::document::{self, Node};
use crate::graph::{App, Framework, Login, Parameter, Unread, Variant};
use crate::known::{Name, Text};
use crate::source::{FileId, Place, SourceTree};

/// The logical id that the framework gives a function of this name.
pub(crate) fn logical_id(function: &str) -> String {
    format!("{}LambdaFunction", service::normal(function))
}

/// The largest service that is read once for each of its stages, in bytes.
const MAX_STAGING: usize = 256 * 1024;

/// Keys of callers that are read; the provider allows 500 of them.
const MAX_KEYS: usize = 500;

/// Whether a file is named as a service, or as a composition of services.
#[must_use]
pub fn is_service(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let stem_fits = stem == "serverless"
        || stem == "serverless-compose"
        // `serverless.orders.yml`, `serverless-orders.yml`: services beside one another, chosen with `--config`.
        || ((stem.starts_with("serverless.") || stem.starts_with("serverless-")) && matches!(ending, "yml" | "yaml"));
    stem_fits && matches!(ending, "yml" | "yaml" | "json" | "js" | "cjs" | "mjs" | "ts")
}

/// Reads a service; `None` when the file only has such a name: a handler, a fragment that services include.
///
/// # Errors
/// When the file is a program, no service, not for AWS, or no document; with what to say about it.
pub fn read(files: &SourceTree, exports: &Exports, file: FileId) -> Result<Option<App>, Unread> {
    let path = files.path(file);
    let refuse = |place: Place, why: &str| Err(Unread { place, why: why.to_owned() });
    if path.ends_with("js") || path.ends_with("ts") {
        let text = files.file(file).and_then(|found| found.text()).unwrap_or_default();
        if !["service", "provider"].iter().all(|word| text.contains(word)) {
            return Ok(None);
        }
        let why = "the service is a program, which the framework runs to learn its configuration; print it with `serverless print` \
                   and assess that";
        return refuse(Place::whole(file), why);
    }
    let root = document::read(files, file)?;
    if composes(path, &root) {
        return refuse(Place::whole(file), "it composes services, which are assessed one by one");
    }
    let Some(provider) =
        root.get("provider").filter(|_| root.get("service").is_some() || root.get("functions").is_some())
    else {
        let plain = path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.matches('.').count() == 1 && name.starts_with("serverless."));
        if !plain {
            return Ok(None);
        }
        let component = root.entries().iter().any(|(_, node)| node.get("component").is_some());
        let why = match component || root.get("component").is_some() {
            true => "it uses components, which only a deployment resolves",
            false => "it names no provider, so it is no service of the Serverless Framework",
        };
        return refuse(Place::whole(file), why);
    };
    if let Some(name) = foreign(&root, provider) {
        let why = format!("the provider `{name}` is out of reach; only `aws` is assessed");
        return refuse(provider.place, &why);
    }
    Ok(Some(app(files, exports, file, &root, None).0))
}

/// The CloudFormation part of a service, for what it exports to other stacks.
#[must_use]
pub fn template(files: &SourceTree, file: FileId) -> Option<Node> {
    let root = document::read(files, file).ok()?;
    let exports = root.get("resources").is_some() && files.file(file)?.text()?.contains("Export");
    let folder = files.path(file).rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut app = App::new("", Framework::Serverless, file, folder);
    exports.then(|| Parts::new(files, folder, &root, None, &mut app).template)
}

/// What a service is in the other stages that it speaks of. `app` is what it is when nobody names one.
#[must_use]
pub fn variants(files: &SourceTree, exports: &Exports, file: FileId, app: &mut App) -> Vec<Variant> {
    let Ok(root) = document::read(files, file) else { return Vec::new() };
    let mut stages = stages::stages(files, &app.folder, &root);
    stages.remove(&self::app(files, exports, file, &root, None).1);
    let bytes = files.file(file).map_or(0, |file| file.bytes.len());
    let most = if bytes > MAX_STAGING || app.functions.len() > 100 { 0 } else { stages::MAX_STAGES };
    let left_out: Vec<String> = stages.iter().skip(most).map(|stage| format!("`{stage}`")).collect();
    if !left_out.is_empty() {
        let why = format!("what it is in the stages {}: there are too many", left_out.join(", "));
        app.unknown(None, Place::whole(file), why);
    }
    let variant = |stage: &String| {
        let variant = self::app(files, exports, file, &root, Some(stage)).0;
        let when = format!("the stage is `{stage}`");
        (variant != *app).then_some(Variant { app: variant, when, planned: true })
    };
    stages.iter().take(most).filter_map(variant).collect()
}

/// Whether a file lists services rather than being one.
fn composes(path: &str, root: &Node) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.starts_with("serverless-compose.")
        || (root.get("services").is_some() && root.get("provider").is_none())
}

/// The provider's name when it is known and not AWS.
fn foreign(root: &Node, provider: &Node) -> Option<String> {
    let name = provider.get("name").unwrap_or(provider);
    let name = name.as_str().filter(|name| !name.contains("${"))?;
    let components = root.get("component").is_some();
    (name != "aws" || components).then(|| name.to_owned())
}

/// The app, and the stage that it was read for.
fn app(
    files: &SourceTree,
    exports: &Exports,
    file: FileId,
    root: &Node,
    stage: Option<&str>,
) -> (App, String) {
    let path = files.path(file);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut app = App::new("", Framework::Serverless, file, folder);
    let parts = Parts::new(files, folder, root, stage, &mut app);
    app.includes = parts.included.clone();
    let stack = Stack::new(files, exports, file, &parts.template, &parts.own);
    cloudformation::import(&stack, &mut app, parts.all());
    let service = Service::new(&parts, &stack, &mut app);
    app.name = match service.name {
        "" => folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("serverless").to_owned(),
        name => name.to_owned(),
    };
    if let Some(why) = service.provider.why_open() {
        app.unknown(None, service.provider.place, format!("the provider's settings are not known: {why}"));
    }
    app.stack = service.provider.get("stackName").map(text);
    parameters(root, &mut app);
    keys(&service, &mut app);
    functions::read(&service, &mut app);
    roles::read(&service, &mut app);
    events::read(&service, &mut app);
    resources::read(files, exports, file, &parts, &service, &mut app);
    app.ask_for_certificates();
    (app, parts.stage().to_owned())
}

/// Parameters of stages that are written out.
fn parameters(root: &Node, app: &mut App) {
    let older = root.get("params").map(Node::entries).unwrap_or_default().iter().map(|(_, node)| node);
    let newer = root.get("stages").map(Node::entries).unwrap_or_default().iter();
    let newer = newer.filter_map(|(_, stage)| stage.get("params"));
    for (key, node) in older.chain(newer).flat_map(Node::entries) {
        let value = node.get("value").unwrap_or(node);
        let written = value.as_scalar().filter(|text| !text.contains("${"));
        app.parameters.push(Parameter {
            name: key.text.clone(),
            place: key.place,
            default: written.map(|text| Text::literal(text, value.place)),
            // There is no way to mark one as secret, so that nobody can be blamed for leaving it out.
            secret: true,
        });
    }
}

/// Keys that whoever calls the REST interface hands over, by their names; or by plans of use and their names.
fn keys(service: &Service<'_>, app: &mut App) {
    let provider = &service.provider;
    let listed = provider.at(&["apiGateway", "apiKeys"]).or_else(|| provider.get("apiKeys"));
    let of_plan = |key: &Node| key.entries().iter().flat_map(|(_, keys)| keys.items().to_vec()).collect();
    let all = listed.map(Node::items).unwrap_or_default().iter();
    let all = all.flat_map(|key| if key.get("value").is_some() { vec![key.clone()] } else { of_plan(key) });
    for key in all.take(MAX_KEYS) {
        let Some(value) = key.get("value") else { continue };
        let name = key.get("name").and_then(Node::as_scalar).unwrap_or_else(|| "apiKeys".to_owned());
        app.keys.push(Login { of: Name::from(name), password: text(value) });
    }
}

#[cfg(test)]
mod tests;

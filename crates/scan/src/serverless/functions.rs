//! Functions: what runs, with which settings, the provider's where they have none of their own.
//!
//! Invariant: the nearest setting counts and keeps its place. Not here: roles (`roles`), what starts them (`events`).

use super::service::{Declared, Service};
use crate::cloudformation::value::{number, string, switch, text};
use crate::document::{Node, NodeKind};
use crate::graph::{
    Access, App, Code, CodeLocation, Condition, Cors, Function, FunctionUrl, Principal, Statement, Variable,
};
use crate::known::{Known, Setting, Text};
use crate::source::Place;

/// Variables of one environment that are read; the provider allows 4 KB of them.
const MAX_VARIABLES: usize = 500;

/// Reads the functions, in their order.
pub(super) fn read(service: &Service<'_>, app: &mut App) {
    for declared in &service.functions {
        if let Some(why) = declared.node.why_open() {
            app.unknown(
                Some(&declared.name),
                declared.node.place,
                format!("the function is not known: {why}"),
            );
        }
        let function = function(service, declared, app);
        app.functions.push(function);
    }
}

fn function(service: &Service<'_>, declared: &Declared, app: &mut App) -> Function {
    let node = &declared.node;
    let mut function = Function::new(declared.name.clone(), declared.key.place);
    let own = |key: &str| node.get(key).filter(|found| found.kind != NodeKind::Null);
    function.handler = own("handler").map(string);
    function.code = code(service, declared);
    let from_image = own("image").is_some();
    function.runtime = service.setting(node, "runtime").filter(|_| !from_image).map(string);
    function.environment = environment(service, declared, app);
    function.timeout_s = service.setting(node, "timeout").map(number);
    function.memory_mb = service.setting(node, "memorySize").map(number);
    function.concurrency = own("reservedConcurrency").map(number);
    function.network = service.setting(node, "vpc").and_then(network);
    function.tracing = tracing(service, node);
    function.dead_letter = dead_letter(node).map(|found| Setting::new(found.place, text(found)));
    let key = own("kmsKeyArn").or_else(|| own("awsKmsKeyArn")).or_else(|| service.provider.get("kmsKeyArn"));
    function.environment_key = key.map(|found| Setting::new(found.place, text(found)));
    let layers = service.setting(node, "layers").map(Node::one_or_many).unwrap_or_default();
    function.layers = layers.iter().take(20).map(text).collect();
    function.url = node.entry("url").and_then(|(key, url)| address(key.place, url));
    function.permissions = skills(node);
    if let Some(condition) = own("condition").and_then(Node::as_scalar) {
        function.deployed = service.stack.condition(&condition);
    }
    function.physical = Some(Text::literal(service.physical(declared), declared.key.place));
    function
}

/// Where the code is: beside the service, unless a package or an image is named.
fn code(service: &Service<'_>, declared: &Declared) -> Code {
    let node = &declared.node;
    if let Some((key, image)) = node.entry("image") {
        return Code { place: key.place, location: Known::Value(CodeLocation::Image(built(service, image))) };
    }
    let place = node.entry("handler").map_or(declared.key.place, |(_, handler)| handler.place);
    let package = node.get("package").and_then(|package| package.get("artifact"));
    let common = || service.package.and_then(|package| package.get("artifact"));
    let location = match package.or_else(common) {
        Some(artifact) => Known::Unknown(format!("it is in the archive `{}`", text(artifact))),
        None => match node.get("module").and_then(Node::as_scalar) {
            // serverless-python-requirements: a folder for each function.
            Some(module) if module != "." => {
                Known::Value(CodeLocation::Folder(join(service.folder, &module)))
            }
            _ => Known::Value(CodeLocation::Folder(service.folder.to_owned())),
        },
    };
    Code { place, location }
}

/// The folder that an image is built from.
fn built(service: &Service<'_>, image: &Node) -> Option<String> {
    let described = image.as_str().or_else(|| image.get("name").and_then(Node::as_str));
    let described = described.and_then(|name| service.provider.at(&["ecr", "images", name])).unwrap_or(image);
    let path = described.get("path").and_then(Node::as_scalar);
    // Short form: `images: { app: ./app }`.
    let path = path.or_else(|| described.as_str().filter(|text| text.starts_with('.')).map(str::to_owned));
    path.map(|path| join(service.folder, &path))
}

fn join(folder: &str, path: &str) -> String {
    super::sources::inside(folder, path).unwrap_or_else(|| folder.to_owned())
}

/// The provider's variables, then the function's own over them.
fn environment(service: &Service<'_>, declared: &Declared, app: &mut App) -> Vec<Variable> {
    let mut variables: Vec<Variable> = Vec::new();
    let (mut left_out, mut beyond) = (0_usize, false);
    let mut set = |name: &str, value: Option<Text>| {
        variables.retain(|variable| variable.name != name);
        match value {
            Some(value) if variables.len() < MAX_VARIABLES => {
                variables.push(Variable { name: name.to_owned(), value });
            }
            Some(_) => left_out += 1,
            None => {}
        }
    };
    for (name, value) in service.dotenv.iter().take(MAX_VARIABLES) {
        set(name, Some(value.clone()));
    }
    for node in [service.provider.get("environment"), declared.node.get("environment")].into_iter().flatten()
    {
        for part in node.one_or_many() {
            if let Some(why) = part.why_open() {
                let why = format!("a part of the environment is not known: {why}");
                app.unknown(Some(&declared.name), part.place, why);
            }
            for (key, value) in part.entries().iter().take(MAX_VARIABLES) {
                let value = (value.kind != NodeKind::Null).then(|| text(value));
                set(&key.text, value);
            }
            beyond |= part.entries().len() > MAX_VARIABLES;
        }
    }
    if beyond || left_out > 0 {
        let why = format!("only {MAX_VARIABLES} variables of an environment are read");
        app.unknown(Some(&declared.name), declared.key.place, why);
    }
    variables
}

fn network(vpc: &Node) -> Option<Setting<Vec<Text>>> {
    if !vpc.is_map() {
        return vpc.why_open().map(|why| Setting::unknown(vpc.place, why));
    }
    let groups = vpc.get("securityGroupIds").filter(|groups| groups.kind != NodeKind::Null)?;
    Some(Setting::new(vpc.place, groups.one_or_many().iter().take(50).map(text).collect()))
}

/// Whether calls are traced: the function's own word, or the provider's.
pub(super) fn tracing(service: &Service<'_>, node: &Node) -> Option<Setting<bool>> {
    let written = |found: &&Node| found.kind != NodeKind::Null;
    let own = node.get("tracing").filter(written);
    let found = own.or_else(|| service.provider.at(&["tracing", "lambda"]).filter(written))?;
    Some(match found.as_str() {
        Some("Active" | "PassThrough") => Setting::new(found.place, true),
        _ => switch(found),
    })
}

/// Where failed events go: the framework's own settings and those of the dead-letter plugin.
fn dead_letter(node: &Node) -> Option<&Node> {
    let paths: [&[&str]; 6] = [
        &["onError"],
        &["destinations", "onFailure", "arn"],
        &["destinations", "onFailure"],
        &["deadLetter", "targetArn"],
        &["deadLetter", "sqs"],
        &["deadLetter", "sns"],
    ];
    paths.iter().find_map(|path| node.at(path))
}

/// The function's own address.
fn address(place: Place, url: &Node) -> Option<FunctionUrl> {
    if matches!(url.kind, NodeKind::Null | NodeKind::Bool(false)) {
        return None;
    }
    if let Some(why) = url.why_open() {
        return Some(FunctionUrl { place, access: Setting::unknown(url.place, why), cors: None });
    }
    let access = match url.entry("authorizer").map(|(_, found)| string(found)) {
        None => Setting::new(place, Access::Anyone),
        Some(word) => Setting {
            place: word.place,
            value: match word.value {
                Known::Value(word) if word.eq_ignore_ascii_case("aws_iam") => Known::Value(Access::Iam),
                Known::Value(word) if word.eq_ignore_ascii_case("none") => Known::Value(Access::Anyone),
                Known::Value(word) => Known::Unknown(format!("`{word}` is no authorizer of a function URL")),
                Known::Unknown(why) => Known::Unknown(why),
            },
        },
    };
    Some(FunctionUrl { place, access, cors: cors(url, ["allowedOrigins", "allowedHeaders"]) })
}

/// `cors: true`, or an object that speaks of origins, headers and credentials; the framework's defaults where it is silent.
pub(super) fn cors(node: &Node, [origins, headers]: [&str; 2]) -> Option<Cors> {
    let (key, cors) = node.entry("cors")?;
    if matches!(cors.kind, NodeKind::Null | NodeKind::Bool(false)) {
        return None;
    }
    if let Some(why) = cors.why_open() {
        let origins = vec![Setting::unknown(cors.place, why.clone())];
        let credentials = Some(Setting::unknown(cors.place, why));
        return Some(Cors {
            place: key.place,
            origins,
            credentials,
            headers: Vec::new(),
            methods: Vec::new(),
        });
    }
    let list = |found: &Node| -> Vec<_> { found.one_or_many().iter().map(string).collect() };
    let written = cors.get(origins).or_else(|| cors.get("origins")).or_else(|| cors.get("origin"));
    Some(Cors {
        place: key.place,
        origins: written.map_or_else(|| vec![Setting::new(key.place, "*".to_owned())], list),
        credentials: cors.get("allowCredentials").map(switch),
        headers: cors.get(headers).map(list).unwrap_or_default(),
        methods: cors.get("allowedMethods").map(list).unwrap_or_default(),
    })
}

/// Alexa skills: without a skill's id, anybody's skill may call the function.
fn skills(node: &Node) -> Vec<Statement> {
    let mut statements = Vec::new();
    for event in node.get("events").map(Node::items).unwrap_or_default() {
        let bare =
            event.as_str().filter(|kind| kind.starts_with("alexaS")).map(|kind| (kind, event.place, None));
        let written =
            event.entries().first().map(|(key, config)| (key.text.as_str(), key.place, Some(config)));
        let Some((kind, place, config)) = bare.or(written) else { continue };
        let sender = match kind {
            "alexaSkill" => "alexa-appkit.amazon.com",
            "alexaSmartHome" => "alexa-connectedhome.amazon.com",
            _ => continue,
        };
        let id = config
            .and_then(|config| config.get("appId").or(Some(config)))
            .filter(|id| !id.is_map() && id.kind != NodeKind::Null);
        let mut statement = super::policy::added(place, &["lambda:InvokeFunction"], Vec::new());
        statement.principals.push(Principal::Service(Text::literal(sender, place)));
        if let Some(id) = id {
            statement.conditions.push(Condition {
                operator: "StringEquals".to_owned(),
                key: "lambda:EventSourceToken".to_owned(),
                values: vec![text(id)],
            });
        }
        statements.push(statement);
    }
    statements
}

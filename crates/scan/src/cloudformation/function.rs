//! Functions, plain and SAM's: what they are set up with, their own addresses, and who may invoke them.
//!
//! Invariant: SAM's defaults (`Globals`) are merged before anything is read. Not here: SAM's events (`sam`), roles (`role`).

use super::role;
use super::sam;
use super::stack::Resource;
use super::value::{number, presence, str_at, string, strings, switch, text, texts, texts_at};
use super::writer::Writer;
use crate::document::{Node, NodeKind};
use crate::graph::{Access, Code, CodeLocation, Condition, Cors, Function, FunctionUrl, Origin, Principal};
use crate::graph::{Statement, Variable};
use crate::known::{Known, Name, Setting, Text};

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    let serverless = match resource.kind.as_str() {
        "AWS::Lambda::Function" => false,
        "AWS::Serverless::Function" => true,
        _ => return false,
    };
    let properties = match serverless {
        true => sam::with_globals(writer.stack, "Function", &resource.properties),
        false => resource.properties.clone(),
    };
    let mut function = Function::new(resource.name.clone(), resource.place);
    function.physical = properties.get("FunctionName").map(text);
    function.deployed = resource.deployed.clone();
    settings(&mut function, &properties);
    function.code = code(writer, resource, &properties, serverless);
    match properties.get("Environment").map(|node| (node, node.get("Variables"))) {
        Some((_, Some(variables))) if variables.is_map() => {
            function.environment = variables
                .entries()
                .iter()
                .map(|(key, value)| Variable { name: key.text.clone(), value: text(value) })
                .collect();
        }
        Some((node, variables)) => {
            let open = variables.unwrap_or(node);
            if let Some(why) = open.why_open() {
                writer.app.unknown(Some(&resource.name), open.place, format!("its environment: {why}"));
            }
        }
        None => {}
    }
    writer.add_function(function);
    if serverless && properties.get("Role").is_none() {
        let role = sam::function_role(writer, resource, &properties);
        if let Some(function) = writer.function(&resource.name) {
            function.role = Some(Setting::new(role.place, role.name.clone()));
        }
        writer.add_role(role);
    }
    writer.note_condition(resource);
    true
}

fn settings(function: &mut Function, properties: &Node) {
    let mode = |node: &Node| match string(node).value {
        Known::Value(word) => Setting::new(node.place, word == "Active"),
        Known::Unknown(why) => Setting::unknown(node.place, why),
    };
    let target = |node: &Node| {
        let target = node.get("TargetArn");
        target.map(|target| Setting::new(target.place, text(target)))
    };
    function.runtime = properties.get("Runtime").map(string);
    function.handler = properties.get("Handler").map(string);
    function.timeout_s = properties.get("Timeout").map(number);
    function.memory_mb = properties.get("MemorySize").map(number);
    function.concurrency = properties.get("ReservedConcurrentExecutions").map(number);
    function.tracing =
        properties.get("Tracing").or_else(|| properties.at(&["TracingConfig", "Mode"])).map(mode);
    function.environment_key = properties.get("KmsKeyArn").map(|node| Setting::new(node.place, text(node)));
    function.layers = texts_at(properties, "Layers");
    let letters = ["DeadLetterQueue", "DeadLetterConfig"].iter().find_map(|key| properties.get(key));
    let failed = properties.at(&["EventInvokeConfig", "DestinationConfig", "OnFailure"]);
    function.dead_letter = letters.and_then(target).or_else(|| failed.and_then(on_failure));
    function.network =
        properties.get("VpcConfig").filter(|node| has_subnets(node)).map(|node| match node.why_open() {
            Some(why) => Setting::unknown(node.place, why),
            None => Setting::new(node.place, texts_at(node, "SecurityGroupIds")),
        });
}

/// A network that is there and empty takes a function out of networks again.
fn has_subnets(network: &Node) -> bool {
    network.why_open().is_some()
        || network.get("SubnetIds").is_some_and(|subnets| !subnets.one_or_many().is_empty())
}

fn on_failure(node: &Node) -> Option<Setting<Text>> {
    let destination = node.get("Destination")?;
    Some(Setting::new(destination.place, text(destination)))
}

fn code(writer: &Writer<'_, '_>, resource: &Resource, properties: &Node, serverless: bool) -> Code {
    let inline = properties.get("InlineCode").or_else(|| properties.at(&["Code", "ZipFile"]));
    let image = properties.get("ImageUri").or_else(|| properties.at(&["Code", "ImageUri"]));
    let is_image = str_at(properties, "PackageType") == Some("Image");
    if let Some(node) = inline {
        return Code { place: node.place, location: Known::Value(CodeLocation::Inline(node.place)) };
    }
    if image.is_some() || is_image {
        let place = image.map_or(resource.place, |node| node.place);
        let context = str_at(&resource.metadata, "DockerContext").and_then(|path| writer.stack.path(path));
        return Code { place, location: Known::Value(CodeLocation::Image(context)) };
    }
    if let Some(asset) = str_at(&resource.metadata, "aws:asset:path") {
        let place = resource.metadata.get("aws:asset:path").map_or(resource.place, |node| node.place);
        return Code { place, location: local(writer, asset) };
    }
    match properties.get(if serverless { "CodeUri" } else { "Code" }) {
        Some(node) => Code { place: node.place, location: named(writer, resource, node) },
        None if serverless => Code { place: resource.place, location: local(writer, ".") },
        None => Code { place: resource.place, location: Known::Unknown("no code is named".to_owned()) },
    }
}

fn named(writer: &Writer<'_, '_>, resource: &Resource, node: &Node) -> Known<CodeLocation> {
    match node.as_str() {
        Some(path) if path.contains("://") => Known::Unknown(format!("it is at `{path}`")),
        Some(path) => local(writer, &entry_folder(resource, path)),
        None => Known::Unknown(node.why_open().unwrap_or_else(|| "it is in a bucket".to_owned())),
    }
}

fn local(writer: &Writer<'_, '_>, path: &str) -> Known<CodeLocation> {
    match writer.stack.path(path) {
        Some(path) => match writer.stack.files.find(&path) {
            Some(file) => Known::Value(CodeLocation::File(file)),
            None => Known::Value(CodeLocation::Folder(path)),
        },
        None => Known::Unknown(format!("`{path}` lies outside of what is looked at")),
    }
}

/// A bundler puts what it makes of `src/app.ts` at the top, where the handler `app.handler` finds it.
fn entry_folder(resource: &Resource, path: &str) -> String {
    let entries = resource.metadata.at(&["BuildProperties", "EntryPoints"]);
    let entry = entries.and_then(|entries| entries.items().first()).and_then(Node::as_str);
    let handler = str_at(&resource.properties, "Handler").unwrap_or_default();
    match entry.and_then(|entry| entry.rsplit_once('/')) {
        Some((folder, _)) if !handler.contains('/') => format!("{path}/{folder}"),
        _ => path.to_owned(),
    }
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    match resource.kind.as_str() {
        "AWS::Lambda::Function" => runs_with(writer, resource, properties),
        "AWS::Serverless::Function" => {
            runs_with(writer, resource, properties);
            let merged = sam::with_globals(writer.stack, "Function", properties);
            if let Some(node) = merged.get("FunctionUrlConfig") {
                let url = address(node, node);
                if let Some(function) = writer.function(&resource.name) {
                    function.add_url(url);
                }
            }
        }
        "AWS::Lambda::Url" => {
            let target = Writer::text_at(resource, "TargetFunctionArn").map(|text| writer.function_of(&text));
            let mut url = address(properties, properties);
            url.place = resource.place;
            match target {
                Some(Known::Value(name)) => {
                    if let Some(function) = writer.function(&name) {
                        function.add_url(url);
                    }
                }
                _ => writer.app.unknown(Some(&resource.name), resource.place, "whose address this is"),
            }
        }
        "AWS::Lambda::Permission" => permit(writer, resource),
        "AWS::Lambda::EventInvokeConfig" => {
            let target = Writer::text_at(resource, "FunctionName").map(|text| writer.function_of(&text));
            let failed = properties.at(&["DestinationConfig", "OnFailure"]).and_then(on_failure);
            if let Some(Known::Value(name)) = target
                && let Some(function) = writer.function(&name)
            {
                function.dead_letter = function.dead_letter.take().or(failed);
            }
        }
        _ => {}
    }
}

fn runs_with(writer: &mut Writer<'_, '_>, resource: &Resource, properties: &Node) {
    let Some(node) = properties.get("Role") else { return };
    let role = Setting { place: node.place, value: writer.role_of(&text(node)) };
    if let Some(function) = writer.function(&resource.name) {
        function.role = Some(role);
    }
}

/// A function's own address.
fn address(node: &Node, place: &Node) -> FunctionUrl {
    let access = node.get("AuthType").map_or_else(
        || Setting::unknown(place.place, "it does not say who may call it"),
        |auth| match string(auth).value {
            Known::Value(word) if word == "NONE" => Setting::new(auth.place, Access::Anyone),
            Known::Value(word) if word == "AWS_IAM" => Setting::new(auth.place, Access::Iam),
            Known::Value(word) => {
                Setting::unknown(auth.place, format!("`{word}` is no way to ask who calls"))
            }
            Known::Unknown(why) => Setting::unknown(auth.place, why),
        },
    );
    FunctionUrl { place: place.place, access, cors: node.get("Cors").and_then(cors) }
}

/// What pages of other origins may do, in the words of function addresses and HTTP APIs.
pub(super) fn cors(node: &Node) -> Option<Cors> {
    let open = node.as_bool() == Some(true);
    if node.as_bool() == Some(false) {
        return None;
    }
    let origins = match open {
        true => vec![Setting::new(node.place, "*".to_owned())],
        false => node.get("AllowOrigins").map(strings).unwrap_or_default(),
    };
    Some(Cors {
        place: node.place,
        origins,
        credentials: node.get("AllowCredentials").map(switch),
        headers: node.get("AllowHeaders").map(strings).unwrap_or_default(),
        methods: node.get("AllowMethods").map(strings).unwrap_or_default(),
    })
}

/// `AWS::Lambda::Permission`: one statement of a function's resource policy.
fn permit(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let Some(target) = Writer::text_at(resource, "FunctionName") else { return };
    let mut made = Statement::allow(resource.place, Origin::Written);
    made.resources.push(target.clone());
    made.actions = properties.get("Action").map(strings).unwrap_or_default();
    made.principals = properties.get("Principal").map(invoker).into_iter().collect();
    let conditions = [
        ("SourceArn", "ArnLike", "aws:SourceArn"),
        ("SourceAccount", "StringEquals", "aws:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ];
    for (key, operator, condition) in conditions {
        if let Some(node) = properties.get(key) {
            made.conditions.push(Condition {
                operator: operator.to_owned(),
                key: condition.to_owned(),
                values: texts(node),
            });
        }
    }
    match writer.function_of(&target) {
        Known::Value(name) => {
            if let Some(function) = writer.function(&name) {
                function.permissions.push(made);
            }
        }
        Known::Unknown(why) => {
            writer.app.unknown(
                Some(&resource.name),
                resource.place,
                format!("whom this lets invoke what: {why}"),
            );
        }
    }
}

fn invoker(node: &Node) -> Principal {
    let text = text(node);
    if let Some(why) = text.why_unknown() {
        return Principal::Unknown(why.to_owned());
    }
    match text.as_literal() {
        Some("*") => Principal::Anyone,
        Some(service) if service.contains(".amazonaws.com") || service.contains(".amazon.com") => {
            Principal::Service(text)
        }
        _ if text.to_string().contains("amazonaws.com") => Principal::Service(text),
        _ => Principal::Aws(text),
    }
}

/// Adds a statement that the framework makes to a function's role, where that is the framework's own.
pub(super) fn extend_role(writer: &mut Writer<'_, '_>, function: &Name, addition: role::Addition) {
    let role = writer.function(function).and_then(|function| function.role.as_ref()?.known().cloned());
    if let Some(role) = role.and_then(|role| writer.role(&role))
        && role.implicit
    {
        addition.apply(role);
    }
}

/// Whether a rate limits anything: a negative one switches limits off.
pub(super) fn limits(node: &Node) -> Option<Setting<bool>> {
    match node.as_scalar().and_then(|rate| rate.trim().parse::<f64>().ok()) {
        Some(rate) => Some(Setting::new(node.place, rate >= 0.0)),
        None => is_set(node),
    }
}

/// Whether a setting is there at all and not empty.
pub(super) fn is_set(node: &Node) -> Option<Setting<bool>> {
    match &node.kind {
        NodeKind::Null => None,
        NodeKind::Map(entries) if entries.is_empty() => None,
        _ => Some(presence(node)),
    }
}

//! The SDKs for JavaScript, versions 2 and 3, with the helpers that stand around them.

use std::rc::Rc;

use super::operations::{document, pascal, waiter};
use super::services::prefix;
use super::{Style, Thing};
use crate::code::machine::Machine;
use crate::code::value::{Arguments, Value, What};
use crate::source::Place;

/// Names of the SDK's second version that are no services.
const NO_SERVICES: [&str; 22] = [
    "config",
    "Config",
    "Credentials",
    "Endpoint",
    "HttpRequest",
    "HttpResponse",
    "HttpClient",
    "util",
    "Request",
    "Response",
    "Service",
    "CredentialProviderChain",
    "EnvironmentCredentials",
    "SharedIniFileCredentials",
    "EC2MetadataCredentials",
    "TemporaryCredentials",
    "Signers",
    "events",
    "Token",
    "ECSCredentials",
    "ProcessCredentials",
    "ChainableTemporaryCredentials",
];

/// Members of clients that ask the provider for nothing.
const NO_OPERATIONS: [&str; 16] = [
    "config",
    "middlewareStack",
    "destroy",
    "endpoint",
    "options",
    "customizeRequests",
    "on",
    "createSet",
    "service",
    "meta",
    "exceptions",
    "close",
    "can_paginate",
    "constructor",
    "toString",
    "bind",
];

impl Machine<'_> {
    /// What a function or class of an SDK makes, when `path` is one of them.
    pub(in crate::code) fn sdk_made(
        &mut self,
        path: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        if let Some(rest) = path.strip_prefix("aws-sdk.") {
            return self.second(rest, arguments, place);
        }
        if let Some((package, name)) = path.strip_prefix("@aws-sdk/").and_then(|rest| rest.split_once('.')) {
            return self.third(package, name, arguments, place);
        }
        let last = path.rsplit('.').next().unwrap_or(path);
        if last.starts_with("captureAWS") || last.starts_with("captureHTTPs") {
            return arguments.at(0).cloned();
        }
        if path.starts_with("@aws-lambda-powertools/") || path.starts_with("@middy/") {
            return self.toolbox(path, arguments, place);
        }
        self.boto_made(path, arguments, place)
    }

    fn second(&mut self, name: &str, arguments: &Arguments, place: Place) -> Option<Value> {
        if name.ends_with("ManagedUpload") {
            let parameters = arguments.at(0).and_then(|options| self.field(options, "params"));
            self.operation("s3", "PutObject", parameters.as_ref(), place);
            return Some(Value::unknown());
        }
        let class = name.split('.').next().unwrap_or(name);
        if name.contains('(') || NO_SERVICES.contains(&class) || name.starts_with(char::is_lowercase) {
            return None;
        }
        let style = match name.split_once('.') {
            None => Style::Camel,
            Some((_, "DocumentClient")) => Style::Document,
            Some(_) => return None,
        };
        let given = arguments.at(0).and_then(|options| self.field(options, "params"));
        let given = given.filter(|given| self.is_object(given));
        let service = prefix(class).into();
        Some(What::Sdk(Rc::new(Thing::Client { service, style, given })).into())
    }

    fn third(&mut self, package: &str, name: &str, arguments: &Arguments, place: Place) -> Option<Value> {
        if name.contains('(') {
            return None;
        }
        if let Some(service) = package.strip_prefix("client-") {
            return self.third_client(&prefix(service), name, arguments, place);
        }
        match (package, name) {
            ("lib-dynamodb", "DynamoDBDocumentClient.from") => {
                Some(client("dynamodb".to_owned(), Style::Commands))
            }
            ("lib-dynamodb", "DynamoDBDocument.from") => Some(client("dynamodb".to_owned(), Style::Document)),
            ("lib-dynamodb", name) => {
                if let Some(short) = name.strip_suffix("Command") {
                    let operation = document(short).map_or_else(|| short.to_owned(), str::to_owned);
                    self.operation("dynamodb", &operation, arguments.at(0), place);
                    return Some(command());
                }
                let pager = name.strip_prefix("paginate")?;
                self.operation("dynamodb", pager, arguments.at(1), place);
                Some(Value::unknown())
            }
            ("lib-storage", "Upload") => {
                let parameters = arguments.at(0).and_then(|options| self.field(options, "params"));
                self.operation("s3", "PutObject", parameters.as_ref(), place);
                // Parts of one that fails are thrown away.
                self.possible_operation("s3", "AbortMultipartUpload", parameters.as_ref(), place);
                Some(Value::unknown())
            }
            ("s3-presigned-post", "createPresignedPost") => {
                self.signs();
                self.operation("s3", "PutObject", arguments.at(1), place);
                Some(Value::unknown())
            }
            // The command that is signed was written down when it was made.
            ("s3-request-presigner", "getSignedUrl") => {
                self.signs();
                Some(Value::unknown())
            }
            ("util-dynamodb", "unmarshall" | "marshall") => {
                Some(Value::carrying(arguments.at(0).map(|value| value.taint.clone()).unwrap_or_default()))
            }
            _ => None,
        }
    }

    fn third_client(
        &mut self,
        service: &str,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        if let Some(operation) = name.strip_suffix("Command") {
            self.operation(service, operation, arguments.at(0), place);
            return Some(command());
        }
        if let Some(operation) = name.strip_prefix("paginate") {
            self.operation(service, operation, arguments.at(1), place);
            return Some(Value::unknown());
        }
        if let Some(state) = name.strip_prefix("waitUntil").or_else(|| name.strip_prefix("waitFor")) {
            match waiter(service, state) {
                Some(operation) => self.operation(service, operation, arguments.at(1), place),
                None => self.gap(place, format!("it waits by `{name}`, whose operation is not known")),
            }
            return Some(Value::unknown());
        }
        if name.ends_with("Client") {
            return Some(client(service.to_owned(), Style::Commands));
        }
        // Exceptions and constants stand in the same package.
        let plain =
            name.starts_with(char::is_uppercase) && !name.contains('.') && !name.ends_with("Exception");
        plain.then(|| client(service.to_owned(), Style::Camel))
    }

    /// Helpers that read parameters and secrets.
    fn toolbox(&mut self, path: &str, arguments: &Arguments, place: Place) -> Option<Value> {
        let (package, name) = path.split_once('.')?;
        let first = arguments.at(0).cloned().unwrap_or_default();
        let mut read = |service: &str, operation: &str, name: &Value| {
            self.operation_on(service, operation, name, place);
            Some(Value::unknown())
        };
        match (package, name) {
            (_, "getSecret" | "SecretsProvider().get") => read("secretsmanager", "GetSecretValue", &first),
            (_, "getParameter" | "SSMProvider().get") => read("ssm", "GetParameter", &first),
            (_, "getParameters" | "SSMProvider().getMultiple") => read("ssm", "GetParametersByPath", &first),
            (_, "getParametersByName" | "SSMProvider().getParametersByName") => {
                for key in self.keys(&first) {
                    self.operation_on("ssm", "GetParameters", &key, place);
                }
                Some(Value::unknown())
            }
            (_, "getAppConfig") => {
                read("appconfig", "StartConfigurationSession", &first);
                self.operation_on("appconfig", "GetLatestConfiguration", &first, place);
                Some(Value::unknown())
            }
            (_, "DynamoDBPersistenceLayer") => {
                let table = self.field(&first, "tableName").unwrap_or_default();
                for operation in ["GetItem", "PutItem", "UpdateItem", "DeleteItem"] {
                    self.operation_on("dynamodb", operation, &table, place);
                }
                Some(Value::unknown())
            }
            ("@middy/ssm", _) => self.fetched(&first, "ssm", "GetParameters", place),
            ("@middy/secrets-manager", _) => self.fetched(&first, "secretsmanager", "GetSecretValue", place),
            _ => None,
        }
    }

    /// What a middleware fetches before the handler runs.
    fn fetched(&mut self, options: &Value, service: &str, operation: &str, place: Place) -> Option<Value> {
        let wanted = self.field(options, "fetchData")?;
        for name in self.values(&wanted) {
            let whole = service == "ssm" && name.literal().is_some_and(|name| name.ends_with('/'));
            let operation = if whole { "GetParametersByPath" } else { operation };
            self.operation_on(service, operation, &name, place);
        }
        Some(Value::unknown())
    }

    /// A method that is called on something of an SDK.
    pub(in crate::code) fn sdk_called(
        &mut self,
        thing: &Rc<Thing>,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Value {
        let Thing::Client { service, style, given } = thing.as_ref() else {
            return self.boto_called(thing, name, arguments, place);
        };
        let completed = given.as_ref().map(|given| self.completed(given, arguments));
        let arguments = completed.as_ref().unwrap_or(arguments);
        if NO_OPERATIONS.contains(&name) {
            return Value::unknown();
        }
        match (style, name) {
            (Style::Snake, _) => return self.boto_called(thing, name, arguments, place),
            // Commands were written down when they were made.
            (Style::Commands | Style::Camel | Style::Document, "send") => {}
            (Style::Commands, _) => {}
            (_, "getSignedUrl" | "getSignedUrlPromise" | "makeRequest") => {
                self.signs();
                match arguments.at(0).and_then(Value::literal) {
                    Some(operation) => self.operation(service, &pascal(operation), arguments.at(1), place),
                    None => {
                        self.gap(place, format!("the operation of {service} that is asked for is worked out"))
                    }
                }
            }
            (_, name @ ("createPresignedPost" | "upload")) if service.as_ref() == "s3" => {
                if name != "upload" {
                    self.signs();
                }
                self.operation(service, "PutObject", arguments.at(0), place);
            }
            (_, "waitFor") => {
                match arguments.at(0).and_then(Value::literal).and_then(|name| waiter(service, name)) {
                    Some(operation) => self.operation(service, operation, arguments.at(1), place),
                    None => {
                        self.gap(place, format!("it waits for {service}, by an operation that is not known"))
                    }
                }
            }
            (style, name) => {
                let short = if *style == Style::Document { document(name) } else { None };
                let operation = short.map_or_else(|| pascal(name), str::to_owned);
                self.operation(service, &operation, arguments.at(0), place);
            }
        }
        Value::unknown()
    }
}

impl Machine<'_> {
    /// What an operation is handed, with what every operation of its client is given.
    fn completed(&mut self, given: &Value, arguments: &Arguments) -> Arguments {
        let input = self.named_object(&Arguments::default());
        let own = arguments.values.iter().position(|value| self.is_object(value));
        let parts = [Some(&input), Some(given), own.and_then(|at| arguments.at(at))];
        let whole = self.merged(&Arguments::new(parts.into_iter().flatten().cloned().collect()));
        let mut values = arguments.values.clone();
        match own {
            Some(at) => {
                values.splice(at..=at, [whole]);
            }
            None => {
                let at = values.iter().position(Value::is_callable).unwrap_or(values.len());
                values.insert(at, whole);
            }
        }
        Arguments::new(values)
    }
}

pub(super) fn client(service: String, style: Style) -> Value {
    What::Sdk(Rc::new(Thing::Client { service: service.into(), style, given: None })).into()
}

fn command() -> Value {
    What::Sdk(Rc::new(Thing::Command)).into()
}

//! The SDK for Python: clients, resources with their handles, and the helpers that stand around it.

use std::rc::Rc;

use super::collections::collection;
use super::javascript::client;
use super::operations::{pascal, waiter};
use super::services::prefix;
use super::{Form, Style, Thing};
use crate::code::machine::Machine;
use crate::code::value::{Arguments, Value, What};
use crate::source::Place;

impl Machine<'_> {
    /// What a function of the SDK makes, when `path` is one of them.
    pub(super) fn boto_made(&mut self, path: &str, arguments: &Arguments, place: Place) -> Option<Value> {
        let (owner, name) = path.rsplit_once('.')?;
        let root = owner.split(['.', '(']).next().unwrap_or(owner);
        match (root, name) {
            (
                "boto3" | "aioboto3" | "aiobotocore" | "botocore" | "boto3_session",
                "client" | "create_client",
            ) => match arguments.either(0, "service_name").and_then(Value::literal) {
                Some(service) => Some(client(prefix(service), Style::Snake)),
                None => {
                    self.gap(place, "a client is made for a service whose name is worked out".to_owned());
                    Some(Value::unknown())
                }
            },
            ("boto3" | "aioboto3", "resource") => {
                let service = arguments.either(0, "service_name").and_then(Value::literal);
                let service = service.map(prefix);
                if service.is_none() {
                    self.gap(place, "a resource is made for a service whose name is worked out".to_owned());
                }
                service.map(|service| handle(&service, Form::Service, Value::unknown()))
            }
            ("botocore", _) if super::is_signer(path) => {
                self.gap(place, "requests to the provider are signed by hand".to_owned());
                Some(Value::unknown())
            }
            ("aws_lambda_powertools", _) => self.powertools(path, name, arguments, place),
            ("aws_secretsmanager_caching", "get_secret_string" | "get_secret_binary") => {
                let secret = arguments.either(0, "secret_id").cloned().unwrap_or_default();
                self.operation_on("secretsmanager", "DescribeSecret", &secret, place);
                self.operation_on("secretsmanager", "GetSecretValue", &secret, place);
                Some(Value::unknown())
            }
            _ => None,
        }
    }

    fn powertools(&mut self, path: &str, name: &str, arguments: &Arguments, place: Place) -> Option<Value> {
        let first = arguments.either(0, "name").cloned().unwrap_or_default();
        let reads = path.contains(".parameters");
        let provider = path.contains("SecretsProvider()");
        let (service, operation) = match name {
            "get_secret" => ("secretsmanager", "GetSecretValue"),
            "get" if provider => ("secretsmanager", "GetSecretValue"),
            "get_parameter" => ("ssm", "GetParameter"),
            "get" if path.contains("SSMProvider()") => ("ssm", "GetParameter"),
            "get_parameters" if reads => ("ssm", "GetParametersByPath"),
            "get_parameters_by_name" => {
                for key in arguments.either(0, "parameters").map(|map| self.keys(map)).unwrap_or_default() {
                    self.operation_on("ssm", "GetParameters", &key, place);
                }
                return Some(Value::unknown());
            }
            "get_app_config" => {
                self.operation_on("appconfig", "StartConfigurationSession", &first, place);
                ("appconfig", "GetLatestConfiguration")
            }
            "DynamoDBPersistenceLayer" => {
                let table = arguments.either(0, "table_name").cloned().unwrap_or_default();
                for operation in ["GetItem", "PutItem", "UpdateItem", "DeleteItem"] {
                    self.operation_on("dynamodb", operation, &table, place);
                }
                return Some(Value::unknown());
            }
            _ => return None,
        };
        let name = match operation {
            "GetParametersByPath" => arguments.either(0, "path").cloned().unwrap_or_default(),
            _ => first,
        };
        self.operation_on(service, operation, &name, place);
        Some(Value::unknown())
    }

    /// A method that is called on something of the SDK.
    pub(super) fn boto_called(
        &mut self,
        thing: &Rc<Thing>,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Value {
        match thing.as_ref() {
            Thing::Client { service, .. } => self.boto_client(service, name, arguments, place),
            Thing::Handle { service, form, name: bound } => {
                self.boto_handle(service, *form, bound, name, arguments, place)
            }
            Thing::Pages { service, operation, name: bound } => {
                match bound {
                    Some(bound) => self.operation_on(service, operation, bound, place),
                    None => {
                        let input = self.named_object(arguments);
                        self.operation(service, operation, Some(&input), place);
                    }
                }
                Value::unknown()
            }
            Thing::Waits { service, operation } => {
                let input = self.named_object(arguments);
                self.operation(service, operation, Some(&input), place);
                Value::unknown()
            }
            Thing::Command => Value::unknown(),
        }
    }

    fn boto_client(&mut self, service: &Rc<str>, name: &str, arguments: &Arguments, place: Place) -> Value {
        if name == "generate_presigned_post" {
            self.signs();
        }
        let literal = |index, name| arguments.either(index, name).and_then(Value::literal);
        match name {
            "get_paginator" => {
                let Some(operation) = literal(0, "operation_name") else {
                    self.gap(place, format!("the operation of {service} that is paged is worked out"));
                    return Value::unknown();
                };
                let operation = pascal(operation).into();
                return What::Sdk(Rc::new(Thing::Pages { service: service.clone(), operation, name: None }))
                    .into();
            }
            "get_waiter" => {
                let Some(operation) = literal(0, "waiter_name").and_then(|name| waiter(service, name)) else {
                    self.gap(place, format!("it waits for {service}, by an operation that is not known"));
                    return Value::unknown();
                };
                return What::Sdk(Rc::new(Thing::Waits {
                    service: service.clone(),
                    operation: operation.into(),
                }))
                .into();
            }
            "generate_presigned_url" => match literal(0, "ClientMethod") {
                Some(operation) => {
                    self.signs();
                    self.operation(service, &pascal(operation), arguments.either(1, "Params"), place)
                }
                None => self.gap(place, format!("the operation of {service} that is signed is worked out")),
            },
            "exceptions" | "meta" | "close" | "can_paginate" | "__aexit__" | "__aenter__" => {}
            _ => match transfer(name) {
                Some((operation, index)) if service.as_ref() == "s3" => {
                    let bucket = arguments.either(index, "Bucket").cloned().unwrap_or_default();
                    if name == "copy" {
                        let source = arguments.either(0, "CopySource").cloned().unwrap_or_default();
                        self.copy_between("CopyObject", &source, &bucket, place);
                    } else {
                        self.operation_with(service, operation, &bucket, arguments, place);
                    }
                }
                _ => {
                    let input = self.named_object(arguments);
                    self.operation(service, &pascal(name), Some(&input), place);
                }
            },
        }
        Value::unknown()
    }

    fn boto_handle(
        &mut self,
        service: &Rc<str>,
        form: Form,
        bound: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Value {
        if let Some(found) = self.collection_called(service, form, bound, name, place) {
            return found;
        }
        if let Some(found) = self.element_called(service, form, bound, name, place) {
            return found;
        }
        let first =
            || arguments.at(0).cloned().or_else(|| arguments.named.first().map(|(_, value)| value.clone()));
        let operation = match (form, name) {
            (Form::Object, "Bucket") => return handle(service, Form::Bucket, bound.clone()),
            (Form::Object, "Object") => return handle(service, Form::Object, bound.clone()),
            (_, "Table") => return handle(service, Form::Table, first().unwrap_or_default()),
            (_, "Bucket") => return handle(service, Form::Bucket, first().unwrap_or_default()),
            (Form::Service, "Object" | "ObjectSummary") => {
                return handle(service, Form::Object, first().unwrap_or_default());
            }
            (Form::Bucket, "Object") => return handle(service, Form::Object, bound.clone()),
            (_, "Queue") => return handle(service, Form::Queue, first().unwrap_or_default()),
            (_, "Topic") => return handle(service, Form::Topic, first().unwrap_or_default()),
            (Form::Service, "get_queue_by_name") => {
                let queue = arguments.either(0, "QueueName").cloned().unwrap_or_default();
                self.operation_on(service, "GetQueueUrl", &queue, place);
                return handle(service, Form::Queue, queue);
            }
            (Form::Table, "batch_writer") => return handle(service, Form::Batch, bound.clone()),
            (Form::Table, "load" | "reload") => "DescribeTable",
            (Form::Table, name) => {
                self.operation_with(service, &pascal(name), bound, arguments, place);
                return Value::unknown();
            }
            (Form::Batch, _) => "BatchWriteItem",
            (Form::Object, "get" | "download_file" | "download_fileobj") => "GetObject",
            (Form::Object, "load" | "reload" | "wait_until_exists" | "wait_until_not_exists") => "HeadObject",
            (Form::Object, "put" | "upload_file" | "upload_fileobj" | "initiate_multipart_upload") => {
                "PutObject"
            }
            (Form::Object, "delete") => "DeleteObject",
            (Form::Object | Form::Bucket, "copy" | "copy_from") => {
                let source = arguments.either(0, "CopySource").cloned().unwrap_or_default();
                self.copy_between("CopyObject", &source, bound, place);
                return Value::unknown();
            }
            (Form::Bucket, name) => match transfer(name) {
                Some((operation, _)) => operation,
                None if name == "delete_objects" => "DeleteObjects",
                None if name == "put_object" => "PutObject",
                None => return self.on(service, &format!("{}Bucket", pascal(name)), bound, place),
            },
            (Form::Queue, name) => {
                if name == "receive_messages" {
                    self.on(service, "ReceiveMessage", bound, place);
                    return handle(service, Form::Messages, bound.clone());
                }
                let operation = match name {
                    "send_messages" => "SendMessageBatch".to_owned(),
                    "delete_messages" => "DeleteMessageBatch".to_owned(),
                    "purge" => "PurgeQueue".to_owned(),
                    name => pascal(name),
                };
                return self.on(service, &operation, bound, place);
            }
            (Form::Topic, name) => return self.on(service, &pascal(name), bound, place),
            (Form::Service | Form::Other, name) if name.starts_with(char::is_uppercase) => {
                return handle(service, Form::Other, Value::unknown());
            }
            (Form::Service, name) if !name.starts_with("get_available") => {
                let input = self.named_object(arguments);
                self.operation(service, &pascal(name), Some(&input), place);
                return Value::unknown();
            }
            (_, name) => {
                self.gap(place, format!("what `{name}` asks of {service} is not known"));
                return Value::unknown();
            }
        };
        self.operation_with(service, operation, bound, arguments, place);
        Value::unknown()
    }

    fn on(&mut self, service: &str, operation: &str, bound: &Value, place: Place) -> Value {
        self.operation_on(service, operation, bound, place);
        Value::unknown()
    }

    /// What a member of a handle is, where it is no method: `bucket.objects`, `resource.meta.client`.
    pub(in crate::code) fn sdk_member(&mut self, thing: &Rc<Thing>, name: &str) -> Option<Value> {
        if let Thing::Handle { service, form, name: bound } = thing.as_ref()
            && let Some(form) = collection(service, *form, name)
        {
            return Some(handle(service, form, bound.clone()));
        }
        match (thing.as_ref(), name) {
            (Thing::Handle { .. }, "meta") => Some(What::Sdk(thing.clone()).into()),
            (Thing::Handle { service, .. }, "client") => Some(client(service.to_string(), Style::Snake)),
            (Thing::Handle { form: Form::Table, name, .. }, "name" | "table_name") => Some(name.clone()),
            (Thing::Handle { form: Form::Bucket, name, .. }, "name") => Some(name.clone()),
            (Thing::Handle { form: Form::Queue, name, .. }, "url") => Some(name.clone()),
            (Thing::Handle { form: Form::Topic, name, .. }, "arn") => Some(name.clone()),
            (Thing::Client { .. }, "exceptions") => Some(Value::unknown()),
            _ => None,
        }
    }
}

pub(super) fn handle(service: &str, form: Form, name: Value) -> Value {
    What::Sdk(Rc::new(Thing::Handle { service: service.into(), form, name })).into()
}

/// Methods that move whole files: their operation, and where they take the bucket.
fn transfer(name: &str) -> Option<(&'static str, usize)> {
    let found = match name {
        "upload_file" | "upload_fileobj" => ("PutObject", 1),
        "download_file" | "download_fileobj" => ("GetObject", 0),
        "generate_presigned_post" => ("PutObject", 0),
        "copy" => ("CopyObject", 1),
        _ => return None,
    };
    Some(found)
}

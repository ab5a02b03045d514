//! Evaluated resources into the graph.
//!
//! Owns: finding which thing of the app a text speaks of. Invariants: names in the graph are Terraform's addresses; a reference to what
//! is not in these files stays unknown. Not here: evaluation (`evaluate`); each kind of thing has a file of its own below.

mod balancer;
mod code;
mod function;
mod http;
mod network;
mod openapi;
mod policy;
mod protocol;
mod rate;
mod rest;
mod role;
mod secret;
mod store;
mod trigger;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::evaluate::Evaluator;
use super::expand::Resource;
use super::value::{Kind, Value};
use crate::graph::{App, OtherResource, Parameter};
use crate::known::{Known, Name, Piece, Text};
use crate::source::SourceTree;

/// How often a name is handed on before it is given up.
const MAX_HANDED_ON: usize = 4;

/// What reads resources into an app.
pub(super) struct Builder<'r> {
    pub(super) tree: &'r SourceTree,
    evaluator: &'r Evaluator<'r>,
    pub(super) app: &'r mut App,
    resources: &'r [Resource],
    by_name: HashMap<&'r Name, &'r Resource>,
    by_kind: HashMap<&'r str, Vec<&'r Resource>>,
    /// Functions by the name that they will have, as it is written.
    functions_by_physical: HashMap<String, &'r Name>,
    /// Resources by kind and the attribute that is their name, made when it is first asked for.
    by_written: RefCell<HashMap<(String, String), Written<'r>>>,
}

/// Resources by a name as it is written.
type Written<'r> = HashMap<String, &'r Resource>;

/// Reads all resources of a root module into its app.
pub(super) fn build<'r>(evaluator: &'r Evaluator<'r>, resources: &'r [Resource], app: &'r mut App) {
    let mut by_kind: HashMap<&str, Vec<&Resource>> = HashMap::new();
    for resource in resources {
        by_kind.entry(&resource.kind).or_default().push(resource);
    }
    let by_name = resources.iter().map(|resource| (&resource.name, resource)).collect();
    let functions = by_kind.get("aws_lambda_function").into_iter().flatten();
    let functions_by_physical = functions
        .filter_map(|resource| Some((written(&resource.body.text_of("function_name")?)?, &resource.name)))
        .collect();
    let tree = evaluator.tree;
    let by_written = RefCell::default();
    let mut builder =
        Builder { tree, evaluator, app, resources, by_name, by_kind, functions_by_physical, by_written };
    builder.parameters();
    builder.roles();
    builder.functions();
    builder.http_apis();
    builder.rest_apis();
    builder.rates();
    builder.other_routes();
    builder.triggers();
    builder.stores();
    builder.secrets();
    builder.networks();
    builder.protocols();
    builder.outputs();
    builder.others();
    builder.app.ask_for_certificates();
}

impl<'r> Builder<'r> {
    /// The resources of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> Vec<&'r Resource> {
        self.by_kind.get(kind).cloned().unwrap_or_default()
    }

    pub(super) fn resource(&self, name: &Name) -> Option<&'r Resource> {
        self.by_name.get(name).copied()
    }

    /// The first resource of one of these kinds that a text refers to.
    pub(super) fn referred(&self, text: &Text, kinds: &[&str]) -> Option<&'r Resource> {
        let found = text.references().filter_map(|name| self.resource(name));
        found.into_iter().find(|resource| kinds.contains(&resource.kind.as_str()))
    }

    /// The resource of a kind that an attribute of another one names, by reference or by the name that it will have.
    pub(super) fn named(&self, value: Option<&Value>, kind: &str, key: &str) -> Option<&'r Resource> {
        let value = self.followed(value?, kind, key);
        let text = value.to_text();
        if let Some(found) = self.referred(&text, &[kind]) {
            return Some(found);
        }
        let whole = written(&text)?;
        let tail = text.as_literal().and_then(|literal| literal.rsplit([':', '/']).next());
        self.by_written(kind, key, &whole).or_else(|| self.by_written(kind, key, tail?))
    }

    /// What a value stands for that refers to a data source of this kind, or to what only hands a value on.
    pub(super) fn followed<'v>(&self, value: &'v Value, kind: &str, key: &str) -> &'v Value
    where
        'r: 'v,
    {
        let mut value = value;
        let data = format!("data.{kind}");
        for _ in 0..MAX_HANDED_ON {
            let text = value.to_text();
            let next = match self.referred(&text, &[&data, "terraform_data"]) {
                Some(found) if found.kind == "terraform_data" => found.body.get("input"),
                Some(found) => found.body.get(key).or_else(|| found.body.get("arn")),
                None => None,
            };
            let Some(next) = next else { break };
            value = next;
        }
        value
    }

    /// Whether a value that names nothing of these files may do so all the same.
    pub(super) fn may_name(&self, value: &Value) -> bool {
        value.to_text().why_unknown().is_some()
    }

    /// The resource of a kind whose name is written like this.
    pub(super) fn by_written(&self, kind: &str, key: &str, name: &str) -> Option<&'r Resource> {
        let mut indices = self.by_written.borrow_mut();
        let index = indices.entry((kind.to_owned(), key.to_owned())).or_insert_with(|| {
            let resources = self.by_kind.get(kind).into_iter().flatten().rev();
            let named = |resource: &&'r Resource| Some((written(&resource.body.text_of(key)?)?, *resource));
            resources.filter_map(named).collect()
        });
        index.get(name).copied()
    }

    /// The function that a text names: by its ARN, its name, an alias, or an address made from one of these.
    pub(super) fn function_in(&self, value: Option<&Value>) -> Known<Name> {
        let Some(value) = value else { return Known::Unknown("no function is named".to_owned()) };
        let value = self.followed(value, "aws_lambda_function", "function_name");
        let text = value.to_text();
        if let Some(name) = self.own_function(&text, 0) {
            return Known::Value(name);
        }
        match text.references().next() {
            Some(name) => Known::Unknown(format!("`{name}` is no function of these files")),
            None => Known::Unknown(match text.as_literal() {
                Some(literal) => format!("`{literal}` is no function of these files"),
                None => value.why_not(),
            }),
        }
    }

    pub(super) fn own_function(&self, text: &Text, depth: usize) -> Option<Name> {
        if let Some(found) = self.referred(text, &["aws_lambda_function"]) {
            return Some(found.name.clone());
        }
        if let Some(alias) = self.referred(text, &["aws_lambda_alias", "aws_lambda_function_url"])
            && depth < 4
        {
            return self.own_function(&alias.body.text_of("function_name")?, depth + 1);
        }
        if let Some(name) = written(text).and_then(|text| self.functions_by_physical.get(&text).copied()) {
            return Some(name.clone());
        }
        // By name: alone, or behind `function:` in an ARN.
        let last = text.pieces.iter().rev().find_map(|piece| match piece {
            Piece::Literal(literal) => Some(literal.as_str()),
            _ => None,
        })?;
        let after = last.rsplit_once("function:").map(|(_, name)| name);
        let name = after.or_else(|| text.as_literal())?;
        let name = name.split([':', '/']).next().unwrap_or(name);
        self.functions_by_physical.get(name).map(|name| (*name).clone())
    }

    /// A reference to one of these kinds as its name, or why there is none.
    pub(super) fn name_of(&self, value: Option<&Value>, kinds: &[&str]) -> Known<Name> {
        let Some(value) = value else { return Known::Unknown("it is not named".to_owned()) };
        let text = value.to_text();
        match self.referred(&text, kinds) {
            Some(found) => Known::Value(found.name.clone()),
            None => Known::Unknown(format!("`{text}` is not in these files")),
        }
    }

    /// Variables of the root module, with what they are set to.
    fn parameters(&mut self) {
        let Some(root) = self.evaluator.root() else { return };
        for variable in &root.module.variables {
            let value = self.evaluator.variable(&root, &variable.name, variable.head);
            let text = value.to_text();
            let open = matches!(text.pieces.as_slice(), [Piece::Parameter(name)] if *name == variable.name);
            let scalar = !open && !value.is_null() && text.why_unknown().is_none();
            self.app.parameters.push(Parameter {
                name: variable.name.clone(),
                place: variable.head,
                default: scalar.then_some(text),
                secret: variable.sensitive,
            });
        }
    }

    /// What the root module hands to whoever reads its outputs.
    fn outputs(&mut self) {
        let Some(root) = self.evaluator.root() else { return };
        for (name, expr) in &root.module.outputs {
            mentions(&self.evaluator.output(&root, name, expr.place), &mut self.app.mentioned);
        }
    }

    /// Everything that has no node of its own yet, and functions of other providers.
    fn others(&mut self) {
        let mut seen: std::collections::HashSet<Name> = std::collections::HashSet::new();
        seen.extend(self.app.functions.iter().map(|node| node.name.clone()));
        seen.extend(self.app.apis.iter().map(|node| node.name.clone()));
        seen.extend(self.app.authorizers.iter().map(|node| node.name.clone()));
        seen.extend(self.app.triggers.iter().map(|node| node.name.clone()));
        seen.extend(self.app.roles.iter().map(|node| node.name.clone()));
        seen.extend(self.app.stores.iter().map(|node| node.name.clone()));
        seen.extend(self.app.secrets.iter().map(|node| node.name.clone()));
        seen.extend(self.app.networks.iter().map(|node| node.name.clone()));
        for resource in self.resources {
            // What is delivered goes through functions on the way.
            if resource.kind == "aws_kinesis_firehose_delivery_stream" {
                mentions(&resource.body, &mut self.app.mentioned);
            }
            if !seen.insert(resource.name.clone()) {
                continue;
            }
            if !is_read(&resource.kind) {
                mentions(&resource.body, &mut self.app.mentioned);
            }
            if let Some(provider) = foreign(&resource.kind) {
                let why = format!("it is a function of {provider}, which is out of reach of this assessment");
                self.app.unknown(Some(&resource.name), resource.place, why);
            }
            if let Some(form) = written_otherwise(&resource.kind) {
                let why = format!("what it makes is written as {form}, which is not read here");
                self.app.unknown(Some(&resource.name), resource.place, why);
            }
            self.app.others.push(OtherResource {
                name: resource.name.clone(),
                place: resource.place,
                kind: resource.kind.clone(),
            });
        }
    }
}

/// A name as it is written, for comparison; two that hold something unknown are never the same.
fn written(text: &Text) -> Option<String> {
    let known = text.why_unknown().is_none() && !text.pieces.is_empty();
    known.then(|| text.to_string()).filter(|text| !text.is_empty())
}

/// Whether what a resource refers to is read as something better than a mention, or is no use of it: permissions, triggers, alarms.
fn is_read(kind: &str) -> bool {
    let read = [
        "aws_lambda_",
        "aws_api_gateway_",
        "aws_apigatewayv2_",
        "aws_appautoscaling_",
        "aws_appsync_",
        "aws_iam_",
        "aws_cloudwatch_",
        "aws_scheduler_",
        "aws_sns_",
        "aws_sqs_",
        "aws_s3_bucket_",
        "aws_secretsmanager_",
        "aws_lb_",
        "aws_alb_",
        "data.",
    ];
    read.iter().any(|start| kind.starts_with(start))
}

/// The things that a value refers to, however deep.
fn mentions(value: &Value, found: &mut BTreeSet<Name>) {
    let mut left = vec![value];
    while let Some(next) = left.pop() {
        left.extend(next.items());
        left.extend(next.entries().iter().map(|(_, value)| value));
        if let Kind::Json(inner) = &next.kind {
            left.push(&inner.value);
        }
        if matches!(next.kind, Kind::Text(_) | Kind::Thing(_)) {
            found.extend(next.to_text().references().cloned());
        }
    }
}

/// The form of what a resource makes where that is another than Terraform's of the provider `aws`.
fn written_otherwise(kind: &str) -> Option<&'static str> {
    match kind {
        "aws_cloudformation_stack" | "aws_cloudformation_stack_set" => Some("a template of CloudFormation"),
        "aws_serverlessapplicationrepository_cloudformation_stack" => Some("a template of SAM"),
        "aws_cloudcontrolapi_resource" => Some("a resource of Cloud Control"),
        _ if kind.starts_with("awscc_") => Some("a resource of the provider `awscc`"),
        _ => None,
    }
}

/// The provider of a function that is none of AWS.
fn foreign(kind: &str) -> Option<&'static str> {
    match kind {
        "google_cloudfunctions_function"
        | "google_cloudfunctions2_function"
        | "google_cloud_run_service"
        | "google_cloud_run_v2_service" => Some("Google Cloud"),
        "azurerm_function_app"
        | "azurerm_linux_function_app"
        | "azurerm_windows_function_app"
        | "azurerm_function_app_flex_consumption" => Some("Azure"),
        "alicloud_fc_function" | "alicloud_fcv2_function" | "alicloud_fcv3_function" => Some("Alibaba Cloud"),
        "oci_functions_function" => Some("Oracle Cloud"),
        "yandex_function" => Some("Yandex Cloud"),
        "scaleway_function" => Some("Scaleway"),
        "cloudflare_worker_script" | "cloudflare_workers_script" => Some("Cloudflare"),
        "tencentcloud_scf_function" => Some("Tencent Cloud"),
        _ => None,
    }
}

//! Paths: `var.name`, `local.name`, `aws_sqs_queue.orders[0].arn`, `module.api.url`, `each.value.handler`.
//!
//! Owns: what a path's start stands for, its steps, and which attribute of a resource a word means. Not here: evaluating what they lead to.

use std::rc::Rc;

use super::{Binding, Context, Evaluator, Instances, Scope, Slot};
use crate::known::{Attribute, Name, Piece};
use crate::source::Place;
use crate::terraform::module::Declared;
use crate::terraform::syntax::{Start, Step};
use crate::terraform::value::{Chunk, Instance, Key, Kind, Thing, Value};

impl Evaluator<'_> {
    pub(super) fn path(&self, start: &Start, steps: &[Step], place: Place, context: Context<'_>) -> Value {
        match start {
            Start::Expr(expr) => {
                let value = self.expr(expr, context);
                self.steps(value, steps, place, context)
            }
            Start::Name(name) => {
                if let Some(value) = bound(context.names, name) {
                    return self.steps(value, steps, place, context);
                }
                let (value, rest) = self.start(name, steps, place, context);
                self.steps(value, rest, place, context)
            }
        }
    }

    /// What the first words of a path stand for, and the steps that are left.
    fn start<'s>(
        &self,
        name: &str,
        steps: &'s [Step],
        place: Place,
        context: Context<'_>,
    ) -> (Value, &'s [Step]) {
        let (first, rest) = match steps {
            [Step::Attribute(first), rest @ ..] => (first.as_str(), rest),
            _ => return (Value::unknown(place, format!("`{name}` is nothing that is declared")), &[]),
        };
        let scope = context.scope;
        let unset = || Value::unknown(place, format!("`{name}.{first}` has no meaning here"));
        let value = match name {
            "var" => self.variable(scope, first, place),
            "local" => self.local(scope, first, place),
            "each" if first == "key" => context.each.key.clone().unwrap_or_else(unset),
            "each" => context.each.value.clone().unwrap_or_else(unset),
            "count" => context.each.index.clone().unwrap_or_else(unset),
            "path" => self.path_value(first, place, scope),
            "terraform" => Value::piece(place, Piece::Provider(format!("terraform.{first}"))),
            "module" => self.module_value(scope, first, place),
            "data" => match rest {
                [Step::Attribute(label), rest @ ..] => {
                    return (self.declared(scope, (true, first, label), place), rest);
                }
                _ => unset(),
            },
            "self" => unset(),
            kind => self.declared(scope, (false, kind, first), place),
        };
        (value, rest)
    }

    /// `path.module` and its kin, as paths from the root module's folder.
    fn path_value(&self, word: &str, place: Place, scope: &Scope) -> Value {
        let path = match word {
            "module" => relative(&self.root_folder, &scope.module.folder),
            _ => ".".to_owned(),
        };
        Value::literal(place, path)
    }

    /// A resource or data source with all its instances.
    fn declared(&self, scope: &Rc<Scope>, (data, kind, label): (bool, &str, &str), place: Place) -> Value {
        let Some(index) = scope.module.resource(data, kind, label) else {
            let sort = if data { "data source" } else { "resource" };
            return Value::unknown(place, format!("there is no {sort} `{kind}.{label}` in these files"));
        };
        let one = |instance: &Instance| match self.thing(scope, index, instance) {
            Some(thing) => Value::new(place, Kind::Thing(thing)),
            None => Value::null(place),
        };
        match self.instances(scope, index) {
            Instances::Only => one(&Instance::Only),
            Instances::Any(..) => one(&Instance::Any),
            Instances::Numbered(count, _) => {
                Value::list(place, (0..count).map(|number| one(&Instance::Number(number))).collect())
            }
            Instances::Keyed(keyed) => {
                let entries = keyed.iter().map(|(key, value)| {
                    (Key::new(key.clone(), value.place), one(&Instance::Key(key.clone())))
                });
                Value::map(place, entries.collect())
            }
        }
    }

    /// A module with all its instances.
    fn module_value(&self, scope: &Rc<Scope>, label: &str, place: Place) -> Value {
        let Some(call) = scope.module.call(label) else {
            return Value::unknown(place, format!("there is no module `{label}` in these files"));
        };
        let children = self.children(scope, call);
        let module = |id: usize| Value::new(place, Kind::Thing(Thing::Module { scope: id }));
        match children.as_ref() {
            [] => {
                Value::unknown(place, format!("the module `{label}` is not in these files, or makes nothing"))
            }
            [(Instance::Only | Instance::Any, id)] => module(*id),
            [(Instance::Key(_), _), ..] => {
                let entries = children.iter().map(|(instance, id)| {
                    let key = if let Instance::Key(key) = instance { key.clone() } else { "".into() };
                    (Key::new(key, place), module(*id))
                });
                Value::map(place, entries.collect())
            }
            _ => Value::list(place, children.iter().map(|(_, id)| module(*id)).collect()),
        }
    }

    /// Goes on from a value, step by step.
    pub(super) fn steps(&self, value: Value, steps: &[Step], place: Place, context: Context<'_>) -> Value {
        let mut value = value;
        for (at, step) in steps.iter().enumerate() {
            value = match step {
                Step::Attribute(name) => self.attribute(&value, name, place),
                Step::Index(index) => {
                    let index = self.expr(index, context);
                    self.index(&value, &index, place)
                }
                Step::Splat => {
                    let rest = steps.get(at + 1..).unwrap_or_default();
                    return self.deeper(place, || self.splat(&value, rest, place, context));
                }
                Step::AttributeSplat => {
                    let rest = steps.get(at + 1..).unwrap_or_default();
                    let attributes =
                        rest.iter().take_while(|step| matches!(step, Step::Attribute(_))).count();
                    let (each, rest) = rest.split_at(attributes);
                    let all = self.splat(&value, each, place, context);
                    return self.deeper(place, || self.steps(all, rest, place, context));
                }
            };
        }
        value
    }

    fn splat(&self, value: &Value, rest: &[Step], place: Place, context: Context<'_>) -> Value {
        let items: Vec<Value> = match &value.kind {
            Kind::List(_) => value.items().to_vec(),
            Kind::Null => Vec::new(),
            Kind::Unknown(_) | Kind::Absent(_) => return value.clone(),
            _ => vec![value.clone()],
        };
        if !self.spend(items.len()) {
            return Value::unknown(place, "the module's expressions take too long to work out");
        }
        Value::list(place, items.into_iter().map(|item| self.steps(item, rest, place, context)).collect())
    }

    /// `value.name`.
    pub(super) fn attribute(&self, value: &Value, name: &str, place: Place) -> Value {
        match &value.kind {
            Kind::Map(_) => match value.entries().iter().rev().find(|(key, _)| &*key.text == name) {
                Some((_, found)) => found.clone(),
                None => match value.more() {
                    Some(why) => Value::unknown(place, why),
                    None => Value::absent(place, format!("there is no `{name}` in it")),
                },
            },
            Kind::Thing(Thing::Resource { scope, index, instance, name: node }) => {
                self.attribute_of(*scope, *index, instance, node, name, place)
            }
            Kind::Thing(Thing::Module { scope }) => match self.scope(*scope) {
                Some(scope) => self.output(&scope, name, place),
                None => Value::null(place),
            },
            // One instance alone is taken for the resource: that is how it was written before it had a `count`.
            Kind::List(_) => match value.items() {
                [only] => self.deeper(place, || self.attribute(only, name, place)),
                _ => Value::absent(place, format!("a list has no `{name}`")),
            },
            Kind::Text(chunks) => match chunks.as_ref() {
                [Chunk { piece: Piece::Parameter(parameter), .. }] => {
                    Value::piece(place, Piece::Parameter(format!("{parameter}.{name}")))
                }
                _ if value.as_literal().is_some() => Value::absent(place, format!("a text has no `{name}`")),
                _ => Value::unknown(place, format!("`{name}` of it is only known once it is deployed")),
            },
            Kind::Unknown(_) | Kind::Absent(_) => value.clone(),
            _ => Value::absent(place, format!("it has no `{name}`")),
        }
    }

    /// `value[index]`.
    pub(super) fn index(&self, value: &Value, index: &Value, place: Place) -> Value {
        match &value.kind {
            Kind::Thing(Thing::Resource { instance: Instance::Any, .. } | Thing::Module { .. })
                if index.as_number().is_some() || index.as_literal().is_none() =>
            {
                value.clone()
            }
            Kind::Thing(Thing::Resource { instance: Instance::Any, .. }) => value.clone(),
            Kind::List(_) => match index.as_u64().and_then(|at| usize::try_from(at).ok()) {
                Some(at) => value
                    .items()
                    .get(at)
                    .cloned()
                    .unwrap_or_else(|| Value::absent(place, format!("it has no item {at}"))),
                None => Value::unknown(place, index.why_not()),
            },
            Kind::Unknown(_) | Kind::Absent(_) => value.clone(),
            // One of the texts that are made from a known thing is made from it too.
            Kind::Text(_) if value.to_text().why_unknown().is_some() => value.clone(),
            _ => match index.as_literal() {
                Some(key) => self.attribute(value, &key, place),
                None => Value::unknown(place, index.why_not()),
            },
        }
    }

    /// An attribute of a resource or data source.
    fn attribute_of(
        &self,
        scope: usize,
        index: usize,
        instance: &Instance,
        node: &Name,
        word: &str,
        place: Place,
    ) -> Value {
        let Some(scope) = self.scope(scope) else { return Value::null(place) };
        let Some(declared) = scope.module.resources.get(index) else { return Value::null(place) };
        if declared.data
            && let Some(value) = self.data_attribute(&scope, index, declared, instance, word, place)
        {
            return value;
        }
        if let Some(attribute) = meaning(&declared.kind, word) {
            return Value::of(place, node.clone(), attribute);
        }
        let each = self.each_of(&scope, index, instance);
        let context = Context { scope: &scope, each: &each, names: None };
        match declared.body.attribute(word) {
            Some(expr) => self.expr(expr, context),
            None => Value::of(place, node.clone(), Attribute::Other(word.to_owned())),
        }
    }

    /// What data sources say that can be told without asking the provider.
    fn data_attribute(
        &self,
        scope: &Rc<Scope>,
        index: usize,
        declared: &Declared,
        instance: &Instance,
        word: &str,
        place: Place,
    ) -> Option<Value> {
        let provider = |name: &str| Some(Value::piece(place, Piece::Provider(name.to_owned())));
        match (declared.kind.as_str(), word) {
            ("aws_caller_identity", "account_id" | "id") => provider("AWS::AccountId"),
            ("aws_region", _) => provider("AWS::Region"),
            ("aws_partition", "partition" | "id") => provider("AWS::Partition"),
            ("aws_partition", _) => provider("AWS::URLSuffix"),
            ("aws_caller_identity" | "aws_default_tags" | "aws_availability_zones", _) => {
                provider(&format!("{}.{word}", declared.kind))
            }
            ("aws_iam_policy_document", "json" | "minified_json") => {
                let slot = Slot::Document(index, instance.clone());
                Some(self.once(scope, slot, declared.head, || {
                    let each = self.each_of(scope, index, instance);
                    self.policy_document(declared, Context { scope, each: &each, names: None })
                }))
            }
            ("template_file", "rendered") => {
                let slot = Slot::Document(index, instance.clone());
                Some(self.once(scope, slot, declared.head, || {
                    let each = self.each_of(scope, index, instance);
                    self.rendered_template(declared, Context { scope, each: &each, names: None })
                }))
            }
            ("terraform_remote_state", _) => {
                Some(Value::unknown(place, "it is kept in the state of another root module"))
            }
            _ => None,
        }
    }
}

fn bound(names: Option<&Binding<'_>>, wanted: &str) -> Option<Value> {
    let mut next = names;
    while let Some(binding) = next {
        if binding.name == wanted {
            return Some(binding.value.clone());
        }
        next = binding.outer;
    }
    None
}

/// Which attribute a word means, for those that only the provider fills in.
fn meaning(kind: &str, word: &str) -> Option<Attribute> {
    let id_is_arn = matches!(
        kind,
        "aws_sns_topic"
            | "aws_secretsmanager_secret"
            | "aws_iam_policy"
            | "aws_sfn_state_machine"
            | "aws_kinesis_stream"
            | "aws_lambda_layer_version"
            | "aws_lb"
            | "aws_lb_listener"
            | "aws_lb_target_group"
            | "aws_scheduler_schedule"
    );
    match word {
        // Of an interface this is the ARN that calls have, another one than its own.
        "execution_arn" if kind.starts_with("aws_api") => Some(Attribute::Other(word.to_owned())),
        "arn" | "qualified_arn" | "invoke_arn" | "qualified_invoke_arn" | "execution_arn" => {
            Some(Attribute::Arn)
        }
        "stream_arn" => Some(Attribute::StreamArn),
        "url" | "function_url" | "invoke_url" | "api_endpoint" | "endpoint" | "repository_url"
        | "queue_url" => Some(Attribute::Url),
        "id" if kind == "aws_sqs_queue" => Some(Attribute::Url),
        "id" if id_is_arn => Some(Attribute::Arn),
        "id" => Some(Attribute::Name),
        "name" | "bucket" | "function_name" | "key_id" | "identifier" | "cluster_identifier"
            if kind.starts_with("aws_") && owns(kind, word) =>
        {
            Some(Attribute::Name)
        }
        _ => None,
    }
}

/// Whether the word is the name of the thing itself, and not of another that it belongs to.
fn owns(kind: &str, word: &str) -> bool {
    match word {
        "bucket" => matches!(kind, "aws_s3_bucket" | "aws_s3_directory_bucket"),
        "function_name" => kind == "aws_lambda_function",
        _ => true,
    }
}

/// The path from one folder of the tree to another.
fn relative(from: &str, to: &str) -> String {
    let split =
        |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (split(from), split(to));
    let same = from.iter().zip(&to).take_while(|(left, right)| left == right).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - same);
    let parts: Vec<String> = up.chain(to.into_iter().skip(same)).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

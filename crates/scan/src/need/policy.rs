//! The smallest policy that a function's code can do with, in the format of its app.

use std::collections::BTreeSet;

use serde::Serialize;

use super::target::Thing;
use super::{Use, written};
use crate::facts;
use crate::graph::{App, Framework, StoreKind};
use crate::known::{Attribute, Name, Piece, Text};

/// A policy of one's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    /// What the app is written in.
    pub framework: Framework,
    /// Its statements, one for each set of actions on one thing.
    pub statements: Vec<PolicyStatement>,
}

/// One statement of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyStatement {
    /// Actions, in order.
    pub actions: BTreeSet<String>,
    /// Resources.
    pub resources: Vec<Text>,
    /// A policy template of SAM that gives exactly this: its name, its parameter, and the thing.
    pub template: Option<(&'static str, &'static str, Name)>,
}

/// Templates that give one action on one thing: action, template, parameter.
const TEMPLATES: [(&str, &str, &str); 5] = [
    ("sns:Publish", "SNSPublishMessagePolicy", "TopicName"),
    ("lambda:InvokeFunction", "LambdaInvokePolicy", "FunctionName"),
    ("states:StartExecution", "StepFunctionsExecutionPolicy", "StateMachineName"),
    ("secretsmanager:GetSecretValue", "AWSSecretsManagerGetSecretValuePolicy", "SecretArn"),
    ("events:PutEvents", "EventBridgePutEventsPolicy", "EventBusName"),
];

/// The smallest policy; `None` where something is used of which it is not known what it is.
pub(super) fn smallest(app: &App, uses: &[Use]) -> Option<Policy> {
    let mut grouped: Vec<(&Thing, BTreeSet<String>)> = Vec::new();
    for used in uses {
        if used.thing == Thing::Unknown {
            return None;
        }
        match grouped.iter_mut().find(|(thing, _)| *thing == &used.thing) {
            Some((_, actions)) => {
                actions.insert(used.action.clone());
            }
            None => grouped.push((&used.thing, BTreeSet::from([used.action.clone()]))),
        }
    }
    let statements =
        grouped.into_iter().map(|(thing, actions)| statement(app, uses, thing, actions)).collect();
    Some(Policy { framework: app.framework, statements })
}

fn statement(app: &App, uses: &[Use], thing: &Thing, actions: BTreeSet<String>) -> PolicyStatement {
    let place = uses.first().map(|used| used.place);
    let mut resources: Vec<Text> = Vec::new();
    for action in &actions {
        let found = match (thing, place) {
            (Thing::Arn(text), _) => text.clone(),
            (Thing::Own(name), Some(place)) => own(app, name, action, place),
            (_, Some(place)) => Text::literal("*", place),
            (_, None) => continue,
        };
        if !resources.iter().any(|known| known.pieces == found.pieces) {
            resources.push(found);
        }
    }
    let mut only = actions.iter();
    let template = match (thing, only.next(), only.next()) {
        (Thing::Own(name), Some(action), None) if app.framework == Framework::Sam => TEMPLATES
            .iter()
            .find(|(of, ..)| of == action)
            .map(|(_, template, parameter)| (*template, *parameter, name.clone())),
        _ => None,
    };
    PolicyStatement { actions, resources, template }
}

/// The ARN of a thing of the app, for an action: objects stand below their bucket.
fn own(app: &App, name: &Name, action: &str, place: crate::source::Place) -> Text {
    let mut text = Text::of(name.clone(), Attribute::Arn, place);
    let bucket = app.store(name).is_some_and(|store| store.kind == StoreKind::Bucket);
    let object =
        facts::action(action).is_some_and(|fact| fact.resource_types().any(|kind| kind.name == "object"));
    if bucket && object {
        text.push(Piece::Literal("/*".to_owned()));
    }
    let by_name =
        app.secret(name).is_some() || app.store(name).is_some_and(|store| store.kind == StoreKind::Topic);
    if by_name && app.framework != Framework::Terraform {
        // What `Ref` gives of these is their ARN.
        return Text::of(name.clone(), Attribute::Name, place);
    }
    text
}

impl Policy {
    /// The policy as text: entries of `Policies` for SAM, statements for the others.
    #[must_use]
    pub fn text(&self) -> String {
        let statements: Vec<String> = self.statements.iter().map(|statement| self.one(statement)).collect();
        match self.framework {
            Framework::Terraform => statements.join("\n"),
            Framework::Sam | Framework::CloudFormation | Framework::Serverless => statements.concat(),
        }
    }

    fn one(&self, statement: &PolicyStatement) -> String {
        if let Some((template, parameter, name)) = &statement.template {
            let value = match *parameter {
                "TopicName" => format!("!GetAtt {name}.TopicName"),
                "StateMachineName" => format!("!GetAtt {name}.Name"),
                _ => format!("!Ref {name}"),
            };
            return format!("- {template}:\n    {parameter}: {value}\n");
        }
        let resources: Vec<String> =
            statement.resources.iter().map(|text| written(text, self.framework)).collect();
        let lines = |indent: &str, items: &mut dyn Iterator<Item = String>| {
            items.map(|item| format!("{indent}- {item}\n")).collect::<String>()
        };
        match self.framework {
            Framework::Terraform => {
                let quoted: Vec<String> =
                    statement.actions.iter().map(|action| format!("\"{action}\"")).collect();
                format!(
                    "statement {{\n  actions   = [{}]\n  resources = [{}]\n}}\n",
                    quoted.join(", "),
                    resources.join(", ")
                )
            }
            framework => {
                let (head, indent) = match framework {
                    Framework::Sam => ("- Statement:\n    - ", "      "),
                    _ => ("- ", "  "),
                };
                let actions = lines(&format!("{indent}  "), &mut statement.actions.iter().cloned());
                let resources = lines(&format!("{indent}  "), &mut resources.into_iter());
                format!("{head}Effect: Allow\n{indent}Action:\n{actions}{indent}Resource:\n{resources}")
            }
        }
    }
}

/// How a text is written where it is a value of a format.
pub(super) fn reference(text: &Text, framework: Framework) -> String {
    if framework == Framework::Terraform {
        let parts = text.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Of { node, .. } => format!("${{{node}.arn}}"),
            Piece::Provider(name) if name.ends_with("Region") => "*".to_owned(),
            Piece::Provider(_) => "*".to_owned(),
            Piece::Parameter(name) => format!("${{var.{name}}}"),
            Piece::Environment(_) | Piece::Unknown(_) => "*".to_owned(),
        });
        let whole: String = parts.collect();
        return match text.as_reference() {
            Some((node, _)) => format!("{node}.arn"),
            None => format!("\"{whole}\""),
        };
    }
    match (text.as_reference(), text.as_literal()) {
        (Some((node, Attribute::Name)), _) => format!("!Ref {node}"),
        (Some((node, attribute)), _) => format!("!GetAtt {node}.{}", attribute.word()),
        (None, Some(literal)) => format!("'{literal}'"),
        (None, None) => format!("!Sub '{text}'"),
    }
}

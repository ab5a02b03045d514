//! CloudFormation's references within a `serverless.yml`: `Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::Join` as texts of the graph.
//!
//! Owns: which names of the generated template stand for which thing of the service. Invariant: what is not understood is unknown with
//! its reason. Not here: the framework's own variables (`resolve`), policies (`policy`).

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Node, NodeKind};
use crate::known::{Attribute, Name, Piece, Setting, Text};
use crate::source::Place;

/// What names of the generated template stand for.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Functions and what the framework makes, by logical id.
    own: BTreeMap<String, Name>,
    /// Types of resources, by logical id.
    kinds: BTreeMap<String, String>,
    /// Parameters of the CloudFormation part.
    parameters: BTreeSet<String>,
}

impl Names {
    /// Makes a logical id stand for a thing of the graph.
    pub(super) fn add(&mut self, logical: impl Into<String>, name: &Name) {
        self.own.insert(logical.into(), name.clone());
    }

    /// Takes in a resource of the CloudFormation part.
    pub(super) fn add_resource(&mut self, logical: &str, kind: &str) {
        self.kinds.insert(logical.to_owned(), kind.to_owned());
    }

    pub(super) fn add_parameter(&mut self, name: &str) {
        self.parameters.insert(name.to_owned());
    }

    /// The type of a resource of the CloudFormation part.
    pub(super) fn kind(&self, logical: &str) -> Option<&str> {
        self.kinds.get(logical).map(String::as_str)
    }

    /// The thing of the graph that a logical id stands for.
    pub(super) fn name(&self, logical: &str) -> Option<Name> {
        self.own
            .get(logical)
            .cloned()
            .or_else(|| self.kinds.contains_key(logical).then(|| Name::from(logical)))
    }

    /// A value as text.
    pub(super) fn text(&self, node: &Node) -> Text {
        let mut text = Text { pieces: Vec::new(), place: node.place };
        self.append(&mut text, node);
        text
    }

    fn append(&self, text: &mut Text, node: &Node) {
        match &node.kind {
            NodeKind::Null => {}
            NodeKind::Composed(pieces) => pieces.iter().for_each(|piece| text.push(piece.clone())),
            NodeKind::Tagged(tag, inner) => self.intrinsic(text, tag, inner),
            NodeKind::Map(entries) => match entries.as_slice() {
                [(key, inner)] => {
                    self.intrinsic(text, key.text.strip_prefix("Fn::").unwrap_or(&key.text), inner);
                }
                _ => text.push(Piece::Unknown("a map stands where a text is expected".to_owned())),
            },
            NodeKind::List(_) => {
                text.push(Piece::Unknown("a list stands where a text is expected".to_owned()));
            }
            _ => text.push(Piece::Literal(node.as_scalar().unwrap_or_default())),
        }
    }

    fn intrinsic(&self, text: &mut Text, kind: &str, inner: &Node) {
        match kind {
            "Ref" => match inner.as_str() {
                Some(logical) => text.push(self.reference(logical, None)),
                None => text.push(open(inner, "Ref")),
            },
            "GetAtt" => self.attribute(text, inner),
            "Sub" => self.substitute(text, inner),
            "Join" => self.joined(text, inner),
            "ImportValue" => text.push(Piece::Unknown("another stack exports it".to_owned())),
            kind => text.push(open(inner, kind)),
        }
    }

    fn attribute(&self, text: &mut Text, inner: &Node) {
        match inner.items() {
            [logical, attribute] => match (logical.as_str(), attribute.as_str()) {
                (Some(logical), Some(attribute)) => text.push(self.reference(logical, Some(attribute))),
                _ => text.push(open(inner, "Fn::GetAtt")),
            },
            _ => match inner.as_str().and_then(|path| path.split_once('.')) {
                Some((logical, attribute)) => text.push(self.reference(logical, Some(attribute))),
                None => text.push(open(inner, "Fn::GetAtt")),
            },
        }
    }

    fn joined(&self, text: &mut Text, inner: &Node) {
        let [between, parts] = inner.items() else { return text.push(open(inner, "Fn::Join")) };
        let NodeKind::List(parts) = &parts.kind else { return text.push(open(parts, "Fn::Join")) };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.append(text, between);
            }
            self.append(text, part);
        }
    }

    fn substitute(&self, text: &mut Text, inner: &Node) {
        let (template, values) = match inner.items() {
            [template, values] => (template, Some(values)),
            [template] => (template, None),
            _ => (inner, None),
        };
        match &template.kind {
            NodeKind::String(template) => self.fill_in(text, template, values),
            NodeKind::Composed(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Literal(template) => self.fill_in(text, template, values),
                        piece => text.push(piece.clone()),
                    }
                }
            }
            _ => text.push(open(template, "Fn::Sub")),
        }
    }

    /// The `${…}` of one template.
    fn fill_in(&self, text: &mut Text, template: &str, values: Option<&Node>) {
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once("${") {
            text.push(Piece::Literal(before.to_owned()));
            let Some((name, behind)) = behind.split_once('}') else { return };
            rest = behind;
            if let Some(verbatim) = name.strip_prefix('!') {
                text.push(Piece::Literal(format!("${{{verbatim}}}")));
            } else if let Some(value) = values.and_then(|values| values.get(name)) {
                self.append(text, value);
            } else {
                let (logical, attribute) =
                    name.split_once('.').map_or((name, None), |(name, attribute)| (name, Some(attribute)));
                text.push(self.reference(logical.trim(), attribute));
            }
        }
        text.push(Piece::Literal(rest.to_owned()));
    }

    /// What a logical id, or an attribute of it, stands for.
    pub(super) fn reference(&self, logical: &str, attribute: Option<&str>) -> Piece {
        if logical.starts_with("AWS::") {
            return Piece::Provider(logical.to_owned());
        }
        if self.parameters.contains(logical) {
            return Piece::Parameter(logical.to_owned());
        }
        let Some(node) = self.name(logical) else {
            return Piece::Unknown(format!("there is no resource `{logical}` in these files"));
        };
        let attribute = match attribute {
            Some("Arn" | "TopicArn") => Attribute::Arn,
            Some("StreamArn") => Attribute::StreamArn,
            Some("QueueUrl" | "FunctionUrl" | "ApiEndpoint") => Attribute::Url,
            Some(other) => Attribute::Other(other.to_owned()),
            None => referred(self.kind(logical).unwrap_or_default()),
        };
        Piece::Of { node, attribute }
    }

    /// The thing that a value refers to as a whole.
    pub(super) fn target(&self, node: &Node) -> Option<Name> {
        self.text(node).as_reference().map(|(name, _)| name.clone())
    }

    /// A text that has to be known in full.
    pub(super) fn string(&self, node: &Node) -> Setting<String> {
        let text = self.text(node);
        match text.as_literal() {
            Some(literal) => Setting::new(node.place, literal.to_owned()),
            None => Setting::unknown(node.place, why(&text)),
        }
    }

    /// A whole number.
    pub(super) fn number(&self, node: &Node) -> Setting<u64> {
        self.parsed(node, Node::as_u64, "no whole number")
    }

    /// True or false.
    pub(super) fn boolean(&self, node: &Node) -> Setting<bool> {
        self.parsed(node, Node::as_bool, "neither true nor false")
    }

    fn parsed<T>(&self, node: &Node, read: impl Fn(&Node) -> Option<T>, otherwise: &str) -> Setting<T> {
        match read(node) {
            Some(value) => Setting::new(node.place, value),
            None => {
                let text = self.text(node);
                let reason = text.as_literal().map(|literal| format!("`{literal}` is {otherwise}"));
                Setting::unknown(node.place, reason.unwrap_or_else(|| why(&text)))
            }
        }
    }
}

/// What `Ref` gives for a type of resource.
fn referred(kind: &str) -> Attribute {
    match kind {
        "AWS::SNS::Topic"
        | "AWS::StepFunctions::StateMachine"
        | "AWS::SecretsManager::Secret"
        | "AWS::IAM::ManagedPolicy"
        | "AWS::ElasticLoadBalancingV2::LoadBalancer"
        | "AWS::ElasticLoadBalancingV2::Listener"
        | "AWS::MSK::Cluster" => Attribute::Arn,
        "AWS::SQS::Queue" => Attribute::Url,
        _ => Attribute::Name,
    }
}

/// Why a text is not known in full.
pub(super) fn why(text: &Text) -> String {
    let reason = text.pieces.iter().find_map(|piece| match piece {
        Piece::Literal(_) => None,
        Piece::Unknown(why) => Some(why.clone()),
        Piece::Parameter(name) => Some(format!("`{name}` is given by whoever deploys")),
        Piece::Provider(name) => Some(format!("`{name}` is filled in by the provider")),
        Piece::Of { node, .. } => Some(format!("it is an attribute of `{node}`")),
        Piece::Environment(name) => Some(format!("it is the environment's `{name}`")),
    });
    reason.unwrap_or_else(|| "nothing is written".to_owned())
}

fn open(node: &Node, function: &str) -> Piece {
    Piece::Unknown(node.why_open().unwrap_or_else(|| format!("`{function}` is not worked out here")))
}

/// Text that the framework itself writes, with CloudFormation's references in it.
pub(super) fn generated(template: &str, place: Place) -> Text {
    let mut text = Text { pieces: Vec::new(), place };
    Names::default().fill_in(&mut text, template, None);
    text
}

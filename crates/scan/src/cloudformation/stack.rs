//! A template as a whole: what it declares, what its parameters are, and what names in it mean.
//!
//! Owns: parameters with their defaults, the names that references may use, and the bounds of resolving. Invariant: a name means the same
//! wherever it is used. Not here: what functions such as `Fn::Sub` do (`resolve`), what resources mean (the modules beside).

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::exports::Exports;
use super::imports::Imported;
use super::value::{composed, nothing, open, str_at, text};
use super::writer::Index;
use crate::document::{Key, Node, NodeKind};
use crate::graph::Parameter;
use crate::known::{Attribute, Known, Name, Piece};
use crate::source::{FileId, Place, SourceTree};

/// How deep resolving may go: values in values, and references that lead to references.
const MAX_DEPTH: usize = 200;

/// How many values resolving may make, beside those that the file itself has.
const MAX_MADE: usize = 300_000;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The node of the graph.
    pub name: Name,
    /// Its type, as CloudFormation spells it.
    pub kind: String,
}

/// A template that can be asked for values.
pub struct Stack<'a> {
    pub(super) files: &'a SourceTree,
    /// What the stacks beside this one export.
    pub(super) exports: &'a Exports,
    pub(super) file: FileId,
    document: &'a Node,
    /// What stands before each name of the graph: the names of the stacks around this one.
    prefix: String,
    given: HashMap<String, Node>,
    declared: HashMap<String, Declared>,
    sam: bool,
    pub(super) conditions: RefCell<HashMap<String, Known<bool>>>,
    /// Outputs of nested stacks, by their name and output.
    pub(super) outputs: RefCell<HashMap<(String, String), Node>>,
    globals: RefCell<HashMap<&'static str, Option<Rc<Node>>>>,
    /// Where something stands that only the provider can work out, and what.
    pub(super) gaps: RefCell<BTreeMap<Place, String>>,
    /// The files of the templates around this one.
    around: Vec<FileId>,
    /// What the templates of this app have written so far.
    pub(super) index: Rc<RefCell<Index>>,
    /// What was imported and is not in the graph yet.
    pub(super) imported: RefCell<Imported>,
    /// What the templates of this app have taken over from others.
    pub(super) taken: Rc<RefCell<BTreeSet<Name>>>,
    /// Values that may still be made.
    budget: Cell<usize>,
}

/// A resource of a template, with its values resolved.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Its name in the graph.
    pub(crate) name: Name,
    /// Its name in the template.
    pub(crate) id: String,
    /// Where its name stands.
    pub(crate) place: Place,
    /// Its type.
    pub(crate) kind: String,
    /// Whether its condition holds.
    pub(crate) deployed: Known<bool>,
    /// Its properties; an empty map where it has none.
    pub(crate) properties: Node,
    /// Its metadata; an empty map where it has none.
    pub(crate) metadata: Node,
    /// Connectors that stand within it.
    pub(crate) connectors: Node,
}

impl<'a> Stack<'a> {
    /// A template of a file. `own` are names that the caller has put into the graph already and that the template may refer to.
    #[must_use]
    pub fn new(
        files: &'a SourceTree,
        exports: &'a Exports,
        file: FileId,
        document: &'a Node,
        own: &BTreeMap<String, Declared>,
    ) -> Self {
        Self::nested(files, exports, file, document, own, String::new(), HashMap::new())
    }

    /// A template within another one, which gives it parameters.
    pub(super) fn nested(
        files: &'a SourceTree,
        exports: &'a Exports,
        file: FileId,
        document: &'a Node,
        own: &BTreeMap<String, Declared>,
        prefix: String,
        given: HashMap<String, Node>,
    ) -> Self {
        let mut stack = Self {
            files,
            exports,
            file,
            document,
            prefix,
            given,
            declared: own.iter().map(|(name, declared)| (name.clone(), declared.clone())).collect(),
            sam: is_sam(document),
            conditions: RefCell::default(),
            outputs: RefCell::default(),
            globals: RefCell::default(),
            gaps: RefCell::default(),
            around: Vec::new(),
            index: Rc::default(),
            imported: RefCell::default(),
            taken: Rc::default(),
            budget: Cell::new(MAX_MADE + files.file(file).map_or(0, |file| file.bytes.len() / 2)),
        };
        stack.declare();
        stack
    }

    /// The template.
    #[must_use]
    pub fn document(&self) -> &'a Node {
        self.document
    }

    /// Whether it is one of SAM.
    #[must_use]
    pub fn is_sam(&self) -> bool {
        self.sam
    }

    /// The folder of the template's file, to which paths in it are relative.
    #[must_use]
    pub fn folder(&self) -> &'a str {
        self.files.path(self.file).rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Puts this template within another one.
    pub(super) fn set_around(&mut self, outer: &Self) {
        self.around = outer.around.clone();
        self.around.push(outer.file);
        self.index = Rc::clone(&outer.index);
        self.taken = Rc::clone(&outer.taken);
    }

    /// Whether the stack around gives a parameter.
    /// What a choice gives, by name.
    pub(super) fn choice(&self, name: &str) -> Option<&NodeKind> {
        self.given.get(name).map(|node| &node.kind)
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Whether a file's template is this one or one around it.
    pub(super) fn is_within(&self, file: FileId) -> bool {
        self.file == file || self.around.contains(&file)
    }

    /// A path that the template names, relative to the tree.
    pub(super) fn path(&self, path: &str) -> Option<String> {
        crate::source::normalise(&format!("{}/{path}", self.folder()))
    }

    /// The graph's name for a name of the template.
    pub(super) fn name(&self, id: &str) -> Name {
        match self.prefix.is_empty() {
            true => Name::from(id),
            false => Name::from(format!("{}{id}", self.prefix)),
        }
    }

    /// Whether a name is of a template that nests this one.
    pub(super) fn is_handed(&self, name: &Name) -> bool {
        !self.prefix.is_empty() && !name.as_str().starts_with(&self.prefix)
    }

    /// What a name of the template stands for, when it is a resource.
    pub(super) fn declared(&self, id: &str) -> Option<&Declared> {
        self.declared.get(id)
    }

    /// Whether resolving has gone too deep or made too many values; counts one value.
    pub(super) fn spent(&self, depth: usize) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        depth > MAX_DEPTH || left == 0
    }

    /// Whether all that may be made was made, so that something is missing.
    pub(super) fn is_exhausted(&self) -> bool {
        self.budget.get() == 0
    }

    /// Counts text that is copied along with values.
    pub(super) fn copies(&self, bytes: usize) {
        self.budget.set(self.budget.get().saturating_sub(bytes / 64));
    }

    /// Its parameters, for the graph.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        let entries = self.document.get("Parameters").map(Node::entries).unwrap_or_default();
        let parameter = |(key, node): &(Key, Node)| Parameter {
            name: key.text.clone(),
            place: key.place,
            default: node.get("Default").map(text),
            secret: node.get("NoEcho").and_then(Node::as_bool).unwrap_or(false),
        };
        entries.iter().map(parameter).collect()
    }

    /// The value of a parameter, standing at `place`; `None` when there is no such parameter.
    pub(super) fn parameter(&self, name: &str, place: Place) -> Option<Node> {
        let declared = self.document.at(&["Parameters", name])?;
        if let Some(given) = self.given.get(name) {
            return Some(Node { place, kind: given.kind.clone() });
        }
        let kind = str_at(declared, "Type").unwrap_or_default();
        // The default of such a parameter is only the name under which the value is looked up.
        let looked_up = kind.starts_with("AWS::SSM::Parameter::Value");
        let Some(default) = declared.get("Default").filter(|_| !looked_up) else {
            return Some(composed(place, vec![Piece::Parameter(name.to_owned())]));
        };
        let value = default.as_scalar().unwrap_or_default();
        self.copies(value.len());
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            let item = |item: &str| Node { place, kind: NodeKind::String(item.trim().to_owned()) };
            return Some(Node { place, kind: NodeKind::List(value.split(',').map(item).collect()) });
        }
        Some(Node { place, kind: default.kind.clone() })
    }

    /// Its resources, resolved, in the order in which they stand.
    pub(crate) fn resources(&self) -> Vec<Resource> {
        let Some(section) = self.document.get("Resources") else { return Vec::new() };
        self.expanded(section, 0).iter().filter_map(|(key, node)| self.resource(key, node)).collect()
    }

    /// One kind of its resources, before the others can be resolved.
    pub(super) fn resources_of(&self, kinds: &[&str]) -> Vec<(Key, Node)> {
        let Some(section) = self.document.get("Resources") else { return Vec::new() };
        let entries = self.expanded(section, 0);
        let is_one = |node: &Node| str_at(node, "Type").is_some_and(|kind| kinds.contains(&kind));
        entries.iter().filter(|(_, node)| is_one(node)).cloned().collect()
    }

    /// A resource of the template.
    pub(super) fn resource(&self, key: &Key, node: &Node) -> Option<Resource> {
        let part = |name| {
            let found = node.get(name).and_then(|part| self.resolve(part));
            found.unwrap_or_else(|| nothing(key.place))
        };
        let condition = node.get("Condition").and_then(Node::as_str);
        Some(Resource {
            name: self.name(&key.text),
            id: key.text.clone(),
            place: key.place,
            kind: str_at(node, "Type")?.to_owned(),
            deployed: condition.map_or(Known::Value(true), |name| self.condition(name)),
            properties: part("Properties"),
            metadata: part("Metadata"),
            connectors: part("Connectors"),
        })
    }

    /// The defaults that SAM gives to all resources of a kind, resolved once.
    pub(super) fn globals(&self, kind: &'static str) -> Option<Rc<Node>> {
        let known = self.globals.borrow().get(kind).cloned();
        known.unwrap_or_else(|| {
            let found = self.document.at(&["Globals", kind]).and_then(|node| self.resolve(node)).map(Rc::new);
            self.globals.borrow_mut().insert(kind, found.clone());
            found
        })
    }

    fn declare(&mut self) {
        let Some(section) = self.document.get("Resources") else { return };
        let mut declared = Vec::new();
        for (key, node) in self.expanded(section, 0).iter() {
            let Some(kind) = str_at(node, "Type") else { continue };
            declared.push((key.text.clone(), kind.to_owned()));
            // Whether SAM makes the role shows only when conditions are carried out; nobody else gives it this name.
            if matches!(kind, "AWS::Serverless::Function" | "AWS::Serverless::StateMachine") {
                declared.push((format!("{}Role", key.text), "AWS::IAM::Role".to_owned()));
            }
        }
        if self.sam {
            declared.push(("ServerlessRestApi".to_owned(), "AWS::Serverless::Api".to_owned()));
            declared.push(("ServerlessHttpApi".to_owned(), "AWS::Serverless::HttpApi".to_owned()));
        }
        for (id, kind) in declared {
            let name = self.name(&id);
            self.declared.entry(id).or_insert(Declared { name, kind });
        }
    }

    /// What `Ref` gives for a resource.
    pub(super) fn referred(&self, id: &str, place: Place, depth: usize) -> Option<Node> {
        if let Some((base, part)) = id.split_once('.') {
            return self.generated(base, part, place, depth);
        }
        let declared = self.declared.get(id)?;
        if let Some(function) = self.function_behind(id, depth) {
            return Some(Node { place, ..function });
        }
        // What attaches a secret to a database is called as the secret is.
        if declared.kind == "AWS::SecretsManager::SecretTargetAttachment" && !self.spent(depth) {
            let secret = self.document.at(&["Resources", id, "Properties", "SecretId"])?;
            return Some(Node { place, ..self.resolve_at(secret, depth + 1)? });
        }
        Some(self.of(declared, ref_attribute(&declared.kind), place))
    }

    /// What `Fn::GetAtt` gives for a resource.
    pub(super) fn attribute(&self, id: &str, attribute: &str, place: Place, depth: usize) -> Option<Node> {
        let declared = self.declared.get(id)?;
        if let Some(output) = attribute.strip_prefix("Outputs.") {
            let key = (id.to_owned(), output.to_owned());
            if let Some(found) = self.outputs.borrow().get(&key) {
                return Some(Node { place, kind: found.kind.clone() });
            }
        }
        if matches!(attribute, "Arn" | "AliasArn" | "FunctionArn")
            && let Some(function) = self.function_behind(id, depth)
        {
            return Some(Node { place, ..function });
        }
        Some(self.of(declared, attribute_of(attribute), place))
    }

    fn of(&self, declared: &Declared, attribute: Attribute, place: Place) -> Node {
        composed(place, vec![Piece::Of { node: declared.name.clone(), attribute }])
    }

    /// An alias or version stands for its function.
    fn function_behind(&self, id: &str, depth: usize) -> Option<Node> {
        let kind = self.declared.get(id)?.kind.as_str();
        if !matches!(kind, "AWS::Lambda::Alias" | "AWS::Lambda::Version") || self.spent(depth) {
            return None;
        }
        let function = self.document.at(&["Resources", id, "Properties", "FunctionName"])?;
        let found = text(&self.resolve_at(function, depth + 1)?);
        let node = found.references().next()?.clone();
        Some(composed(function.place, vec![Piece::Of { node, attribute: Attribute::Arn }]))
    }

    /// Names of things that SAM makes: `Function.Alias`, `Api.Stage`.
    fn generated(&self, base: &str, part: &str, place: Place, depth: usize) -> Option<Node> {
        let declared = self.declared.get(base)?;
        match (declared.kind.as_str(), part) {
            ("AWS::Serverless::Function", "Version" | "Alias") => {
                Some(self.of(declared, Attribute::Arn, place))
            }
            ("AWS::Serverless::Api" | "AWS::Serverless::HttpApi", "Stage") => {
                let stage = self.document.at(&["Resources", base, "Properties", "StageName"]);
                let found = stage.and_then(|stage| self.resolve_at(stage, depth + 1));
                Some(found.unwrap_or_else(|| composed(place, vec![Piece::Provider("stage".to_owned())])))
            }
            _ => Some(open(place, format!("`{base}.{part}` is made by the framework"))),
        }
    }
}

fn is_sam(document: &Node) -> bool {
    let named = |node: &Node| node.as_str().is_some_and(|text| text.starts_with("AWS::Serverless"));
    let transformed = document.get("Transform").is_some_and(|node| node.one_or_many().iter().any(named));
    let resources = document.get("Resources").map(Node::entries).unwrap_or_default();
    let typed = |node: &Node| str_at(node, "Type").is_some_and(|kind| kind.starts_with("AWS::Serverless::"));
    transformed || resources.iter().any(|(_, node)| typed(node))
}

/// What `Ref` gives, by type.
fn ref_attribute(kind: &str) -> Attribute {
    match kind {
        "AWS::SNS::Topic"
        | "AWS::SecretsManager::Secret"
        | "AWS::StepFunctions::StateMachine"
        | "AWS::Serverless::StateMachine"
        | "AWS::Lambda::LayerVersion"
        | "AWS::Serverless::LayerVersion"
        | "AWS::IAM::ManagedPolicy"
        | "AWS::CloudFormation::Stack"
        | "AWS::MSK::Cluster"
        | "AWS::ElasticLoadBalancingV2::LoadBalancer"
        | "AWS::ElasticLoadBalancingV2::Listener"
        | "AWS::ElasticLoadBalancingV2::TargetGroup" => Attribute::Arn,
        "AWS::SQS::Queue" => Attribute::Url,
        _ => Attribute::Name,
    }
}

fn attribute_of(word: &str) -> Attribute {
    match word {
        "Arn" | "TopicArn" | "FileSystemArn" | "LoadBalancerArn" | "FunctionArn" | "ResourceArn"
        | "UserPoolArn" | "DBClusterArn" | "PolicyArn" | "SecretArn" => Attribute::Arn,
        "Name" | "QueueName" | "TopicName" | "RoleName" | "BucketName" | "TableName" | "FunctionName"
        | "Id" => Attribute::Name,
        "FunctionUrl" | "QueueUrl" | "ApiEndpoint" | "GraphQLUrl" => Attribute::Url,
        "StreamArn" => Attribute::StreamArn,
        other => Attribute::Other(other.to_owned()),
    }
}

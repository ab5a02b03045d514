//! Stacks within stacks, where the inner template is a file of the tree.
//!
//! What an inner stack declares becomes part of the same app, with the stack's name before its own: `Data.Table`. Invariant: a template
//! is never read within itself, and the number of templates is bounded. Not here: templates in buckets, which are unknown.

use std::collections::{BTreeMap, HashMap};

use super::stack::{Resource, Stack};
use super::value::{str_at, string, text};
use crate::document::{Node, NodeKind};
use crate::graph::{App, Handed};
use crate::known::{Attribute, Known, Name, Piece};
use crate::source::FileId;

/// How deep stacks may be nested.
const MAX_DEPTH: usize = 8;

/// How many templates one app may be made of.
const MAX_TEMPLATES: usize = 200;

pub(super) fn read(stack: &Stack<'_>, app: &mut App) {
    let mut waiting = stack.resources_of(&["AWS::CloudFormation::Stack", "AWS::Serverless::Application"]);
    let ids: Vec<String> = waiting.iter().map(|(key, _)| key.text.clone()).collect();
    // A stack that is given what another one puts out comes after it.
    for last_round in [false, true] {
        waiting.retain(|(key, node)| {
            let Some(resource) = stack.resource(key, node) else { return false };
            let waits = !last_round && ids.iter().any(|id| mentions(&resource.properties, &stack.name(id)));
            if !waits && !resource.deployed.is(&false) {
                inner(stack, app, &resource);
            }
            waits
        });
    }
}

/// Whether a value refers to an output of a stack that is not read yet.
fn mentions(node: &Node, stack: &Name) -> bool {
    match &node.kind {
        NodeKind::Composed(pieces) => pieces.iter().any(
            |piece| matches!(piece, Piece::Of { node, attribute: Attribute::Other(_) } if node == stack),
        ),
        NodeKind::List(items) => items.iter().any(|item| mentions(item, stack)),
        NodeKind::Map(entries) => entries.iter().any(|(_, value)| mentions(value, stack)),
        _ => false,
    }
}

fn inner(stack: &Stack<'_>, app: &mut App, resource: &Resource) {
    let file = match template_of(stack, resource) {
        Ok(file) => file,
        Err(why) => {
            app.unknown(Some(&resource.name), resource.place, format!("what this stack holds: {why}"));
            return;
        }
    };
    let depth = resource.name.as_str().matches('.').count();
    if depth >= MAX_DEPTH || app.includes.len() >= MAX_TEMPLATES || stack.is_within(file) {
        let why = "what this stack holds: stacks are nested in a circle, too deep or too often";
        app.unknown(Some(&resource.name), resource.place, why);
        return;
    }
    let document = match crate::document::read(stack.files, file) {
        Ok(document) => document,
        Err(unread) => {
            let why = format!("what this stack holds: its template cannot be read: {}", unread.why);
            app.unknown(Some(&resource.name), resource.place, why);
            return;
        }
    };
    if !super::is_template(&document) {
        let why = "what this stack holds: its file does not begin with a template";
        app.unknown(Some(&resource.name), resource.place, why);
        return;
    }
    app.includes.push(file);
    let given = resource.properties.get("Parameters").map(Node::entries).unwrap_or_default();
    let prefix = format!("{}.", resource.name);
    for (parameter, value) in given {
        if let Some((thing, attribute)) = text(value).as_reference() {
            let (thing, attribute) = (thing.clone(), attribute.clone());
            app.handed.push(Handed {
                within: prefix.clone(),
                parameter: parameter.text.clone(),
                thing,
                attribute,
            });
        }
    }
    let given: HashMap<String, Node> =
        given.iter().map(|(key, value)| (key.text.clone(), value.clone())).collect();
    let mut within =
        Stack::nested(stack.files, stack.exports, file, &document, &BTreeMap::new(), prefix, given);
    within.set_around(stack);
    super::read_stack(&within, app);
    super::note_switched_off(&within, app);
    for (output, node) in document.get("Outputs").map(Node::entries).unwrap_or_default() {
        if let Some(value) = node.get("Value").and_then(|value| within.resolve(value)) {
            let key = (resource.id.clone(), output.text.clone());
            stack.outputs.borrow_mut().insert(key, value);
        }
    }
}

fn template_of(stack: &Stack<'_>, resource: &Resource) -> Result<FileId, String> {
    let key = if resource.kind == "AWS::Serverless::Application" { "Location" } else { "TemplateURL" };
    // CDK keeps the inner template beside, under a name that only its metadata says.
    let asset = str_at(&resource.metadata, "aws:asset:path");
    let path = match (asset, resource.properties.get(key)) {
        (Some(asset), _) => asset.to_owned(),
        (None, Some(node)) => match (&node.kind, string(node).value) {
            (NodeKind::Map(_), _) => return Err("it is published elsewhere".to_owned()),
            (_, Known::Value(path)) => path,
            (_, Known::Unknown(why)) => return Err(why),
        },
        (None, None) => return Err("it names no template".to_owned()),
    };
    if path.contains("://") {
        return Err(format!("its template is at `{path}`"));
    }
    let found = stack.path(&path).and_then(|path| stack.files.find(&path));
    found.ok_or_else(|| format!("`{path}` is not among the files"))
}

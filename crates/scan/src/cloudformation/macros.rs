//! What macros make of a template, which no file shows.
//!
//! Owns: which transforms the provider itself has and this scanner carries out, and where others stand. Invariant: every other one is
//! an unknown of the app, and the graph says what it may add to. Not here: carrying them out (`expand`, `sam`).

use super::stack::Stack;
use super::value::str_at;
use crate::document::Node;
use crate::graph::App;
use crate::source::Place;

/// Transforms of the provider that add nothing that rules look for, or that are carried out here.
const KNOWN: [&str; 4] =
    ["AWS::Serverless-", "AWS::LanguageExtensions", "AWS::SecretsManager-", "AWS::CodeDeployBlueGreen"];

impl Stack<'_> {
    /// Writes down that something stands here which only the provider can work out.
    pub(super) fn gap(&self, place: Place, why: String) {
        self.gaps.borrow_mut().entry(place).or_insert(why);
    }
}

/// Writes down what macros may change in an app.
pub(super) fn write_down(stack: &Stack<'_>, app: &mut App) {
    let document = stack.document();
    for node in document.get("Transform").map(Node::one_or_many).unwrap_or_default() {
        let name = node.as_str().or_else(|| str_at(node, "Name")).unwrap_or("?");
        if !KNOWN.iter().any(|known| name.starts_with(known)) {
            stack.gap(node.place, format!("what the macro `{name}` makes of the template"));
        }
    }
    if let Some((key, node)) = document.entry("Fn::Transform") {
        let name = str_at(node, "Name").unwrap_or("?");
        stack.gap(key.place, format!("what the macro `{name}` makes of the template"));
    }
    let resources = document.get("Resources").map(Node::entries).unwrap_or_default();
    for (place, why) in stack.gaps.take() {
        let around = resources.iter().find(|(key, node)| {
            key.place.file == place.file
                && !key.text.starts_with("Fn::")
                && (key.place.start..node.place.end.max(key.place.end)).contains(&place.start)
        });
        let subject = around.map(|(key, _)| stack.name(&key.text));
        app.unknown(subject.as_ref(), place, why);
        app.macros.insert(subject);
    }
}

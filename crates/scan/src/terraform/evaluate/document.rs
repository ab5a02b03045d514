//! `data "aws_iam_policy_document"` as the policy that it makes, and `template_file`.

use std::collections::BTreeSet;

use super::{Context, Evaluator};
use crate::source::Place;
use crate::terraform::module::Declared;
use crate::terraform::parse::{self, Source};
use crate::terraform::value::{Key, Kind, Value};

impl Evaluator<'_> {
    /// The policy as JSON: `Statement` with the spelling that written policies have, and the places of the blocks.
    pub(super) fn policy_document(&self, declared: &Declared, context: Context<'_>) -> Value {
        let body = self.body(&declared.body, declared.head, context);
        let mut statements: Vec<Value> = Vec::new();
        for source in body.blocks("source_policy_documents").iter().chain(body.get("source_json")) {
            statements.extend(statements_of(source));
        }
        // What the document itself says of a `sid` stands in the place of what its sources say of it.
        replace(&mut statements, body.blocks("statement").iter().map(statement).collect());
        for over in body.blocks("override_policy_documents").iter().chain(body.get("override_json")) {
            replace(&mut statements, statements_of(over));
        }
        let place = declared.head;
        let list = Value::list(place, statements);
        Value::json(place, Value::map(place, vec![(Key::new("Statement", place), list)]))
    }

    pub(super) fn rendered_template(&self, declared: &Declared, context: Context<'_>) -> Value {
        let body = self.body(&declared.body, declared.head, context);
        let Some(template) = body.get("template") else { return Value::null(declared.head) };
        let Some(text) = template.as_literal() else { return template.clone() };
        let nothing = Value::map(declared.head, Vec::new());
        let variables = body.get("vars").unwrap_or(&nothing);
        let source = match &template.kind {
            Kind::Text(chunks) => match chunks.first().and_then(|chunk| chunk.at) {
                Some(at) if chunks.len() == 1 => Source::within(&text, at),
                _ => Source::fixed(&text, template.place),
            },
            _ => Source::fixed(&text, template.place),
        };
        match parse::template(source) {
            Ok(parts) => self.rendered(&parts, variables, template.place, context),
            Err(unread) => Value::unknown(declared.head, unread.why),
        }
    }
}

/// Puts statements in the place of those that have the same `Sid`, and the others behind them.
fn replace(statements: &mut Vec<Value>, with: Vec<Value>) {
    let id = |statement: &Value| statement.literal_of("Sid").filter(|id| !id.is_empty());
    let ids: BTreeSet<String> = with.iter().filter_map(id).collect();
    statements.retain(|found| id(found).is_none_or(|id| !ids.contains(&id)));
    statements.extend(with);
}

/// The statements of another policy.
fn statements_of(policy: &Value) -> Vec<Value> {
    match Evaluator::document_of(policy) {
        Ok(document) => document.blocks("Statement").to_vec(),
        Err(why) => vec![Value::unknown(policy.place, why)],
    }
}

/// A `statement` block as written policies spell it.
fn statement(block: &Value) -> Value {
    if !block.is_map() {
        return block.clone();
    }
    let place = block.place;
    let mut entries: Vec<(Key, Value)> = Vec::new();
    let mut put = |name: &str, value: Value| entries.push((Key::new(name, value.place), value));
    put("Effect", block.get("effect").cloned().unwrap_or_else(|| Value::literal(place, "Allow")));
    let same = [
        ("sid", "Sid"),
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ];
    for (name, spelled) in same {
        if let Some(value) = block.get(name) {
            put(spelled, value.clone());
        }
    }
    for (name, spelled) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        let blocks = block.blocks(name);
        if !blocks.is_empty() {
            put(spelled, principals(blocks, place));
        }
    }
    let conditions = block.blocks("condition");
    if !conditions.is_empty() {
        put("Condition", Value::map(place, conditions.iter().map(condition).collect()));
    }
    Value::map(place, entries)
}

fn principals(blocks: &[Value], place: Place) -> Value {
    let entry = |block: &Value| {
        let kind = block.get("type").map_or_else(|| "AWS".to_owned(), |kind| kind.to_text().to_string());
        let identifiers = block.get("identifiers").cloned();
        let identifiers = identifiers.unwrap_or_else(|| Value::unknown(block.place, block.why_not()));
        (Key::new(kind, block.place), identifiers)
    };
    Value::map(place, blocks.iter().map(entry).collect())
}

/// One condition; operators that come twice stay two entries.
fn condition(block: &Value) -> (Key, Value) {
    let place = block.place;
    let word =
        |name: &str| block.get(name).map_or_else(|| "?".to_owned(), |value| value.to_text().to_string());
    let values =
        block.get("values").cloned().unwrap_or_else(|| Value::unknown(place, "its values are not known"));
    let inner = Value::map(place, vec![(Key::new(word("variable"), place), values)]);
    (Key::new(word("test"), place), inner)
}

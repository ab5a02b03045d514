//! What the functions of templates give: `Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::If` and their kin, long and short.
//!
//! Invariant: work is bounded by the stack's budget, whatever refers to what. A value that cannot be told is left open with its reason.
//! Not here: names and parameters (`stack`), truth (`condition`), loops and included files (`expand`).

use super::imports;
use super::stack::Stack;
use super::value::{composed, open, text};
use crate::document::{Key, Node, NodeKind};
use crate::known::{Known, Piece, Text};
use crate::source::Place;

/// The longest JSON that is written, in bytes: each level of JSON within JSON doubles what has to be escaped.
const MAX_JSON: usize = 1 << 20;

/// JSON while it is written.
struct Json {
    text: Text,
    bytes: usize,
}

/// The function and its argument, when a value is a call of one: `!Ref x`, `{"Ref": "x"}`, `!Sub …`.
pub(super) fn intrinsic_of(node: &Node) -> Option<(&str, &Node)> {
    match &node.kind {
        NodeKind::Tagged(tag, inner) => Some((long_name(tag), inner)),
        NodeKind::Map(entries) => match entries.as_slice() {
            [(key, argument)] if is_function(&key.text) => Some((&key.text, argument)),
            _ => None,
        },
        _ => None,
    }
}

fn is_function(key: &str) -> bool {
    key == "Ref" || key == "Condition" || (key.starts_with("Fn::") && !key.starts_with("Fn::ForEach"))
}

/// The long spelling of a tag.
fn long_name(tag: &str) -> &str {
    match tag {
        "GetAtt" => "Fn::GetAtt",
        "Sub" => "Fn::Sub",
        "Join" => "Fn::Join",
        "Select" => "Fn::Select",
        "Split" => "Fn::Split",
        "FindInMap" => "Fn::FindInMap",
        "If" => "Fn::If",
        "Equals" => "Fn::Equals",
        "And" => "Fn::And",
        "Or" => "Fn::Or",
        "Not" => "Fn::Not",
        "ImportValue" => "Fn::ImportValue",
        "Base64" => "Fn::Base64",
        "Cidr" => "Fn::Cidr",
        "GetAZs" => "Fn::GetAZs",
        "Transform" => "Fn::Transform",
        "Length" => "Fn::Length",
        "ToJsonString" => "Fn::ToJsonString",
        other => other,
    }
}

impl Stack<'_> {
    /// A value with its functions carried out; `None` where it is `AWS::NoValue`.
    #[must_use]
    pub fn resolve(&self, node: &Node) -> Option<Node> {
        self.resolve_at(node, 0)
    }

    pub(super) fn resolve_at(&self, node: &Node, depth: usize) -> Option<Node> {
        let place = node.place;
        if self.spent(depth) {
            return Some(open(place, "values refer to one another too deep or too often to be followed"));
        }
        if let Some((function, argument)) = intrinsic_of(node) {
            // A map such as `{Condition: …}` of a policy statement looks like a function and is none.
            if function != "Condition" || matches!(node.kind, NodeKind::Tagged(..)) {
                return self.call(function, argument, place, depth + 1);
            }
        }
        let kind = match &node.kind {
            NodeKind::List(items) => {
                NodeKind::List(items.iter().filter_map(|item| self.resolve_at(item, depth + 1)).collect())
            }
            NodeKind::Map(_) => {
                let entries = self.expanded(node, depth);
                let resolve =
                    |(key, value): &(Key, Node)| Some((key.clone(), self.resolve_at(value, depth + 1)?));
                NodeKind::Map(entries.iter().filter_map(resolve).collect())
            }
            NodeKind::String(text) if text.contains("{{resolve:") => return Some(dynamic(text, place)),
            kind => {
                self.copies(length(kind));
                kind.clone()
            }
        };
        Some(Node { place, kind })
    }

    fn call(&self, function: &str, argument: &Node, place: Place, depth: usize) -> Option<Node> {
        let value = match function {
            "Ref" => return self.reference(argument.as_str().unwrap_or_default(), place, depth),
            "Fn::GetAtt" => self.get_att(argument, place, depth),
            "Fn::Sub" => self.substitute(argument, place, depth),
            "Fn::Join" => self.join(argument, place, depth),
            "Fn::Select" => return self.select(argument, place, depth),
            "Fn::Split" => self.split(argument, place, depth),
            "Fn::FindInMap" => return self.find_in_map(argument, place, depth),
            "Fn::If" => return self.choose(argument, place, depth),
            "Fn::ImportValue" => imports::import(self, argument, place, depth),
            "Fn::Base64" => Node { place, ..self.resolve_at(argument, depth)? },
            "Fn::Cidr" | "Fn::GetAZs" => composed(place, vec![Piece::Provider(function.to_owned())]),
            "Fn::Length" => match self.resolve_at(argument, depth)?.kind {
                NodeKind::List(items) => Node { place, kind: NodeKind::Number(items.len().to_string()) },
                _ => open(place, "`Fn::Length` of what is no list"),
            },
            "Fn::ToJsonString" => self.to_json(&self.resolve_at(argument, depth)?, place),
            "Fn::Transform" => self.include(argument, place, depth),
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" | "Condition" => {
                let call =
                    Node { place, kind: NodeKind::Tagged(function.to_owned(), Box::new(argument.clone())) };
                match self.truth(&call, depth) {
                    Known::Value(value) => Node { place, kind: NodeKind::Bool(value) },
                    Known::Unknown(why) => open(place, why),
                }
            }
            other => open(place, format!("`{other}` is no function that is known here")),
        };
        Some(value)
    }

    fn reference(&self, name: &str, place: Place, depth: usize) -> Option<Node> {
        match name {
            "AWS::NoValue" => return None,
            pseudo if pseudo.starts_with("AWS::") => {
                return Some(composed(place, vec![Piece::Provider(pseudo.to_owned())]));
            }
            _ => {}
        }
        let found = self.parameter(name, place).or_else(|| self.referred(name, place, depth));
        Some(found.unwrap_or_else(|| open(place, format!("`{name}` is not in the template"))))
    }

    fn get_att(&self, argument: &Node, place: Place, depth: usize) -> Node {
        let parts: Option<(String, String)> = match &argument.kind {
            NodeKind::String(text) => text.split_once('.').map(|(id, rest)| (id.to_owned(), rest.to_owned())),
            NodeKind::List(items) => match items.as_slice() {
                [id, rest @ ..] => {
                    let rest: Option<Vec<String>> =
                        rest.iter().map(|part| self.resolve_at(part, depth)?.as_scalar()).collect();
                    id.as_scalar().zip(rest.map(|rest| rest.join(".")))
                }
                [] => None,
            },
            _ => None,
        };
        let Some((id, attribute)) = parts else {
            return open(place, "`Fn::GetAtt` names no attribute");
        };
        let found = self.attribute(&id, &attribute, place, depth);
        found.unwrap_or_else(|| open(place, format!("`{id}` is not in the template")))
    }

    fn substitute(&self, argument: &Node, place: Place, depth: usize) -> Node {
        let (template, variables) = match &argument.kind {
            NodeKind::List(items) => match items.as_slice() {
                [template, variables] => (template, Some(variables)),
                [template] => (template, None),
                _ => return open(place, "`Fn::Sub` has no text"),
            },
            _ => (argument, None),
        };
        let mut made = Text { pieces: Vec::new(), place };
        match &template.kind {
            NodeKind::String(text) => self.fill_in(text, variables, &mut made, depth),
            // What another format's variables left open may stand around references of this one.
            NodeKind::Composed(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Literal(text) => self.fill_in(text, variables, &mut made, depth),
                        other => made.push(other.clone()),
                    }
                }
            }
            _ => return open(place, "`Fn::Sub` has no text"),
        }
        match made.as_literal() {
            Some(literal) if literal.contains("{{resolve:") => dynamic(literal, place),
            _ => composed(place, made.pieces),
        }
    }

    fn fill_in(&self, template: &str, variables: Option<&Node>, made: &mut Text, depth: usize) {
        self.copies(template.len());
        let mut rest = template;
        while let Some((before, (name, after))) =
            rest.split_once("${").and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
        {
            if !before.is_empty() {
                made.push(Piece::Literal(before.to_owned()));
            }
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                made.push(Piece::Literal(format!("${{{literal}}}")));
                continue;
            }
            let name = name.trim();
            let value = match variables.and_then(|variables| variables.get(name)) {
                Some(variable) => self.resolve_at(variable, depth + 1),
                None => self.named(name, made.place, depth),
            };
            for piece in value.map(|value| text(&value).pieces).unwrap_or_default() {
                self.copies(32);
                made.push(piece);
            }
        }
        if !rest.is_empty() {
            made.push(Piece::Literal(rest.to_owned()));
        }
    }

    /// `${Name}` is a reference, `${Name.Attribute}` an attribute.
    fn named(&self, name: &str, place: Place, depth: usize) -> Option<Node> {
        match name.split_once('.') {
            Some((id, attribute)) if !name.starts_with("AWS::") => {
                let found = self.attribute(id, attribute, place, depth);
                Some(found.unwrap_or_else(|| open(place, format!("`{id}` is not in the template"))))
            }
            _ => self.reference(name, place, depth),
        }
    }

    fn join(&self, argument: &Node, place: Place, depth: usize) -> Node {
        let [delimiter, list] = argument.items() else {
            return open(place, "`Fn::Join` needs a delimiter and a list");
        };
        let (delimiter, list) = match self.resolve_at(list, depth + 1) {
            Some(Node { kind: NodeKind::List(items), .. }) => {
                (delimiter.as_scalar().unwrap_or_default(), items)
            }
            Some(other) => return Node { place, ..other },
            None => return composed(place, Vec::new()),
        };
        let mut made = Text { pieces: Vec::new(), place };
        for (index, item) in list.iter().enumerate() {
            if index > 0 && !delimiter.is_empty() {
                made.push(Piece::Literal(delimiter.clone()));
            }
            for piece in text(item).pieces {
                self.copies(32);
                made.push(piece);
            }
        }
        composed(place, made.pieces)
    }

    fn select(&self, argument: &Node, place: Place, depth: usize) -> Option<Node> {
        let [index, list] = argument.items() else {
            return Some(open(place, "`Fn::Select` needs an index and a list"));
        };
        let index = self.resolve_at(index, depth + 1).and_then(|index| index.as_u64());
        let list = self.resolve_at(list, depth + 1)?;
        let (NodeKind::List(items), Some(index)) = (list.kind, index) else {
            return Some(open(place, "the list of `Fn::Select` cannot be told"));
        };
        let found = usize::try_from(index).ok().and_then(|index| items.into_iter().nth(index));
        Some(
            found.map_or_else(
                || open(place, "`Fn::Select` of what is not there"),
                |item| Node { place, ..item },
            ),
        )
    }

    fn split(&self, argument: &Node, place: Place, depth: usize) -> Node {
        let [delimiter, whole] = argument.items() else {
            return open(place, "`Fn::Split` needs a delimiter and a text");
        };
        let (Some(delimiter), Some(whole)) = (delimiter.as_str(), self.resolve_at(whole, depth + 1)) else {
            return open(place, "the text of `Fn::Split` cannot be told");
        };
        let whole = text(&whole);
        if delimiter.is_empty() || whole.why_unknown().is_some() {
            return open(place, "the text of `Fn::Split` cannot be told");
        }
        // References hold no delimiter that one could know of, so each stays in the part where it stands.
        let mut parts = vec![Vec::new()];
        for piece in whole.pieces {
            let Piece::Literal(literal) = piece else {
                parts.last_mut().map(|part| part.push(piece)).unwrap_or_default();
                continue;
            };
            for (index, chunk) in literal.split(delimiter).enumerate() {
                if index > 0 {
                    parts.push(Vec::new());
                }
                if let (Some(part), false) = (parts.last_mut(), chunk.is_empty()) {
                    part.push(Piece::Literal(chunk.to_owned()));
                }
            }
        }
        let items = parts.into_iter().map(|part| composed(place, part)).collect();
        Node { place, kind: NodeKind::List(items) }
    }

    fn find_in_map(&self, argument: &Node, place: Place, depth: usize) -> Option<Node> {
        let keys: Vec<Text> = argument
            .items()
            .iter()
            .take(3)
            .filter_map(|item| self.resolve_at(item, depth + 1))
            .map(|item| text(&item))
            .collect();
        let words: Option<Vec<&str>> = keys.iter().map(Text::as_literal).collect();
        if let Some(words) = words
            && let [map, first, second] = words.as_slice()
            && let Some(found) = self.document().at(&["Mappings", map, first, second])
        {
            return self.resolve_at(found, depth + 1).map(|found| Node { place, ..found });
        }
        if let Some(default) = argument.items().get(3).and_then(|options| options.get("DefaultValue")) {
            return self.resolve_at(default, depth + 1);
        }
        Some(open(place, "which entry of the mapping it is cannot be told"))
    }

    fn choose(&self, argument: &Node, place: Place, depth: usize) -> Option<Node> {
        let [condition, yes, no] = argument.items() else {
            return Some(open(place, "`Fn::If` needs a condition and two values"));
        };
        let known = match condition.as_str() {
            Some(name) => self.condition(name),
            None => self.truth(condition, depth),
        };
        match known {
            Known::Value(true) => self.resolve_at(yes, depth + 1),
            Known::Value(false) => self.resolve_at(no, depth + 1),
            Known::Unknown(why) => {
                let (yes, no) = (self.resolve_at(yes, depth + 1), self.resolve_at(no, depth + 1));
                match (yes, no) {
                    (Some(yes), Some(no)) if same(&yes, &no) => Some(yes),
                    _ => Some(open(place, why)),
                }
            }
        }
    }

    fn to_json(&self, node: &Node, place: Place) -> Node {
        let mut made = Json { text: Text { pieces: Vec::new(), place }, bytes: 0 };
        match self.write_json(node, &mut made) {
            Some(()) => composed(place, made.text.pieces),
            None => open(place, "it is longer as JSON than any setting may be"),
        }
    }

    /// Appends a value as JSON; `None` when that grows too long.
    fn write_json(&self, node: &Node, made: &mut Json) -> Option<()> {
        let quoted = |text: &str| Piece::Literal(serde_json::Value::from(text).to_string());
        let literal = |text: &str| Piece::Literal(text.to_owned());
        self.copies(32);
        match &node.kind {
            NodeKind::Null => self.put(made, literal("null")),
            NodeKind::Bool(_) | NodeKind::Number(_) => {
                self.put(made, literal(&node.as_scalar().unwrap_or_default()))
            }
            NodeKind::String(text) => self.put(made, quoted(text)),
            NodeKind::Tagged(_, inner) => self.write_json(inner, made),
            NodeKind::Composed(pieces) => {
                self.put(made, literal("\""))?;
                pieces.iter().try_for_each(|piece| self.put(made, piece.clone()))?;
                self.put(made, literal("\""))
            }
            NodeKind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.put(made, literal(if index == 0 { "[" } else { "," }))?;
                    self.write_json(item, made)?;
                }
                self.put(made, literal(if items.is_empty() { "[]" } else { "]" }))
            }
            NodeKind::Map(entries) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.put(made, literal(if index == 0 { "{" } else { "," }))?;
                    self.put(made, quoted(&key.text))?;
                    self.put(made, literal(":"))?;
                    self.write_json(value, made)?;
                }
                self.put(made, literal(if entries.is_empty() { "{}" } else { "}" }))
            }
        }
    }

    /// Appends a piece of JSON, charged by what it is once its characters are escaped.
    fn put(&self, made: &mut Json, piece: Piece) -> Option<()> {
        let bytes = if let Piece::Literal(text) = &piece { text.len() } else { 32 };
        made.bytes += bytes;
        self.copies(bytes);
        if made.bytes > MAX_JSON || self.is_exhausted() {
            return None;
        }
        made.text.push(piece);
        Some(())
    }
}

/// `{{resolve:secretsmanager:…}}`: the provider fills in what stands there.
fn dynamic(whole: &str, place: Place) -> Node {
    let mut made = Vec::new();
    let mut rest = whole;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, tail)| Some((before, tail.split_once("}}")?)))
    {
        if !before.is_empty() {
            made.push(Piece::Literal(before.to_owned()));
        }
        made.push(match name.starts_with("resolve:") {
            true => Piece::Provider(name.to_owned()),
            false => Piece::Literal(format!("{{{{{name}}}}}")),
        });
        rest = after;
    }
    if !rest.is_empty() {
        made.push(Piece::Literal(rest.to_owned()));
    }
    composed(place, made)
}

/// Whether two values are the same but for where they stand.
fn same(left: &Node, right: &Node) -> bool {
    match (&left.kind, &right.kind) {
        (NodeKind::List(left), NodeKind::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (NodeKind::Map(left), NodeKind::Map(right)) => {
            let entry = |((one, left), (other, right)): (&(Key, Node), &(Key, Node))| {
                one.text == other.text && same(left, right)
            };
            left.len() == right.len() && left.iter().zip(right).all(entry)
        }
        (left, right) => left == right,
    }
}

fn length(kind: &NodeKind) -> usize {
    match kind {
        NodeKind::String(text) | NodeKind::Number(text) => text.len(),
        _ => 0,
    }
}

//! Schemas of `zod`: what a value still is after it was parsed by one.
//!
//! Invariant: a schema for any text checks nothing; one that narrows its values down, or is not known, makes them harmless. Not here: checks
//! that are written out (`guard`).

use super::{Machine, Object};
use crate::code::value::{Arguments, ObjectId, Value, What};
use crate::source::Place;

/// What the path of a schema of an object begins with; the number of the object with its fields follows.
const OBJECT: &str = "schema ";
/// How deep schemas may nest.
const DEPTH_LIMIT: u32 = 6;
/// How many fields of one schema are looked at.
const FIELD_LIMIT: usize = 64;
/// Schemas that take whatever comes.
const ANY: [&str; 3] = ["string", "any", "unknown"];
/// What may follow them and narrows nothing down.
const LOOSE: [&str; 16] = [
    "min",
    "max",
    "length",
    "nonempty",
    "trim",
    "toLowerCase",
    "toUpperCase",
    "optional",
    "nullable",
    "nullish",
    "default",
    "describe",
    "catch",
    "brand",
    "readonly",
    "meta",
];

impl Machine<'_> {
    /// A function of the package or a method of a schema, where it says what a value still is.
    pub(super) fn schema_call(&mut self, path: &str, arguments: &Arguments, place: Place) -> Option<Value> {
        let first = arguments.at(0);
        if let Some(name) = in_package(path) {
            match (name, first.map(|first| &first.what)) {
                ("object" | "strictObject" | "looseObject", Some(What::Object(id))) => {
                    return Some(Value::outside(format!("{OBJECT}{}", id.0)));
                }
                ("array" | "optional" | "nullable", Some(What::Outside(inner))) => {
                    return Some(Value::outside(format!("{}.{name}()", inner.path)));
                }
                _ => {}
            }
        }
        let (schema, method) = path.rsplit_once('.')?;
        if in_package(schema).is_none() && !schema.starts_with(OBJECT) {
            return None;
        }
        let input = first.cloned().unwrap_or_default();
        match method {
            "parse" | "parseAsync" => Some(self.parsed(schema, &input, place, 0)),
            "safeParse" | "safeParseAsync" | "spa" => {
                let data = self.parsed(schema, &input, place, 0);
                let entries = vec![("data".to_owned(), data)];
                Some(What::Object(self.new_object(Object { entries, ..Object::default() })).into())
            }
            _ => None,
        }
    }

    fn parsed(&mut self, schema: &str, input: &Value, place: Place, level: u32) -> Value {
        if level >= DEPTH_LIMIT {
            return Value::unknown();
        }
        let plain = without_options(schema);
        if let Some(inner) = plain.strip_suffix(".array()") {
            let element = self.element(input);
            let element = self.parsed(inner, &element, place, level + 1);
            return self.list_of(vec![element]);
        }
        if let Some(rest) = plain.strip_prefix(OBJECT) {
            let number = rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
            let fields = number.parse().ok().and_then(|number| self.object(ObjectId(number)));
            let fields: Vec<(String, Value)> = fields
                .map(|object| object.entries.iter().take(FIELD_LIMIT).cloned().collect())
                .unwrap_or_default();
            let mut entries = Vec::new();
            for (name, field) in fields {
                let part = self.member(input, &name, place);
                let part = field.path().map(|path| self.parsed(path, &part, place, level + 1));
                entries.push((name, part.unwrap_or_default()));
            }
            return What::Object(self.new_object(Object { entries, ..Object::default() })).into();
        }
        if in_package(schema).is_some_and(takes_any) { self.deep(input) } else { Value::unknown() }
    }
}

/// What stands behind the name of the package: `string().min()`.
fn in_package(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("zod")?;
    let (package, rest) = rest.split_once('.')?;
    let rest = rest.strip_prefix("z.").unwrap_or(rest);
    matches!(package, "" | "/v3" | "/v4" | "/mini").then_some(rest)
}

fn takes_any(chain: &str) -> bool {
    let chain = chain.strip_prefix("coerce.").unwrap_or(chain);
    let mut names = chain.split('.').map(|name| name.strip_suffix("()").unwrap_or(name));
    names.next().is_some_and(|name| ANY.contains(&name)) && names.all(|name| LOOSE.contains(&name))
}

/// A schema without what only says how often or whether there is a value.
fn without_options(schema: &str) -> &str {
    let mut plain = schema;
    while let Some((before, last)) = plain.rsplit_once('.') {
        let name = last.strip_suffix("()").unwrap_or(last);
        if !LOOSE.contains(&name) || takes_any_alone(before) {
            break;
        }
        plain = before;
    }
    plain
}

fn takes_any_alone(schema: &str) -> bool {
    in_package(schema).is_some_and(|name| ANY.contains(&name.strip_suffix("()").unwrap_or(name)))
}

//! JSON objects in which no member stands twice, at any depth (RFC 7515 §4: duplicates must be refused, or two readers
//! see two tokens).
//!
//! Invariant: bounded by the size of its input, and by eight levels. Not here: which members are expected.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

const MAX_DEPTH: u8 = 8;

/// Reads one object and nothing after it.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(MAX_DEPTH).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// A value, with the levels that it may still have.
struct Strict(u8);

impl Strict {
    fn inner<E: Error>(&self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.inner()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inner()?)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_with_distinct_members() {
        let check = |text: &str, taken: bool| assert_eq!(object(text.as_bytes()).is_some(), taken, "{text}");
        check("{}", true);
        check(r#"{"a":1,"b":{"a":[1,{"a":null}]},"c":-1.5,"d":true}"#, true);
        check(r#"{"a":1,"a":1}"#, false);
        check(r#"{"a":1,"\u0061":2}"#, false);
        check(r#"{"b":{"a":1,"a":2}}"#, false);
        check(r#"{"b":[{"a":1,"a":2}]}"#, false);
        check("[]", false);
        check("1", false);
        check("{} {}", false);
        check("{}x", false);
        check("", false);
        check(r#"{"a":}"#, false);
        check(r#"{"a":NaN}"#, false);
        check("{\"a\":\"\u{1}\"}", false);
        check(&format!("{{\"a\":{}1{}}}", "[".repeat(7), "]".repeat(7)), true);
        check(&format!("{{\"a\":{}1{}}}", "[".repeat(8), "]".repeat(8)), false);
        check(&format!("{{\"a\":{}", "[".repeat(100_000)), false);
        assert!(object(b"{\"a\":\"\xff\"}").is_none());
    }

    #[test]
    fn agrees_with_plain_json_where_nothing_stands_twice() {
        let text = br#"{"s":"x\n","n":[0,-1,18446744073709551615,1e3],"o":{"t":true,"z":null}}"#;
        let plain: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(object(text).map(Value::Object), Some(plain));
    }
}

//! What an expression comes to.
//!
//! Invariants: every value knows the place where it is written; what cannot be told is a value of its own; a value never weighs more than
//! [`MAX_WEIGHT`], however its parts are shared. Not here: how values come about (`evaluate`), what they mean for the graph (`build`).

use std::rc::Rc;

use super::json;
use crate::known::{Attribute, Known, Name, Piece, Setting, Text};
use crate::source::Place;

/// The heaviest value: items, entries and stretches of 64 characters, counted as if nothing were shared.
pub(super) const MAX_WEIGHT: usize = 50_000;

/// Characters that weigh as much as an item.
pub(super) const STRETCH: usize = 64;

/// The longest text that a value may come to as JSON, in bytes: JSON within JSON doubles its escapes with every level.
pub(super) const MAX_JSON_BYTES: usize = 1 << 20;

pub(super) const TOO_LARGE: &str = "the expression makes a value that is too large";

/// A value and where it is written.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(Rc<[Chunk]>),
    List(Rc<Items>),
    Map(Rc<Entries>),
    /// A text that holds this value as JSON.
    Json(Rc<Json>),
    /// A resource, a data source or a module as a whole.
    Thing(Thing),
    /// Not to be told, and why.
    Unknown(Rc<str>),
    /// Terraform would refuse the expression, such as a key that is not there; `try` goes on from it.
    Absent(Rc<str>),
}

/// A part of a text, with the place of exactly these characters where they stand in a file as they are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chunk {
    pub(super) piece: Piece,
    pub(super) at: Option<Place>,
}

/// A value that is written as JSON, and how long that is, so that nobody has to write it to know.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) value: Value,
    pub(super) size: json::Size,
}

#[derive(Debug)]
pub(super) struct Items {
    items: Vec<Value>,
    weight: usize,
}

#[derive(Debug)]
pub(super) struct Entries {
    entries: Vec<(Key, Value)>,
    weight: usize,
    /// Why there may be more entries than these.
    more: Option<Rc<str>>,
}

/// A key and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) text: Rc<str>,
    pub(super) place: Place,
}

/// Something that is declared in a module, in one of its instances.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Thing {
    Resource { scope: usize, index: usize, instance: Instance, name: Name },
    Module { scope: usize },
}

/// Which of several.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Instance {
    /// There is but one.
    Only,
    /// One of `count`.
    Number(usize),
    /// One of `for_each`.
    Key(Rc<str>),
    /// How many there are is not known; this one stands for all.
    Any,
}

impl Value {
    pub(super) fn new(place: Place, kind: Kind) -> Self {
        Self { place, kind }
    }

    pub(super) fn null(place: Place) -> Self {
        Self::new(place, Kind::Null)
    }

    pub(super) fn bool(place: Place, value: bool) -> Self {
        Self::new(place, Kind::Bool(value))
    }

    pub(super) fn number(place: Place, value: f64) -> Self {
        Self::new(place, Kind::Number(value))
    }

    pub(super) fn unknown(place: Place, why: impl Into<Rc<str>>) -> Self {
        Self::new(place, Kind::Unknown(why.into()))
    }

    pub(super) fn literal(place: Place, text: impl Into<String>) -> Self {
        Self::text(place, vec![Chunk { piece: Piece::Literal(text.into()), at: None }])
    }

    pub(super) fn absent(place: Place, why: impl Into<Rc<str>>) -> Self {
        Self::new(place, Kind::Absent(why.into()))
    }

    pub(super) fn piece(place: Place, piece: Piece) -> Self {
        Self::text(place, vec![Chunk { piece, at: None }])
    }

    pub(super) fn of(place: Place, node: Name, attribute: Attribute) -> Self {
        Self::piece(place, Piece::Of { node, attribute })
    }

    pub(super) fn text(place: Place, chunks: Vec<Chunk>) -> Self {
        let value = Self::new(place, Kind::Text(chunks.into()));
        if value.weight() > MAX_WEIGHT { Self::unknown(place, TOO_LARGE) } else { value }
    }

    pub(super) fn list(place: Place, items: Vec<Self>) -> Self {
        let weight = items.iter().fold(1usize, |sum, item| sum.saturating_add(item.weight()));
        if weight > MAX_WEIGHT {
            return Self::unknown(place, TOO_LARGE);
        }
        Self::new(place, Kind::List(Rc::new(Items { items, weight })))
    }

    pub(super) fn map(place: Place, entries: Vec<(Key, Self)>) -> Self {
        Self::open_map(place, entries, None)
    }

    /// A map that may have more entries than these, for a reason.
    pub(super) fn open_map(place: Place, entries: Vec<(Key, Self)>, more: Option<Rc<str>>) -> Self {
        let one = |(key, value): &(Key, Self)| value.weight().saturating_add(1 + key.text.len() / STRETCH);
        let weight = entries.iter().fold(1usize, |sum, entry| sum.saturating_add(one(entry)));
        if weight > MAX_WEIGHT {
            return Self::unknown(place, TOO_LARGE);
        }
        Self::new(place, Kind::Map(Rc::new(Entries { entries, weight, more })))
    }

    pub(super) fn json(place: Place, value: Self) -> Self {
        let size = json::measure(&value);
        if size.bytes > MAX_JSON_BYTES {
            return Self::unknown(place, TOO_LARGE);
        }
        Self::new(place, Kind::Json(Rc::new(Json { value, size })))
    }

    /// How much there is to walk through, as if nothing were shared.
    pub(super) fn weight(&self) -> usize {
        match &self.kind {
            Kind::Text(chunks) => chunks.iter().fold(1, |sum, chunk| sum + chunk.weight()),
            Kind::Unknown(why) | Kind::Absent(why) => 1 + why.len() / STRETCH,
            Kind::List(items) => items.weight,
            Kind::Map(entries) => entries.weight,
            Kind::Json(json) => json.value.weight().saturating_add(1 + json.size.bytes / STRETCH),
            _ => 1,
        }
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self.kind, Kind::Absent(_))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// Why it is not known, when that holds for the whole of it.
    pub(super) fn why(&self) -> Option<Rc<str>> {
        match &self.kind {
            Kind::Unknown(why) | Kind::Absent(why) => Some(why.clone()),
            Kind::Text(chunks) => match chunks.as_ref() {
                [Chunk { piece: Piece::Unknown(why), .. }] => Some(why.as_str().into()),
                [Chunk { piece: Piece::Parameter(name), .. }] => {
                    Some(format!("the variable `{name}` has no default").into())
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => &items.items,
            _ => &[],
        }
    }

    /// The items of a list, or the one value that stands where a list could.
    pub(super) fn one_or_many(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => &items.items,
            Kind::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.kind {
            Kind::Map(entries) => &entries.entries,
            _ => &[],
        }
    }

    /// Why a map may have more entries than it shows.
    pub(super) fn more(&self) -> Option<Rc<str>> {
        match &self.kind {
            Kind::Map(entries) => entries.more.clone(),
            _ => None,
        }
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.kind, Kind::Map(_))
    }

    /// The value of a key. One that is null counts as not written.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let found = self.entries().iter().rev().find(|(found, _)| &*found.text == key);
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// The value at the end of a path; on the way, the first of a list's items stands for the list, as blocks that come once are lists.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.block().get(key))
    }

    /// A block that comes once.
    fn block(&self) -> &Self {
        match &self.kind {
            Kind::List(items) => items.items.first().unwrap_or(self),
            _ => self,
        }
    }

    /// The blocks of a name: maps, or values that are not known.
    pub(super) fn blocks(&self, name: &str) -> &[Self] {
        self.get(name).map_or(&[], Self::one_or_many)
    }

    /// As a text, whatever it is.
    pub(super) fn to_text(&self) -> Text {
        let mut text = Text { pieces: Vec::new(), place: self.place };
        for chunk in self.chunks() {
            text.push(chunk.piece);
        }
        text
    }

    /// As the parts of a text.
    pub(super) fn chunks(&self) -> Vec<Chunk> {
        let one = |piece| vec![Chunk { piece, at: None }];
        match &self.kind {
            Kind::Null => Vec::new(),
            Kind::Bool(value) => one(Piece::Literal(value.to_string())),
            Kind::Number(value) => one(Piece::Literal(value.to_string())),
            Kind::Text(chunks) => chunks.to_vec(),
            Kind::Json(json) => json::write(&json.value),
            Kind::Thing(Thing::Resource { name, .. }) => {
                one(Piece::Of { node: name.clone(), attribute: Attribute::Name })
            }
            Kind::Thing(Thing::Module { .. }) => one(Piece::Unknown("a module is no text".to_owned())),
            Kind::List(_) | Kind::Map(_) => one(Piece::Unknown("a collection is no text".to_owned())),
            Kind::Unknown(why) | Kind::Absent(why) => one(Piece::Unknown(why.to_string())),
        }
    }

    /// The characters, when they are all known.
    pub(super) fn as_literal(&self) -> Option<String> {
        match &self.kind {
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Number(value) => Some(value.to_string()),
            Kind::Text(chunks) => {
                let parts = chunks.iter().map(|chunk| match &chunk.piece {
                    Piece::Literal(text) => Some(text.as_str()),
                    _ => None,
                });
                parts.collect()
            }
            Kind::Json(_) => self.to_text().as_literal().map(str::to_owned),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(value) => Some(*value),
            _ => match self.as_literal()?.as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
        }
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(value) => Some(*value),
            Kind::Text(_) => self.as_literal()?.trim().parse().ok(),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(super) fn as_u64(&self) -> Option<u64> {
        let number = self.as_number()?;
        let whole = number.fract() == 0.0 && (0.0..=9.0e15).contains(&number);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range and whole")]
        whole.then_some(number as u64)
    }

    /// As a setting: what `read` makes of it, or why it cannot be told.
    pub(super) fn setting<T>(&self, read: impl FnOnce(&Self) -> Option<T>) -> Setting<T> {
        match read(self) {
            Some(value) => Setting::new(self.place, value),
            None => Setting::unknown(self.place, self.why_not()),
        }
    }

    /// As a setting of characters.
    pub(super) fn literal_setting(&self) -> Setting<String> {
        self.setting(Self::as_literal)
    }

    /// Why it is not what was looked for.
    pub(super) fn why_not(&self) -> String {
        if let Some(why) = self.why() {
            return why.to_string();
        }
        let text = self.to_text();
        match text.why_unknown() {
            Some(why) => why.to_owned(),
            None => format!("`{text}` is only known once it is deployed"),
        }
    }

    pub(super) fn known_bool(&self) -> Known<bool> {
        self.as_bool().map_or_else(|| Known::Unknown(self.why_not()), Known::Value)
    }
}

/// Reading an attribute of a resource's body.
impl Value {
    pub(super) fn bool_of(&self, key: &str) -> Option<Setting<bool>> {
        self.get(key).map(|value| value.setting(Self::as_bool))
    }

    pub(super) fn number_of(&self, key: &str) -> Option<Setting<u64>> {
        self.get(key).map(|value| value.setting(Self::as_u64))
    }

    pub(super) fn string_of(&self, key: &str) -> Option<Setting<String>> {
        self.get(key).map(Self::literal_setting)
    }

    pub(super) fn text_of(&self, key: &str) -> Option<Text> {
        self.get(key).map(Self::to_text)
    }

    /// The texts of a list.
    pub(super) fn texts_of(&self, key: &str) -> Vec<Text> {
        self.blocks(key).iter().map(Self::to_text).collect()
    }

    /// The strings of a list.
    pub(super) fn strings_of(&self, key: &str) -> Vec<Setting<String>> {
        self.blocks(key).iter().map(Self::literal_setting).collect()
    }

    /// A string that is known.
    pub(super) fn literal_of(&self, key: &str) -> Option<String> {
        self.get(key)?.as_literal()
    }
}

impl Chunk {
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Self { piece: Piece::Literal(text.into()), at: None }
    }

    pub(super) fn weight(&self) -> usize {
        1 + self.length() / STRETCH
    }

    pub(super) fn length(&self) -> usize {
        match &self.piece {
            Piece::Literal(text)
            | Piece::Provider(text)
            | Piece::Parameter(text)
            | Piece::Environment(text)
            | Piece::Unknown(text) => text.len(),
            Piece::Of { node, .. } => node.as_str().len(),
        }
    }
}

impl Key {
    pub(super) fn new(text: impl Into<Rc<str>>, place: Place) -> Self {
        Self { text: text.into(), place }
    }
}

impl Instance {
    /// As it is written behind an address: `[0]`, `["a"]`, or nothing.
    pub(super) fn suffix(&self) -> String {
        match self {
            Self::Only | Self::Any => String::new(),
            Self::Number(number) => format!("[{number}]"),
            Self::Key(key) => format!("[\"{key}\"]"),
        }
    }
}

//! What a file says, as far as that can be told from the file.
//!
//! Invariant: what cannot be resolved is [`Known::Unknown`] with its reason, a verdict of its own. Nobody may treat it as satisfied, and
//! nobody may treat it as violated. Not here: how references are resolved (the formats).

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::source::Place;

/// A value, or why it cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// This.
    Value(T),
    /// Not to be told from the files: why, in words that follow "because".
    Unknown(String),
}

impl<T> Known<T> {
    /// The value, if it is known.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Why it is not known, if it is not.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Value(_) => None,
            Self::Unknown(why) => Some(why),
        }
    }

    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Value(value) => Known::Value(change(value)),
            Self::Unknown(why) => Known::Unknown(why),
        }
    }

    /// Whether it is known to be `value`. Unknown is not.
    pub fn is(&self, value: &T) -> bool
    where
        T: PartialEq,
    {
        self.value() == Some(value)
    }
}

/// Something that stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting<T> {
    /// Where.
    pub place: Place,
    /// What.
    pub value: Known<T>,
}

impl<T> Setting<T> {
    /// A setting that could be read.
    pub fn new(place: Place, value: T) -> Self {
        Self { place, value: Known::Value(value) }
    }

    /// A setting that is there and cannot be told.
    pub fn unknown(place: Place, why: impl Into<String>) -> Self {
        Self { place, value: Known::Unknown(why.into()) }
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        self.value.value()
    }
}

/// What an app calls one of its things: `OrdersFunction`, `aws_lambda_function.orders`. Unique within its app.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Name(Arc<str>);

impl Name {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// A text that may be put together from references: what `!Sub`, `${…}` and `"${…}"` make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Its parts, in order. Adjacent literals are joined.
    pub pieces: Vec<Piece>,
    /// Where it stands.
    pub place: Place,
}

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Characters.
    Literal(String),
    /// An attribute of a thing of this app.
    Of {
        /// The thing.
        node: Name,
        /// Which of its attributes.
        attribute: Attribute,
    },
    /// What the provider fills in: account, region, partition, stack, stage. Differs between installations, harmless in a resource's name.
    Provider(String),
    /// A parameter or variable that has no default: whoever deploys gives it.
    Parameter(String),
    /// A variable of the function's environment, in texts that come from code.
    Environment(String),
    /// Anything else that cannot be told, and why.
    Unknown(String),
}

/// An attribute that other things refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// Its ARN.
    Arn,
    /// What `Ref` gives where that is no ARN: the physical name or id.
    Name,
    /// Its address.
    Url,
    /// The ARN of its change stream.
    StreamArn,
    /// Another one.
    Other(String),
}

impl Text {
    /// A text without references.
    #[must_use]
    pub fn literal(text: impl Into<String>, place: Place) -> Self {
        Self { pieces: vec![Piece::Literal(text.into())], place }
    }

    /// A text that cannot be told.
    #[must_use]
    pub fn unknown(why: impl Into<String>, place: Place) -> Self {
        Self { pieces: vec![Piece::Unknown(why.into())], place }
    }

    /// A reference alone.
    #[must_use]
    pub fn of(node: Name, attribute: Attribute, place: Place) -> Self {
        Self { pieces: vec![Piece::Of { node, attribute }], place }
    }

    /// The characters, when there is nothing else.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The thing, when the whole text is one attribute of it.
    #[must_use]
    pub fn as_reference(&self) -> Option<(&Name, &Attribute)> {
        match self.pieces.as_slice() {
            [Piece::Of { node, attribute }] => Some((node, attribute)),
            _ => None,
        }
    }

    /// The things that it names anywhere.
    pub fn references(&self) -> impl Iterator<Item = &Name> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Of { node, .. } => Some(node),
            _ => None,
        })
    }

    /// Why it cannot be told, if some part of it cannot.
    #[must_use]
    pub fn why_unknown(&self) -> Option<&str> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Unknown(why) => Some(why.as_str()),
            _ => None,
        })
    }

    /// Appends a part, joining literals.
    pub fn push(&mut self, piece: Piece) {
        match (self.pieces.last_mut(), piece) {
            (Some(Piece::Literal(text)), Piece::Literal(more)) => text.push_str(&more),
            (_, piece) => self.pieces.push(piece),
        }
    }
}

impl fmt::Display for Text {
    /// As a reader would write it: references in `${…}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => f.write_str(text)?,
                Piece::Of { node, attribute: Attribute::Name } => write!(f, "${{{node}}}")?,
                Piece::Of { node, attribute } => write!(f, "${{{node}.{}}}", attribute.word())?,
                Piece::Provider(name) | Piece::Parameter(name) => write!(f, "${{{name}}}")?,
                Piece::Environment(name) => write!(f, "${{env.{name}}}")?,
                Piece::Unknown(_) => f.write_str("${?}")?,
            }
        }
        Ok(())
    }
}

impl Attribute {
    /// As CloudFormation spells it, where it does.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Arn => "Arn",
            Self::Name => "Name",
            Self::Url => "Url",
            Self::StreamArn => "StreamArn",
            Self::Other(word) => word,
        }
    }
}

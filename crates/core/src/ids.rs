//! One newtype for each identifier, parsed once at the border.
//!
//! Invariant: a value of a name type satisfies its grammar, so that no later code needs to check, escape or trim it.
//! Names are lower-case ASCII (`[a-z][a-z0-9-]*`, at most 63 bytes: the label rule of RFC 1035 §2.3.1), because an
//! app's name becomes a host label.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` is not a valid {what}: use 1 to 63 of a-z, 0-9 and `-`, starting with a letter, not ending with `-`"
)]
pub struct NameError {
    what: &'static str,
    name: String,
}

fn check_name(what: &'static str, name: &str) -> Result<Arc<str>, NameError> {
    let bytes = name.as_bytes();
    let grammar = bytes.len() <= 63
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last() != Some(&b'-')
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
    if grammar {
        Ok(Arc::from(name))
    } else {
        // A hostile name may be megabytes long: the message keeps its first 80 characters.
        Err(NameError { what, name: name.chars().take(80).collect() })
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// Parses a name.
            ///
            /// # Errors
            /// [`NameError`] when the grammar of this module is not met.
            pub fn parse(name: &str) -> Result<Self, NameError> {
                check_name($what, name).map(Self)
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), self.0)
            }
        }

        impl FromStr for $type {
            type Err = NameError;
            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::parse(name)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(name: String) -> Result<Self, NameError> {
                Self::parse(&name)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.as_ref().to_owned()
            }
        }
    };
}

name!(
    /// An app: a set of functions, stores and roles that are deployed together. Also its token audience and host label.
    AppId, "app name"
);
name!(
    /// A function's name within its app.
    FunctionName, "function name"
);
name!(
    /// A store's name within its app.
    StoreName, "store name"
);
name!(
    /// A role's name within its app.
    RoleName, "role name"
);

impl AppId {
    /// The reserved app that stands for the platform itself: the audience of control tokens, the home of `admin`.
    pub const PLATFORM: &'static str = "casemate";

    /// The platform's own app id.
    #[must_use]
    pub fn platform() -> Self {
        Self(Arc::from(Self::PLATFORM))
    }

    /// Whether this is the reserved platform app, which nobody may deploy.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        self.as_str() == Self::PLATFORM
    }
}

impl RoleName {
    /// The platform's administrator role (in app [`AppId::PLATFORM`]).
    #[must_use]
    pub fn admin() -> Self {
        Self(Arc::from("admin"))
    }
}

/// A function: `app/function`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FunctionId {
    /// The app that owns it.
    pub app: AppId,
    /// Its name there.
    pub name: FunctionName,
}

impl fmt::Display for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.name)
    }
}

/// A key-value store: `app/store`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StoreId {
    /// The app that owns it.
    pub app: AppId,
    /// Its name there.
    pub name: StoreName,
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.name)
    }
}

/// Why an identifier that the platform itself writes could not be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct IdError(pub &'static str);

macro_rules! random_id {
    ($(#[$doc:meta])* $type:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from 16 random bytes.
            #[must_use]
            pub fn from_random(random: [u8; 16]) -> Self {
                Self(Arc::from(format!("{}{}", $prefix, hex(&random))))
            }

            /// Parses an id: the prefix and 32 lower-case hex digits.
            ///
            /// # Errors
            /// [`IdError`] for anything else.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let digits = text.strip_prefix($prefix).ok_or(IdError(stringify!($type)))?;
                unhex::<16>(digits).ok_or(IdError(stringify!($type)))?;
                Ok(Self(Arc::from(text)))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.0.as_ref().to_owned()
            }
        }
    };
}

random_id!(
    /// A person's account, installation-wide. It never changes and is never used again.
    UserId, "usr_"
);
random_id!(
    /// A service account, which signs in with API keys. Its namespace is disjoint from [`UserId`]'s (RFC 9700 §4.15).
    ServiceId, "svc_"
);
random_id!(
    /// A sign-in session. Not a secret: the session's handle is.
    SessionId, "ses_"
);

/// One request, from the accept loop to the last byte of its answer. The first 48 bits are milliseconds since the
/// Unix epoch (as in UUIDv7, RFC 9562 §5.7), so ids sort by time; the rest is random.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// Makes an id from the time and ten random bytes.
    #[must_use]
    pub fn new(at: crate::Timestamp, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        let (head, tail) = bytes.split_at_mut(6);
        // The six low bytes of the big-endian count: enough until the year 10889.
        for (to, from) in head.iter_mut().zip(at.as_millis().to_be_bytes().iter().skip(2)) {
            *to = *from;
        }
        tail.copy_from_slice(&random);
        Self(bytes)
    }

    /// The id's bytes, as they stand in a ledger leaf.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The id of a ledger leaf's bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Parses 32 hex digits.
    ///
    /// # Errors
    /// [`IdError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        unhex(text).map(Self).ok_or(IdError("request id (32 lower-case hex digits)"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TryFrom<String> for RequestId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> String {
        id.to_string()
    }
}

/// A SHA-256 digest: of a component, a manifest, a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Parses 64 lower-case hex digits, with or without the prefix `sha256:`.
    ///
    /// # Errors
    /// [`IdError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        unhex(digits).map(Self).ok_or(IdError("SHA-256 digest (64 lower-case hex digits)"))
    }

    /// The digest as 64 hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TryFrom<String> for Digest {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

macro_rules! counter {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub u64);

        impl $type {
            /// The one after this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter!(
    /// A leaf's place in the ledger, counted from zero.
    Seq
);
counter!(
    /// A deployed state of an app, counted from one.
    Revision
);
counter!(
    /// A state of the policy set, counted from one.
    PolicyVersion
);
counter!(
    /// A data key's number within the vault.
    KeyId
);

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(DIGITS.get(usize::from(nibble)).copied().map_or('?', char::from));
        }
    }
    text
}

/// Reads exactly `N` bytes of lower-case hex; `None` for anything else.
#[must_use]
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;

//! What of a request's context a policy reads.
//!
//! Invariant: never less than the policy reads. A candidate set that reads nothing answers the same for the same
//! principal, action, resource and roles, so its answer may be reused; one that reads the path needs no address parsed.

use serde_json::Value;

/// A set of context attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reads(u16);

macro_rules! attributes {
    ($($constant:ident $bit:literal $name:literal)*) => {
        impl Reads {
            $( pub(crate) const $constant: Self = Self(1 << $bit); )*
            #[cfg(test)]
            pub(crate) const NAMES: &[&str] = &[$($name),*];
            fn named(name: &str) -> Self {
                match name {
                    $( $name => Self::$constant, )*
                    _ => Self::ALL,
                }
            }
        }
    };
}

attributes! {
    IP 0 "ip"
    TIME 1 "time"
    METHOD 2 "method"
    PATH 3 "path"
    TLS 4 "tls"
    AUTH_METHODS 5 "auth_methods"
    AUTH_AGE 6 "auth_age_seconds"
    USER 7 "user"
    SERVICE 8 "service"
    EXTERNAL 9 "external"
}

impl Reads {
    pub(crate) const NOTHING: Self = Self(0);
    const ALL: Self = Self(u16::MAX);

    /// What a policy reads, by Cedar's JSON form of it.
    pub(crate) fn of(json: &Value) -> Self {
        match json {
            Value::Object(map) => {
                let context = |value: &Value| value.get("Var").and_then(Value::as_str) == Some("context");
                if context(json) {
                    // The whole record, to compare it or hand it on.
                    return Self::ALL;
                }
                let attribute = [".", "has"].into_iter().find_map(|operator| map.get(operator));
                if let Some(inner) = attribute
                    && inner.get("left").is_some_and(context)
                {
                    return inner.get("attr").and_then(Value::as_str).map_or(Self::ALL, Self::named);
                }
                map.values().map(Self::of).fold(Self::NOTHING, Self::and)
            }
            Value::Array(values) => values.iter().map(Self::of).fold(Self::NOTHING, Self::and),
            _ => Self::NOTHING,
        }
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn is_nothing(self) -> bool {
        self == Self::NOTHING
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::Policy;

    #[test]
    fn finds_every_attribute_and_gives_up_on_the_whole_record() {
        let check = |condition: &str, expect: Reads| {
            let text = format!("permit(principal, action, resource) when {{ {condition} }};");
            let json = Policy::parse(None, text).unwrap().to_json().unwrap();
            assert_eq!(Reads::of(&json), expect, "{condition}");
        };
        check("true", Reads::NOTHING);
        check("principal == resource", Reads::NOTHING);
        check("context.tls", Reads::TLS);
        check("context[\"tls\"]", Reads::TLS);
        check("context.path like \"/a*\" && context.ip.isLoopback()", Reads::PATH.and(Reads::IP));
        check("if context has user then context.user in Role::\"a/b\" else false", Reads::USER);
        check("context has user", Reads::USER);
        check("context has user.name", Reads::ALL);
        check("[context.path, \"x\"].contains(\"x\")", Reads::PATH);
        check("{ a: context }.a.tls", Reads::ALL);
        check("(if true then context else context).tls", Reads::ALL);
        check("context == { tls: true }", Reads::ALL);
        check("context.unheard", Reads::ALL);
        check("principal has context", Reads::NOTHING);
        check("\"context\" == context.method", Reads::METHOD);
        for name in Reads::NAMES {
            check(&format!("context has {name}"), Reads::named(name));
        }
    }
}

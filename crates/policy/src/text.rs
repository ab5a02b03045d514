//! Policy text: parsed, validated strictly, and read for what the guard must know of it.
//!
//! Invariant: a [`Parsed`] policy is valid against the schema in strict mode, cannot be a policy that never applies, names
//! only entities that can exist, and asks for nothing that the guard does not put before Cedar. Not here: which policies
//! are in force (`book`).

use std::sync::LazyLock;

use casemate_core::Method;
use cedar_policy::ffi::DetailedError;
use cedar_policy::{Policy, PolicyId, PolicySet, ValidationMode, ValidationWarning, Validator};
use serde_json::Value;

use crate::literals::{Literal, check_literal, misplaced_in, walk};
use crate::reads::Reads;
use crate::{PolicyError, PolicyOrigin, Warning, words};

/// The largest policy text that is read, in bytes.
pub(crate) const MAX_POLICY_BYTES: usize = 64 * 1024;

/// The deepest nesting of brackets, and of the levels of Cedar's JSON form: evaluating recurses that far, on a stack that
/// may be a guest's.
const MAX_BRACKETS: usize = 64;
pub(crate) const MAX_DEPTH: usize = 256;

/// What is put under the parser: 64 KiB of text without many brackets nest some ten thousand levels at most.
const PARSE_STACK_BYTES: usize = 64 << 20;

/// A policy that may be put in force.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    pub(crate) policy: Policy,
    pub(crate) note: Note,
    pub(crate) literals: Vec<Literal>,
}

/// What is known of a policy beside Cedar's own.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) origin: PolicyOrigin,
    pub(crate) text: String,
    pub(crate) step_up: Option<Method>,
    pub(crate) reads: Reads,
}

/// A text, and how its policies are called.
pub(crate) struct Source<'a> {
    /// The name in errors.
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// Parses and validates, on a stack of its own. Ids are `name#annotation` with `@id`, otherwise `name#number`; or `exactly` the given one.
    pub(crate) fn parse(
        &self,
        exactly: Option<&str>,
        origin: impl Fn(usize) -> PolicyOrigin,
    ) -> Result<(Vec<Parsed>, Vec<Warning>), PolicyError> {
        stacker::grow(PARSE_STACK_BYTES, || self.parse_here(exactly, origin))
    }

    fn parse_here(
        &self,
        exactly: Option<&str>,
        origin: impl Fn(usize) -> PolicyOrigin,
    ) -> Result<(Vec<Parsed>, Vec<Warning>), PolicyError> {
        if self.text.len() > MAX_POLICY_BYTES {
            return Err(self.error(0, format!("the text has more than {MAX_POLICY_BYTES} bytes"), None));
        }
        if let Some(at) = too_deep(self.text) {
            return Err(self.error(at, format!("more than {MAX_BRACKETS} brackets are open"), None));
        }
        let set: PolicySet =
            self.text.parse().map_err(|error| self.detailed(&DetailedError::from(&error)))?;
        if let Some(template) = set.templates().next() {
            let at = self.text.find(&template.to_string()).unwrap_or(0);
            return Err(self.error(at, "templates (`?principal`, `?resource`) are not supported", None));
        }
        // Before validation, which takes long over what is deep.
        for policy in set.policies() {
            let deep = policy.to_json().map_or(true, |json| depth(&json) > MAX_DEPTH);
            if deep {
                let at = self.text.find(&policy.to_string()).unwrap_or(0);
                return Err(self.error(at, "the conditions nest too deeply", None));
            }
        }
        let warnings = self.validate(&set)?;
        let mut policies: Vec<_> = set.policies().collect();
        // Cedar numbers them `policy0`, `policy1` … in the order of the text.
        policies.sort_by_key(|policy| {
            policy.id().to_string().trim_start_matches("policy").parse().unwrap_or(usize::MAX)
        });
        let mut parsed = Vec::with_capacity(policies.len());
        let mut cursor = 0;
        for (number, policy) in policies.into_iter().enumerate() {
            let own = policy.to_string();
            let rest = self.text.get(cursor..).unwrap_or("");
            let at = cursor + rest.find(&own).unwrap_or(0);
            cursor = at + own.len();
            let id = match exactly {
                Some(id) => id.to_owned(),
                None => format!("{}#{}", self.name, self.local_id(policy, number, at)?),
            };
            parsed.push(self.read(policy, &id, at, own, &origin)?);
        }
        if let Some(twice) = parsed.iter().enumerate().find_map(|(number, one)| {
            parsed.iter().skip(number + 1).find(|other| other.policy.id() == one.policy.id())
        }) {
            return Err(PolicyError::Twice(twice.policy.id().to_string()));
        }
        Ok((parsed, warnings))
    }

    fn local_id(&self, policy: &Policy, number: usize, at: usize) -> Result<String, PolicyError> {
        match policy.annotation("id") {
            None => Ok(number.to_string()),
            Some(id) if is_name(id) => Ok(id.to_owned()),
            Some(id) => Err(self.error(
                at,
                format!("`@id({id:?})` is no name: use a-z, 0-9 and `-`, starting with a letter"),
                None,
            )),
        }
    }

    fn read(
        &self,
        policy: &Policy,
        id: &str,
        at: usize,
        text: String,
        origin: &impl Fn(usize) -> PolicyOrigin,
    ) -> Result<Parsed, PolicyError> {
        let json = policy
            .to_json()
            .map_err(|error| self.error(at, format!("cannot be read back: {error}"), None))?;
        if let Some((key, _)) = policy.annotations().find(|(key, _)| !["id", "step_up", "note"].contains(key))
        {
            let help = "the annotations are `@id`, `@step_up` and `@note`".to_owned();
            return Err(self.error(at, format!("the annotation `@{key}` does nothing"), Some(help)));
        }
        let step_up = policy.annotation("step_up").map(|name| {
            let methods = [Method::Pwd, Method::Otp, Method::Mfa, Method::Hwk, Method::Swk];
            methods.into_iter().find(|method| method.as_str() == name).ok_or_else(|| {
                let help = "use one of `pwd`, `otp`, `mfa`, `hwk`, `swk` (RFC 8176)".to_owned();
                self.error(at, format!("`@step_up({name:?})` names no method"), Some(help))
            })
        });
        if misplaced_in(&json) {
            let help =
                "the left side of `in` is `principal`, `action`, `resource` or an entity of the context";
            return Err(self.error(
                at,
                "an `in` asks for the groups of a literal entity",
                Some(help.to_owned()),
            ));
        }
        let literals: Vec<_> = walk(&json)
            .into_iter()
            .map(|(kind, name)| Literal { at: self.find_literal(&name, at), kind, name })
            .collect();
        for literal in &literals {
            check_literal(literal).map_err(|why| {
                self.error(
                    literal.at,
                    format!("`{}::{:?}` can never exist: {why}", literal.kind, literal.name),
                    None,
                )
            })?;
        }
        let line = self.place(at).0;
        let note =
            Note { origin: origin(line), text, step_up: step_up.transpose()?, reads: Reads::of(&json) };
        Ok(Parsed { policy: policy.new_id(PolicyId::new(id)), note, literals })
    }

    fn validate(&self, set: &PolicySet) -> Result<Vec<Warning>, PolicyError> {
        static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| Validator::new(words::SCHEMA.clone()));
        let result = VALIDATOR.validate(set, ValidationMode::Strict);
        // They come in an order that differs from run to run; the same mistake is to be told in the same words.
        let errors = result.validation_errors().map(DetailedError::from);
        if let Some(error) = errors.min_by_key(|error| (start(error), error.message.clone())) {
            return Err(self.detailed(&error));
        }
        let mut warnings = Vec::new();
        for warning in result.validation_warnings() {
            let detailed = DetailedError::from(warning);
            match warning {
                // WHY: letters of two scripts are a rightful part of a path; the others are always a mistake or a trick.
                ValidationWarning::MixedScriptString(_) => {
                    let (line, column) = self.place(start(&detailed));
                    warnings.push(Warning { line, column, message: detailed.message });
                }
                _ => return Err(self.detailed(&detailed)),
            }
        }
        Ok(warnings)
    }

    fn find_literal(&self, name: &str, from: usize) -> usize {
        let quoted = format!("\"{name}\"");
        self.text.get(from..).and_then(|rest| rest.find(&quoted)).map_or(from, |at| from + at)
    }

    /// Line and column of a byte, from one.
    pub(crate) fn place(&self, at: usize) -> (usize, usize) {
        let mut end = at.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = self.text.get(..end).unwrap_or("");
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }

    fn detailed(&self, error: &DetailedError) -> PolicyError {
        // Cedar calls the policies by their numbers in the text; the place says it better.
        let message = match error.message.split_once(", ") {
            Some((head, rest)) if head.starts_with("for policy `policy") => rest.to_owned(),
            _ => error.message.clone(),
        };
        self.error(start(error), message, error.help.clone())
    }

    fn error(&self, at: usize, message: impl Into<String>, help: Option<String>) -> PolicyError {
        let (line, column) = self.place(at);
        PolicyError::Invalid { policy: self.name.to_owned(), line, column, message: message.into(), help }
    }
}

fn start(error: &DetailedError) -> usize {
    error.source_locations.first().map_or(0, |label| label.loc.start)
}

/// Where more brackets than allowed are open, strings and comments included.
fn too_deep(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MAX_BRACKETS
    })
}

/// The levels of a JSON value.
fn depth(json: &Value) -> usize {
    match json {
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The grammar of names in `core`, for the names of policies.
pub(crate) fn is_name(name: &str) -> bool {
    casemate_core::RoleName::parse(name).is_ok()
}

#[cfg(test)]
mod tests;

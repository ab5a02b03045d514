//! What a test shows of the values that it tests.
//!
//! Invariant: only tests that narrow a value down count, such as membership, equality with something fixed, or a pattern; that a value
//! is there at all shows nothing.

use super::{Frame, Machine};
use crate::code::program::{Call, Comparison, Expression, Kind, Pattern};
use crate::code::sinks;
use crate::code::value::{Closure, Safe, What};

/// Methods that look whether their argument is among what is allowed, or matches.
const ALLOWS: [&str; 12] = [
    "includes",
    "has",
    "indexOf",
    "hasOwnProperty",
    "test",
    "match",
    "fullmatch",
    "search",
    "exec",
    "contains",
    "isin",
    "issubset",
];

/// Methods that look at what they are called on.
const TESTS: [&str; 12] = [
    "isdigit",
    "isalnum",
    "isnumeric",
    "isdecimal",
    "isalpha",
    "isidentifier",
    "match",
    "matches",
    "is_relative_to",
    "isInteger",
    "isNumeric",
    "isAlphanumeric",
];

impl Machine<'_> {
    /// Writes down what holds where `test` came out as `holds`.
    pub(super) fn assume(&mut self, frame: &Frame, test: &Expression, holds: bool) {
        match &test.kind {
            Kind::Not(inner) => self.assume(frame, inner, !holds),
            // Both hold, or neither does.
            Kind::Both(left, right) if holds => {
                self.assume(frame, left, true);
                self.assume(frame, right, true);
            }
            Kind::Either(left, right) if !holds => {
                self.assume(frame, left, false);
                self.assume(frame, right, false);
            }
            // `a !== "x" && a !== "y"` came out false: it is one of them.
            Kind::Both(left, right) => self.assume_all(frame, left, right, false),
            Kind::Either(left, right) => self.assume_all(frame, left, right, true),
            Kind::Compare(left, comparison, right) => {
                self.assume_comparison(frame, left, *comparison, right, holds)
            }
            Kind::Call(call) => self.assume_call(frame, call, holds),
            Kind::Assign(_, value) => self.assume(frame, value, holds),
            _ => {}
        }
    }

    /// Only what either side shows by itself, of the same value, is sure.
    fn assume_all(&mut self, frame: &Frame, left: &Expression, right: &Expression, holds: bool) {
        let before = self.checks(frame.scope);
        self.assume(frame, left, holds);
        let first = self.taken(frame, before);
        self.assume(frame, right, holds);
        let second = self.taken(frame, before);
        for (path, safe) in first {
            if let Some((_, other)) = second.iter().find(|(known, _)| *known == path) {
                self.check(frame, path, Safe(safe.0 & other.0));
            }
        }
    }

    fn taken(&mut self, frame: &Frame, from: usize) -> Vec<(String, Safe)> {
        self.scope_mut(frame.scope).map(|scope| scope.take_checks(from)).unwrap_or_default()
    }

    fn assume_comparison(
        &mut self,
        frame: &Frame,
        left: &Expression,
        comparison: Comparison,
        right: &Expression,
        holds: bool,
    ) {
        let narrows = match comparison {
            Comparison::Same | Comparison::In => holds,
            Comparison::Different | Comparison::NotIn => !holds,
            // `ALLOWED.indexOf(x) >= 0`
            Comparison::Other => {
                if let Kind::Call(call) = &left.kind {
                    self.assume_call(frame, call, holds);
                }
                return;
            }
        };
        match comparison {
            Comparison::In | Comparison::NotIn => {
                // `".." in x` looks for marks in it; `x in ALLOWED` narrows it down.
                if let Kind::Text(mark) = &left.kind {
                    let marks = mark.contains("..") || mark == "/";
                    if let (true, false, Some(path)) = (marks, narrows, right.path()) {
                        self.check(frame, path, Safe::PATH);
                    }
                    return;
                }
                if let (true, Some(path)) = (narrows, left.path()) {
                    self.check(frame, path, Safe::ALL);
                }
            }
            _ => {
                let (value, other) = if is_fixed(left) { (right, left) } else { (left, right) };
                // `ALLOWED.indexOf(x) === -1` is true where it is not among them.
                if let Kind::Call(call) = &value.kind {
                    let absent = matches!(&other.kind, Kind::Arithmetic(_) | Kind::Null | Kind::Bool(false));
                    return self.assume_call(frame, call, narrows != absent);
                }
                let empty = matches!(&other.kind, Kind::Null)
                    || matches!(&other.kind, Kind::Text(text) if text.is_empty());
                if let (true, true, false, Some(path)) = (narrows, is_fixed(other), empty, value.path()) {
                    self.check(frame, path, Safe::ALL);
                }
            }
        }
    }

    fn assume_call(&mut self, frame: &Frame, call: &Call, holds: bool) {
        let first = call.arguments.first();
        match &call.callee.kind {
            Kind::Member(object, name) => {
                let marks = matches!(
                    name.as_str(),
                    "includes" | "indexOf" | "startsWith" | "startswith" | "contains"
                );
                let mark = first.and_then(|first| match &first.kind {
                    Kind::Text(mark) => Some(mark.as_str()),
                    _ => None,
                });
                if let (true, Some(mark)) = (marks, mark) {
                    let begins = matches!(name.as_str(), "startsWith" | "startswith");
                    if let (true, true, Some(path)) = (begins, holds, object.path()) {
                        self.check(frame, path, Safe::ORIGIN);
                    }
                    // `x.includes("..")`: what comes through without it stays below where it starts.
                    let climbs = mark.contains("..") || mark == "/" || mark.starts_with('/');
                    let safe = if mark.contains("..") || mark == "/" { !holds } else { holds };
                    if let (true, true, Some(path)) = (climbs, safe, object.path()) {
                        self.check(frame, path, Safe::PATH);
                    }
                    return;
                }
                if matches!(name.as_str(), "startsWith" | "startswith" | "is_relative_to") {
                    if let (true, Some(path)) = (holds, object.path()) {
                        self.check(frame, path, Safe::PATH.and(Safe::ORIGIN));
                    }
                    return;
                }
                if !holds {
                    return;
                }
                self.compares_origin(frame, name, object, first);
                if pattern(name, object, call)
                    .is_some_and(|(pattern, whole)| is_of_lines(call) || !narrow(pattern, whole))
                {
                    return;
                }
                let judges = ALLOWS.contains(&name.as_str()) || judging(name);
                // `re.match(pattern, x)`, `ALLOWED.includes(x)`
                for argument in call.arguments.iter().filter(|_| judges) {
                    if let Some(path) = argument.path() {
                        self.check(frame, path, Safe::ALL);
                    }
                }
                if TESTS.contains(&name.as_str())
                    && let Some(path) = object.path()
                {
                    self.check(frame, path, Safe::ALL);
                }
            }
            Kind::Name(name) if holds && (judging(name) || name == "isinstance") => {
                let judges = match name.as_str() {
                    "isinstance" => call.arguments.get(1).is_some_and(is_narrow_type),
                    _ => self.looks_at_its_argument(frame, name),
                };
                if let (true, Some(path)) = (judges, first.and_then(Expression::path)) {
                    self.check(frame, path, Safe::ALL);
                }
            }
            // `all(c in ALLOWED for c in x)`
            _ => {}
        }
    }
}

impl Machine<'_> {
    /// A part of a text that is compared narrows an origin down, though little else.
    fn compares_origin(
        &mut self,
        frame: &Frame,
        method: &str,
        object: &Expression,
        first: Option<&Expression>,
    ) {
        let path = match method {
            "endsWith" | "endswith" | "match" => object.path(),
            "test" => first.and_then(Expression::path),
            _ => None,
        };
        if let Some(path) = path {
            self.check(frame, path, Safe::ORIGIN);
        }
    }

    /// Whether a function of the tree looks at what it is asked about: one that does not judges nothing, whatever it is called.
    fn looks_at_its_argument(&self, frame: &Frame, name: &str) -> bool {
        let Some(value) = self.lookup(frame.scope, name) else { return true };
        value.choices().iter().all(|value| match &value.what {
            What::Function(closure) => self.looks(closure),
            _ => true,
        })
    }

    /// Whether a function weighs its first parameter: writing it to the log, or taking the name of what is asked for from it, decides
    /// nothing.
    pub(super) fn looks(&self, closure: &Closure) -> bool {
        let Some(code) = closure.program.functions.get(closure.index) else { return true };
        match code.parameters.first().map(|it| &it.pattern) {
            Some(Pattern::Name(parameter, _)) => {
                let text = self.tree().excerpt(closure.program.place(code.span));
                // Once where it is declared.
                text.lines()
                    .filter(|line| !only_logs(line))
                    .map(|line| weighed(line, parameter))
                    .sum::<usize>()
                    > 1
            }
            Some(Pattern::Object(parts)) => {
                !parts.iter().all(|part| part.key.as_deref().is_some_and(|key| ASKED_FOR.contains(&key)))
            }
            _ => true,
        }
    }
}

/// What an authorizer is handed of the thing that somebody asks for, which says nothing of who that is.
const ASKED_FOR: [&str; 2] = ["methodArn", "routeArn"];

/// Whether a line does nothing but write to the log.
fn only_logs(line: &str) -> bool {
    let line = line.trim();
    let logs = ["console.", "print(", "pprint(", "logger.", "logging.", "log.", "LOGGER.", "LOG."];
    let rest = line.strip_suffix(';').unwrap_or(line);
    logs.iter().any(|start| line.starts_with(start)) && rest.ends_with(')') && !rest.contains([';', '&', '|'])
}

/// How often a line mentions a name for more than the thing that is asked for.
fn weighed(line: &str, name: &str) -> usize {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let within = |at: usize| {
        let after = line.get(at + name.len()..).unwrap_or_default();
        let before = line.get(..at).unwrap_or_default();
        let whole = !before.ends_with(part) && !after.starts_with(part);
        let member = after.trim_start_matches(['.', '?', '[', '\'', '"']);
        let taken = member.len() < after.len()
            && ASKED_FOR
                .iter()
                .any(|known| member.strip_prefix(known).is_some_and(|rest| !rest.starts_with(part)));
        whole && !taken
    };
    line.match_indices(name).filter(|(at, _)| within(*at)).count()
}

/// Whether a call asks that a pattern meets a line, and not the text.
fn is_of_lines(call: &Call) -> bool {
    let lines = |argument: &Expression| {
        matches!(argument.path().as_deref(), Some("re.M" | "re.MULTILINE"))
            || matches!(&argument.kind, Kind::Arithmetic(_))
    };
    call.arguments.iter().skip(2).any(lines)
}

/// The pattern that a call compares with, where it stands there, and whether it must meet the whole text anyway.
fn pattern<'e>(method: &str, object: &'e Expression, call: &'e Call) -> Option<(&'e str, bool)> {
    let written = |expression: &'e Expression| match &expression.kind {
        Kind::Regex(pattern) | Kind::Text(pattern) => Some(pattern.as_str()),
        _ => None,
    };
    match method {
        "test" | "exec" => Some((written(object)?, false)),
        "match" | "matches" | "search" | "fullmatch" => {
            Some((call.arguments.first().and_then(written)?, method == "fullmatch"))
        }
        _ => None,
    }
}

/// Whether a pattern leaves only what it names: from beginning to end, and not just anything.
fn narrow(pattern: &str, whole: bool) -> bool {
    let (bare, flags) =
        pattern.strip_prefix('/').map_or((pattern, ""), |rest| rest.rsplit_once('/').unwrap_or((rest, "")));
    // Of many lines one is enough then.
    if flags.contains('m') || sinks::is_wide(bare) {
        return false;
    }
    let ends = ["$", "\\Z", "\\z"].iter().any(|end| bare.ends_with(end));
    let begins = bare.starts_with('^') || bare.starts_with("\\A");
    (whole || begins && ends) && !bare.contains(".*") && !bare.contains(".+")
}

/// Types of which no value is text that somebody chose.
fn is_narrow_type(expression: &Expression) -> bool {
    match &expression.kind {
        Kind::Name(name) | Kind::Member(_, name) => {
            ["int", "float", "bool", "Decimal", "UUID", "date", "datetime", "Enum"].contains(&name.as_str())
        }
        Kind::List(types) => !types.is_empty() && types.iter().all(is_narrow_type),
        _ => false,
    }
}

/// Whether a function's name says that it judges.
fn judging(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let judges = [
        "valid",
        "allowed",
        "is_safe",
        "issafe",
        "isuuid",
        "is_uuid",
        "isknown",
        "is_known",
        "whitelist",
        "allowlist",
    ];
    judges.iter().any(|word| name.contains(word))
}

/// Whether something is the same for every caller.
fn is_fixed(expression: &Expression) -> bool {
    match &expression.kind {
        Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Null | Kind::Arithmetic(_) => true,
        // Constants are written in capitals.
        Kind::Name(name) | Kind::Member(_, name) => {
            name.len() > 1
                && name
                    .chars()
                    .all(|letter| letter.is_ascii_uppercase() || letter == '_' || letter.is_ascii_digit())
        }
        _ => false,
    }
}

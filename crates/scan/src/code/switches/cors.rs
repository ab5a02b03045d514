//! What code allows to pages of other origins: any of them, with the visitor's credentials.
//!
//! Invariant: only what browsers follow counts, which is an origin that is sent back; `*` beside credentials they refuse. Not here: what an
//! interface or address is told in the template (`rules::origins`).

use super::SwitchKind;
use crate::code::machine::Machine;
use crate::code::value::{Arguments, Safe, Value, What};
use crate::source::{FileId, Place};

/// A call that sets up who may call from where.
pub(super) fn called(machine: &mut Machine<'_>, path: &str, arguments: &Arguments, place: Place) {
    set_one_by_one(machine, path, arguments, place);
    let first = arguments.at(0).and_then(Value::path).unwrap_or_default();
    let open = match path {
        "cors" | "@fastify/cors" => reflects(machine, arguments.at(0)),
        _ if first == "@fastify/cors" && path.ends_with(".register") => reflects(machine, arguments.at(1)),
        // It sends the caller's origin back where it is told `*` and credentials.
        "@middy/http-cors" => {
            option(machine, arguments.at(0), "credentials").is_some_and(|it| is_on(&it))
                && ["origin", "origins"].iter().any(|name| {
                    option(machine, arguments.at(0), name).is_some_and(|origins| holds_any(machine, &origins))
                })
        }
        "flask_cors.CORS" | "flask_cors.cross_origin" => {
            let origins = arguments.named("origins");
            arguments.named("supports_credentials").is_some_and(is_on)
                && arguments.named("resources").is_none()
                && !arguments.open
                && origins.is_none_or(|origins| holds_any(machine, origins))
        }
        _ if path.ends_with(".add_middleware") && first.ends_with("CORSMiddleware") => {
            let lists = ["allow_origins", "allow_origin_regex"].iter();
            arguments.named("allow_credentials").is_some_and(is_on)
                && lists.filter_map(|name| arguments.named(name)).any(|origins| holds_any(machine, origins))
        }
        _ => false,
    };
    if open {
        told(machine, place);
    }
}

/// Headers that are answered: the caller's own origin beside credentials.
pub(in crate::code) fn headers(machine: &mut Machine<'_>, entries: &[(String, Value)], place: Place) {
    let header = |name: &str| {
        entries.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let Some(origin) = header("access-control-allow-origin") else { return };
    let credentials = header("access-control-allow-credentials").is_some_and(is_on);
    if credentials && origin.taint.event.is_some() && !origin.taint.safe.covers(Safe::ORIGIN) {
        told(machine, place);
    }
}

/// Headers of an answer that are set one by one: `res.setHeader(name, value)`.
fn set_one_by_one(machine: &mut Machine<'_>, path: &str, arguments: &Arguments, place: Place) {
    let last = path.rsplit('.').next().unwrap_or(path);
    if !path.starts_with("response") || !matches!(last, "setHeader" | "header" | "set" | "append") {
        return;
    }
    let (Some(name), Some(value)) = (arguments.at(0).and_then(Value::literal), arguments.at(1)) else {
        return;
    };
    let is_origin = name.eq_ignore_ascii_case("access-control-allow-origin");
    let is_credentials = name.eq_ignore_ascii_case("access-control-allow-credentials");
    if !is_origin && !is_credentials || machine.notes.headers.len() >= HEADER_LIMIT {
        return;
    }
    let within = machine.open_call();
    machine.notes.headers.push(Header { within, name: name.to_owned(), value: value.clone() });
    let known = machine.notes.headers.iter().filter(|header| header.within == within);
    let entries: Vec<(String, Value)> =
        known.map(|header| (header.name.clone(), header.value.clone())).collect();
    headers(machine, &entries, place);
}

/// A header that is set by itself.
#[derive(Debug)]
pub(super) struct Header {
    /// The function that sets it: two of one answer are set by one.
    within: Option<(FileId, usize)>,
    name: String,
    value: Value,
}

/// How many such headers are kept.
const HEADER_LIMIT: usize = 64;

fn told(machine: &mut Machine<'_>, place: Place) {
    let certainty = machine.certainty();
    let message = "Pages of every origin may call with the visitor's cookies and credentials, and read the answer: the code sends each caller's origin back.";
    machine.switch(SwitchKind::CorsCredentials, certainty, place, message.to_owned());
}

fn option(machine: &Machine<'_>, options: Option<&Value>, name: &str) -> Option<Value> {
    options.filter(|options| machine.is_object(options)).and_then(|options| machine.field(options, name))
}

/// `{ origin: true, credentials: true }`: whoever asks is sent back.
fn reflects(machine: &Machine<'_>, options: Option<&Value>) -> bool {
    let origin = option(machine, options, "origin");
    let any = origin.is_some_and(|origin| match &origin.what {
        What::Bool(on) => *on,
        What::Regex(pattern) => is_any(pattern.trim_matches('/')),
        _ => false,
    });
    any && option(machine, options, "credentials").is_some_and(|it| is_on(&it))
}

fn holds_any(machine: &Machine<'_>, origins: &Value) -> bool {
    let items = machine.items(origins);
    items.iter().chain([origins]).any(|origin| origin.literal().is_some_and(is_any))
}

fn is_any(origin: &str) -> bool {
    matches!(origin, "*" | ".*" | "." | ".+" | "^.*$" | "https?://.*" | "https://.*")
}

fn is_on(value: &Value) -> bool {
    matches!(value.what, What::Bool(true)) || value.literal() == Some("true")
}

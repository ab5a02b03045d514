//! Protections that code switches off, what it keeps between calls, and errors that it shows.
//!
//! Not here: which of it becomes a finding, and how bad it is (`rules`).

pub(super) mod cors;
mod keys;

use std::collections::BTreeSet;

use super::machine::Machine;
use super::value::{Arguments, Taint, Token, Value, What};
use super::{Certainty, FlowKind, SwitchKind};
use crate::known::Piece;
use crate::source::Place;

/// What the text of an error is called that may be any error.
pub(crate) const ERROR_TEXT: &str = "the error's text";

/// What only the whole of a function's code decides.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Tokens that are read without a check.
    decoded: Vec<Decoded>,
    /// Tokens that are taken apart by hand.
    by_hand: Vec<Decoded>,
    /// Whether any token is checked.
    verified: bool,
    /// Whether anything is checked that may be a token: by hand, or by a service that is asked.
    asked: bool,
    /// Whether a keyed digest is made, as signatures are.
    digests: bool,
    /// Fixed files of the temporary folder that event data is written to.
    written: Vec<(Place, String)>,
    /// Files that are removed again.
    removed: BTreeSet<String>,
    /// Headers that say who may call from where.
    headers: Vec<cors::Header>,
}

/// A token that is read without a check.
#[derive(Debug)]
struct Decoded {
    place: Place,
    /// By what.
    path: String,
    /// The header that it came in.
    header: Option<String>,
}

impl Decoded {
    fn new(place: Place, path: &str, taint: &Taint) -> Self {
        let header = taint.event.as_ref().and_then(|trail| {
            let (before, name) = trail.name.rsplit_once('.')?;
            before.to_ascii_lowercase().ends_with("headers").then(|| name.to_ascii_lowercase())
        });
        Self { place, path: path.to_owned(), header }
    }
}

/// A named entry of an object or of a call.
pub(super) fn entry(machine: &mut Machine<'_>, name: &str, value: &Value, place: Place) {
    let off = matches!(value.what, What::Bool(false));
    let on = matches!(value.what, What::Bool(true));
    let certainty = machine.certainty();
    match name {
        "rejectUnauthorized" | "strictSSL" if off => {
            let message = format!(
                "`{name}` is false: any certificate is taken, so anyone in between can read and change what is sent."
            );
            machine.switch(SwitchKind::TlsVerification, certainty, place, message);
        }
        "ignoreExpiration" if on => {
            let message = "`ignoreExpiration` is set: tokens hold for ever.".to_owned();
            machine.switch(SwitchKind::SignatureVerification, certainty, place, message);
        }
        "NODE_TLS_REJECT_UNAUTHORIZED" if value.literal() == Some("0") => {
            insecure_environment(machine, name, place)
        }
        _ => {}
    }
}

fn insecure_environment(machine: &mut Machine<'_>, name: &str, place: Place) {
    let certainty = machine.certainty();
    let message = format!("`{name}` is 0: every connection takes any certificate.");
    machine.switch(SwitchKind::TlsVerification, certainty, place, message);
}

/// A part of something that is set.
pub(super) fn assigned(machine: &mut Machine<'_>, holder: &Value, name: &str, value: &Value, place: Place) {
    let certainty = machine.certainty();
    let off = matches!(value.what, What::Bool(false));
    let zero = matches!(value.literal(), Some("0"));
    let path = holder.path().unwrap_or_default();
    let tls = match name {
        "NODE_TLS_REJECT_UNAUTHORIZED" | "PYTHONHTTPSVERIFY"
            if matches!(holder.what, What::Environment) && (zero || off) =>
        {
            return insecure_environment(machine, name, place);
        }
        "check_hostname" if off => path.starts_with("ssl.") || path.starts_with("urllib3."),
        "verify_mode" => value.path() == Some("ssl.CERT_NONE"),
        "verify" if off => path.starts_with("requests.") || path.starts_with("httpx."),
        "rejectUnauthorized" | "strictSSL" => off,
        _ => false,
    };
    if tls {
        let message = format!("`{name}` is switched off: any certificate is taken.");
        machine.switch(SwitchKind::TlsVerification, certainty, place, message);
    }
    if name == "debug" && matches!(value.what, What::Bool(true)) && is_framework(path) {
        debug(machine, path, place);
    }
}

fn is_framework(path: &str) -> bool {
    ["flask.Flask()", "fastapi.FastAPI()", "chalice.Chalice()", "bottle."]
        .iter()
        .any(|known| path.starts_with(known))
}

fn debug(machine: &mut Machine<'_>, path: &str, place: Place) {
    let certainty = machine.certainty();
    let message = format!("`{path}` runs in debug mode: errors show code and values to callers.");
    machine.switch(SwitchKind::DebugMode, certainty, place, message);
}

/// Something from outside that is named.
pub(super) fn named(machine: &mut Machine<'_>, path: &str, place: Place) {
    let what = match path {
        "ssl._create_unverified_context" => "a context that takes any certificate is used",
        _ => return,
    };
    let certainty = machine.certainty();
    let message = format!("`{path}`: {what}, so anyone in between can read and change what is sent.");
    machine.switch(SwitchKind::TlsVerification, certainty, place, message);
}

/// A call of something from outside.
pub(super) fn called(machine: &mut Machine<'_>, path: &str, arguments: &Arguments, place: Place) {
    unverified_connection(machine, path, arguments, place);
    cors::called(machine, path, arguments, place);
    keys::called(machine, path, arguments);
    token(machine, path, arguments, place);
    if machine.reading.checks_caller.is_none() && checks_caller(machine, path, arguments) {
        machine.reading.checks_caller = Some(place);
    }
    machine.notes.asked = machine.notes.asked || asks(machine, path, arguments);
    machine.notes.digests = machine.notes.digests || path.ends_with("createHmac") || path == "hmac.new";
    temporary_file(machine, path, arguments, place);
    shown(machine, path, arguments, place);
    let on = matches!(arguments.named("debug").map(|value| &value.what), Some(What::Bool(true)));
    if on
        && (path.ends_with(".run") || is_framework(&format!("{path}()")))
        && path.contains("flask") | path.contains("FastAPI") | path.contains("bottle")
    {
        debug(machine, path, place);
    }
}

fn unverified_connection(machine: &mut Machine<'_>, path: &str, arguments: &Arguments, place: Place) {
    let off = |name: &str| matches!(arguments.named(name).map(|value| &value.what), Some(What::Bool(false)));
    let root = path.split(['.', '(']).next().unwrap_or(path);
    let found = match root {
        "requests" | "httpx" | "boto3" | "hvac" | "opensearchpy" | "elasticsearch" => {
            ["verify", "verify_certs"].iter().find(|name| off(name))
        }
        "aiohttp" => ["ssl", "verify_ssl"].iter().find(|name| off(name)),
        "urllib3" => {
            let none = arguments.named("cert_reqs").is_some_and(|value| {
                value.literal() == Some("CERT_NONE") || value.path() == Some("ssl.CERT_NONE")
            });
            none.then_some(&"cert_reqs")
        }
        _ => None,
    };
    if let Some(name) = found {
        let certainty = machine.certainty();
        let message = format!("`{path}` is called with `{name}` off: any certificate is taken.");
        machine.switch(SwitchKind::TlsVerification, certainty, place, message);
    }
}

/// Tokens that are read: checked, not checked, or told not to check.
fn token(machine: &mut Machine<'_>, path: &str, arguments: &Arguments, place: Place) {
    const CHECKS: [&str; 10] = [
        "jsonwebtoken.verify",
        "jose.jwtVerify",
        "aws-jwt-verify.CognitoJwtVerifier.create",
        "aws-jwt-verify.JwtVerifier.create",
        "aws-jwt-verify.JwtRsaVerifier.create",
        "jose.compactVerify",
        "express-jwt",
        "express-jwt.expressjwt",
        "jwks-rsa",
        "jwt.PyJWKClient",
    ];
    let is_false = |value: Option<Value>| matches!(value.map(|value| value.what), Some(What::Bool(false)));
    if CHECKS.contains(&path) {
        machine.notes.verified = true;
    }
    let unsigned = ["algorithms", "algorithm"].iter().any(|name| {
        let options = arguments.values.iter().skip(1).find_map(|options| machine.field(options, name));
        let named = arguments.named(name).cloned();
        options.or(named).is_some_and(|value| {
            let items = machine.items(&value);
            items
                .iter()
                .chain([&value])
                .any(|item| item.literal().is_some_and(|name| name.eq_ignore_ascii_case("none")))
        })
    });
    let tokens = path.starts_with("jsonwebtoken.") || path.starts_with("jwt.") || path.starts_with("jose.");
    let told = match path {
        "jwt.decode" | "jose.jwt.decode" => {
            let options = arguments.named("options").cloned();
            let off = options.and_then(|options| machine.field(&options, "verify_signature"));
            if !is_false(off) && !is_false(arguments.named("verify").cloned()) {
                machine.notes.verified = true;
                unsigned
            } else {
                true
            }
        }
        "jose.jwt.get_unverified_claims"
        | "jwt.get_unverified_claims"
        | "jsonwebtoken.decode"
        | "jwt-decode"
        | "jwt-decode.jwtDecode"
        | "jwt_decode"
        | "jose.decodeJwt" => {
            let taint = arguments.at(0).map(|token| machine.deep(token).taint).unwrap_or_default();
            machine.notes.decoded.push(Decoded::new(place, path, &taint));
            false
        }
        _ => unsigned && tokens,
    };
    if told {
        let certainty = machine.certainty();
        let message = format!("`{path}` takes a token without checking its signature: anyone can write one.");
        machine.switch(SwitchKind::SignatureVerification, certainty, place, message);
    }
}

/// Whether a call compares a signature in what the function is sent, or checks a token of it. Whether the answer counts for anything is not
/// asked.
fn checks_caller(machine: &Machine<'_>, path: &str, arguments: &Arguments) -> bool {
    const CHECKS: [&str; 16] = [
        "timingsafeequal",
        "compare_digest",
        "constructevent",
        "constructeventasync",
        "construct_event",
        "verify",
        "verifysync",
        "jwtverify",
        "compactverify",
        "verifykey",
        "verifyrequestsignature",
        "verifysignature",
        "verify_signature",
        "validaterequest",
        "is_valid_request",
        "verify_oauth2_token",
    ];
    let last = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    let known = CHECKS.contains(&last.as_str()) || matches!(path, "jwt.decode" | "jose.jwt.decode");
    let unchecked = || {
        let off = |value: Value| matches!(value.what, What::Bool(false));
        let options = arguments.named("options").cloned();
        let told = options.and_then(|options| machine.field(&options, "verify_signature"));
        told.is_some_and(off) || arguments.named("verify").cloned().is_some_and(off)
    };
    known && arguments.all().any(|value| machine.deep(value).taint.event.is_some()) && !unchecked()
}

/// Two values that are asked to be the same: a signature or token that the function is sent, and one that it makes or knows. That is a check
/// too, though one that tells by its time how much of it was right.
pub(super) fn compared(machine: &mut Machine<'_>, values: [&Value; 2], place: Place) {
    if machine.reading.checks_caller.is_some() {
        return;
    }
    let is_secret = |value: &Value| match &value.what {
        What::Text(pieces) => pieces.iter().any(|piece| matches!(piece, Piece::Environment(_))),
        _ => false,
    };
    // What is made of the event itself, such as a digest of it, is known as something outside or not at all.
    let is_made = |value: &Value| {
        machine.notes.digests
            && value.literal().is_none()
            && !matches!(value.what, What::Nothing | What::Bool(_))
    };
    let sent = |value: &Value| {
        machine.deep(value).taint.event.is_some_and(|trail| {
            let name = trail.name.to_ascii_lowercase();
            ["signature", "authorization", "token", "secret", "hmac", "key", "hub"]
                .iter()
                .any(|word| name.contains(word))
        })
    };
    let [one, other] = values;
    let checks = |known: &Value, given: &Value| (is_secret(known) || is_made(known)) && sent(given);
    if checks(one, other) || checks(other, one) {
        machine.reading.checks_caller = Some(place);
    }
}

/// A token's payload on its way through functions that decode and read it.
pub(super) fn decoded(
    machine: &mut Machine<'_>,
    path: &str,
    arguments: &Arguments,
    taint: &mut Taint,
    place: Place,
) {
    let decodes = match path {
        "Buffer.from" | "Buffer" => {
            arguments.at(1).and_then(Value::literal).is_some_and(|name| name.starts_with("base64"))
        }
        _ => path == "atob" || path.starts_with("base64.") && path.contains("decode"),
    };
    match taint.token {
        Token::Payload if decodes => taint.token = Token::Decoded,
        Token::Decoded if path == "JSON.parse" || path.ends_with("json.loads") => {
            taint.token = Token::Whole;
            machine.notes.by_hand.push(Decoded::new(place, path, taint));
        }
        _ => {}
    }
}

/// Whether a call may be the check of a token that is taken apart by hand, or hands it to a service that looks at it.
fn asks(machine: &Machine<'_>, path: &str, arguments: &Arguments) -> bool {
    const CLIENTS: [&str; 12] = [
        "fetch",
        "axios",
        "node-fetch",
        "got",
        "undici",
        "https",
        "http",
        "requests",
        "httpx",
        "urllib3",
        "urllib",
        "aiohttp",
    ];
    let last = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    let checks = ["verify", "createhmac", "timingsafeequal", "compare_digest", "jwtverify", "introspect"];
    if checks.iter().any(|word| last.contains(word)) || path == "hmac.new" {
        return true;
    }
    let root = path.split(['.', '(', '/']).next().filter(|_| !path.starts_with("urllib.parse"));
    let sends = |value: &Value| {
        machine.deep(value).taint.event.is_some_and(|trail| {
            let name = trail.name.to_ascii_lowercase();
            name.contains("authorization") || name.contains("token") || name.contains("cookie")
        })
    };
    root.is_some_and(|root| CLIENTS.contains(&root)) && arguments.all().any(sends)
}

/// Event data in a file that the next call finds.
fn temporary_file(machine: &mut Machine<'_>, path: &str, arguments: &Arguments, place: Place) {
    let name = arguments.at(0).and_then(Value::literal).map(str::to_owned);
    let Some(name) = name.filter(|name| name.starts_with("/tmp/")) else { return };
    match path {
        "fs.writeFile"
        | "fs.writeFileSync"
        | "fs.promises.writeFile"
        | "fs.appendFile"
        | "fs.appendFileSync"
        | "fs.promises.appendFile" => {
            let tainted = arguments.at(1).is_some_and(|data| machine.deep(data).taint.event.is_some());
            if tainted {
                machine.notes.written.push((place, name));
            }
        }
        "fs.unlink" | "fs.unlinkSync" | "fs.promises.unlink" | "fs.rm" | "fs.rmSync" | "fs.promises.rm"
        | "os.remove" | "os.unlink" => {
            machine.notes.removed.insert(name);
        }
        _ => {}
    }
}

/// A name of the file's own that is set while a call runs.
pub(super) fn kept(machine: &mut Machine<'_>, name: &str, value: &Value, place: Place) {
    let Some(trail) = machine.deep(value).taint.event else { return };
    let certainty = machine.certainty();
    let message = format!(
        "`{}` is kept in `{name}`, which outlives the call: the next caller served by the same instance can meet it.",
        trail.name
    );
    machine.switch(SwitchKind::StateBetweenCalls, certainty, place, message);
}

/// What a handler answers.
pub(super) fn answer(machine: &mut Machine<'_>, value: &Value) {
    let Some(trail) = machine.deep(value).taint.stack else { return };
    let message = match trail.name.as_str() {
        ERROR_TEXT => {
            "The answer carries the text of whatever error came: it shows callers names, queries and addresses."
        }
        _ => "The answer carries the stack of an error: it shows callers files, lines and packages.",
    };
    let message = message.to_owned();
    machine.flow(FlowKind::VerboseErrors, &trail, trail.source, "the answer", message);
}

/// What is answered by a call: `callback(null, …)`, `res.send(…)`.
fn shown(machine: &mut Machine<'_>, path: &str, arguments: &Arguments, _place: Place) {
    let last = path.rsplit('.').next().unwrap_or(path);
    let answers = path == "lambda.callback"
        || path.starts_with("response")
            && matches!(last, "send" | "json" | "end" | "write" | "status" | "jsonp" | "render")
        || matches!(
            path,
            "flask.jsonify" | "flask.Response" | "flask.make_response" | "fastapi.HTTPException"
        );
    if !answers {
        return;
    }
    let values: Vec<Value> = arguments.all().cloned().collect();
    values.iter().for_each(|value| answer(machine, value));
}

/// What the whole of the code shows.
pub(super) fn finish(machine: &mut Machine<'_>) {
    let notes = std::mem::take(&mut machine.notes);
    let calls = &machine.reading.sdk_calls;
    let asked =
        notes.asked || calls.iter().any(|it| it.service == "cognito-idp" && it.operation == "GetUser");
    let by_hand = if asked { Vec::new() } else { notes.by_hand };
    if !notes.verified {
        for Decoded { place, path, header } in notes.decoded.into_iter().chain(by_hand) {
            let message = format!(
                "`{path}` reads a token without checking its signature, and nothing else in this function's code checks it."
            );
            machine.switch(SwitchKind::SignatureVerification, Certainty::Possible, place, message);
            if let Some(told) = machine.reading.switches.last_mut().filter(|told| told.place == place) {
                told.header = header;
            }
        }
    }
    for (place, name) in notes.written {
        if !notes.removed.contains(&name) {
            let message = format!(
                "Event data is written to `{name}`, which outlives the call: the next caller served by the same instance can meet it."
            );
            machine.switch(SwitchKind::StateBetweenCalls, Certainty::Certain, place, message);
        }
    }
}

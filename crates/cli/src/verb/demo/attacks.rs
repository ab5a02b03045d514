//! The attacks: each is a real request, and each row names the wall that stopped it.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::caller::{Ask, Got};
use super::forge::{with_header, with_signature, with_subject};
use super::report::{Report, Row, timed};
use super::shop::{Cast, SHOP_HOST};
use super::stage::Stage;
use crate::failure::Failure;
use crate::output::Output;

const LAB_HOST: &str = "lab.localhost";
const BANK_HOST: &str = "bank.localhost";
/// Attacks that get their address locked come from one of their own.
const GUESSER: [u8; 4] = [127, 0, 0, 66];

/// One attack over HTTP, and how to see that it was stopped.
struct Attack {
    step: &'static str,
    tried: String,
    ask: Ask,
    /// Whether it goes to the control listener.
    control: bool,
    expected: &'static str,
    stopped: fn(&Got) -> bool,
    wall: &'static str,
}

/// How long the short-lived token is good for, and the second that its claims are rounded to.
const SHORT: Duration = Duration::from_secs(2);

/// Attacks everything, and ends with the ledger.
pub(super) fn play(
    stage: &mut Stage,
    cast: &Cast,
    report: &mut Report,
    output: &Output,
) -> Result<(), Failure> {
    // An expired token must have been a good one: this waits out what is left of its second.
    std::thread::sleep(SHORT.saturating_sub(cast.short_since.elapsed()));
    for attack in on_identity(cast)?.into_iter().chain(by_functions()) {
        let (got, ms) =
            timed(|| if attack.control { stage.try_control(&attack.ask) } else { stage.call(&attack.ask) });
        let got = got?;
        let held = (attack.stopped)(&got);
        let row = Row {
            step: attack.step.into(),
            tried: attack.tried,
            expected: attack.expected.into(),
            got: words(&got),
            wall: attack.wall.into(),
            held,
            ms,
        };
        report.add(row, output);
    }
    guess_passwords(stage, cast, report, output)?;
    explain(stage, cast, report, output)?;
    let reached = stage.provider.requests();
    report.add(
        Row {
            step: "network".into(),
            tried: "requests that reached the provider besides the paid one".into(),
            expected: "none".into(),
            got: format!("{} request(s)", reached.saturating_sub(1)),
            wall: "egress: deny by default".into(),
            held: reached == 1,
            ms: 0.0,
        },
        output,
    );
    plaintext(stage, report, output)?;
    ledger(stage, report, output)
}

fn words(got: &Got) -> String {
    let limit = got.limit();
    let text = got.text().replace('\n', "; ");
    match (limit.as_str(), got.status) {
        (_, status) if !got.whole => format!("{status}, then cut off at {} bytes", got.body.len()),
        ("", 401 | 403 | 404) => got.status.to_string(),
        ("", status) => format!("{status} {text}"),
        (limit, status) => format!("{status} limit {limit}"),
    }
}

fn on_identity(cast: &Cast) -> Result<Vec<Attack>, Failure> {
    let orders = || Ask::new("GET", SHOP_HOST, "/orders/1");
    let unauthenticated: fn(&Got) -> bool = |got| got.status == 401;
    let customer = cast.customer;
    let attack = |tried: String, ask: Ask, wall: &'static str| Attack {
        step: "tokens",
        tried,
        ask,
        control: false,
        expected: "401",
        stopped: unauthenticated,
        wall,
    };
    Ok(vec![
        attack("read an order without a token".into(), orders(), "policy: access = signed-in"),
        attack(
            "a path that does not exist, without a token".into(),
            Ask::new("GET", SHOP_HOST, "/nothing-here"),
            "request: same 401 everywhere",
        ),
        attack("a token that has expired".into(), orders().token(&cast.short_token), "identity: exp"),
        attack(
            "algorithm changed to none".into(),
            orders().token(&with_header(&cast.customer_token, |header| header["alg"] = json!("none"))?),
            "identity: alg from the key",
        ),
        attack(
            "algorithm changed to HS256".into(),
            orders().token(&with_header(&cast.customer_token, |header| header["alg"] = json!("HS256"))?),
            "identity: alg from the key",
        ),
        attack(
            "one byte of the signature changed".into(),
            orders().token(&with_signature(&cast.customer_token)?),
            "identity: signature",
        ),
        attack(
            format!("{customer}'s token made {}'s", cast.manager),
            orders().token(&with_subject(&cast.customer_token, &cast.manager_token)?),
            "identity: signature",
        ),
        Attack {
            control: true,
            ..attack(
                "a token of the shop, shown to the control plane".into(),
                Ask::new("GET", "localhost", "/v1/users").token(&cast.customer_token),
                "identity: audience",
            )
        },
        Attack {
            step: "roles",
            tried: format!("{customer}, no manager, reads the report"),
            ask: Ask::new("GET", SHOP_HOST, "/report").token(&cast.customer_token),
            control: false,
            expected: "403",
            stopped: |got| got.status == 403,
            wall: "policy: roles = manager",
        },
        Attack {
            step: "data",
            tried: format!("{} reads {customer}'s order 1", cast.manager),
            ask: Ask::new("GET", SHOP_HOST, "/orders/1").token(&cast.manager_token),
            control: false,
            expected: "404",
            stopped: |got| got.status == 404 && !got.text().contains("rope"),
            wall: "storage: partition = caller",
        },
        Attack {
            step: "edge",
            tried: "a caller names itself in the platform's header".into(),
            ask: Ask::new("GET", LAB_HOST, "/echo").header("casemate-caller", "User usr_stolen"),
            control: false,
            expected: "the function does not see it",
            stopped: |got| {
                got.status == 200
                    && got.text().contains("casemate-caller: Anonymous")
                    && !got.text().contains("usr_stolen")
            },
            wall: "edge: identity headers stripped",
        },
    ])
}

fn by_functions() -> Vec<Attack> {
    let lab = |path: &str| Ask::new("GET", LAB_HOST, path);
    vec![
        Attack {
            step: "stores",
            tried: "a function opens a store it was not granted".into(),
            ask: lab("/kv-ungranted?store=secrets"),
            control: false,
            expected: "access denied, four times",
            stopped: |got| {
                got.text().matches("access denied").count() == 4 && !got.text().contains("nothing stopped")
            },
            wall: "policy: no grant",
        },
        Attack {
            step: "network",
            tried: "a function asks the metadata address (Capital One)".into(),
            ask: lab("/metadata"),
            control: false,
            expected: "refused",
            stopped: |got| got.text().starts_with("refused: ErrorCode::HttpRequestDenied"),
            wall: "policy: no egress grant",
        },
        Attack {
            step: "network",
            tried: "the same, by a function granted that very address".into(),
            ask: Ask::new("GET", BANK_HOST, "/fetch?url=http://169.254.169.254/latest/meta-data/"),
            control: false,
            expected: "refused",
            stopped: |got| got.text().starts_with("refused: ErrorCode::DestinationIpProhibited"),
            wall: "egress: metadata addresses never",
        },
        Attack {
            step: "network",
            tried: "a function calls an address it was not granted".into(),
            ask: lab("/fetch?url=http://127.0.0.1:9/"),
            control: false,
            expected: "refused",
            stopped: |got| got.text().starts_with("refused: ErrorCode::HttpRequestDenied"),
            wall: "policy: no egress grant",
        },
        Attack {
            step: "limits",
            tried: "an endless loop".into(),
            ask: lab("/loop"),
            control: false,
            expected: "504 limit cpu_ms",
            stopped: |got| got.status == 504 && got.limit() == "cpu_ms",
            wall: "sandbox: cpu_ms",
        },
        Attack {
            step: "limits",
            tried: "a memory hog".into(),
            ask: lab("/hog"),
            control: false,
            expected: "502 limit memory_bytes",
            stopped: |got| got.status == 502 && got.limit() == "memory_bytes",
            wall: "sandbox: memory_bytes",
        },
        Attack {
            step: "limits",
            tried: "an answer without end".into(),
            ask: lab("/big-body"),
            control: false,
            expected: "cut off at 1 MiB",
            stopped: |got| (!got.whole && got.body.len() <= 1 << 20) || got.limit() == "response_body_bytes",
            wall: "sandbox: response_body_bytes",
        },
        Attack {
            step: "sandbox",
            tried: "a function looks for variables and files".into(),
            ask: lab("/env"),
            control: false,
            expected: "finds nothing",
            stopped: |got| {
                got.status == 200 && !got.text().contains("variable ") && !got.text().contains("is there")
            },
            wall: "sandbox: empty environment",
        },
        Attack {
            step: "sandbox",
            tried: "a function remembers its last call (first)".into(),
            ask: lab("/count"),
            control: false,
            expected: "1",
            stopped: |got| got.text() == "1",
            wall: "sandbox: fresh instance",
        },
        Attack {
            step: "sandbox",
            tried: "a function remembers its last call (again)".into(),
            ask: lab("/count"),
            control: false,
            expected: "1",
            stopped: |got| got.text() == "1",
            wall: "sandbox: fresh instance",
        },
    ]
}

/// Guesses until the lock closes, then shows that even the right password does not open it.
fn guess_passwords(stage: &Stage, cast: &Cast, report: &mut Report, output: &Output) -> Result<(), Failure> {
    let guess = |password: &str| {
        let body = json!({ "username": cast.manager, "password": password });
        stage.call(&Ask::new("POST", SHOP_HOST, "/.casemate/sign-in").json(&body).from(GUESSER))
    };
    let (outcome, ms) = timed(|| {
        let mut bodies = Vec::new();
        for number in 0..12 {
            let got = guess(&format!("a wrong password {number}"))?;
            bodies.push((got.status, got.body));
        }
        bodies.dedup();
        Ok::<_, Failure>((bodies, guess(&cast.manager_password)?))
    });
    let (mut bodies, right) = outcome?;
    bodies.push((right.status, right.body.clone()));
    bodies.dedup();
    let uniform = matches!(bodies.as_slice(), [(401, _)]);
    report.add(
        Row {
            step: "passwords".into(),
            tried: "12 wrong guesses, then the right password".into(),
            expected: "13 times the same 401".into(),
            got: format!("{} kind(s) of answer to 13 attempts, the last {}", bodies.len(), right.status),
            wall: "identity: lock-out".into(),
            held: uniform && right.status == 401,
            ms,
        },
        output,
    );
    Ok(())
}

/// A deny can be explained, down to the line that would have allowed it.
fn explain(stage: &Stage, cast: &Cast, report: &mut Report, output: &Output) -> Result<(), Failure> {
    let denied = stage.call(&Ask::new("GET", SHOP_HOST, "/report").token(&cast.customer_token))?;
    let request = denied.request.unwrap_or_default();
    let (answer, ms) = timed(|| {
        stage.control(
            &Ask::new("GET", "localhost", format!("/v1/requests/{request}")).token(&cast.admin_token),
        )
    });
    let text = answer?.to_string();
    // The answer is JSON; the line stands in it as one string.
    let line =
        text.split('"').find(|part| part.contains("casemate role grant")).unwrap_or_default().to_owned();
    let held = !line.is_empty();
    report.add(
        Row {
            step: "explain".into(),
            tried: "why was the report denied?".into(),
            expected: "the line that would allow it".into(),
            got: if held { line } else { text.chars().take(60).collect() },
            wall: String::new(),
            held,
            ms,
        },
        output,
    );
    Ok(())
}

/// Looks for the customer's order in every file of the data folder; and in a copy in clear, or finding none would mean nothing.
fn plaintext(stage: &Stage, report: &mut Report, output: &Output) -> Result<(), Failure> {
    const ORDER: &[u8] = b"\"item\":\"rope\"";
    let clear = stage.scratch().join("in-clear");
    std::fs::create_dir_all(&clear)?;
    std::fs::write(clear.join("orders"), [b"{\"number\":1,", ORDER, b"}"].concat())?;
    let (control, _) = find_in_folder(&clear, ORDER)?;
    let (found, ms) = timed(|| find_in_folder(&stage.data(), ORDER));
    let (found, files) = found?;
    report.add(
        Row {
            step: "data".into(),
            tried: "a stolen disk: look for the order in every file".into(),
            expected: "in none; in a copy in clear".into(),
            got: format!("in {found} of {files} files; copy: {control}"),
            wall: "vault: sealed at rest".into(),
            held: found == 0 && files > 0 && control == 1,
            ms,
        },
        output,
    );
    Ok(())
}

fn find_in_folder(folder: &Path, needle: &[u8]) -> Result<(usize, usize), Failure> {
    let (mut found, mut files) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let (inner, all) = find_in_folder(&path, needle)?;
            found += inner;
            files += all;
        } else if let Ok(bytes) = std::fs::read(&path) {
            files += 1;
            found += usize::from(bytes.windows(needle.len()).any(|window| window == needle));
        }
    }
    Ok((found, files))
}

/// Stops the server, verifies its ledger from the files alone, then edits copies of it.
fn ledger(stage: &mut Stage, report: &mut Report, output: &Output) -> Result<(), Failure> {
    stage.stop()?;
    let (verified, ms) = timed(|| casemate_audit::verify(&stage.ledger(), &stage.ledger_key, None));
    let (held, got) = match &verified {
        Ok(verified) => {
            let size = verified.checkpoint.size;
            (verified.holds() && size > 40, format!("{size} leaves under one signed root"))
        }
        Err(error) => (false, error.to_string()),
    };
    let row = |tried: &str, expected: &str, got: String, wall: &str, held, ms| Row {
        step: "ledger".into(),
        tried: tried.into(),
        expected: expected.into(),
        got,
        wall: wall.into(),
        held,
        ms,
    };
    let edits: [(&str, &str); 2] =
        [("one byte of an entry", "tile/entries"), ("one byte of the checkpoint", "checkpoint")];
    for (tried, part) in edits {
        let copy = stage.scratch().join(format!("edited-{}", part.replace('/', "-")));
        copy_folder(&stage.ledger(), &copy)?;
        edit_first_file(&copy.join(part))?;
        let (edited, ms) = timed(|| casemate_audit::verify(&copy, &stage.ledger_key, None));
        let got = match &edited {
            Ok(report) if report.holds() => None,
            Ok(report) => report.findings.first().map(ToString::to_string),
            Err(error) => Some(error.to_string()),
        };
        let held = got.is_some();
        let got = got.unwrap_or_else(|| "nothing was noticed".to_owned());
        report.add(
            row(
                &format!("edit {tried} in a copy"),
                "the edit is found",
                got,
                "audit: Merkle tree, signature",
                held,
                ms,
            ),
            output,
        );
    }
    report.add(row("verify the whole ledger, offline", "it holds", got, "", held, ms), output);
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Changes one bit in the middle of the first file at or below a path.
fn edit_first_file(path: &Path) -> Result<(), Failure> {
    let mut path = path.to_owned();
    while path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(&path)?.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        path =
            entries.into_iter().next().ok_or_else(|| Failure::failed("the ledger has no entries to edit"))?;
    }
    let mut bytes = std::fs::read(&path)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    // Sealed files are read-only; an attacker with the disk is not stopped by that.
    let fresh = path.with_extension("edited");
    std::fs::write(&fresh, bytes)?;
    std::fs::rename(&fresh, &path)?;
    Ok(())
}

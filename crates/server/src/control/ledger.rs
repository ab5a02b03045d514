//! Control calls that read the ledger: logs, explanations, proofs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use casemate_audit::Leaf;
use casemate_core::action::operation::{LedgerRead, LogsRead};
use casemate_core::resource::LedgerPart;
use casemate_core::{Action, AppId, Event, PolicyVersion, RequestId, Resource, Seq};
use http::{HeaderValue, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};

use super::Caller;
use crate::edge::{Admitted, ReplyBody};
use crate::platform::Platform;
use crate::reply::{self, Problem};

type Answer = Result<http::Response<ReplyBody>, Problem>;

/// Leaves that one step of a log stream reads.
const STEP: usize = 500;

/// What a log reader asked for.
struct LogQuery {
    function: Option<String>,
    after: Option<u64>,
    limit: usize,
    follow: bool,
}

impl LogQuery {
    fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut parsed = Self { function: None, after: None, limit: 200, follow: false };
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let wrong = || {
                Problem::caller(format!("`{key}` cannot be read"))
                    .with_help("?function=NAME&after=SEQ&limit=N&follow=true")
            };
            match key {
                "function" => parsed.function = Some(value.to_owned()),
                "after" => parsed.after = Some(value.parse().map_err(|_| wrong())?),
                "limit" => {
                    parsed.limit =
                        value.parse().ok().filter(|limit| (1..=10_000).contains(limit)).ok_or_else(wrong)?
                }
                "follow" => parsed.follow = value.parse().map_err(|_| wrong())?,
                _ => return Err(wrong()),
            }
        }
        Ok(parsed)
    }
}

/// A log stream ends by itself after this long, so that a right that was taken back is asked for again soon. Clients go on with
/// `after`.
const STREAM_MAX: Duration = Duration::from_secs(300);

pub(super) async fn logs(caller: Caller<'_>, app: AppId, admitted: &Admitted) -> Answer {
    let query = LogQuery::parse(admitted.query.as_deref())?;
    let _permit = caller.permit::<LogsRead>(app.clone()).await?;
    let platform = Arc::clone(caller.platform);
    // An empty page would say that nothing happened in an app that is only misspelt.
    let known = platform.registry.current(&app).map_err(|error| Problem::of(&error))?;
    if known.is_none() && !app.is_platform() {
        return Err(Problem::hidden("no such app"));
    }
    let rules = platform.guard.versions();
    let (reader, app_read) = (Arc::clone(&platform), app.clone());
    let turn = Arc::clone(&platform.reading).acquire_owned().await;
    // The ledger's files are read here, as many as it takes: not a network thread's work.
    let (query, first) = tokio::task::spawn_blocking(move || {
        let found = collect(&reader, &app_read, &query);
        drop(turn);
        found.map(|found| (query, found))
    })
    .await
    .map_err(|_| Problem::hidden("reading abandoned"))??;
    if !query.follow {
        let mut response = http::Response::new(reply::whole(lines(&first.lines)));
        ndjson(&mut response);
        // Where to go on: the look may have ended before the ledger did.
        response
            .headers_mut()
            .insert("casemate-next-after", HeaderValue::from(first.next.0.saturating_sub(1)));
        return Ok(response);
    }
    let follower = Follower {
        rules,
        until: tokio::time::Instant::now() + STREAM_MAX,
        authorization: admitted.headers.get(header::AUTHORIZATION).cloned(),
        platform,
        app,
        function: query.function,
        next: first.next,
    };
    let first = lines(&first.lines);
    let stream = futures_util::stream::unfold((follower, Some(first)), |(mut follower, ready)| async move {
        let bytes = match ready {
            Some(ready) => ready,
            None => follower.more().await?,
        };
        Some((Ok::<_, Infallible>(Frame::data(bytes)), (follower, None)))
    });
    let body = StreamBody::new(stream).map_err(|never| match never {}).boxed_unsync();
    let mut response = http::Response::new(body);
    ndjson(&mut response);
    Ok(response)
}

/// Who reads along, until the stream's time is over or the credential stops being good.
struct Follower {
    /// The policies and roles by which reading was allowed. When they change, the question is asked anew: the stream ends.
    rules: (PolicyVersion, u64),
    until: tokio::time::Instant,
    authorization: Option<HeaderValue>,
    platform: Arc<Platform>,
    app: AppId,
    function: Option<String>,
    next: Seq,
}

impl Follower {
    /// The next lines; `None` ends the stream.
    async fn more(&mut self) -> Option<Bytes> {
        loop {
            let expires = self.credential()?;
            let until = expires.map_or(self.until, |expires| self.until.min(expires));
            tokio::time::timeout_at(until, self.platform.ledger.wait_past(self.next)).await.ok()?;
            // It may have been revoked while nothing happened.
            self.credential()?;
            if self.platform.guard.versions() != self.rules {
                return None;
            }
            let (platform, from) = (Arc::clone(&self.platform), self.next);
            let leaves =
                tokio::task::spawn_blocking(move || platform.ledger.scan(from, STEP)).await.ok()?.ok()?;
            // Woken without anything new: the ledger has ended, and so does the stream.
            self.next = leaves.last()?.seq.next();
            let found: Vec<_> =
                leaves.iter().filter_map(|leaf| line(leaf, &self.app, self.function.as_deref())).collect();
            if !found.is_empty() {
                return Some(lines(&found));
            }
        }
    }

    /// When the credential ends, if it does; `None` when it is no longer good.
    #[expect(clippy::option_option, reason = "good or not, and if good, ending or not")]
    fn credential(&self) -> Option<Option<tokio::time::Instant>> {
        let authorization = self.authorization.as_ref().map(HeaderValue::as_bytes);
        let actor = self.platform.identity.authenticate(authorization, &AppId::platform()).ok()?;
        let left = actor.expires.map(|expires| expires.since(self.platform.clock.now()));
        Some(left.map(|left| tokio::time::Instant::now() + left))
    }
}

fn ndjson(response: &mut http::Response<ReplyBody>) {
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn lines(values: &[Value]) -> Bytes {
    let mut text = String::new();
    for value in values {
        text.push_str(&value.to_string());
        text.push('\n');
    }
    Bytes::from(text)
}

/// Log lines, and where reading goes on so that nothing is left out.
struct Collected {
    lines: Vec<Value>,
    next: Seq,
}

/// The newest lines of an app, oldest first; or, with `after`, the first ones past it.
fn collect(platform: &Platform, app: &AppId, query: &LogQuery) -> Result<Collected, Problem> {
    let ledger = &platform.ledger;
    let function = query.function.as_deref();
    let read = |from: Seq, limit: usize| ledger.scan(from, limit).map_err(|error| Problem::of(&error));
    let mut found = Vec::new();
    // Other apps' leaves lie between, so one call's look is bounded.
    let mut budget = 400_u32;
    if let Some(after) = query.after {
        let mut from = Seq(after).next();
        while found.len() < query.limit && budget > 0 {
            budget -= 1;
            let leaves = read(from, STEP)?;
            let Some(last) = leaves.last() else { break };
            from = last.seq.next();
            for leaf in &leaves {
                let Some(line) = line(leaf, app, function) else { continue };
                found.push(line);
                if found.len() == query.limit {
                    from = leaf.seq.next();
                    break;
                }
            }
        }
        return Ok(Collected { lines: found, next: from });
    }
    // Backwards in steps, until there are enough lines.
    let next = ledger.head();
    let mut end = next.0;
    while end > 0 && found.len() < query.limit && budget > 0 {
        budget -= 1;
        let start = end.saturating_sub(STEP as u64);
        let leaves = read(Seq(start), usize::try_from(end - start).unwrap_or(STEP))?;
        let mut step: Vec<_> = leaves.iter().filter_map(|leaf| line(leaf, app, function)).collect();
        step.append(&mut found);
        found = step;
        end = start;
    }
    let surplus = found.len().saturating_sub(query.limit);
    found.drain(..surplus);
    Ok(Collected { lines: found, next })
}

/// A leaf as a log line, if it speaks of this app (and function).
fn line(leaf: &Leaf, app: &AppId, function: Option<&str>) -> Option<Value> {
    let decision = match &leaf.event {
        Event::Decision(decision) => decision,
        Event::Authentication(attempt) if attempt.app == *app && function.is_none() => {
            let verdict = match attempt.disposition {
                casemate_core::Verdict::Allow => "succeeded",
                casemate_core::Verdict::Deny => "failed",
            };
            let who = attempt.principal.as_ref().map_or("somebody".to_owned(), ToString::to_string);
            let text = format!(
                "sign-in of {who} from {} {verdict}: {}",
                attempt.src_endpoint, attempt.status_detail
            );
            return Some(log_line(leaf, &attempt.time.to_string(), None, "sign-in", &text));
        }
        // The platform's own life: starts, stops, changes, and what the edge refused.
        Event::Lifecycle(change) if app.is_platform() && function.is_none() => {
            let text = format!("{}: {}", change.activity, change.message);
            return Some(log_line(leaf, &change.time.to_string(), None, "lifecycle", &text));
        }
        Event::Authentication(_) | Event::Lifecycle(_) | Event::Outcome(_) => return None,
    };
    if decision.resource.app() != *app {
        return None;
    }
    let speaker = match (&decision.resource, &decision.actor.principal) {
        (Resource::Function(id), _) | (_, casemate_core::Principal::Function(id)) => Some(id.name.as_str()),
        _ => None,
    };
    if function.is_some() && function != speaker {
        return None;
    }
    let (kind, text) = match decision.action {
        Action::LogWrite => ("log", decision.detail.clone().unwrap_or_default()),
        action => {
            let verdict = match decision.disposition {
                casemate_core::Verdict::Allow => "allowed",
                casemate_core::Verdict::Deny => "denied",
            };
            let detail = decision.detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            (
                "decision",
                format!(
                    "{} {} on {}{detail} {verdict}",
                    decision.actor.principal,
                    action.name(),
                    decision.resource
                ),
            )
        }
    };
    Some(log_line(leaf, &decision.time.to_string(), speaker, kind, &text))
}

fn log_line(leaf: &Leaf, time: &str, function: Option<&str>, kind: &str, text: &str) -> Value {
    json!({
        "seq": leaf.seq, "time": time, "request": leaf.request, "function": function, "kind": kind, "text": text,
    })
}

pub(super) async fn explain(caller: Caller<'_>, request: RequestId) -> Answer {
    let _permit = caller.permit::<LedgerRead>(LedgerPart(Some(request))).await?;
    let leaves = caller.platform.ledger.read(request).map_err(|error| Problem::of(&error))?;
    if leaves.is_empty() {
        return Err(Problem::hidden("no such request"));
    }
    let steps: Vec<_> = leaves.iter().map(|leaf| step(caller.platform, leaf)).collect();
    Ok(reply::json(StatusCode::OK, &json!({ "request": request, "steps": steps })))
}

fn step(platform: &Platform, leaf: &Leaf) -> Value {
    match &leaf.event {
        Event::Decision(decision) => {
            let explanation = platform.guard.explain(decision);
            let who = if decision.actor.name.is_empty() {
                decision.actor.principal.to_string()
            } else {
                format!("{} ({})", decision.actor.principal, decision.actor.name)
            };
            json!({
                "seq": leaf.seq, "kind": "decision", "time": decision.time.to_string(), "who": who,
                "on_behalf_of": decision.actor.on_behalf_of.as_ref().map(ToString::to_string),
                "http_request": decision.http_request, "action": decision.action,
                "resource": decision.resource.to_string(), "detail": decision.detail,
                "disposition": decision.disposition, "reused": decision.reused,
                "policy_version": decision.policy_version, "explanation": explanation,
            })
        }
        Event::Outcome(outcome) => json!({
            "seq": leaf.seq, "kind": "outcome", "time": outcome.time.to_string(), "status": outcome.status_code,
            "detail": outcome.status_detail, "duration_us": outcome.duration_us, "cpu_us": outcome.cpu_us,
            "memory_bytes": outcome.memory_bytes, "http_request": outcome.http_request, "revision": outcome.revision,
        }),
        Event::Authentication(attempt) => json!({
            "seq": leaf.seq, "kind": "authentication", "time": attempt.time.to_string(), "principal": attempt.principal,
            "app": attempt.app, "disposition": attempt.disposition, "detail": attempt.status_detail,
            "src_endpoint": attempt.src_endpoint,
        }),
        Event::Lifecycle(change) => json!({
            "seq": leaf.seq, "kind": "lifecycle", "time": change.time.to_string(), "activity": change.activity,
            "message": change.message,
        }),
    }
}

pub(super) async fn prove(caller: Caller<'_>, request: RequestId) -> Answer {
    let _permit = caller.permit::<LedgerRead>(LedgerPart(Some(request))).await?;
    let ledger = Arc::clone(&caller.platform.ledger);
    // Proving may seal the tail first, which syncs files.
    let proof = tokio::task::spawn_blocking(move || ledger.prove(request))
        .await
        .map_err(|_| Problem::hidden("proof abandoned"))?
        .map_err(|error| Problem::of(&error))?;
    Ok(reply::json(StatusCode::OK, &proof))
}

//! What code does with what callers send, what it switches off, and what a role gives that no code uses.
//!
//! Invariant: one place in the code is one finding, whichever functions run it; what could not be followed is listed and never counts as
//! unused. Not here: reading code (`code`), comparing need with grant (`need`).

use std::collections::BTreeMap;

use super::words::{count, list};
use super::{Context, Sight, Verdict, catalogue};
use crate::code::{Certainty, ERROR_TEXT, Flow, FlowKind, Reader, Reading, Switch, SwitchKind};
use crate::facts::{self, Level};
use crate::finding::{Confidence, Finding, Rule, Severity};
use crate::graph::{Access, App, AuthorizerKind, Function, Role, Route};
use crate::known::{Known, Name};
use crate::need::{self, Excess, Need};
use crate::secrets;
use crate::source::{FileId, Place};

/// What the code of each function does that is deployed and the app's own.
pub(super) fn readings<'a>(context: &Context<'a>) -> Vec<(&'a Function, Reading)> {
    let own;
    let reader = match context.reader {
        Some(reader) => reader,
        None => {
            own = Reader::new(context.tree);
            &own
        }
    };
    let read = |function| (function, reader.read(context.app, function));
    functions(context.app).map(read).collect()
}

fn functions(app: &App) -> impl Iterator<Item = &Function> {
    app.functions.iter().filter(|it| !it.deployed.is(&false) && !app.is_borrowed(it.place))
}

pub(super) fn look<'a>(sight: &Sight<'a>, readings: &[(&'a Function, Reading)], verdict: &mut Verdict) {
    for function in functions(sight.app) {
        if let Some(Known::Unknown(why)) = function.role.as_ref().map(|role| &role.value) {
            let why = format!("what `{}` may do cannot be told: {why}", function.name);
            verdict.unknown(Some(&function.name), function.place, why);
        }
    }
    flows(sight, readings, verdict);
    switches(sight, readings, verdict);
    deaf_authorizers(sight.app, readings, verdict);
    own_checks(sight.app, readings, verdict);
    let needs: Vec<(&Function, Need)> = readings
        .iter()
        .map(|(function, reading)| {
            let need = need::compare(sight.app, &sight.grants, function, reading);
            (*function, need.in_file(sight.tree.path(function.place.file)))
        })
        .collect();
    unneeded(sight, &needs, verdict);
    gaps(readings, verdict);
    verdict.needs = needs.into_iter().map(|(_, need)| need).collect();
}

/// Functions that are asked who may call, and answer the same whoever it is.
fn deaf_authorizers(app: &App, readings: &[(&Function, Reading)], verdict: &mut Verdict) {
    for authorizer in &app.authorizers {
        let AuthorizerKind::Function(Known::Value(name)) = &authorizer.kind else { continue };
        let asks =
            |route: &&Route| route.access.known() == Some(&Access::Authorizer(authorizer.name.clone()));
        let guarded: Vec<&Route> = app.routes.iter().filter(asks).collect();
        let deaf = readings.iter().find(|(function, reading)| function.name == *name && reading.is_deaf);
        let Some((_, reading)) = deaf.filter(|_| !guarded.is_empty()) else { continue };
        let message = format!(
            "`{name}` decides who may call {} and never weighs who calls, so it lets everyone in or nobody.",
            count(guarded.len(), "route", "routes")
        );
        let place = reading.entry.unwrap_or(authorizer.place);
        let found = Finding::new(&catalogue::OPEN_ROUTE, format!("authorizer {name} that looks at nothing"), place, message)
            .touching(guarded.iter().filter_map(|route| route.target.value()).chain([name]))
            .seen_at(authorizer.place, format!("`{}` asks it", authorizer.name))
            .advice("Check who calls in it: the token's signature, issuer, audience and end. Or let the interface do that: a JWT authorizer, a user pool, IAM.");
        verdict.report(found.likely());
    }
}

/// Functions that anyone may start and that look themselves at who calls, as those do that other services call. Whether they turn anyone
/// away cannot be told, so the finding stays, and weighs less than where nobody asks.
fn own_checks(app: &App, readings: &[(&Function, Reading)], verdict: &mut Verdict) {
    const OPEN: [&str; 3] =
        [catalogue::OPEN_ROUTE.id, catalogue::OPEN_FUNCTION_URL.id, catalogue::API_KEY_ONLY.id];
    let checks_of = |name: &Name| {
        let (_, reading) = readings.iter().find(|(function, _)| function.name == *name)?;
        reading.checks_caller
    };
    for finding in verdict.findings.iter_mut().filter(|finding| OPEN.contains(&finding.rule.id)) {
        let checks: Vec<(Name, Place)> =
            finding.subjects.iter().filter_map(|name| Some((name.clone(), checks_of(name)?))).collect();
        let others = app.routes.iter().any(|route| {
            route.target.value().is_none() && finding.related.iter().any(|(place, _)| *place == route.place)
        });
        if others || checks.is_empty() || checks.len() < finding.subjects.len() {
            continue;
        }
        let names = list(checks.iter().map(|(name, _)| name.as_str()));
        finding.message = finding.message.replace(" Nothing asks who calls.", "");
        finding.message += &format!(
            " The code of {names} looks at a signature or token of what it is sent; if nothing gets past that, allow this with a comment."
        );
        finding.severity = match finding.severity {
            Severity::Critical => Severity::High,
            Severity::High => Severity::Medium,
            low => low,
        };
        finding
            .related
            .extend(checks.into_iter().map(|(_, place)| (place, "it is looked at here".to_owned())));
    }
}

/// What could not be followed, once for each function.
fn gaps(readings: &[(&Function, Reading)], verdict: &mut Verdict) {
    for (function, reading) in readings {
        let Some(first) = reading.unknowns.first() else { continue };
        // Where no handler is named there is nothing to read, and the format has said so.
        if reading.files.is_empty() && function.handler.is_none() {
            continue;
        }
        let more = match reading.unknowns.len() {
            1 => String::new(),
            number => format!(", and {}", count(number - 1, "more thing", "more things")),
        };
        let why = format!(
            "what the code of `{}` does cannot be told in full: {}{more}",
            function.name, first.value
        );
        verdict.unknown(Some(&function.name), first.place, why);
    }
}

fn flows(sight: &Sight<'_>, readings: &[(&Function, Reading)], verdict: &mut Verdict) {
    let mut causes: BTreeMap<(FlowKind, Place), (&Flow, Vec<&Function>)> = BTreeMap::new();
    for (function, reading) in readings {
        // Only who asks over a route or address is somebody from outside; an error's stack is told everywhere.
        let outside = sight.app.routes_of(&function.name).next().is_some() || function.url.is_some();
        for flow in &reading.flows {
            if flow.kind == FlowKind::VerboseErrors && flow.source_name == ERROR_TEXT && !outside {
                continue;
            }
            let (_, functions) = causes.entry((flow.kind, flow.sink)).or_insert((flow, Vec::new()));
            functions.push(function);
        }
    }
    for ((kind, sink), (flow, functions)) in causes {
        let rule = flow_rule(kind);
        let open = functions.iter().any(|function| is_open(sight.app, function));
        let names = list(functions.iter().map(|function| function.name.as_str()));
        let who = match (kind, open) {
            (FlowKind::VerboseErrors, _) => String::new(),
            (_, true) if functions.iter().all(|function| asks_for_key(sight.app, function)) => {
                format!(" Anyone who has the API key, which authenticates nobody, can call {names}.")
            }
            (_, true) => format!(" Anyone can call {names}."),
            (_, false) => format!(" Whoever can start {names} decides what that is."),
        };
        let cause = format!("{} from {} in {}", flow.sink_name, flow.source_name, sight.tree.path(sink.file));
        let mut found = Finding::new(rule, cause, sink, format!("{}{who}", flow.message))
            .touching(functions.iter().map(|function| &function.name))
            .severity(if open { rule.severity } else { rule.severity.min(Severity::Medium) })
            .advice(flow_advice(kind));
        if flow.source != sink {
            found = found.seen_at(flow.source, format!("`{}` comes in here", flow.source_name));
        }
        for step in &flow.steps {
            found = found.seen_at(step.place, step.value.clone());
        }
        verdict.report(found);
    }
}

fn flow_rule(kind: FlowKind) -> &'static Rule {
    match kind {
        FlowKind::CommandInjection => &catalogue::COMMAND_INJECTION,
        FlowKind::CodeInjection => &catalogue::CODE_INJECTION,
        FlowKind::SqlInjection => &catalogue::SQL_INJECTION,
        FlowKind::PathTraversal => &catalogue::PATH_TRAVERSAL,
        FlowKind::UnsafeDeserialization => &catalogue::UNSAFE_DESERIALIZATION,
        FlowKind::VerboseErrors => &catalogue::VERBOSE_ERRORS,
    }
}

fn flow_advice(kind: FlowKind) -> &'static str {
    match kind {
        FlowKind::CommandInjection => {
            "Start the program without a shell and hand the value over as one argument of a list: `execFile(name, [value])`, `subprocess.run([name, value])`."
        }
        FlowKind::CodeInjection => {
            "Do not run text as code: parse it as data, or look it up among what is allowed."
        }
        FlowKind::SqlInjection => "Hand the value over as a parameter of the query, apart from its text.",
        FlowKind::PathTraversal => {
            "Take the base name only, or check that the resolved path stays below its folder."
        }
        FlowKind::UnsafeDeserialization => {
            "Read the data with a format that makes no objects, such as JSON or `yaml.safe_load`."
        }
        FlowKind::VerboseErrors => "Log the error, and answer with a number by which it can be found.",
    }
}

/// Whether anyone can call a function.
fn is_open(app: &App, function: &Function) -> bool {
    let routes = app.routes_of(&function.name).any(|route| route.access.value.is(&Access::Anyone));
    let invited = super::permissions::is_for_everyone(function);
    routes || invited || function.url.as_ref().is_some_and(|url| url.access.value.is(&Access::Anyone))
}

/// Whether each open route of a function asks for an API key, and nothing else of it is open.
fn asks_for_key(app: &App, function: &Function) -> bool {
    let mut open = app.routes_of(&function.name).filter(|route| route.access.value.is(&Access::Anyone));
    let addressed = function.urls().any(|url| url.access.value.is(&Access::Anyone));
    !addressed && !super::permissions::is_for_everyone(function) && open.all(|route| route.api_key)
}

fn switches(sight: &Sight<'_>, readings: &[(&Function, Reading)], verdict: &mut Verdict) {
    let app = sight.app;
    let mut causes: BTreeMap<(SwitchKind, Place), (&Switch, Vec<&Function>)> = BTreeMap::new();
    for (function, reading) in readings {
        for switch in &reading.switches {
            let unsure = switch.certainty == Certainty::Possible;
            let elsewhere = match switch.kind {
                SwitchKind::SignatureVerification => {
                    unsure && is_checked_before(sight, readings, function, switch.header.as_deref())
                }
                // Only browsers send credentials of visitors.
                SwitchKind::CorsCredentials => {
                    app.routes_of(&function.name).next().is_none() && function.url.is_none()
                }
                SwitchKind::KeyInSource => is_told_by_name(sight, switch.place),
                _ => false,
            };
            if elsewhere {
                continue;
            }
            let (_, functions) = causes.entry((switch.kind, switch.place)).or_insert((switch, Vec::new()));
            functions.push(function);
        }
    }
    for ((kind, place), (switch, functions)) in causes {
        let (rule, advice) = switch_rule(kind);
        let cause = format!("{} in {}: {}", kind.rule(), sight.tree.path(place.file), switch.message);
        let another = switch
            .header
            .as_deref()
            .filter(|_| functions.iter().any(|function| is_checked_before(sight, readings, function, None)));
        let another = another
            .map(|header| format!(" Whoever is asked before it looks at another header than `{header}`."));
        let message = format!("{}{}", switch.message, another.unwrap_or_default());
        let mut found = Finding::new(rule, cause, place, message)
            .touching(functions.iter().map(|function| &function.name))
            .advice(advice);
        if switch.certainty == Certainty::Possible {
            found = found.likely();
        }
        if kind == SwitchKind::KeyInSource {
            found = found.hiding(sight.tree.excerpt(place));
        }
        verdict.report(found);
    }
}

/// Whether a key is reported already, because its form or its name says what it is.
fn is_told_by_name(sight: &Sight<'_>, place: Place) -> bool {
    let Some(text) = sight.tree.file(place.file).and_then(|file| file.text()) else { return true };
    let (start, end) = (place.start as usize, place.end as usize);
    let leaks = secrets::in_text(text, Some(secrets::Syntax::Quoted));
    leaks.iter().any(|leak| leak.start < end && start < leak.end)
}

fn switch_rule(kind: SwitchKind) -> (&'static Rule, &'static str) {
    match kind {
        SwitchKind::TlsVerification => (
            &catalogue::TLS_VERIFICATION_OFF,
            "Leave the check on; for a private authority, hand over its certificate.",
        ),
        SwitchKind::SignatureVerification => (
            &catalogue::SIGNATURE_VERIFICATION_OFF,
            "Check the signature with the issuer's key and name the algorithms that are allowed.",
        ),
        SwitchKind::StateBetweenCalls => (
            &catalogue::STATE_BETWEEN_CALLS,
            "Keep it in a local variable; outside of the handler keep only what is the same for all.",
        ),
        SwitchKind::DebugMode => (&catalogue::VERBOSE_ERRORS, "Switch debug mode off."),
        SwitchKind::CorsCredentials => (
            &catalogue::CORS_CREDENTIALS,
            "Send back only origins that belong to you, out of a list, or do not allow credentials.",
        ),
        SwitchKind::KeyInSource => (
            &catalogue::SECRET_IN_SOURCE,
            "Change the key, keep the new one in Secrets Manager, and read it when the function starts.",
        ),
    }
}

/// Whether something before the function has already looked at a token: at the one of this header, where that is known.
fn is_checked_before(
    sight: &Sight<'_>,
    readings: &[(&Function, Reading)],
    function: &Function,
    header: Option<&str>,
) -> bool {
    let app = sight.app;
    let mentions = |file: FileId| {
        let text = sight.tree.file(file).and_then(|file| file.text());
        text.zip(header).is_none_or(|(text, header)| text.to_ascii_lowercase().contains(header))
    };
    // Interfaces look at `Authorization`, or at what the authorizer's declaration names; a function at what its code names.
    let looks = |name: &Name| {
        let Some(authorizer) = app.authorizer(name) else { return true };
        let code = match &authorizer.kind {
            AuthorizerKind::Function(Known::Value(function)) => {
                readings.iter().find(|(it, reading)| it.name == *function && !reading.files.is_empty())
            }
            AuthorizerKind::Function(Known::Unknown(_)) => return true,
            _ => return mentions(authorizer.place.file),
        };
        code.is_none_or(|(_, reading)| reading.files.iter().any(|file| mentions(*file)))
    };
    let usual = header.is_none_or(|header| header == "authorization");
    let guarded = |access: &Access| match access {
        Access::Authorizer(name) => usual || looks(name),
        Access::Outside(_) | Access::Iam => true,
        Access::Anyone => false,
    };
    let routes = app.routes_of(&function.name).map(|route| &route.access);
    let mut ways = routes.chain(function.urls().map(|url| &url.access)).peekable();
    ways.peek().is_some() && ways.all(|access| access.value.value().is_some_and(guarded))
}

/// What roles give and none of their functions uses: one finding for each role.
fn unneeded(sight: &Sight<'_>, needs: &[(&Function, Need)], verdict: &mut Verdict) {
    for role in &sight.app.roles {
        let of_role: Vec<&(&Function, Need)> = needs
            .iter()
            .filter(|(function, _)| function.role.as_ref().is_some_and(|name| name.value.is(&role.name)))
            .collect();
        let compared: Vec<&Need> = of_role.iter().map(|(_, need)| need).collect();
        let common = need::excess_of_role(&compared);
        let mut excess: Vec<&Excess> = common.iter().filter(|excess| is_worth_saying(excess)).collect();
        take_secrets_away(role, &mut excess, verdict);
        report_excess(role, &of_role, &excess, verdict);
        report_sharing(role, &compared, &common, verdict);
    }
}

/// Where a role reads every secret and no code of its functions reads any, that is said there, and not once more.
fn take_secrets_away(role: &Role, excess: &mut Vec<&Excess>, verdict: &mut Verdict) {
    let cause = format!("role {}", role.name);
    let is_it = |found: &&mut Finding| found.rule == &catalogue::ALL_SECRETS_READABLE && found.cause == cause;
    let Some(found) = verdict.findings.iter_mut().find(is_it) else { return };
    let reads = |excess: &Excess| {
        let action = excess.action.to_ascii_lowercase();
        found.place.file == excess.place.file
            && (found.place.start..=found.place.end).contains(&excess.place.start)
            && (action == "secretsmanager:getsecretvalue" || action.starts_with("ssm:getparameter"))
    };
    let (given, others): (Vec<&Excess>, Vec<&Excess>) = excess.iter().partition(|one| reads(one));
    *excess = others;
    if let (false, Some(change)) = (given.is_empty(), &mut found.change) {
        let actions = list(given.iter().map(|one| one.action.as_str()));
        change.advice = format!("Take {actions} away: no code of these functions uses that.");
    }
}

/// One role for functions of which each uses something else: what one of them has only because another needs it.
fn report_sharing(role: &Role, needs: &[&Need], common: &[Excess], verdict: &mut Verdict) {
    let only_of_others = |need: &&Need| -> Vec<String> {
        let nobodys = |excess: &Excess| {
            common.iter().any(|other| other.place == excess.place && other.action == excess.action)
        };
        let own = need.excess.iter().filter(|excess| is_worth_saying(excess) && !nobodys(excess));
        let mut actions: Vec<String> = own.map(|excess| format!("`{}`", excess.action)).collect();
        actions.sort();
        actions.dedup();
        actions
    };
    if needs.len() < 2 {
        return;
    }
    let first =
        needs.iter().map(|need| (need, only_of_others(need))).find(|(_, actions)| !actions.is_empty());
    let Some((need, actions)) = first else { return };
    let names = list(needs.iter().map(|need| need.function.as_str()));
    let message = format!(
        "{names} run with one role, `{}`, and use different things: `{}` has {} only because another of them needs it.",
        role.name,
        need.function,
        super::words::join(&actions, "and")
    );
    verdict.report(
        Finding::new(&catalogue::SHARED_ROLE, format!("role {}", role.name), role.place, message)
            .touching(needs.iter().map(|need| &need.function))
            .advice("Give each function a role of its own, with what its code uses."),
    );
}

/// Broad patterns have rules of their own; a template that is used in part is what the framework offers, unless it lets change what is
/// only read.
fn is_worth_saying(excess: &Excess) -> bool {
    if excess.confidence < Confidence::Certain || !excess.used.is_empty() || excess.action.contains('*') {
        return false;
    }
    let changes = facts::action(&excess.action)
        .is_some_and(|fact| matches!(fact.level, Level::Write | Level::Permissions));
    match &excess.template {
        Some(template) => template.contains("Crud") && changes,
        None => true,
    }
}

fn report_excess(role: &Role, of_role: &[&(&Function, Need)], excess: &[&Excess], verdict: &mut Verdict) {
    let Some(first) = excess.first() else { return };
    let functions: Vec<&Function> = of_role.iter().map(|(function, _)| *function).collect();
    let mut actions: Vec<String> = Vec::new();
    for excess in excess {
        let on = excess.resource.as_ref().map(|resource| format!(" on `{resource}`")).unwrap_or_default();
        let phrase = format!("`{}`{on}", excess.action);
        if !actions.contains(&phrase) {
            actions.push(phrase);
        }
    }
    let names = list(functions.iter().map(|function| function.name.as_str()));
    let given = super::words::join(&actions, "and");
    let message = format!(
        "The role `{}` gives {given}, and no code of {names} uses that: whoever takes the function over has it.",
        role.name
    );
    let smallest = match of_role {
        [(_, only)] => only.policy.as_ref().filter(|policy| !policy.statements.is_empty()),
        _ => None,
    };
    let advice = match smallest {
        Some(policy) => format!("Take it away. This is enough for what the code does:\n{}", policy.text()),
        None => "Take it away.".to_owned(),
    };
    let mut found =
        Finding::new(&catalogue::UNNEEDED_PERMISSION, format!("role {}", role.name), first.place, message)
            .touching(functions.iter().map(|function| &function.name))
            .advice(advice);
    for excess in excess.iter().skip(1).filter(|excess| excess.place != first.place) {
        found = found.seen_at(excess.place, format!("gives `{}`", excess.action));
    }
    verdict.report(found);
}

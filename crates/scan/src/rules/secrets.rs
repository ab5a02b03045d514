//! Secrets in clear text: in environments, templates, defaults and source, and parameters that show them.
//!
//! Invariant: a secret is reported once, where it stands, however many places refer to it; messages carry it only cut short. Not here: what
//! a secret looks like (`crate::secrets`), who may read managed ones (`roles`).

use std::collections::{BTreeMap, BTreeSet};

use super::words::{by_format, list};
use super::{Part, Sight, Verdict, catalogue};
use crate::finding::{Finding, Remedy, Rule, Severity, Worth};
use crate::graph::{Framework, Function, Parameter, SecretKind};
use crate::known::{Piece, Text};
use crate::secrets::{self, Leak, Syntax, Weight};
use crate::source::{FileId, Place};

/// What a variable holds, how much that opens, and which functions have it where.
type Held<'a> = (&'static str, Weight, Vec<(&'a Function, Place)>);
/// How many secrets of one file are listed; a file with more is made by a tool, or to wear a scanner out.
const LEAKS_OF_A_FILE: usize = 100;
/// Values that were reported.
type Told<'a> = BTreeSet<&'a str>;

pub(super) fn look<'a>(sight: &Sight<'a>, verdict: &mut Verdict) {
    let (mut told, mut given) = (Told::new(), Given::new());
    logins(sight, &mut told, verdict);
    parameters(sight, &mut told, &mut given, verdict);
    // What a file of values holds is told where it stands, not where it is used.
    let own = told.clone();
    told.extend(given.keys());
    environment(sight, &mut told, verdict);
    managed(sight, &mut told, verdict);
    keys(sight, &mut told, verdict);
    told.retain(|value| own.contains(value) || !given.contains_key(value));
    for (file, part) in sight.files {
        for value in in_file(sight, *file, *part, &told, verdict) {
            given.remove(value);
        }
    }
    for (value, (parameter, what, weight)) in given {
        let place = parameter.default.as_ref().map_or(parameter.place, |text| text.place);
        let place_of = sight.tree.path(place.file);
        verdict.report(of_parameter(
            sight,
            parameter,
            value,
            weight,
            &format!("`{place_of}` sets `{}` to {what}", parameter.name),
        ));
    }
}

/// Secrets that a file of values gives to parameters.
type Given<'a> = BTreeMap<&'a str, (&'a Parameter, &'static str, Weight)>;

fn severity(weight: Weight) -> Severity {
    match weight {
        Weight::Heavy => Severity::High,
        Weight::Light => Severity::Medium,
    }
}

/// Databases that are made with a password that anyone would try. It protects nothing, whether the file says it or a default does that
/// nobody has to replace; elsewhere such a word stands for what is still to be filled in.
fn logins<'a>(sight: &Sight<'a>, told: &mut Told<'a>, verdict: &mut Verdict) {
    for login in &sight.app.logins {
        let value = login.password.as_literal().filter(|value| secrets::is_guessable(value));
        let Some(value) = value else { continue };
        let written = sight.tree.excerpt(login.password.place).contains(value);
        let default = sight.app.parameters.iter().find_map(|parameter| {
            let default = parameter.default.as_ref().filter(|default| default.as_literal() == Some(value))?;
            Some((parameter, default.place))
        });
        let default = default.filter(|(_, place)| !written || *place == login.password.place);
        let place = default.map_or(login.password.place, |(_, place)| place);
        let shown = secrets::cut(value);
        let hidden = !secrets::is_everybodys(value);
        let (with, severity) = match default {
            Some((parameter, _)) => (
                format!("the default of `{}` (`{shown}`) unless another is given", parameter.name),
                if hidden { Severity::High } else { Severity::Medium },
            ),
            None => (format!("the password `{shown}`"), Severity::High),
        };
        let message = format!("`{}` is made with {with}: it is among the first that anyone tries.", login.of);
        let cause = format!("password of {}", login.of);
        let found = Finding::new(&catalogue::SECRET_IN_TEMPLATE, cause, place, message)
            .touching([&login.of])
            .severity(severity)
            .advice(by_format(
                sight.app,
                "Let the provider make it: `ManageMasterUserPassword: true`.",
                "Let the provider make it: `ManageMasterUserPassword: true`.",
                "Let the provider make it: `ManageMasterUserPassword: true`.",
                "Let the provider make it: `manage_master_user_password = true`, or give it `random_password`.",
            ));
        told.insert(value);
        verdict.report(found.hiding(value));
    }
}

/// A secret that a parameter has unless another is given; `what` says that it is one.
fn of_parameter(
    sight: &Sight<'_>,
    parameter: &Parameter,
    value: &str,
    weight: Weight,
    what: &str,
) -> Finding {
    let place = parameter.default.as_ref().map_or(parameter.place, |text| text.place);
    let message = format!(
        "{what}, in clear text (`{}`): whoever reads the file or the stack has it.",
        secrets::cut(value)
    );
    let cause = format!("default of {}", parameter.name);
    Finding::new(&catalogue::SECRET_IN_TEMPLATE, cause, place, message)
        .severity(severity(weight))
        .hiding(value)
        .advice(elsewhere(sight))
}

fn parameters<'a>(sight: &Sight<'a>, told: &mut Told<'a>, given: &mut Given<'a>, verdict: &mut Verdict) {
    for parameter in &sight.app.parameters {
        let default = parameter.default.as_ref().and_then(Text::as_literal);
        if let Some((value, (what, weight))) =
            default.and_then(|value| Some((value, secrets::of_value(&parameter.name, value)?)))
        {
            let stands = parameter.default.as_ref().map_or(parameter.place, |text| text.place);
            if stands.file != parameter.place.file {
                given.entry(value).or_insert((parameter, what, weight));
            } else if told.insert(value) {
                let what = format!("The default of `{}` is {what}", parameter.name);
                verdict.report(of_parameter(sight, parameter, value, weight, &what));
            }
        }
        let switch = |value: &str| value.is_empty() || value.parse::<f64>().is_ok();
        let leads = default.is_some_and(|value| {
            (secrets::is_reference(value) && !secrets::is_placeholder(value))
                || (switch(value) && !value.is_empty())
        });
        if parameter.secret || leads || !secrets::is_secret_name(&parameter.name) {
            continue;
        }
        let message = format!(
            "`{}` takes a secret and is not marked as one: consoles, command lines and logs print it.",
            parameter.name
        );
        let cause = format!("parameter {}", parameter.name);
        let found =
            Finding::new(&catalogue::UNMASKED_PARAMETER, cause, parameter.place, message).advice(by_format(
                sight.app,
                "`NoEcho: true`",
                "`NoEcho: true`",
                "Take it from `${ssm:…}` or `${env:…}` instead.",
                "`sensitive = true`",
            ));
        // It changes what is shown, nothing that is deployed. In Terraform an output that shows it would stop the plan.
        let template = matches!(sight.app.framework, Framework::Sam | Framework::CloudFormation);
        let hide = Remedy::Set { of: parameter.place, path: &["NoEcho"], value: Worth::True };
        verdict.report(found.safely_mended_by(if template { vec![hide] } else { Vec::new() }));
    }
}

fn elsewhere(sight: &Sight<'_>) -> &'static str {
    by_format(
        sight.app,
        "Change the secret, keep the new one in Secrets Manager, and refer to it: `{{resolve:secretsmanager:name}}`, or read it when the function starts.",
        "Change the secret, keep the new one in Secrets Manager, and refer to it: `{{resolve:secretsmanager:name}}`, or read it when the function starts.",
        "Change the secret, keep the new one in an encrypted parameter, and refer to it: `${ssm:/path}`, or read it when the function starts.",
        "Change the secret, keep the new one in Secrets Manager, and give the function its ARN to read it from.",
    )
}

/// The characters of a text, when whoever wrote it wrote them there.
fn written<'a>(sight: &Sight<'_>, text: &'a Text) -> Option<&'a str> {
    let [Piece::Literal(value)] = text.pieces.as_slice() else { return None };
    Some(value.as_str()).filter(|_| !sight.tree.excerpt(text.place).contains("Ref"))
}

fn environment<'a>(sight: &Sight<'a>, told: &mut Told<'a>, verdict: &mut Verdict) {
    let mut causes: BTreeMap<(&str, &str), Held<'_>> = BTreeMap::new();
    for function in &sight.app.functions {
        for variable in &function.environment {
            let Some(value) = written(sight, &variable.value) else { continue };
            let Some((what, weight)) = secrets::of_value(&variable.name, value) else { continue };
            if told.contains(value) {
                continue;
            }
            let cause = causes.entry((&variable.name, value)).or_insert((what, weight, Vec::new()));
            cause.2.push((function, variable.value.place));
        }
    }
    for ((name, value), (what, weight, functions)) in causes {
        told.insert(value);
        let Some((_, place)) = functions.first().copied() else { continue };
        let names = list(functions.iter().map(|(function, _)| function.name.as_str()));
        let message = format!(
            "The variable `{name}` of {names} holds {what} in clear text (`{}`). It is in the repository, in the console, and in every dump of the process.",
            secrets::cut(value)
        );
        let mut found =
            Finding::new(&catalogue::SECRET_IN_ENVIRONMENT, format!("variable {name}"), place, message)
                .touching(functions.iter().map(|(function, _)| &function.name))
                .severity(severity(weight))
                .hiding(value)
                .advice(by_format(
                    sight.app,
                    "Change the secret, keep the new one in Secrets Manager, and read it when the function starts. `{{resolve:secretsmanager:name}}` takes it out of the repository only: whoever may look at the function's configuration still sees it.",
                    "Change the secret, keep the new one in Secrets Manager, and read it when the function starts. `{{resolve:secretsmanager:name}}` takes it out of the repository only: whoever may look at the function's configuration still sees it.",
                    "Change the secret, keep the new one in an encrypted parameter, and read it when the function starts. `${ssm:/path}` takes it out of the repository only: it is written into the template that is deployed.",
                    "Change the secret, keep the new one in Secrets Manager, and give the function its ARN to read it from.",
                ));
        let mut places = BTreeSet::from([place]);
        for (function, place) in functions {
            if places.insert(place) {
                found = found.seen_at(place, format!("also of {}", function.name));
            }
        }
        verdict.report(found);
    }
}

fn managed<'a>(sight: &Sight<'a>, told: &mut Told<'a>, verdict: &mut Verdict) {
    for secret in &sight.app.secrets {
        let Some(text) = &secret.value else { continue };
        let Some(value) = written(sight, text) else { continue };
        // A managed secret's value is one whatever its name; a plain parameter's only if it looks like it.
        let by_name = match secret.kind {
            SecretKind::PlainParameter => secret.name.as_str(),
            SecretKind::SecretsManager | SecretKind::SecureParameter => "password",
        };
        let Some((_, weight)) = secrets::of_value(by_name, value) else { continue };
        if !told.insert(value) {
            continue;
        }
        let message = format!(
            "The value of `{}` stands in the file in clear text (`{}`): managing it protects nothing any more.",
            secret.name,
            secrets::cut(value)
        );
        let cause = format!("value of {}", secret.name);
        verdict.report(
            Finding::new(&catalogue::SECRET_IN_TEMPLATE, cause, text.place, message)
                .touching([&secret.name])
                .severity(severity(weight))
                .hiding(value)
                .advice(by_format(
                    sight.app,
                    "Let the store make it: `GenerateSecretString`, and change the old one.",
                    "Let the store make it: `GenerateSecretString`, and change the old one.",
                    "Let the store make it: `GenerateSecretString`, and change the old one.",
                    "Let it be made: `random_password` or `secret_string_wo`, and change the old one.",
                )),
        );
    }
}

/// Keys of callers that stand in the files, rather than being made by the provider.
fn keys<'a>(sight: &Sight<'a>, told: &mut Told<'a>, verdict: &mut Verdict) {
    for key in &sight.app.keys {
        let Some(value) = written(sight, &key.password) else { continue };
        let Some((_, weight)) = secrets::of_value("api_key", value) else { continue };
        if !told.insert(value) {
            continue;
        }
        let message = format!(
            "The API key `{}` stands in the file in clear text (`{}`): whoever reads the repository or the stack can call with it.",
            key.of,
            secrets::cut(value)
        );
        let cause = format!("value of the key {}", key.of);
        verdict.report(
            Finding::new(&catalogue::SECRET_IN_TEMPLATE, cause, key.password.place, message)
                .severity(severity(weight))
                .hiding(value)
                .advice("Leave the value out, so that the provider makes one, and change the old one."),
        );
    }
}

/// How values are written in a file of this name; `None` where names are not trusted.
fn syntax(path: &str, part: Part) -> Option<Syntax> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let end = name.rsplit('.').next().unwrap_or_default();
    match (end, part) {
        _ if is_test(path) => None,
        (
            "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "jsx" | "tsx" | "py" | "go" | "java" | "rb" | "cs"
            | "kt" | "tf" | "tofu" | "tfvars" | "hcl",
            _,
        ) => Some(Syntax::Quoted),
        ("yml" | "yaml" | "template", Part::Infrastructure) | ("env" | "properties" | "ini", _) => {
            Some(Syntax::Bare)
        }
        ("json", Part::Infrastructure) => Some(Syntax::Quoted),
        _ if name.starts_with(".env") && !name.ends_with("example") && !name.ends_with("sample") => {
            Some(Syntax::Bare)
        }
        _ => None,
    }
}

/// Files that try things out: what has a name there is made up.
fn is_test(path: &str) -> bool {
    const FOLDERS: [&str; 14] = [
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "fixtures",
        "mocks",
        "__mocks__",
        "example",
        "examples",
        "docs",
        "samples",
        "events",
        "e2e",
    ];
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    folders.split('/').any(|folder| FOLDERS.contains(&folder))
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains("_test.")
        || name.starts_with("test_")
        || name.ends_with("example")
}

/// Tells of the secrets that a file holds, and gives back all of them that it tells of.
fn in_file<'a>(
    sight: &Sight<'a>,
    file: FileId,
    part: Part,
    told: &Told<'_>,
    verdict: &mut Verdict,
) -> BTreeSet<&'a str> {
    let path = sight.tree.path(file);
    let Some(text) = sight.tree.file(file).and_then(|file| file.text()) else { return BTreeSet::new() };
    let mut seen = BTreeSet::new();
    let mut rest = None;
    for leak in secrets::in_text(text, syntax(path, part)) {
        let Some(value) = text.get(leak.start..leak.end) else { continue };
        let light = leak.weight == Weight::Light && is_test(path);
        // Part of a value that was told as a whole is the same secret.
        let is_told = told.contains(value) || told.iter().take(200).any(|whole| whole.contains(value));
        if light || is_told || !seen.insert(value) {
            continue;
        }
        match seen.len() <= LEAKS_OF_A_FILE {
            true => verdict.report(leaked(sight, file, part, &leak, value)),
            false => rest = rest.or(Some(leak)),
        }
    }
    if let Some(leak) = rest {
        verdict.report(others(sight, file, part, &leak, seen.len() - LEAKS_OF_A_FILE));
    }
    seen
}

/// What is said of the secrets of a file beyond those that are listed.
fn others(sight: &Sight<'_>, file: FileId, part: Part, first: &Leak, count: usize) -> Finding {
    let path = sight.tree.path(file);
    let (rule, _) = told_of(part);
    let further = if count == 1 { "1 more secret".to_owned() } else { format!("{count} more secrets") };
    let message = format!("`{path}` holds {further} in clear text; this is the first of them.");
    let place = Place::new(file, first.start, first.end);
    Finding::new(rule, format!("further secrets in {path}"), place, message)
        .severity(severity(Weight::Heavy))
        .hiding(sight.tree.excerpt(place))
        .advice("Change them, keep the new ones outside of the repository, and look at this file as a whole.")
}

/// The rule for secrets in such files, and who has what stands there.
fn told_of(part: Part) -> (&'static Rule, &'static str) {
    match part {
        Part::Infrastructure => {
            (&catalogue::SECRET_IN_TEMPLATE, "whoever reads the repository or the stack has it")
        }
        Part::Code => (
            &catalogue::SECRET_IN_SOURCE,
            "it is in every copy of the repository and in every package that is built",
        ),
    }
}

fn leaked(sight: &Sight<'_>, file: FileId, part: Part, leak: &Leak, value: &str) -> Finding {
    let path = sight.tree.path(file);
    let name = leak.name.as_deref().map_or(String::new(), |name| format!(" (`{name}`)"));
    let (rule, whom) = told_of(part);
    let message =
        format!("`{path}` holds {}{name} in clear text (`{}`): {whom}.", leak.what, secrets::cut(value));
    let cause = format!("{} {} in {path}", leak.what, leak.name.as_deref().unwrap_or_default());
    let place = Place::new(file, leak.start, leak.end);
    let advice = match (part, sight.app.framework) {
        (Part::Infrastructure, _) => elsewhere(sight),
        (Part::Code, Framework::Serverless) => {
            "Change the secret, keep the new one in an encrypted parameter, and read it when the function starts."
        }
        (Part::Code, _) => {
            "Change the secret, keep the new one in Secrets Manager, and read it when the function starts."
        }
    };
    Finding::new(rule, cause, place, message).severity(severity(leak.weight)).hiding(value).advice(advice)
}

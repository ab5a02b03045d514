//! Where event data does harm, what makes it harmless, and what hands it on.
//!
//! Invariant: a sink needs a reason that stands in the code: a shell, an interpreter, text of a query, a path. Not here: how values get
//! there (`machine`).

mod captured;
mod tables;

pub(super) use self::captured::{captured, is_wide};
use self::tables::{DATABASES, DESERIALIZERS, INTERPRETERS, PATHS, PROCESSES, QUERIES, SHELLS};
pub(super) use self::tables::{cleans, is_source, is_stack, passes, query_part, stripped};
use super::machine::Machine;
use super::value::{Arguments, Safe, Trail, Value, What};
use super::{FlowKind, sdk};
use crate::known::Piece;
use crate::source::Place;

/// Looks at a call of something from outside.
pub(super) fn outside(machine: &mut Machine<'_>, path: &str, arguments: &Arguments, place: Place) {
    let first = arguments.at(0).or_else(|| arguments.named.first().map(|(_, value)| value));
    let Some(first) = first.map(|first| machine.deep(first)) else { return };
    let last = path.rsplit('.').next().unwrap_or(path);
    let starts = SHELLS.contains(&path) || PROCESSES.contains(&path);
    if starts && sdk::runs_the_command_line(machine, &first) {
        machine.gap(place, format!("`{path}` runs the provider's command line"));
    }
    if SHELLS.contains(&path) {
        return report(machine, FlowKind::CommandInjection, &first, path, place);
    }
    if PROCESSES.contains(&path) {
        return process(machine, path, &first, arguments, place);
    }
    if INTERPRETERS.contains(&path) {
        let all: Vec<Value> = arguments.values.iter().map(|value| machine.deep(value)).collect();
        // `Function(names…, body)`; an interpreter's further arguments are what code may see, no code.
        let body = if path == "Function" { all.last().cloned().unwrap_or(first) } else { first };
        return report(machine, FlowKind::CodeInjection, &body, path, place);
    }
    if DESERIALIZERS.contains(&path) || unsafe_yaml(path, arguments) {
        return report(machine, FlowKind::UnsafeDeserialization, &first, path, place);
    }
    if let Some(name) = PATHS.iter().find(|known| **known == path) {
        let copies = ["copy", "move", "rename", "cp"].iter().any(|word| name.contains(word));
        report(machine, FlowKind::PathTraversal, &first, path, place);
        if let (true, Some(second)) = (copies, arguments.at(1)) {
            let second = machine.deep(second);
            report(machine, FlowKind::PathTraversal, &second, path, place);
        }
        return;
    }
    if path.ends_with("().sendFile") || path == "response.sendFile" || path == "response.download" {
        let rooted = arguments.at(1).is_some_and(|options| machine.field(options, "root").is_some());
        if !rooted {
            report(machine, FlowKind::PathTraversal, &first, path, place);
        }
        return;
    }
    let is_database = DATABASES.iter().any(|root| path.starts_with(root));
    if QUERIES.contains(&last) || last == "exec" && is_database {
        query(machine, path, &first, place);
    }
    // A condition of an object mapper takes text only where `text` makes it one.
    if path.starts_with("sqlalchemy.") && CONDITIONS.contains(&last) && matches!(first.what, What::Text(_)) {
        sql(machine, &first, path, place);
    }
}

/// Methods of a query that take a condition or an order.
const CONDITIONS: [&str; 5] = ["filter", "where", "having", "order_by", "from_statement"];

/// A module that is loaded, whose name is worked out.
pub(super) fn loads(machine: &mut Machine<'_>, name: &Value, path: &str, place: Place) {
    let name = machine.deep(name);
    report(machine, FlowKind::CodeInjection, &name, path, place);
}

/// Text and a value behind it in a template whose values are each one word of a command: `sh -c ${value}` runs that word.
pub(super) fn interpreted(machine: &mut Machine<'_>, pair: &[Value], place: Place) {
    let [before, value] = pair else { return };
    let words: Vec<&str> = before.literal().map(|text| text.split_whitespace().collect()).unwrap_or_default();
    let [.., program, flag] = words.as_slice() else { return };
    let program = program.rsplit('/').next().unwrap_or(program);
    if INTERPRETING.contains(&program) && matches!(*flag, "-c" | "-lc" | "/c") {
        let value = machine.deep(value);
        report(machine, FlowKind::CommandInjection, &value, "zx.$", place);
    }
}

/// Looks at a method that is called on something that is not known.
pub(super) fn method(
    machine: &mut Machine<'_>,
    receiver: &Value,
    name: &str,
    arguments: &Arguments,
    place: Place,
) {
    if let Some(first) = arguments.at(0)
        && QUERIES.contains(&name)
    {
        let first = machine.deep(first);
        query(machine, name, &first, place);
    }
    // `Path(name).read_text()`
    if matches!(name, "read_text" | "read_bytes" | "write_text" | "write_bytes") {
        report(machine, FlowKind::PathTraversal, receiver, name, place);
    }
}

/// A child process: harmful with a shell, or where the caller chooses the program.
fn process(machine: &mut Machine<'_>, path: &str, first: &Value, arguments: &Arguments, place: Place) {
    let is_true = |value: Option<Value>| matches!(value.map(|value| value.what), Some(What::Bool(true)));
    let options = arguments.values.iter().skip(1).filter(|value| machine.is_object(value));
    let shell = is_true(arguments.named("shell").cloned())
        || options.clone().any(|options| match machine.field(options, "shell").map(|value| value.what) {
            Some(What::Bool(on)) => on,
            Some(What::Text(_)) => true,
            _ => false,
        });
    let items = machine.items(first);
    let list = items.first().cloned();
    let program = list.as_ref().unwrap_or(first);
    // `env sh -c …` runs what stands behind it.
    let further = if list.is_some() {
        items.clone()
    } else {
        arguments.at(1).map(|list| machine.items(list)).unwrap_or_default()
    };
    let through = is_program(program, &["env", "sudo", "nohup", "timeout", "xargs"]);
    let interprets = is_program(program, &INTERPRETING)
        || (through && further.iter().any(|word| is_program(word, &INTERPRETING)));
    if shell {
        report(machine, FlowKind::CommandInjection, first, path, place);
    }
    if shell || interprets {
        let rest = arguments.at(1).filter(|value| !machine.is_object(value)).map(|value| machine.deep(value));
        let whole = if list.is_some() { Some(machine.deep(first)) } else { rest };
        if let Some(whole) = whole {
            report(machine, FlowKind::CommandInjection, &whole, path, place);
        }
    } else {
        let program = machine.deep(program);
        report(machine, FlowKind::CommandInjection, &program, path, place);
    }
}

/// Programs that take a command's text.
const INTERPRETING: [&str; 7] = ["sh", "bash", "zsh", "dash", "cmd", "cmd.exe", "powershell"];

/// Whether a value is the name or path of one of these programs.
fn is_program(value: &Value, names: &[&str]) -> bool {
    value.literal().is_some_and(|name| names.contains(&name.rsplit('/').next().unwrap_or(name)))
}

/// A query: harmful where text of it is put together with what the caller sent.
fn query(machine: &mut Machine<'_>, path: &str, text: &Value, place: Place) {
    let inner = ["text", "sql", "query"].iter().find_map(|name| machine.field(text, name));
    let text = match (&text.what, inner) {
        (What::Object(_), Some(inner)) => inner,
        (What::Object(_) | What::List(_), None) => return,
        _ => text.clone(),
    };
    let database = DATABASES.iter().any(|root| path.starts_with(root));
    if database || is_query(&text) {
        sql(machine, &text, path, place);
    }
}

/// A query's text that arrives at a database.
pub(super) fn sql(machine: &mut Machine<'_>, text: &Value, path: &str, place: Place) {
    report(machine, FlowKind::SqlInjection, text, path, place);
}

/// Whether a text begins as queries do.
fn is_query(text: &Value) -> bool {
    const WORDS: [&str; 14] = [
        "select ",
        "insert ",
        "update ",
        "delete ",
        "replace ",
        "create ",
        "drop ",
        "alter ",
        "with ",
        "call ",
        "merge ",
        "truncate ",
        "exec ",
        "match ",
    ];
    text.choices().iter().any(|choice| {
        let What::Text(pieces) = &choice.what else { return false };
        let literal = pieces.iter().find_map(|piece| match piece {
            Piece::Literal(text) => {
                Some(text.trim_start().get(..16).unwrap_or(text.trim_start()).to_ascii_lowercase())
            }
            _ => None,
        });
        literal.is_some_and(|text| {
            let text: String = text.split_whitespace().flat_map(|word| [word, " "]).collect();
            WORDS.iter().any(|word| text.starts_with(word))
        })
    })
}

/// `yaml.load` without a loader that is safe.
fn unsafe_yaml(path: &str, arguments: &Arguments) -> bool {
    if !matches!(path.strip_prefix("ruamel.").unwrap_or(path), "yaml.load" | "yaml.load_all") {
        return false;
    }
    let loader = arguments.either(1, "Loader").and_then(Value::path);
    !loader.is_some_and(|loader| loader.contains("Safe") || loader.contains("Base"))
}

/// What a thing is called that was told when it was made to be dangerous.
pub(super) fn made(machine: &Machine<'_>, path: &str, arguments: &Arguments) -> Option<String> {
    let kind = arguments.either(0, "typ").filter(|_| path == "ruamel.yaml.YAML")?;
    let items = machine.items(kind);
    let is_unsafe = items.iter().chain([kind]).any(|item| item.literal() == Some("unsafe"));
    is_unsafe.then(|| format!("{path}(unsafe)"))
}

fn report(machine: &mut Machine<'_>, kind: FlowKind, value: &Value, path: &str, place: Place) {
    let Some(trail) = value.taint.event.clone() else { return };
    let safe = match kind {
        FlowKind::CommandInjection => Safe::SHELL,
        FlowKind::SqlInjection => Safe::SQL,
        FlowKind::PathTraversal => Safe::PATH,
        FlowKind::CodeInjection | FlowKind::UnsafeDeserialization | FlowKind::VerboseErrors => Safe::ALL,
    };
    if value.taint.safe.covers(safe) {
        return;
    }
    let message = message(kind, &trail, path);
    machine.flow(kind, &trail, place, path, message);
}

fn message(kind: FlowKind, trail: &Trail, path: &str) -> String {
    let from = &trail.name;
    match kind {
        FlowKind::CommandInjection => format!("`{from}` becomes part of a command that `{path}` runs."),
        FlowKind::CodeInjection => format!("`{from}` is run as code by `{path}`."),
        FlowKind::SqlInjection => {
            format!("`{from}` becomes part of the text of a query that `{path}` sends.")
        }
        FlowKind::PathTraversal => format!("`{from}` becomes part of a path that `{path}` opens."),
        FlowKind::UnsafeDeserialization => {
            format!("`{from}` is made into objects by `{path}`, which can run code.")
        }
        FlowKind::VerboseErrors => format!("{from} is sent to the caller."),
    }
}

//! Snippets and what is read of them.

mod bundles;
mod carried;
mod collections;
mod entry;
mod flows;
mod handed;
mod hostile;
mod neighbours;
mod private;
mod sdk;
mod switches;
mod ways;
mod web;

use super::*;
use crate::graph::{App, CodeLocation, Framework, Function, Variable};
use crate::known::{Known, Name, Setting};

/// Reads a function whose code is these files; its handler is `app.handler` in the first one.
fn read_files(files: &[(&str, &str)], environment: &[&str]) -> (SourceTree, Reading) {
    let mut tree = SourceTree::new();
    let template = tree.add("template.yml", *b"");
    for (path, text) in files {
        tree.add(path, text.as_bytes());
    }
    let app = App::new("test", Framework::Sam, template, "");
    let place = Place::whole(template);
    let mut function = Function::new(Name::from("Main"), place);
    function.handler = Some(Setting::new(place, "app.handler".to_owned()));
    let python = files.first().is_some_and(|(path, _)| path.ends_with(".py"));
    let runtime = if python { "python3.13" } else { "nodejs22.x" };
    function.runtime = Some(Setting::new(place, runtime.to_owned()));
    function.code.location = Known::Value(CodeLocation::Folder(String::new()));
    function.environment = environment
        .iter()
        .map(|name| Variable { name: (*name).to_owned(), value: Text::literal("set", place) })
        .collect();
    let reading = read(&tree, &app, &function);
    (tree, reading)
}

/// Reads one file of code.
fn read_code(path: &str, code: &str) -> Reading {
    read_files(&[(path, code)], &[]).1
}

/// What a reading calls, one `action resource` a line in order; `?` behind what is only possible.
fn calls(reading: &Reading) -> Vec<String> {
    let mut found: Vec<String> = reading
        .sdk_calls
        .iter()
        .map(|call| {
            let unsure = if call.certainty == Certainty::Possible { " ?" } else { "" };
            format!("{} {}{unsure}", call.actions.join("+"), call.resource)
        })
        .collect();
    found.sort();
    found
}

fn gaps(reading: &Reading) -> Vec<&str> {
    reading.unknowns.iter().map(|gap| gap.value.as_str()).collect()
}

//! `casemate deploy`: put an app live.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use casemate_core::Manifest;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Map, Value, json};

use crate::client::{Body, Client, ServerArguments};
use crate::failure::Failure;
use crate::output::{BOLD, DIM, GOOD, Output, WARN, paint};
use crate::verb::list;

/// Upload the components of an app, compile them on the server, and put a new revision live.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  casemate deploy\n  casemate deploy shop/casemate.toml")]
pub(crate) struct Arguments {
    /// The manifest, or the folder that holds `casemate.toml`.
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    server: ServerArguments,
}

/// Bytes that one frame of an upload carries.
const CHUNK: usize = 64 * 1024;

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let path = if arguments.path.is_dir() { arguments.path.join("casemate.toml") } else { arguments.path };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::failed(format!("`{}` cannot be read: {error}", path.display()))
            .help("casemate new hello   # makes one")
    })?;
    let manifest = Manifest::parse(&text).map_err(|error| {
        let failure =
            Failure::failed(format!("{}:{}:{}: {}", path.display(), error.line, error.column, error.message));
        match error.help {
            Some(help) => failure.help(help),
            None => failure,
        }
    })?;
    let client = Client::new(&arguments.server)?;
    let base = path.parent().unwrap_or(Path::new("."));
    let mut components = Map::new();
    for (name, function) in &manifest.functions {
        let file = base.join(&function.component);
        let bytes = std::fs::read(&file).map_err(|error| {
            Failure::failed(format!(
                "component `{}` of function `{name}` cannot be read: {error}",
                file.display()
            ))
            .help("cargo build --release --target wasm32-wasip2   # or what the template's README says")
        })?;
        let digest = casemate_server::sha256(&bytes);
        if !components.values().any(|known| known.as_str() == Some(digest.to_string().as_str())) {
            upload(&client, output, &function.component, &digest.to_hex(), bytes)?;
        }
        components.insert(name.to_string(), json!(digest));
    }
    let waiting = output.spinner(format!("putting {} live", manifest.app));
    let body = json!({ "manifest": text, "components": components });
    let revision = client.call("POST", &format!("/v1/apps/{}/revisions", manifest.app), Some(&body))?;
    waiting.finish_and_clear();
    output.result(&revision, |revision| words(revision, &manifest));
    Ok(())
}

fn upload(client: &Client, output: &Output, file: &str, digest: &str, bytes: Vec<u8>) -> Result<(), Failure> {
    let bar = output.bytes(format!("uploading {file}"), u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let sent = bar.clone();
    let (bytes, words) = (Bytes::from(bytes), format!("compiling {file}"));
    let total = bytes.len();
    let frames = (0..total).step_by(CHUNK).map(move |start| {
        let chunk = bytes.slice(start..total.min(start + CHUNK));
        sent.inc(u64::try_from(chunk.len()).unwrap_or(0));
        if start + CHUNK >= total {
            // All is on its way: what takes time now is the compiler.
            sent.set_message(words.clone());
            sent.enable_steady_tick(std::time::Duration::from_millis(200));
        }
        Ok::<_, std::convert::Infallible>(http_body::Frame::data(chunk))
    });
    let body: Body = StreamBody::new(futures_util::stream::iter(frames)).boxed();
    let answer = client.send("PUT", &format!("/v1/components/{digest}"), "application/wasm", body);
    bar.finish_and_clear();
    let report = answer?.json()?;
    if report.get("compiled").and_then(Value::as_bool) == Some(true) {
        let millis = report.get("compile_ms").and_then(Value::as_u64).unwrap_or(0);
        output.note(&paint(DIM, format!("compiled {file} in {millis} ms")));
    }
    Ok(())
}

fn words(revision: &Value, manifest: &Manifest) -> String {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = revision.get("revision").and_then(Value::as_u64).unwrap_or(0);
    let url = text(revision, "url");
    let mut lines = vec![
        paint(GOOD, format!("{} revision {number} is live at {url}", manifest.app)),
        list::functions(revision),
    ];
    for note in revision.get("notes").and_then(Value::as_array).into_iter().flatten() {
        let style = if text(note, "level") == "warn" { WARN } else { DIM };
        lines.push(format!(
            "{} {}",
            paint(style, format!("{}: {}", text(note, "function"), text(note, "text"))),
            paint(DIM, format!("[{}]", text(note, "help")))
        ));
    }
    if let Some((name, function)) =
        manifest.functions.iter().find(|(_, function)| !function.routes.is_empty())
    {
        let path = function.routes.first().map(ToString::to_string).unwrap_or_default();
        let path = path.rsplit(' ').next().unwrap_or("/").trim_end_matches('*').to_owned();
        lines.push(format!("{} casemate invoke {name} --app {}", paint(BOLD, "Next:"), manifest.app));
        lines.push(format!(
            "      curl -H \"authorization: Bearer $(casemate invoke --app {} --token)\" {url}{path}",
            manifest.app
        ));
    }
    lines.join("\n")
}

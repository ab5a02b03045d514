//! `casemate new`: a new function from a template.

use std::io::Write;
use std::path::{Path, PathBuf};

use casemate_core::AppId;
use serde_json::json;

use crate::failure::{Failure, Kind};
use crate::output::{BOLD, GOOD, Output, paint};

/// Make a new app with one function from a template.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  casemate new hello\n  casemate new hello --lang js")]
pub(crate) struct Arguments {
    /// The app's name; a folder of that name is made.
    name: String,
    /// The language.
    #[arg(long, value_enum, default_value_t = Lang::Rust)]
    lang: Lang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Lang {
    /// A component of about 50 KB; needs `rustup target add wasm32-wasip2`.
    Rust,
    /// A component of about 13 MB with StarlingMonkey; needs Node 20.
    Js,
}

macro_rules! files {
    ($($to:literal <- $from:literal),* $(,)?) => {
        &[$(($to, include_str!(concat!("../../templates/", $from)))),*]
    };
}

/// Path in the new folder, and text.
type Files = &'static [(&'static str, &'static str)];

const RUST: Files = files![
    "Cargo.toml" <- "rust/Cargo.toml",
    "src/lib.rs" <- "rust/src/lib.rs",
    "casemate.toml" <- "rust/casemate.toml",
    "README.md" <- "rust/README.md",
    ".gitignore" <- "rust/gitignore",
];
const JS: Files = files![
    "hello.js" <- "javascript/hello.js",
    "package.json" <- "javascript/package.json",
    "casemate.toml" <- "javascript/casemate.toml",
    "README.md" <- "javascript/README.md",
    ".gitignore" <- "javascript/gitignore",
];
/// What the JavaScript engine needs to know of the host's interfaces.
const WIT: Files = files![
    "wit/world.wit" <- "wit/world.wit",
    "wit/deps/clocks.wit" <- "wit/deps/clocks.wit",
    "wit/deps/http.wit" <- "wit/deps/http.wit",
    "wit/deps/io.wit" <- "wit/deps/io.wit",
];

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let name = AppId::parse(&arguments.name).map_err(|error| Failure::new(Kind::Usage, error.to_string()))?;
    if name.is_platform() {
        return Err(
            Failure::new(Kind::Usage, "`casemate` is the platform's own name").help("casemate new my-app")
        );
    }
    let folder = PathBuf::from(name.as_str());
    std::fs::create_dir(&folder).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::new(Kind::Usage, format!("`{}` is there already; nothing was changed", folder.display()))
                .help(format!("casemate new {name}-2"))
        }
        _ => Failure::failed(format!("`{}` cannot be made: {error}", folder.display())),
    })?;
    let (own, wit): (Files, Files) = match arguments.lang {
        Lang::Rust => (RUST, &[]),
        Lang::Js => (JS, WIT),
    };
    for (path, text) in own.iter().chain(wit) {
        write(&folder.join(path), &text.replace("{{name}}", name.as_str()))?;
    }
    let build = match arguments.lang {
        Lang::Rust => "rustup target add wasm32-wasip2 && cargo build --release --target wasm32-wasip2",
        Lang::Js => "npm install && npm run build",
    };
    output.result(&json!({ "folder": folder, "build": build }), |_| {
        let next = paint(BOLD, "Next:");
        format!(
            "{}\n{next} cd {name}\n      {build}\n      casemate deploy",
            paint(GOOD, format!("Made {name}/."))
        )
    });
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let wrong =
        |error: std::io::Error| Failure::failed(format!("`{}` cannot be written: {error}", path.display()));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(wrong)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)
}

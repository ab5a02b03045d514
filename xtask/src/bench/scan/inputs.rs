//! What the scanner's benchmark runs on: copies of the labelled apps, a large service, large lock files; and what must be found in each.
//!
//! Invariant: every input comes with a check that only an answer meets for which the work was done.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// How many templates the large run has.
pub(super) const TEMPLATES: usize = 500;
/// How many packages a large lock file has.
const PACKAGES: usize = 20_000;
/// How many functions the large service has.
const FUNCTIONS: usize = 400;

/// A policy like those of the labelled apps, for the tool that reads policies only.
pub(super) const POLICY: &str = r#"{ "Version": "2012-10-17", "Statement": [
  { "Effect": "Allow", "Action": "dynamodb:*", "Resource": "*" },
  { "Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": "*" } ] }"#;

/// Whether an answer shows that the work was done.
pub(super) type Check = Box<dyn Fn(&str) -> bool>;

/// A labelled app, and the rules that must be named in it.
pub(super) struct Labelled {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    rules: BTreeSet<String>,
    advisories: bool,
}

#[derive(Deserialize)]
struct Labels {
    advisories: Option<String>,
    #[serde(default)]
    fault: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    rule: String,
    #[serde(default)]
    optional: bool,
}

impl Labelled {
    /// All labelled apps, by name.
    pub(super) fn all(apps: &Path) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(apps)? {
            let folder = entry?.path();
            let Ok(text) = std::fs::read_to_string(folder.join("labels.toml")) else { continue };
            let labels: Labels = toml::from_str(&text).with_context(|| folder.display().to_string())?;
            let rules = labels.fault.into_iter().filter(|fault| !fault.optional).map(|fault| fault.rule);
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            all.push(Self { name, rules: rules.collect(), folder, advisories: labels.advisories.is_some() });
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// Every rule that the labels ask for is named. (Not those of advisories, which a run without a database cannot know.)
    pub(super) fn check(&self) -> Check {
        let mut rules = self.rules.clone();
        if self.advisories {
            rules.remove("vulnerable-dependency");
        }
        Box::new(move |said| {
            let found: BTreeSet<String> = found(said).into_iter().flatten().collect();
            !found_apps(said).is_empty() && rules.is_subset(&found)
        })
    }
}

fn found_apps(said: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(said).unwrap_or_default();
    report.get("apps").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The rules of all findings in Casemate's answer, app by app.
pub(super) fn found(said: &str) -> Vec<Vec<String>> {
    let rule = |finding: &Value| finding.get("rule").and_then(Value::as_str).unwrap_or_default().to_owned();
    let findings = |app: &Value| app.get("findings").and_then(Value::as_array).cloned().unwrap_or_default();
    found_apps(said).iter().map(|app| findings(app).iter().map(rule).collect()).collect()
}

/// Copies the apps that are CloudFormation or SAM in YAML until there are enough templates, each in a folder of its own.
pub(super) fn many(apps: &Path, many: &Path) -> Result<()> {
    let mut kinds: Vec<PathBuf> = std::fs::read_dir(apps)?.flatten().map(|entry| entry.path()).collect();
    kinds.retain(|path| path.join("template.yaml").is_file());
    kinds.sort();
    for (number, app) in kinds.iter().cycle().take(TEMPLATES).enumerate() {
        copy_folder(app, &many.join(format!("{number:03}")))?;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()))?;
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Writes a service whose many functions share one wide role, each behind a route of its own.
pub(super) fn service(folder: &Path) -> Result<Check> {
    let mut text = String::from(
        "service: large\nprovider:\n  name: aws\n  runtime: nodejs24.x\n  iam:\n    role:\n      statements:\n        \
         - { Effect: Allow, Action: 'dynamodb:*', Resource: '*' }\nfunctions:\n",
    );
    for number in 0..FUNCTIONS {
        writeln!(
            text,
            "  f{number}:\n    handler: app.handler\n    events:\n      - httpApi: 'GET /f{number}'"
        )?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("serverless.yml"), text)?;
    std::fs::write(folder.join("app.js"), "exports.handler = async () => ({ statusCode: 204 });\n")?;
    let last = format!("f{}", FUNCTIONS - 1);
    Ok(Box::new(move |said| {
        let names = |rule: &str| found(said).iter().flatten().any(|found| found == rule);
        names("wildcard-action") && names("open-route") && said.contains(&last)
    }))
}

/// Writes a function with npm's lock file of many packages, each of which needs three others.
pub(super) fn npm(folder: &Path) -> Result<Check> {
    let mut packages = serde_json::Map::new();
    packages.insert(String::new(), json!({ "name": "app", "dependencies": { "package-0": "^1.0.0" } }));
    for number in 0..PACKAGES {
        let needs: serde_json::Map<String, Value> =
            needs(number).map(|other| (format!("package-{other}"), json!("^1.0.0"))).collect();
        let integrity = format!("sha512-{}==", "A".repeat(86));
        let resolved =
            format!("https://packages.example/package-{number}/-/package-{number}-1.0.{number}.tgz");
        packages.insert(
            format!("node_modules/package-{number}"),
            json!({ "version": format!("1.0.{number}"), "resolved": resolved, "integrity": integrity, "dependencies": needs }),
        );
    }
    let lock = json!({ "name": "app", "lockfileVersion": 3, "requires": true, "packages": packages });
    app_with(folder, "package-lock.json", &lock.to_string())?;
    Ok(Box::new(all_components))
}

/// The same as yarn writes it.
pub(super) fn yarn(folder: &Path) -> Result<Check> {
    let mut text = String::from("# yarn lockfile v1\n\n");
    for number in 0..PACKAGES {
        writeln!(text, "package-{number}@^1.0.0:\n  version \"1.0.{number}\"\n  dependencies:")?;
        for other in needs(number) {
            writeln!(text, "    package-{other} \"^1.0.0\"")?;
        }
        text.push('\n');
    }
    app_with(folder, "yarn.lock", &text)?;
    Ok(Box::new(all_components))
}

fn needs(number: usize) -> impl Iterator<Item = usize> {
    [1, 7, 31].into_iter().map(move |step| (number + step) % PACKAGES)
}

fn app_with(folder: &Path, lock: &str, text: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(lock), text)?;
    std::fs::write(
        folder.join("serverless.yml"),
        "service: packages\nprovider: { name: aws, runtime: nodejs24.x }\nfunctions: { one: { handler: app.handler, events: [schedule: rate(1 day)] } }\n",
    )?;
    std::fs::write(folder.join("app.js"), "exports.handler = async () => ({ statusCode: 204 });\n")?;
    Ok(())
}

/// A software bill of materials that names every package and what each depends on.
fn all_components(said: &str) -> bool {
    let bill: Value = serde_json::from_str(said).unwrap_or_default();
    let list = |key: &str| bill.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let edges = |entry: &Value| entry.get("dependsOn").and_then(Value::as_array).map_or(0, Vec::len);
    let named = list("components").iter().filter(|part| part.get("purl").is_some()).count();
    named == PACKAGES && list("dependencies").iter().map(edges).sum::<usize>() >= 3 * PACKAGES
}

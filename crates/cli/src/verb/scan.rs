//! `casemate scan`: what is open in the serverless apps of a folder, offline.
//!
//! Not here: the assessment (`casemate_scan`), which files are read (`walk`), how they are changed (`fix`), one function by itself
//! (`need`).

mod fix;
mod format;
mod need;
mod overwrite;
mod walk;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anstyle::{AnsiColor, Style};
use casemate_scan::baseline::Baseline;
use casemate_scan::facts::Day;
use casemate_scan::finding::Severity;
use casemate_scan::inspect::{Dependencies, Options, inspect};
use casemate_scan::report::text::{Paint, Role, text, word, wrap};
use casemate_scan::report::{Report, html, json, markdown, sarif};
use casemate_scan::rules::catalogue;
use casemate_scan::sbom;
use casemate_scan::source::SourceTree;
use clap::ValueEnum;

use self::format::Format;
use self::walk::{LeftOut, Taken};
use crate::advisories;
use crate::failure::{Failure, Kind};
use crate::output::{BOLD, DIM, GOOD, Output, WARN, json_text, paint, plain};

/// Find what is open in existing serverless apps: AWS SAM, CloudFormation, Serverless Framework, Terraform.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  casemate scan .                                    what is open in this folder's apps
  casemate scan . --fail-on high --format sarif --output scan.sarif
  casemate scan . --format html --output report.html
  casemate scan . --write-baseline known.json        take what is there now as known
  casemate scan . --baseline known.json              only what is new fails
  casemate scan . --fix --dry-run                    the changes that are safe, as a diff; without --dry-run they are made
  casemate scan . --need CreateOrder                 what a function uses and lacks, and its smallest policy
  casemate scan --explain open-route                 what a rule looks for, and why

Allow a finding until a day, beside or above its line:
  # casemate: allow open-route until 2027-01-31 because the catalogue is public

Exit codes: 0 nothing at or above --fail-on, 6 something, 1 a file cannot be read or written, 2 wrong usage,
4 no such folder, file, rule, app or function")]
pub(crate) struct Arguments {
    /// The folder, or one file; by default the folder that you are in.
    path: Option<PathBuf>,
    /// How the report is written; by default as the ending of --output says (.json, .sarif, .html, .md, .cdx.json), or as text.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the report to a file.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// From which severity on findings fail.
    #[arg(long, value_enum, default_value = "medium", value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Leave out files and folders, relative to the folder: 'tests/**'. May be given several times.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Also give advice that no attacker cares about: dead-letter queues, private networks, tracing.
    #[arg(long)]
    hygiene: bool,
    /// Only the app of this name, or the one in this file or folder of what is scanned.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Findings that are known already do not fail.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings into a baseline; nothing fails.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// Make the changes that cannot break an app that works, and report what is left.
    #[arg(long, conflicts_with = "write_baseline")]
    fix: bool,
    /// With --fix: show the changes, and make none.
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Explain a rule, or the rule of a finding.
    #[arg(long, value_name = "ID")]
    explain: Option<String>,
    /// Only what this function uses, lacks and has too much of, and the smallest policy that it can do with.
    #[arg(
        long,
        value_name = "FUNCTION",
        conflicts_with_all = ["explain", "write_baseline", "baseline", "fix"]
    )]
    need: Option<String>,
    /// Known vulnerabilities of packages; by default $CASEMATE_ADVISORIES, or casemate/advisories.db in the user's data folder.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// The day, for tests.
    #[arg(long, hide = true, value_name = "DATE")]
    today: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Never,
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Never => None,
        }
    }
}

impl Arguments {
    /// Refuses a format that another option would silently put aside.
    fn check(&self, output: &Output) -> Result<(), Failure> {
        let Some(format) = self.format else { return Ok(()) };
        let plain = matches!(format, Format::Text | Format::Json);
        let by = match () {
            () if output.is_json() && !plain => "--json",
            () if self.need.is_some() && !plain => "--need",
            () if self.dry_run && format != Format::Text => "--dry-run",
            () => return Ok(()),
        };
        let name = format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let failure = Failure::new(
            Kind::Usage,
            format!("`{by}` has a form of its own: `--format {name}` does not go with it"),
        );
        Err(failure.help("leave one of them out"))
    }

    fn format(&self) -> Format {
        let of_file = || self.output.as_deref().map_or(Format::Text, Format::of_file);
        self.format.unwrap_or_else(of_file)
    }
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    arguments.check(output)?;
    // Without a folder any finding's id does: it says its rule.
    let of_rule = |id: &String| arguments.path.is_none() || catalogue::rule(id).is_some();
    if let Some(id) = arguments.explain.as_ref().filter(|id| of_rule(id)) {
        return explain(id, output);
    }
    let path = arguments.path.as_deref().unwrap_or(Path::new("."));
    let waiting = output.spinner(format!("reading {}", path.display()));
    let Taken { tree, left_out, unread, alone } = walk::take_in(path, &arguments.exclude)?;
    let mut dependencies = Dependencies::read(&tree);
    dependencies.unread.extend(unread);
    let looked_up = look_up(&arguments, &mut dependencies)?;
    let options = Options {
        today: today(&arguments)?,
        hygiene: arguments.hygiene,
        app: arguments.app.clone(),
        root: folder_name(path),
    };
    let mut report = inspect(&tree, &dependencies, &options);
    report.remarks.extend(not_looked_up(looked_up, &report, &dependencies));
    waiting.finish_and_clear();
    if alone {
        output.note("Only this file is read. For the code and the lock files beside it, name its folder.");
    }
    say_left_out(&left_out, output);
    if let (Some(name), true) = (&arguments.app, report.apps.is_empty()) {
        let all = inspect(&tree, &dependencies, &Options { app: None, ..options });
        let names: Vec<_> = all.apps.iter().map(|app| format!("{} ({})", app.name, app.path)).collect();
        return Err(Failure::new(Kind::Missing, format!("there is no app `{name}`"))
            .help(format!("the apps are: {}", names.join(", "))));
    }
    if let Some(id) = &arguments.explain {
        return match report.finding(id) {
            Some(_) => explain(id, output),
            None => Err(Failure::new(Kind::Missing, format!("`{}` has no finding `{id}`", path.display()))
                .help(format!("casemate scan {}", path.display()))),
        };
    }
    overwrite::refuse(&arguments, path)?;
    if let Some(function) = &arguments.need {
        return need::show(&arguments, &report, function, output);
    }
    if let Some(file) = &arguments.write_baseline {
        // What nobody could read is not known.
        all_read(&report)?;
        overwrite::write(file, &Baseline::of(&report).text())?;
        let count = report.findings().count();
        let findings = if count == 1 { "finding is" } else { "findings are" };
        output.note(&format!("{count} {findings} known from now on."));
    }
    if let Some(file) = &arguments.baseline {
        let anew = format!("casemate scan {} --write-baseline {}", path.display(), file.display());
        let text = read_baseline(file).map_err(|error| {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => Kind::Missing,
                _ => Kind::Failed,
            };
            Failure::new(kind, format!("`{}` cannot be read: {error}", file.display())).help(anew.clone())
        })?;
        let baseline = Baseline::parse(&text).map_err(|error| {
            Failure::failed(format!("`{}` cannot be used: {error}", file.display())).help(anew)
        })?;
        let compared = baseline.apply(&mut report);
        output.note(&format!("{} new, {} known, {} gone", compared.new, compared.known, compared.gone));
    }
    if arguments.fix {
        let mended = casemate_scan::fix::mend(&tree, &dependencies, &options, &report);
        if arguments.dry_run {
            fix::show(&report, &mended, output)?;
            return verdict(&arguments, &report);
        }
        fix::make(path, &mended, output)?;
        if let Some(mut left) = mended.report {
            keep_known(&report, &mut left);
            report = left;
        }
    }
    show(&arguments, &tree, &dependencies, &report, &left_out, output)?;
    verdict(&arguments, &report)
}

/// The name of the folder that is scanned, after which apps are called that have no other.
fn folder_name(path: &Path) -> Option<String> {
    let whole = path.canonicalize().ok()?;
    let folder = if whole.is_file() { whole.parent()? } else { &whole };
    Some(folder.file_name()?.to_str()?.to_owned())
}

/// Says that packages were not compared with anything: nothing found is no news then.
fn not_looked_up(looked_up: bool, report: &Report, dependencies: &Dependencies) -> Option<String> {
    let packages: usize = dependencies.locks.iter().map(|lock| lock.packages.len()).sum();
    let remark = || {
        format!(
            "{packages} {} not compared with known vulnerabilities: there are none on this machine. `casemate db import FOLDER|ZIP` keeps them (https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip has those of npm; docs/scan.md has the others).",
            if packages == 1 { "package was" } else { "packages were" }
        )
    };
    (!looked_up && packages > 0 && !report.apps.is_empty()).then(remark)
}

/// How many files that were left out are named.
const NAMED: usize = 8;

fn say_left_out(left_out: &[LeftOut], output: &Output) {
    for one in left_out.iter().take(NAMED) {
        output.note(&paint(WARN, plain(&format!("left out: `{}`: {}", one.path, one.why))));
    }
    if left_out.len() > NAMED {
        let more = format!("left out: {} more (`--format json` lists all)", left_out.len() - NAMED);
        output.note(&paint(WARN, more));
    }
}

/// What the baseline knew before a change it knows afterwards.
fn keep_known(before: &Report, after: &mut Report) {
    let known: BTreeSet<String> =
        before.findings().filter(|(_, found)| found.known).map(|(_, found)| found.id.clone()).collect();
    let findings = after.apps.iter_mut().flat_map(|app| &mut app.findings);
    findings.filter(|found| known.contains(&found.id)).for_each(|found| found.known = true);
}

/// The day as it was said, or as the machine says.
fn today(arguments: &Arguments) -> Result<Option<Day>, Failure> {
    match &arguments.today {
        Some(text) => match Day::parse(text) {
            Some(day) => Ok(Some(day)),
            None => Err(Failure::new(Kind::Usage, format!("`{text}` is no day")).help("--today 2027-01-31")),
        },
        None => Ok(SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .map(|since| Day::of_unix_seconds(since.as_secs()))),
    }
}

/// The ids of all rules, for whoever has the program alone.
fn every_rule() -> String {
    catalogue::ALL.iter().map(|rule| rule.id).collect::<Vec<_>>().join(", ")
}

fn explain(id: &str, output: &Output) -> Result<(), Failure> {
    // A finding's id is its rule's with a number behind.
    let rule = catalogue::rule(id)
        .or_else(|| id.rsplit_once('-').and_then(|(rule, _)| catalogue::rule(rule)))
        .ok_or_else(|| {
            let failure = Failure::new(Kind::Missing, format!("there is no rule `{id}`"));
            let near = catalogue::ALL.iter().map(|rule| (alike(id, rule.id), rule.id)).max();
            match near {
                Some((same, near)) if same * 2 > id.len() => {
                    failure.help(format!("casemate scan --explain {near}"))
                }
                _ => failure.help(format!("the rules are: {}", every_rule())),
            }
        })?;
    let document = serde_json::json!({
        "id": rule.id, "title": rule.title, "severity": word(rule.severity), "sas": rule.sas, "owasp": rule.owasp,
        "attack": rule.attack, "cwe": rule.cwe, "explanation": rule.explanation,
    });
    output.result(&document, |_| {
        let numbers = |name: &str, all: &[u8]| {
            all.iter().map(|number| format!("{name}{number}")).collect::<Vec<_>>().join(" ")
        };
        let lists =
            format!("{}  OWASP {}  CWE-{}", numbers("SAS-", rule.sas), numbers("A", rule.owasp), rule.cwe);
        format!(
            "{}  {}\n{}  {}\n\n{}",
            paint(BOLD, rule.id),
            rule.title,
            word(rule.severity),
            format!("{lists} {}", rule.attack.join(" ")).trim_end(),
            rule.paragraphs().map(|text| wrap(&text, width()).join("\n")).collect::<Vec<_>>().join("\n\n")
        )
    });
    Ok(())
}

/// How many letters two words have in common at their beginning and end together.
fn alike(one: &str, other: &str) -> usize {
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| pairs.take_while(|(a, b)| a == b).count();
    let start = same(&mut one.chars().zip(other.chars()));
    let end = same(&mut one.chars().rev().zip(other.chars().rev()));
    (start + end).min(one.chars().count())
}

/// Matches the packages against what `casemate db import` kept, if it kept anything.
fn look_up(arguments: &Arguments, dependencies: &mut Dependencies) -> Result<bool, Failure> {
    let path = match advisories::named(arguments.db.as_deref()) {
        Some(path) => path,
        // Without a home there is nothing that could have been imported.
        None => match advisories::default_path() {
            Ok(path) => path,
            Err(_) => return Ok(false),
        },
    };
    match advisories::open(&path)? {
        Some(store) => dependencies.look_up(&store).map(|()| true).map_err(|error| {
            let message = format!("`{}` cannot be used as a store of advisories: {error}", path.display());
            Failure::failed(message).help("casemate db import FOLDER|ZIP…")
        }),
        None if advisories::named(arguments.db.as_deref()).is_some() => {
            Err(Failure::new(Kind::Missing, format!("`{}` is not there", path.display()))
                .help("casemate db import FOLDER|ZIP…"))
        }
        None => Ok(false),
    }
}

fn show(
    arguments: &Arguments,
    tree: &SourceTree,
    dependencies: &Dependencies,
    report: &Report,
    left_out: &[LeftOut],
    output: &Output,
) -> Result<(), Failure> {
    let format = if output.is_json() { Format::Json } else { arguments.format() };
    let to_terminal = arguments.output.is_none();
    let shown = match format {
        Format::Text if to_terminal => painted(report),
        // Somebody will look at the file on a terminal.
        Format::Text => anstream::adapter::strip_str(&painted(report)).to_string(),
        Format::Json => {
            let mut document = json::json(report);
            let left_out = left_out.iter().map(|one| serde_json::json!({ "path": one.path, "why": one.why }));
            if let Some(members) = document.as_object_mut() {
                members.insert("left_out".to_owned(), left_out.collect());
            }
            json_text(&document)
        }
        Format::Sarif => sarif::sarif(report),
        Format::Html => html::html(report),
        Format::Markdown => markdown::markdown(report),
        Format::Cyclonedx => {
            // Packages of several apps are what the folder has.
            let name = match report.apps.as_slice() {
                [only] => only.name.as_str(),
                _ => &folder_name(arguments.path.as_deref().unwrap_or(Path::new(".")))
                    .unwrap_or_else(|| "apps".to_owned()),
            };
            let subject = sbom::Subject {
                name,
                version: None,
                timestamp: None,
                tool_version: env!("CARGO_PKG_VERSION"),
            };
            sbom::cyclonedx(tree, &dependencies.locks, &dependencies.judged.matches, &subject)
        }
    };
    match &arguments.output {
        Some(file) => overwrite::write(file, &shown),
        None => {
            output.line(shown.trim_end_matches('\n'));
            Ok(())
        }
    }
}

/// The longest baseline that is read: one of a hundred thousand findings is a third of it.
const MAX_BASELINE_BYTES: u64 = 64 << 20;

/// Reads a baseline, never more than the bound.
fn read_baseline(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(file)?.take(MAX_BASELINE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BASELINE_BYTES {
        return Err(std::io::Error::other("it is larger than 64 MB, and no baseline is"));
    }
    Ok(text)
}

/// Colours, with nothing of others in them that acts on a terminal.
struct Colours;

impl Paint for Colours {
    fn paint(&self, role: Role, text: &str) -> String {
        let style = match role {
            Role::Heading | Role::Title => BOLD,
            Role::Severity(severity) => style_of(severity),
            Role::Detail => DIM,
            Role::Code | Role::Text => Style::new(),
            Role::Change | Role::Good => GOOD,
        };
        // A line's end would make a line that nobody of ours wrote.
        paint(style, plain(&text.replace('\t', "    ")))
    }
}

/// How many characters a line may have: as the terminal says, else as `COLUMNS` does.
fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    let named = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    terminal.filter(|width| *width > 0).or_else(named).unwrap_or(100)
}

/// The report in colours.
fn painted(report: &Report) -> String {
    text(report, width(), &Colours)
}

fn style_of(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low | Severity::Hygiene => AnsiColor::Cyan.on_default(),
    }
}

fn verdict(arguments: &Arguments, report: &Report) -> Result<(), Failure> {
    let Some(least) = arguments.fail_on.severity() else { return Ok(()) };
    if arguments.write_baseline.is_some() {
        return Ok(());
    }
    let counts = report.findings().filter(|(_, found)| !found.known && found.severity >= least);
    match counts.count() {
        0 => {}
        1 => return Err(Failure::new(Kind::Found, format!("1 finding is at least {}", word(least)))),
        number => {
            return Err(Failure::new(Kind::Found, format!("{number} findings are at least {}", word(least))));
        }
    }
    all_read(report)
}

/// Fails where a file that describes an app could not be read.
fn all_read(report: &Report) -> Result<(), Failure> {
    match report.unread.as_slice() {
        [] => Ok(()),
        // Nobody knows what stands there.
        [one] => Err(Failure::failed(format!("`{}` could not be read: {}", one.at.path, one.text))
            .help("mend it, or leave it out: --exclude GLOB")),
        several => Err(Failure::failed(format!("{} files could not be read", several.len()))
            .help("mend them, or leave them out: --exclude GLOB")),
    }
}

//! What one function needs, by itself: for the terminal and for programs.
//!
//! Invariants: those of the report as text; everything that came from files passes the painter. Not here: finding it out (`need`).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::needs::{FunctionNeed, Idle, Lacking, RoleMade, Used};
use super::text::{Paint, Role, framework};
use super::{AppReport, Report, Spot, json::VERSION};
use crate::code::Certainty;
use crate::finding::Confidence;
use crate::graph::Framework;

/// What the functions of a name use, lack and have too much of, and the smallest policy; `None` where there is none of that name.
#[must_use]
pub fn need_text(report: &Report, function: &str, paint: &dyn Paint) -> Option<String> {
    let mut page = Page { text: String::new(), paint };
    for (app, need) in report.needs_of(function) {
        page.function(app, need);
    }
    (!page.text.is_empty()).then_some(page.text)
}

/// The same as a document: `{ "version", "needs": [ { "app", "framework", "path", "need" } ] }`.
#[must_use]
pub fn need_json(report: &Report, function: &str) -> Option<Value> {
    let needs: Vec<Value> = report
        .needs_of(function)
        .map(|(app, need)| {
            // It is made of strings and lists: nothing in it cannot be written.
            let need = serde_json::to_value(need).unwrap_or(Value::Null);
            json!({ "app": app.name, "framework": app.framework, "path": app.path, "need": need })
        })
        .collect();
    (!needs.is_empty()).then(|| json!({ "version": VERSION, "needs": needs }))
}

/// Where a function's policy goes.
#[must_use]
pub(super) fn goes(into: Framework, role: RoleMade) -> &'static str {
    match into {
        Framework::Serverless if role == RoleMade::Alone => {
            "statements of the function's own role (its `iamRoleStatements` or `iam.role.statements`)"
        }
        Framework::Serverless if role == RoleMade::Written => "statements of the role's policy document",
        Framework::Serverless if role == RoleMade::Unknown => "statements of the function's role",
        Framework::Sam => "entries of the function's `Policies`",
        Framework::CloudFormation => "statements of the role's policy document",
        Framework::Serverless => "statements of the function's role (`provider.iam.role.statements`)",
        Framework::Terraform => "statements of an `aws_iam_policy_document`",
    }
}

struct Page<'a> {
    text: String,
    paint: &'a dyn Paint,
}

impl Page<'_> {
    fn function(&mut self, app: &AppReport, need: &FunctionNeed) {
        let role = need
            .role
            .as_ref()
            .map_or_else(|| "its role is not in these files".to_owned(), |role| format!("runs with {role}"));
        let what = format!("{} · {} · {} · {role}", framework(app.framework), app.name, spot(&need.at));
        let head = self.paint.paint(Role::Heading, &need.function);
        self.line(&format!("{head}  {}", self.paint.paint(Role::Detail, &what)));
        self.uses(&need.uses, need.read);
        self.missing(&need.missing);
        self.excess(&need.excess);
        if !need.gaps.is_empty() {
            self.title("Not known, so that nothing here is certain");
            for gap in &need.gaps {
                self.item(&gap.text, "", &spot(&gap.at));
            }
        }
        self.policy(need);
        self.line("");
    }

    fn uses(&mut self, uses: &[Used], read: bool) {
        self.title("Uses");
        if uses.is_empty() {
            let text = if read {
                "nothing of the provider, as far as its code was read"
            } else {
                "its code was not read"
            };
            self.item(text, "", "");
        }
        for used in uses {
            let sure = match used.certainty {
                Certainty::Certain => "",
                Certainty::Possible => "possible",
            };
            self.item(&on(&used.action, used.on.as_deref()), sure, &spot(&used.at));
        }
    }

    fn missing(&mut self, missing: &[Lacking]) {
        if missing.is_empty() {
            return;
        }
        self.title("Missing: what will be refused");
        for lacking in missing {
            let sure = sure(lacking.confidence, lacking.because.as_deref());
            self.item(&on(&lacking.action, lacking.on.as_deref()), &sure, &spot(&lacking.at));
        }
    }

    fn excess(&mut self, excess: &[Idle]) {
        if excess.is_empty() {
            return;
        }
        self.title("Too much: given, and nothing uses it");
        for idle in excess {
            let mut text = idle.action.clone();
            if let Some(resource) = &idle.resource {
                let _ = write!(text, " on {resource}");
            }
            if let Some(template) = &idle.template {
                let _ = write!(text, " by {template}");
            }
            if !idle.instead.is_empty() {
                let _ = write!(text, ", of which it needs {}", idle.instead.join(", "));
            }
            self.item(&text, &sure(idle.confidence, idle.because.as_deref()), &spot(&idle.at));
        }
    }

    fn policy(&mut self, need: &FunctionNeed) {
        let Some(policy) = &need.policy else {
            self.title("Smallest policy");
            self.item("none is written while something is not known", "", "");
            return;
        };
        self.title(&format!("Smallest policy: {}", goes(policy.framework, policy.role)));
        if policy.empty {
            self.item("nothing has to be given", "", "");
        }
        for line in policy.text.lines() {
            let code = self.paint.paint(Role::Code, line);
            self.line(&format!("    {code}"));
        }
    }

    fn title(&mut self, text: &str) {
        let title = self.paint.paint(Role::Title, text);
        self.line(&format!("  {title}"));
    }

    fn item(&mut self, text: &str, sure: &str, at: &str) {
        let text = self.paint.paint(Role::Text, text);
        let mut line = format!("    {text}");
        if !sure.is_empty() {
            line.push_str(&format!("  ({})", self.paint.paint(Role::Text, sure)));
        }
        if !at.is_empty() {
            line.push_str(&format!("  {}", self.paint.paint(Role::Detail, at)));
        }
        self.line(&line);
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }
}

/// An action and on what.
pub(super) fn on(action: &str, thing: Option<&str>) -> String {
    match thing {
        Some(thing) => format!("{action} on {thing}"),
        None => action.to_owned(),
    }
}

/// How sure, where it is not certain, and why not.
pub(super) fn sure(confidence: Confidence, because: Option<&str>) -> String {
    match (confidence, because) {
        (Confidence::Certain, _) => String::new(),
        (Confidence::Likely, None) => "likely".to_owned(),
        (Confidence::Likely, Some(why)) => format!("likely: {why}"),
    }
}

fn spot(spot: &Spot) -> String {
    format!("{}:{}", spot.path, spot.line)
}

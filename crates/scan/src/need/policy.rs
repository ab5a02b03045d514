//! The smallest policy that a function can do with.
//!
//! Invariants: nothing that the function needs is missing from it, whether its code asks for it or its set-up does; what nobody can tell is
//! kept as the role gives it now, never broader; what the framework or a policy for set-ups gives already is named and left where it is.
//! Not here: how it is written (`writing`), how things are named in it (`arn`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::arn::{Writer, is_written, placeholder};
use super::given::{Given, fitting, gives, supplier};
use super::implied::{self, Asked};
use super::target::Thing;
use super::{Excess, Use, excess};
use crate::code::Certainty;
use crate::facts;
use crate::finding::Confidence;
use crate::graph::{App, Encryption, Framework, Function, Role, Statement};
use crate::iam::wildcard::covers_action;
use crate::known::{Known, Name, Piece, Text};

/// A policy of one's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    /// In whose format it is written. A role that is written out takes statements, whatever the app is written in.
    pub framework: Framework,
    /// Its statements, one for each set of actions on one thing.
    pub statements: Vec<PolicyStatement>,
    /// What the function needs and has already from elsewhere, and what else is to be kept: sentences.
    pub kept: Vec<String>,
    /// What names of the app's things begin with where the function stands: its module or nested stack.
    #[serde(skip)]
    pub(super) prefix: String,
    /// Whether the function stands in a file of JSON.
    #[serde(skip)]
    pub(super) is_json: bool,
}

/// One statement of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyStatement {
    /// Actions, in order.
    pub actions: BTreeSet<String>,
    /// Resources.
    pub resources: Vec<Text>,
    /// A policy template of SAM that gives exactly this: its name, its parameter, and the thing.
    pub template: Option<(&'static str, &'static str, Name)>,
    /// Why it is there, where the code does not say it.
    pub reason: Option<String>,
}

/// Functions that are named which run with the same role.
const MAX_SHARERS: usize = 5;

/// Templates that give one action on one thing: action, template, parameter.
const TEMPLATES: [(&str, &str, &str); 5] = [
    ("sns:Publish", "SNSPublishMessagePolicy", "TopicName"),
    ("lambda:InvokeFunction", "LambdaInvokePolicy", "FunctionName"),
    ("states:StartExecution", "StepFunctionsExecutionPolicy", "StateMachineName"),
    ("secretsmanager:GetSecretValue", "AWSSecretsManagerGetSecretValuePolicy", "SecretArn"),
    ("events:PutEvents", "EventBridgePutEventsPolicy", "EventBusName"),
];

/// The smallest policy; `None` where something is used of which neither code nor role tells what it is.
pub(super) fn smallest<'a>(
    app: &'a App,
    function: &'a Function,
    given: Given<'_, 'a>,
    uses: &[Use],
    excess: &[Excess],
) -> Option<Policy> {
    let role = given.role();
    let implicit = role.is_some_and(|role| role.implicit);
    let framework = match app.framework {
        // Entries of `Policies` are for the role that SAM makes.
        Framework::Sam if !implicit => Framework::CloudFormation,
        framework => framework,
    };
    let writer = Writer { app, function, framework };
    let mut draft = Draft { writer, given, statements: Vec::new(), kept: Vec::new() };
    draft.code(uses)?;
    let mut supplied: Vec<(String, Vec<&str>)> = Vec::new();
    for asked in implied::asked(&writer) {
        draft.set_up(&asked, &mut supplied);
    }
    for (who, reasons) in supplied {
        draft.kept.push(format!("{who} gives already what is needed for {}.", reasons.join(", for ")));
    }
    draft.quiet(uses, excess);
    draft.conditions();
    draft.keys(uses);
    draft.sharers(role);
    let prefix = writer.prefix().to_owned();
    draft.defaults();
    Some(Policy { framework, statements: draft.statements, kept: draft.kept, prefix, is_json: false })
}

struct Draft<'g, 'a> {
    writer: Writer<'a>,
    given: Given<'g, 'a>,
    statements: Vec<PolicyStatement>,
    kept: Vec<String>,
}

impl Draft<'_, '_> {
    /// Who else runs with the role: a policy for one function alone takes from the others what they need.
    fn sharers(&mut self, role: Option<&Role>) {
        let Writer { app, function, .. } = self.writer;
        let others = role.into_iter().flat_map(|role| app.functions_of(&role.name));
        let others = others.filter(|other| other.name != function.name && !other.deployed.is(&false));
        let mut names: Vec<String> =
            others.take(MAX_SHARERS + 1).map(|other| format!("`{}`", other.name)).collect();
        let more = if names.len() > MAX_SHARERS { " and others" } else { "" };
        names.truncate(MAX_SHARERS);
        if !names.is_empty() {
            let names = names.join(", ");
            self.kept
                .push(format!("The role is also that of {names}{more}: keep there what they need, too."));
        }
    }

    /// What the code asks for.
    fn code(&mut self, uses: &[Use]) -> Option<()> {
        for used in uses.iter().filter(|used| used.thing == Thing::Unknown) {
            self.as_given(used)?;
        }
        // An action stands on all parts that are used of a thing, and together with actions on just the same.
        let mut wanted: Vec<Wanted<'_>> = Vec::new();
        for used in uses.iter().filter(|used| used.thing != Thing::Unknown) {
            let Some(found) = self.given.on(used, self.whole(used)) else { continue };
            let owner = used.thing.own();
            let same = |known: &&mut Wanted<'_>| {
                known.used.action == used.action
                    && (known.used.thing == used.thing || owner.is_some() && known.used.thing.own() == owner)
            };
            match wanted.iter_mut().find(same) {
                Some(known) => add_new(&mut known.resources, found),
                None => wanted.push(Wanted { used, resources: found }),
            }
        }
        let mut grouped: Vec<(Wanted<'_>, BTreeSet<String>)> = Vec::new();
        for one in wanted {
            let (action, owner) = (one.used.action.clone(), one.used.thing.own());
            let same = |(known, _): &&mut (Wanted<'_>, _)| {
                known.used.thing.own() == owner && pieces(&known.resources) == pieces(&one.resources)
            };
            match grouped.iter_mut().find(same) {
                Some((_, actions)) => _ = actions.insert(action),
                None => grouped.push((one, BTreeSet::from([action]))),
            }
        }
        for (one, actions) in grouped {
            let owner = one.used.thing.own();
            let statement = self.statement(one, actions);
            self.statements.push(statement);
            if let Some(name) = owner {
                self.remark(name);
            }
        }
        Some(())
    }

    /// All that a use may ask for.
    fn whole(&self, used: &Use) -> Text {
        let place = self.writer.function.place;
        match &used.thing {
            Thing::Own(name) => self.writer.own(name, &used.action),
            Thing::Within { name, arn } => {
                let mut found = self.writer.own(name, &used.action);
                arn.pieces.iter().skip(1).for_each(|piece| found.push(piece.clone()));
                found
            }
            Thing::Arn(text) => text.clone(),
            Thing::Nothing | Thing::Unknown => Text::literal("*", place),
        }
    }

    fn statement(&self, wanted: Wanted<'_>, actions: BTreeSet<String>) -> PolicyStatement {
        let mut only = actions.iter();
        let template = match (&wanted.used.thing, only.next(), only.next()) {
            (Thing::Own(name), Some(action), None)
                if self.writer.framework == Framework::Sam
                    && pieces(&wanted.resources) == [self.whole(wanted.used).pieces]
                    && self.writer.reaches(name)
                    && !self.writer.is_circular(name) =>
            {
                let found = TEMPLATES.iter().find(|(of, ..)| of == action);
                found.map(|(_, template, parameter)| (*template, *parameter, name.clone()))
            }
            _ => None,
        };
        PolicyStatement { actions, resources: wanted.resources, template, reason: None }
    }

    /// An action on something that the code works out: on what the role gives it now.
    fn as_given(&mut self, used: &Use) -> Option<()> {
        let Some(resources) = self.given.everywhere(&used.action) else {
            let mut statements = self.given.role().map(|role| role.statements.iter()).into_iter().flatten();
            if let Some(who) = statements.find_map(|it| supplier(it, &used.action)) {
                let kept = format!("{who} gives `{}` already.", used.action);
                add_new(&mut self.kept, vec![kept]);
                return Some(());
            }
            // What may never happen and is not given now is not missed.
            return (used.certainty == Certainty::Possible).then_some(());
        };
        let resources = resources.iter().map(|text| self.writer.localised(text)).collect();
        let reason = "on what is worked out by the code: as the role gives it now, narrow it if you can";
        self.add(&used.action, resources, reason);
        Some(())
    }

    /// Adds an action, to the statement for the same reason where there is one.
    fn add(&mut self, action: &str, resources: Vec<Text>, reason: &str) {
        let wanted = pieces(&resources);
        let same = self
            .statements
            .iter_mut()
            .find(|known| known.reason.as_deref() == Some(reason) && pieces(&known.resources) == wanted);
        match same {
            Some(known) => {
                known.actions.insert(action.to_owned());
            }
            None => self.statements.push(PolicyStatement {
                actions: BTreeSet::from([action.to_owned()]),
                resources,
                template: None,
                reason: Some(reason.to_owned()),
            }),
        }
    }

    /// What the function's set-up asks for: named where it comes from elsewhere, otherwise a statement.
    fn set_up(&mut self, asked: &Asked, supplied: &mut Vec<(String, Vec<&str>)>) {
        let mut left: BTreeSet<String> = BTreeSet::new();
        for action in &asked.actions {
            let mut statements = self.given.role().map(|role| role.statements.iter()).into_iter().flatten();
            let Some(who) = statements.find_map(|it| supplier(it, action)) else {
                left.insert((*action).to_owned());
                continue;
            };
            match supplied.iter_mut().find(|(known, _)| *known == who) {
                Some((_, reasons)) if reasons.contains(&asked.reason) => {}
                Some((_, reasons)) => reasons.push(asked.reason),
                None => supplied.push((who, vec![asked.reason])),
            }
        }
        let known: Vec<Text> = asked.resources.iter().filter(|text| is_written(text)).cloned().collect();
        let any = || vec![Text::literal("*", self.writer.function.place)];
        for action in left {
            // Code may have asked for the same already, but on something else: both are needed.
            let star = facts::action(&action).is_some_and(|fact| fact.needs_star);
            let on = match known.as_slice() {
                _ if star => any(),
                // Never broader than it is now.
                [] => self.given.everywhere(&action).unwrap_or_else(any),
                known => known.to_vec(),
            };
            self.add(&action, on, &format!("for {}", asked.reason));
        }
    }

    /// What is not held against a role is not taken from it either.
    fn quiet(&mut self, uses: &[Use], excess: &[Excess]) {
        let Some(role) = self.given.role() else { return };
        for statement in role.statements.iter().filter(|statement| excess::is_judged(statement)) {
            for setting in &statement.actions {
                let Known::Value(pattern) = &setting.value else { continue };
                let unsure = excess.iter().any(|found| {
                    found.place == setting.place
                        && found.action == *pattern
                        && found.resource.is_none()
                        && found.confidence == Confidence::Likely
                });
                let covers =
                    |action: &String| covers_action(action, pattern) || covers_action(pattern, action);
                let there = self.statements.iter().any(|known| known.actions.iter().any(covers));
                let wanted = excess::is_left_alone(pattern, self.writer.function, uses)
                    || pattern.starts_with("logs:") && !pattern.contains('*') && !there
                    || unsure && !there;
                if !wanted || statement.not_resources || !statement.resources.iter().all(is_written) {
                    continue;
                }
                let resources = fitting(self.writer.app, pattern, &statement.resources);
                let resources: Vec<Text> = resources.iter().map(|text| self.writer.localised(text)).collect();
                let said = |known: &PolicyStatement| {
                    known.actions.iter().any(covers) && pieces(&known.resources) == pieces(&resources)
                };
                if !self.statements.iter().any(said) {
                    let reason = "kept: whether it is needed does not show in the code";
                    self.add(pattern, resources, reason);
                }
            }
        }
    }

    /// A condition that narrows what is used now would be lost with its statement.
    fn conditions(&mut self) {
        let Some(role) = self.given.role() else { return };
        for statement in role.statements.iter().filter(|statement| excess::is_judged(statement)) {
            let mut own = statement.actions.iter().filter_map(|setting| setting.known());
            let lives_on = own.any(|pattern| {
                let mut all = self.statements.iter().flat_map(|known| &known.actions);
                all.any(|action| covers_action(pattern, action))
            });
            for condition in statement.conditions.iter().filter(|_| lives_on) {
                let kept = format!("Keep the condition {} on {}.", condition.operator, condition.key);
                if !self.kept.contains(&kept) {
                    self.kept.push(kept);
                }
            }
        }
    }

    /// A store that a key of one's own encrypts is of no use without the key.
    fn keys(&mut self, uses: &[Use]) {
        let asked = self.statements.iter().any(|known| known.actions.iter().any(|it| it.starts_with("kms:")));
        if asked {
            return;
        }
        let triggers = self.writer.app.triggers_of(&self.writer.function.name);
        let sources: Vec<&Name> = triggers.flat_map(|trigger| trigger.source.references()).collect();
        let owned = uses.iter().filter_map(|used| used.thing.own());
        for name in owned.chain(sources) {
            let Some(store) = self.writer.app.store(name) else { continue };
            let setting = store.encryption.as_ref().and_then(|setting| setting.known());
            if let Some(Encryption::Customer(key)) = setting {
                let kept = format!(
                    "{name} is encrypted with {key}: kms:Decrypt and kms:GenerateDataKey on that key are needed too."
                );
                if !self.kept.contains(&kept) {
                    self.kept.push(kept);
                }
            }
        }
    }

    /// Names in which a variable's default stands are other names wherever it is given another value.
    fn defaults(&mut self) {
        if self.writer.framework != Framework::Terraform {
            return;
        }
        let resources = self.statements.iter().flat_map(|statement| &statement.resources);
        let written: String = resources.map(|text| format!("{text} ")).collect();
        let words: BTreeSet<&str> = written.split(|c: char| !c.is_alphanumeric()).collect();
        let is_in = |text: &str| {
            let mut parts =
                text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).peekable();
            parts.peek().is_some() && parts.all(|part| part.len() > 1 && words.contains(part))
        };
        let parameters = self.writer.app.parameters.iter();
        let set = parameters.filter_map(|it| Some((&it.name, it.default.as_ref()?.as_literal()?)));
        let set: BTreeMap<&String, &str> = set.filter(|(_, default)| is_in(default)).collect();
        if !set.is_empty() {
            let named: Vec<String> = set.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            self.kept.push(format!(
                "The names are those with {}: elsewhere refer to the things, or hand their ARNs over.",
                named.join(", ")
            ));
        }
    }

    /// What has to be done before a reference holds.
    fn remark(&mut self, name: &Name) {
        let blank = placeholder(name);
        let starts =
            |text: &Text| matches!(text.pieces.first(), Some(Piece::Literal(it)) if it.starts_with(&blank));
        let is_blank = self.statements.iter().any(|known| known.resources.iter().any(starts));
        let kept = if is_blank && self.writer.is_imported(name) {
            format!(
                "{name} stands in another stack: export its ARN there, and import it here (Fn::ImportValue)."
            )
        } else if is_blank {
            format!("{name} stands in another module or stack: hand its ARN over.")
        } else if self.writer.framework != Framework::Terraform
            && self.writer.is_circular(name)
            && self.statements.iter().any(|known| known.resources.iter().any(|text| names(text, name)))
        {
            format!("{name} waits for this role: give it a name, or put this into a policy of its own.")
        } else {
            return;
        };
        if !self.kept.contains(&kept) {
            self.kept.push(kept);
        }
    }
}

fn names(text: &Text, name: &Name) -> bool {
    text.references().any(|found| found == name)
}

/// An action of the code's, and on what it is to be allowed.
struct Wanted<'u> {
    used: &'u Use,
    resources: Vec<Text>,
}

fn pieces(texts: &[Text]) -> Vec<&[Piece]> {
    texts.iter().map(|text| text.pieces.as_slice()).collect()
}

fn add_new<T: PartialEq>(known: &mut Vec<T>, found: Vec<T>) {
    for one in found {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

/// Why no policy can be written, where none can: what is used on something that is worked out and given on nothing.
pub(super) fn obstacles(role: Option<&Role>, uses: &[Use]) -> Vec<(crate::source::Place, String)> {
    let given = |action: &str| {
        role.is_some_and(|role| {
            let given = |it: &Statement| gives(it, action) || supplier(it, action).is_some();
            role.statements.iter().any(given)
        })
    };
    uses.iter()
        .filter(|used| used.thing == Thing::Unknown && used.certainty == Certainty::Certain)
        .filter(|used| !given(&used.action))
        .map(|used| (used.place, format!("on what `{}` is used is worked out by the code", used.action)))
        .collect()
}

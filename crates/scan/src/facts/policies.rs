//! Policies that are known by name: the provider's managed ones and SAM's templates.
//!
//! Invariant: a policy is read when it is asked for, alone. Not here: what its statements allow (`iam`).

use serde::Deserialize;

use super::{MANAGED_POLICIES, SAM_TEMPLATES, row, rows};
use crate::graph::{Condition, Effect, Origin, Statement};
use crate::known::{Known, Piece, Setting, Text};
use crate::source::Place;

/// A statement of a policy that is known by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFact {
    /// Allow or deny.
    pub effect: Effect,
    /// Actions with wildcards.
    pub actions: Vec<String>,
    /// Whether it speaks of all actions but these.
    pub not_actions: bool,
    /// ARNs with wildcards; in a template with `${Parameter}` and `${AWS::Region}`.
    pub resources: Vec<String>,
    /// Whether it speaks of all resources but these.
    pub not_resources: bool,
    /// When it holds.
    pub conditions: Vec<ConditionFact>,
}

/// When a statement holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionFact {
    /// `StringEquals` …
    pub operator: String,
    /// `aws:SourceArn` …
    pub key: String,
    /// Any of these; written like resources.
    pub values: Vec<String>,
}

/// A managed policy of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedFact {
    /// `AmazonS3FullAccess`.
    pub name: &'static str,
    /// Where it lies in ARNs: `/` or `/service-role/`.
    pub path: &'static str,
    /// Its statements; `None` where the table leaves them out because they are very long.
    pub statements: Option<Vec<StatementFact>>,
}

/// A policy template of SAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFact {
    /// `DynamoDBCrudPolicy`.
    pub name: &'static str,
    /// What must be filled in: `TableName`.
    pub parameters: Vec<&'static str>,
    /// Its statements, in which `${TableName}` stands for a parameter.
    pub statements: Vec<StatementFact>,
}

impl ManagedFact {
    /// Its ARN in the partition `aws`.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path, self.name)
    }

    /// Its statements for a role's node that names it at `place`; `None` where they are not kept.
    #[must_use]
    pub fn at(&self, place: Place) -> Option<Vec<Statement>> {
        let origin = Origin::Managed(self.name.to_owned());
        // Nothing is filled in: what looks like it is a policy variable, such as `${aws:username}`.
        let keep = |text: &str| Text::literal(text, place);
        Some(self.statements.as_ref()?.iter().map(|fact| fact.statement(place, &origin, &keep)).collect())
    }
}

impl TemplateFact {
    /// Its statements for a role's node that uses it at `place`, with parameters filled in. A parameter that `fill` does not know
    /// leaves a piece that is unknown.
    pub fn at(&self, place: Place, fill: impl Fn(&str) -> Option<Text>) -> Vec<Statement> {
        let origin = Origin::Template(self.name.to_owned());
        let texts = |text: &str| self.filled(text, place, &fill);
        self.statements.iter().map(|fact| fact.statement(place, &origin, &texts)).collect()
    }

    fn filled(&self, text: &str, place: Place, fill: &impl Fn(&str) -> Option<Text>) -> Text {
        let mut filled = Text { pieces: Vec::new(), place };
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once("${").and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
        {
            if !before.is_empty() {
                filled.push(Piece::Literal(before.to_owned()));
            }
            match (name.starts_with("AWS::"), fill(name)) {
                (true, _) => filled.push(Piece::Provider(name.to_owned())),
                (false, Some(value)) => value.pieces.into_iter().for_each(|piece| filled.push(piece)),
                (false, None) => {
                    let why = format!("`{}` is not given its `{name}`", self.name);
                    filled.push(Piece::Unknown(why));
                }
            }
            rest = after;
        }
        if !rest.is_empty() || filled.pieces.is_empty() {
            filled.push(Piece::Literal(rest.to_owned()));
        }
        filled
    }
}

impl StatementFact {
    fn statement(&self, place: Place, origin: &Origin, text: &impl Fn(&str) -> Text) -> Statement {
        let condition = |fact: &ConditionFact| Condition {
            operator: fact.operator.clone(),
            key: fact.key.clone(),
            values: fact.values.iter().map(|value| text(value)).collect(),
        };
        Statement {
            effect: Known::Value(self.effect),
            actions: self.actions.iter().map(|action| Setting::new(place, action.clone())).collect(),
            not_actions: self.not_actions,
            resources: self.resources.iter().map(|resource| text(resource)).collect(),
            not_resources: self.not_resources,
            conditions: self.conditions.iter().map(condition).collect(),
            ..Statement::allow(place, origin.clone())
        }
    }
}

/// A statement as the tables write it.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    a: Vec<String>,
    #[serde(default, rename = "A")]
    all_but: Vec<String>,
    #[serde(default)]
    r: Vec<String>,
    #[serde(default, rename = "R")]
    anywhere_but: Vec<String>,
    #[serde(default)]
    c: Vec<(String, String, Vec<String>)>,
}

impl From<Row> for StatementFact {
    fn from(row: Row) -> Self {
        let condition = |(operator, key, values)| ConditionFact { operator, key, values };
        Self {
            effect: if row.e.is_some() { Effect::Deny } else { Effect::Allow },
            not_actions: !row.all_but.is_empty(),
            actions: if row.all_but.is_empty() { row.a } else { row.all_but },
            not_resources: !row.anywhere_but.is_empty(),
            resources: if row.anywhere_but.is_empty() { row.r } else { row.anywhere_but },
            conditions: row.c.into_iter().map(condition).collect(),
        }
    }
}

fn statements(json: &str) -> Option<Vec<StatementFact>> {
    let rows: Vec<Row> = serde_json::from_str(json).ok()?;
    Some(rows.into_iter().map(StatementFact::from).collect())
}

fn managed(line: &'static str) -> Option<ManagedFact> {
    let mut columns = line.splitn(3, '\t');
    let (name, path, json) = (columns.next()?, columns.next()?, columns.next()?);
    Some(ManagedFact { name, path, statements: statements(json) })
}

fn template(line: &'static str) -> Option<TemplateFact> {
    let mut columns = line.splitn(3, '\t');
    let (name, parameters, json) = (columns.next()?, columns.next()?, columns.next()?);
    let parameters = parameters.split(',').filter(|name| !name.is_empty()).collect();
    Some(TemplateFact { name, parameters, statements: statements(json)? })
}

/// A managed policy of the provider, by name (`AmazonS3FullAccess`, `service-role/AWSLambdaBasicExecutionRole`) or ARN (of any
/// partition). `None` when it is no such policy, or one that the table does not know.
#[must_use]
pub fn managed_policy(name_or_arn: &str) -> Option<ManagedFact> {
    let (path, name) = match name_or_arn.strip_prefix("arn:") {
        Some(arn) => {
            let (_, tail) = arn.split_once(":iam::aws:policy/")?;
            (true, tail)
        }
        None => (false, name_or_arn),
    };
    let (folder, name) = name.rsplit_once('/').unwrap_or(("", name));
    let found = managed(row(MANAGED_POLICIES, name)?)?;
    // An ARN must be right in full; a bare name is what SAM takes, which fills the path in by itself.
    let right = found.path.trim_matches('/') == folder || (!path && folder.is_empty());
    right.then_some(found)
}

/// All managed policies that the table knows.
pub fn managed_policies() -> impl Iterator<Item = ManagedFact> {
    rows(MANAGED_POLICIES).filter_map(managed)
}

/// A policy template of SAM, by name.
#[must_use]
pub fn sam_template(name: &str) -> Option<TemplateFact> {
    template(row(SAM_TEMPLATES, name)?)
}

/// All policy templates of SAM.
pub fn sam_templates() -> impl Iterator<Item = TemplateFact> {
    rows(SAM_TEMPLATES).filter_map(template)
}

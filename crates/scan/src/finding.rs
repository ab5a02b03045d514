//! What is found: rules as data, findings, and what would mend them.
//!
//! Invariants: a finding has a place and a reason that speaks of this app; one cause is one finding, which lists what it touches; its id
//! stays the same while the cause does, whatever lines move. Not here: how things are found (`rules`), how they are shown (`report`).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::known::Name;
use crate::source::{FileId, Place};

/// How bad it is, if it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Advice; shown only when asked for.
    Hygiene,
    /// A weakness that needs others.
    Low,
    /// Harm under conditions.
    Medium,
    /// Harm by itself.
    High,
    /// Anyone, at once, to everything.
    Critical,
}

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It follows from the files, unless something outside of them says otherwise.
    Likely,
    /// It follows from the files.
    Certain,
}

/// A rule: what it looks for, and where that stands in the field's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its stable id, in words: `open-route`.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Severity where nothing about the app changes it.
    pub severity: Severity,
    /// Numbers of the twelve serverless risks (PureSec 2018, CSA 2019): SAS-n.
    pub sas: &'static [u8],
    /// Numbers of the OWASP Top 10 interpretation for serverless (2018): A1 to A10.
    pub owasp: &'static [u8],
    /// Techniques of MITRE ATT&CK.
    pub attack: &'static [&'static str],
    /// The weakness in CWE.
    pub cwe: u16,
    /// What it is, why it matters, when it is fine: for `--explain`.
    pub explanation: &'static str,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What the cause is within the app, in words that survive edits: the role's name, the route. Makes the stable id.
    pub cause: String,
    /// Causes that differ from it only by which instance of a block they are of, and are told with it.
    #[serde(skip)]
    pub alike: Vec<String>,
    /// Functions and other things that it touches.
    pub subjects: Vec<Name>,
    /// Where the cause stands.
    pub place: Place,
    /// Further places with what they show.
    pub related: Vec<(Place, String)>,
    /// Why it matters here: whole sentences.
    pub message: String,
    /// How bad, here.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What would mend it.
    pub change: Option<Change>,
    /// The secret that it speaks of.
    #[serde(skip)]
    pub secret: Option<Hidden>,
}

impl Rule {
    /// The explanation's paragraphs, each in one line.
    pub fn paragraphs(&self) -> impl Iterator<Item = String> {
        let paragraphs = self.explanation.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
        paragraphs.map(|text| text.lines().map(str::trim).collect::<Vec<_>>().join(" "))
    }
}

/// A secret's value: for cutting it out of texts and for telling it from others. It is never written anywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

impl Hidden {
    /// The value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.0
    }

    /// Four digits that tell the value from others, for a finding of this id.
    ///
    /// SECURITY: whoever has the digits can try passwords against them. Sixteen bits leave one of 65,536 guesses standing, which is no
    /// help with a dictionary, and miss one changed secret of as many.
    #[must_use]
    pub fn mark(&self, id: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(id.len().to_le_bytes());
        hash.update(id);
        hash.update(&self.0);
        hash.finalize().iter().take(2).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Finding {
    /// A certain finding of the rule's own severity that touches nothing yet.
    #[must_use]
    pub fn new(
        rule: &'static Rule,
        cause: impl Into<String>,
        place: Place,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            cause: cause.into(),
            alike: Vec::new(),
            subjects: Vec::new(),
            place,
            related: Vec::new(),
            message: message.into(),
            severity: rule.severity,
            confidence: Confidence::Certain,
            change: None,
            secret: None,
        }
    }

    /// What the cause is, without which instance of a block it is of.
    #[must_use]
    pub fn bare_cause(&self) -> String {
        without_instances(&self.cause)
    }

    /// About this secret.
    #[must_use]
    pub fn hiding(mut self, value: &str) -> Self {
        self.secret = Some(Hidden(value.to_owned()));
        self
    }

    /// With what it touches; each is listed once.
    #[must_use]
    pub fn touching<'n>(mut self, names: impl IntoIterator<Item = &'n Name>) -> Self {
        for name in names {
            if !self.subjects.contains(name) {
                self.subjects.push(name.clone());
            }
        }
        self
    }

    /// With a further place and what it shows.
    #[must_use]
    pub fn seen_at(mut self, place: Place, shows: impl Into<String>) -> Self {
        self.related.push((place, shows.into()));
        self
    }

    /// As bad as this.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Unless something outside of the files says otherwise.
    #[must_use]
    pub fn likely(mut self) -> Self {
        self.confidence = Confidence::Likely;
        self
    }

    /// With what a person can do about it.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        let change = Change { advice: advice.into(), remedies: Vec::new(), edits: Vec::new(), safe: false };
        self.change = Some(change);
        self
    }

    /// With what the files must say for it to be gone, where a person must know whether the app still works then.
    #[must_use]
    pub fn mended_by(mut self, remedies: Vec<Remedy>) -> Self {
        if let Some(change) = &mut self.change {
            change.remedies = remedies;
        }
        self
    }

    /// With what the files must say for it to be gone, which cannot break an app that works.
    #[must_use]
    pub fn safely_mended_by(self, remedies: Vec<Remedy>) -> Self {
        let safe = !remedies.is_empty();
        let mut found = self.mended_by(remedies);
        if let Some(change) = &mut found.change {
            change.safe = safe;
        }
        found
    }
}

/// A text without the instances that it names: `role aws_iam_role.r["a"]` speaks of the block `aws_iam_role.r`.
#[must_use]
pub fn without_instances(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        bare.push_str(before);
        let end = if after.starts_with('"') { "\"]" } else { "]" };
        rest = after.split_once(end).map_or("", |(_, behind)| behind);
    }
    bare.push_str(rest);
    bare
}

/// What would mend a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// In words, with the exact line where there is one.
    pub advice: String,
    /// What the files must say, in words of no format; empty where a person must choose.
    #[serde(skip)]
    pub remedies: Vec<Remedy>,
    /// Edits that do it: what `fix` makes of the remedies.
    pub edits: Vec<Edit>,
    /// Whether the edits cannot break an app that works: only then `--fix` makes them.
    pub safe: bool,
}

/// What a file must say. Rules ask for it without knowing how the file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// A declaration has a property.
    Set {
        /// The declaration: its name's place, or its value's.
        of: Place,
        /// The property, below others.
        path: &'static [&'static str],
        /// What it is.
        value: Worth,
    },
    /// A list among a declaration's properties has an item.
    Add {
        /// The declaration: its name's place, or its value's.
        of: Place,
        /// The list, below other properties.
        path: &'static [&'static str],
        /// The item.
        value: Worth,
    },
    /// A word is another.
    Replace {
        /// Where it stands, with its quotation marks or without.
        at: Place,
        /// The word.
        from: String,
        /// The other.
        to: String,
    },
    /// A further declaration stands at the end of the file.
    Append {
        /// The file.
        to: FileId,
        /// Its lines, as the file is written.
        text: String,
    },
}

/// What a property is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worth {
    /// `true`.
    True,
    /// What a reference of the template stands for: `!Ref AWS::AccountId`.
    Reference(&'static str),
    /// A text with references in it: `!Sub "arn:${AWS::Partition}:…"`.
    Composed(&'static str),
}

/// A replacement of a stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What is replaced; empty where something is put in.
    pub place: Place,
    /// By what.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_without_instances() {
        let check = |cause: &str, bare: &str| assert_eq!(without_instances(cause), bare);
        check("role aws_iam_role.r", "role aws_iam_role.r");
        check("role aws_iam_role.r[0]", "role aws_iam_role.r");
        check("role module.m[\"a]b\"].aws_iam_role.r[1] x", "role module.m.aws_iam_role.r x");
        check("open [", "open ");
    }
}

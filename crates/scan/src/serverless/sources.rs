//! Where variables come from other than the document itself: files, options, the environment, parameters, the provider.
//!
//! Invariant: nothing outside of the tree is read; what only a deployment knows is a parameter by its name, what no tool could tell
//! from files is unknown with its reason. Not here: fallbacks and cycles (`resolve`).

use std::rc::Rc;

use super::resolve::{Found, Resolver, no_such, open};
use super::variable::Named;
use crate::document::{self, Node, NodeKind};
use crate::known::Piece;
use crate::source::{Place, normalise};

/// What a source stands for that only a deployment can read.
pub(super) fn outside(kind: &str, address: &str) -> Piece {
    match kind {
        "opt" | "env" | "param" | "sls" | "ssm" | "cf" | "s3" | "secretsmanager" | "output" | "vault"
        | "doppler" | "terraform" | "git" => Piece::Parameter(format!("{kind}:{address}")),
        "aws" => Piece::Provider(format!("aws:{address}")),
        kind => Piece::Unknown(format!("`{kind}:` is no source that can be read from files")),
    }
}

/// The steps of an address: `a.b[0].c` has four.
pub(super) fn steps(address: &str) -> impl Iterator<Item = &str> {
    address.split(['.', '[', ']']).filter(|step| !step.is_empty())
}

impl Resolver<'_> {
    /// The stage: the one that is named for the deployment, what the provider names, or `dev`.
    pub(super) fn stage(&mut self, place: Place) -> Node {
        if let Some(stage) = &self.named_stage {
            return Node { place, kind: NodeKind::String(stage.clone()) };
        }
        self.provider(&["provider", "stage"])
            .unwrap_or_else(|| Node { place, kind: NodeKind::String("dev".to_owned()) })
    }

    /// The region that the provider names; otherwise whatever the provider fills in.
    pub(super) fn region(&mut self, place: Place) -> Node {
        self.provider(&["provider", "region"])
            .unwrap_or_else(|| open(place, Piece::Provider("AWS::Region".to_owned())))
    }

    /// A scalar of the provider; `None` when it is missing, open, or leads back to itself.
    fn provider(&mut self, path: &[&str]) -> Option<Node> {
        let address = path.join(".");
        match self.own(&address, &[]) {
            Found::Node(node) if node.as_scalar().is_some() => Some(node),
            _ => None,
        }
    }

    /// An option, a variable of the environment, a parameter, or what the framework and the provider know.
    pub(super) fn setting(&mut self, kind: &str, address: &str, place: Place) -> Found {
        match (kind, address) {
            ("sls", "stage") => Found::Node(self.stage(place)),
            ("opt", "stage") if self.named_stage.is_some() => Found::Node(self.stage(place)),
            ("sls", "instanceId") => Found::Open(Piece::Provider("sls:instanceId".to_owned())),
            ("aws", "region") => Found::Node(self.region(place)),
            ("aws", "accountId") => Found::Open(Piece::Provider("AWS::AccountId".to_owned())),
            ("aws", "partition") => Found::Open(Piece::Provider("AWS::Partition".to_owned())),
            ("env", name) => match self.dotenv.get(name).cloned() {
                Some(node) => self.copy(&node),
                None => Found::Missing(outside(kind, name)),
            },
            ("param", name) => self.parameter(name, place),
            (kind, name) => Found::Missing(outside(kind, name)),
        }
    }

    /// A stage's parameter, as versions 3 (`params`) and 4 (`stages`) write it.
    fn parameter(&mut self, name: &str, place: Place) -> Found {
        let stage = self.stage(place).as_scalar().unwrap_or_default();
        let paths: [&[&str]; 4] = [
            &["params", &stage, name],
            &["stages", &stage, "params", name],
            &["params", "default", name],
            &["stages", "default", "params", name],
        ];
        for path in paths {
            match self.own(&path.join("."), &[]) {
                Found::Missing(_) => {}
                Found::Node(node) => return Found::Node(node.get("value").cloned().unwrap_or(node)),
                found @ Found::Open(_) => return found,
            }
        }
        Found::Missing(outside("param", name))
    }

    /// `strToBool(…)`.
    pub(super) fn boolean(&mut self, named: &Named, place: Place) -> Found {
        match self.plain(named.argument.as_deref().unwrap_or_default(), place) {
            Err(piece) => Found::Open(piece),
            Ok(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Found::Node(Node { place, kind: NodeKind::Bool(true) }),
                "false" | "0" | "" => Found::Node(Node { place, kind: NodeKind::Bool(false) }),
                _ => Found::Open(Piece::Unknown(format!("`{text}` is neither true nor false"))),
            },
        }
    }

    /// A value of another file of the tree.
    pub(super) fn file(&mut self, named: &Named, address: &str, rest: &[&str], place: Place) -> Found {
        let path = match self.plain(named.argument.as_deref().unwrap_or_default(), place) {
            Ok(path) => path,
            Err(piece) => return Found::Open(piece),
        };
        let Some(full) = inside(self.folder, &path) else {
            return Found::Open(Piece::Unknown(format!("`{path}` is outside of what is assessed")));
        };
        let document = match self.included(&full, &path) {
            Some(Ok(document)) => document,
            Some(Err(piece)) => return Found::Open(piece),
            None => return Found::Missing(Piece::Unknown(format!("there is no file `{path}`"))),
        };
        let steps: Vec<&str> = steps(address).chain(rest.iter().copied()).collect();
        let wanted = steps.join(".");
        let key = format!("{full}:{wanted}");
        if !self.underway.insert(key.clone()) {
            return Found::Missing(Piece::Unknown(format!("`{wanted}` of `{path}` refers to itself")));
        }
        let found = self.walk(&document, &steps);
        self.underway.remove(&key);
        match found {
            Found::Missing(piece) if piece == no_such() => {
                Found::Missing(Piece::Unknown(format!("`{path}` has no `{wanted}`")))
            }
            found => found,
        }
    }

    /// An included file; `None` when there is none.
    fn included(&mut self, full: &str, path: &str) -> Option<Result<Rc<Node>, Piece>> {
        if let Some(known) = self.files.get(full) {
            return Some(known.clone());
        }
        let file = self.tree.find(full)?;
        let ending = full.rsplit_once('.').map_or("", |(_, ending)| ending);
        let read = match ending.to_ascii_lowercase().as_str() {
            "yml" | "yaml" => document::yaml(self.tree, file).map_err(|unread| unread.why),
            "json" | "tfstate" => document::json(self.tree, file).map_err(|unread| unread.why),
            "js" | "cjs" | "mjs" | "ts" | "cts" | "mts" => {
                Err("it is a program, which is run when the app is deployed".to_owned())
            }
            _ => match self.tree.file(file).and_then(|found| found.text()) {
                Some(text) => Ok(Node {
                    place: Place::new(file, 0, text.len()),
                    kind: NodeKind::String(text.trim().to_owned()),
                }),
                None => Err("it is not text".to_owned()),
            },
        };
        let read = read
            .map(Rc::new)
            .map_err(|why| Piece::Unknown(format!("the included file `{path}` is not read: {why}")));
        self.files.insert(full.to_owned(), read.clone());
        Some(read)
    }
}

/// A path from the service's folder; `None` when it leads out of the tree.
pub(super) fn inside(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~']) {
        return None;
    }
    normalise(&format!("{folder}/{path}"))
}

//! Terragrunt's files: to which root modules they give values of their own.
//!
//! Invariant: what they give is not worked out; that it is given is said. Not here: the values that Terraform itself finds (`module`).

use super::parse::{self, Source};
use super::syntax::Body;
use crate::source::{Place, SourceTree, normalise};

/// A file that gives values.
pub(super) struct Giver {
    /// Where the file says so.
    pub(super) place: Place,
    /// The folder of the module; `None` where that is worked out.
    folder: Option<String>,
}

impl Giver {
    /// Whether it may give values to the module of a folder.
    pub(super) fn may_give(&self, folder: &str) -> bool {
        self.folder.as_ref().is_none_or(|known| known == folder)
    }
}

/// All files that give values.
pub(super) fn givers(tree: &SourceTree) -> Vec<Giver> {
    let named = |path: &str| path.rsplit('/').next() == Some("terragrunt.hcl");
    let files = tree.files().filter(|(_, file)| named(&file.path));
    files
        .filter_map(|(id, file)| {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let body = Source::of_file(tree, id).and_then(parse::body).ok()?;
            giver(&body, folder)
        })
        .collect()
}

fn giver(body: &Body, folder: &str) -> Option<Giver> {
    let place = body.attribute("inputs")?.place;
    let terraform = body.blocks.iter().find(|block| block.kind == "terraform");
    let Some(source) = terraform.and_then(|block| block.body.attribute("source")) else {
        return Some(Giver { place, folder: Some(folder.to_owned()) });
    };
    // `../modules//orders?ref=v1`: the two slashes say where the module begins within what is fetched.
    let local = source.as_literal().filter(|source| source.starts_with('.'));
    let path = local.map(|source| source.split('?').next().unwrap_or(source).replace("//", "/"));
    let folder = path.and_then(|path| normalise(&format!("{folder}/{path}")));
    Some(Giver { place, folder })
}

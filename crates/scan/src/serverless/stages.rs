//! Which stages a service is made for, beside the one that it has when nobody names one.
//!
//! Invariant: their number is bounded, and what is left out is said. Not here: what the service is in each of them (`serverless`).

use std::collections::BTreeSet;

use super::sources::{inside, steps};
use crate::document::{Node, NodeKind};
use crate::source::SourceTree;

/// How many further stages one service is read for.
pub(super) const MAX_STAGES: usize = 6;

/// The stages that a service speaks of: in its parameters, as keys of what a variable looks up by stage, and as names of files.
pub(super) fn stages(tree: &SourceTree, folder: &str, root: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for section in ["params", "stages"] {
        found.extend(keys(root.get(section)));
    }
    see(tree, folder, root, root, &mut found);
    let plain = |stage: &String| {
        !stage.is_empty() && stage.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    found.retain(|stage| plain(stage) && !matches!(stage.as_str(), "default" | "defaults" | "other"));
    found
}

fn keys(node: Option<&Node>) -> impl Iterator<Item = String> {
    node.map(Node::entries).unwrap_or_default().iter().map(|(key, _)| key.text.clone())
}

/// Documents are bounded in depth.
fn see(tree: &SourceTree, folder: &str, root: &Node, node: &Node, found: &mut BTreeSet<String>) {
    match &node.kind {
        NodeKind::String(text) if text.contains("${") => {
            looked_up(root, text, found);
            read_from(tree, folder, text, found);
        }
        NodeKind::List(items) => items.iter().for_each(|item| see(tree, folder, root, item, found)),
        NodeKind::Map(entries) => {
            entries.iter().for_each(|(_, value)| see(tree, folder, root, value, found));
        }
        NodeKind::Tagged(_, inner) => see(tree, folder, root, inner, found),
        _ => {}
    }
}

/// `${self:custom.secret.${sls:stage}}`: the keys of `custom.secret`.
fn looked_up(root: &Node, text: &str, found: &mut BTreeSet<String>) {
    for rest in text.split("self:").skip(1) {
        if let Some((path, inner)) = rest.split_once(".${")
            && !path.contains(['}', ',', ' ', '$'])
            && by_stage(inner)
        {
            found.extend(keys(root.at(&steps(path).collect::<Vec<_>>())));
        }
    }
}

/// `${file(config/${sls:stage}.yml)}`: what stands for the stage in the names of files.
fn read_from(tree: &SourceTree, folder: &str, text: &str, found: &mut BTreeSet<String>) {
    for rest in text.split("file(").skip(1) {
        let Some((start, inner)) = rest.split_once("${").filter(|(start, _)| !start.contains(')')) else {
            continue;
        };
        let Some((_, tail)) = inner.rsplit_once(')').map_or(inner, |(before, _)| before).split_once('}')
        else {
            continue;
        };
        let end = tail.split(')').next().unwrap_or_default();
        let (Some(marked), true) = (inside(folder, &format!("{start}\u{1}{end}")), by_stage(inner)) else {
            continue;
        };
        let Some((start, end)) = marked.split_once('\u{1}') else { continue };
        let between = |path: &str| {
            let stage = path.strip_prefix(start)?.strip_suffix(end)?;
            (!stage.contains('/')).then(|| stage.to_owned())
        };
        found.extend(tree.files().filter_map(|(_, file)| between(&file.path)));
    }
}

/// Whether a variable is the stage.
fn by_stage(inner: &str) -> bool {
    inner.split('}').next().is_some_and(|variable| variable.contains("stage"))
}

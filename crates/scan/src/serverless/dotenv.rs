//! `.env` files of the tree, where the framework or a plugin reads them.
//!
//! Invariant: only files that were taken in; a later line wins over an earlier one, the stage's file over the common one. Not here:
//! `${env:…}` itself (`resolve`).

use super::resolve::Resolver;
use super::sources::inside;
use crate::document::{Node, NodeKind};
use crate::known::Text;
use crate::source::Place;

/// Reads the files that apply: what `${env:…}` may refer to goes to the resolver; what a plugin puts into every function is given back.
pub(super) fn load(resolver: &mut Resolver<'_>, root: &Node, plugins: &[String]) -> Vec<(String, Text)> {
    let plugin = plugins.iter().any(|plugin| plugin.contains("dotenv"));
    let asked = root.get("useDotenv").and_then(Node::as_bool) == Some(true);
    let version = root.get("frameworkVersion").and_then(Node::as_scalar).unwrap_or_default();
    let fourth = version.trim_start_matches(['^', '~', '=', '>', ' ', 'v']).starts_with('4');
    if !(plugin || asked || fourth) {
        return Vec::new();
    }
    let stage = resolver.stage(root.place).as_scalar().unwrap_or_default();
    let base = root.at(&["custom", "dotenv", "basePath"]).and_then(Node::as_scalar).unwrap_or_default();
    let written = root.at(&["custom", "dotenv", "path"]).and_then(Node::as_scalar);
    let paths = match written.filter(|_| plugin) {
        Some(path) => vec![path],
        None => [".env", ".env.local"]
            .into_iter()
            .map(str::to_owned)
            .chain([format!(".env.{stage}"), format!(".env.{stage}.local")])
            .map(|name| format!("{base}/{name}"))
            .collect(),
    };
    for path in paths {
        let full = inside(resolver.folder, path.trim_start_matches('/'));
        let Some(file) = full.and_then(|full| resolver.tree.find(&full)) else { continue };
        let Some(text) = resolver.tree.file(file).and_then(|found| found.text()) else { continue };
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            if let Some((name, value, from)) = assignment(line) {
                let place = Place::new(file, offset + from, offset + from + value.len());
                resolver.dotenv.insert(name, Node { place, kind: NodeKind::String(value) });
            }
            offset += line.len();
        }
    }
    if !plugin {
        return Vec::new();
    }
    let chosen = |key: &str| -> Option<Vec<String>> {
        let list = root.at(&["custom", "dotenv", key])?.items().iter();
        Some(list.filter_map(Node::as_scalar).collect())
    };
    let (only, without) = (chosen("include"), chosen("exclude").unwrap_or_default());
    let values = resolver.dotenv.iter();
    values
        .filter(|(name, _)| only.as_ref().is_none_or(|only| only.contains(name)) && !without.contains(name))
        .map(|(name, node)| (name.clone(), Text::literal(node.as_scalar().unwrap_or_default(), node.place)))
        .collect()
}

/// A line's name, value, and where in the line the value starts.
fn assignment(line: &str) -> Option<(String, String, usize)> {
    let (name, behind) = line.split_once('=')?;
    let name = name.trim().trim_start_matches("export ").trim();
    if name.is_empty() || name.starts_with('#') || name.contains(char::is_whitespace) {
        return None;
    }
    let start = line.len() - behind.trim_start().len();
    let value = behind.trim();
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return Some((name.to_owned(), inner.to_owned(), start + 1));
        }
    }
    let value = value.split_once(" #").map_or(value, |(value, _)| value.trim_end());
    Some((name.to_owned(), value.to_owned(), start))
}

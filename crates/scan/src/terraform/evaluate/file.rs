//! Functions on files of the tree. Paths are relative to the root module's folder, as they are when Terraform runs in it.

use super::{Context, Evaluator};
use crate::known::Piece;
use crate::source::{FileId, Place, normalise};
use crate::terraform::parse::{self, MAX_BYTES, Source};
use crate::terraform::syntax::Expr;
use crate::terraform::value::{Chunk, Kind, Value};
use crate::terraform::{json, yaml};

/// Files that one `fileset` gives.
const MAX_FILES: usize = 200;

impl Evaluator<'_> {
    /// The path of a file or folder in the tree.
    pub(in crate::terraform) fn resolve(&self, path: &str) -> Option<String> {
        if path.starts_with('/') || path.starts_with('~') {
            return None;
        }
        normalise(&format!("{}/{path}", self.root_folder))
    }

    pub(super) fn file_function(&self, name: &str, arguments: &[Value], place: Place) -> Option<Value> {
        let first = arguments.first()?;
        match name {
            "file" => Some(self.file(first, place)),
            "fileexists" => {
                let path = self.resolve(&first.as_literal()?)?;
                Some(Value::bool(place, self.tree.find(&path).is_some()))
            }
            "fileset" => self.fileset(first, arguments.get(1)?, place),
            "basename" => {
                let path = first.as_literal()?;
                Some(Value::literal(place, path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()))
            }
            "dirname" => {
                let path = first.as_literal()?;
                Some(Value::literal(place, path.rsplit_once('/').map_or(".", |(folder, _)| folder)))
            }
            "abspath" | "pathexpand" => Some(first.clone()),
            "filebase64sha256" | "filesha256" | "filesha1" | "filesha512" | "filemd5"
            | "filebase64sha512" | "filebase64" => {
                Some(Value::piece(place, Piece::Provider(name.to_owned())))
            }
            "base64sha256" | "sha256" | "sha1" | "md5" | "uuid" | "timestamp" | "base64encode"
            | "base64gzip" => {
                Some(Value::unknown(place, format!("what `{name}` gives is not worked out here")))
            }
            _ => None,
        }
    }

    fn found(&self, path: &Value, place: Place) -> Result<FileId, Value> {
        let Some(literal) = path.as_literal() else { return Err(Value::unknown(place, path.why_not())) };
        let found = self.resolve(&literal).and_then(|path| self.tree.find(&path));
        found.ok_or_else(|| Value::unknown(place, format!("the file `{literal}` is not in the tree")))
    }

    fn file(&self, path: &Value, place: Place) -> Value {
        let file = match self.found(path, place) {
            Ok(file) => file,
            Err(unknown) => return unknown,
        };
        match Source::of_file(self.tree, file) {
            Ok(source) => {
                let text = source.text();
                let at = source.place(0, text.len());
                Value::text(at, vec![Chunk { piece: Piece::Literal(text.to_owned()), at: Some(at) }])
            }
            Err(unread) => Value::unknown(place, unread.why),
        }
    }

    /// `templatefile(path, variables)`.
    pub(super) fn templatefile(&self, arguments: &[Expr], place: Place, context: Context<'_>) -> Value {
        let [path, variables] = arguments else { return Value::unknown(place, "a template needs a path") };
        let (path, variables) = (self.expr(path, context), self.expr(variables, context));
        let file = match self.found(&path, place) {
            Ok(file) => file,
            Err(unknown) => return unknown,
        };
        let source = match Source::of_file(self.tree, file) {
            Ok(source) => source,
            Err(unread) => return Value::unknown(place, unread.why),
        };
        if !self.spend(1 + source.text().len() / 8) {
            return Value::unknown(place, "the module's expressions take too long to work out");
        }
        match parse::template(source) {
            Ok(parts) => {
                let whole = source.place(0, source.text().len());
                self.rendered(&parts, &variables, whole, context)
            }
            Err(unread) => Value::unknown(place, unread.why),
        }
    }

    /// Paths below a folder that a pattern matches.
    fn fileset(&self, folder: &Value, pattern: &Value, place: Place) -> Option<Value> {
        let (folder, pattern) = (folder.as_literal()?, pattern.as_literal()?);
        let folder = self.resolve(&folder)?;
        let mut found = Vec::new();
        for (_, file) in self.tree.below(&folder) {
            if !self.spend(file.path.len()) || found.len() >= MAX_FILES {
                return None;
            }
            let inner = file.path.strip_prefix(&folder).unwrap_or(&file.path).trim_start_matches('/');
            if matches(pattern.as_bytes(), inner.as_bytes()) {
                found.push(Value::literal(place, inner));
            }
        }
        Some(Value::list(place, found))
    }

    /// What a text or value holds as JSON, for policies and documents.
    pub(in crate::terraform) fn document_of(value: &Value) -> Result<Value, String> {
        match &value.kind {
            Kind::Json(inner) => Ok(inner.value.clone()),
            Kind::Map(_) => Ok(value.clone()),
            Kind::Text(chunks) if value.why().is_none() => {
                let length: usize = chunks
                    .iter()
                    .map(|chunk| if let Piece::Literal(text) = &chunk.piece { text.len() } else { 1 })
                    .sum();
                if length > MAX_BYTES {
                    return Err("it is too long".to_owned());
                }
                if let [Chunk { piece: Piece::Of { .. }, .. }] = chunks.as_ref() {
                    return Err(value.why_not());
                }
                let start = chunks.iter().find_map(|chunk| match &chunk.piece {
                    Piece::Literal(text) => text.trim_start().chars().next(),
                    _ => None,
                });
                match start {
                    Some('{' | '[') | None => json::read(chunks, value.place),
                    Some(_) => yaml::read(chunks, value.place),
                }
            }
            _ => Err(value.why_not()),
        }
    }
}

/// Whether a path matches a pattern with `*`, `**` and `?`. Goes back to the last star of each sort only, so that time stays bounded.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (mut at, mut in_pattern) = (0, 0);
    // What stands behind the last star of each sort, and where in the path it stopped taking.
    let mut shallow: Option<(usize, usize)> = None;
    let mut deep: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(in_pattern), path.get(at)) {
            (None, None) => return true,
            (Some(b'*'), _) if pattern.get(in_pattern + 1) == Some(&b'*') => {
                // `**/` may also stand for no folder at all.
                let slash = usize::from(pattern.get(in_pattern + 2) == Some(&b'/'));
                in_pattern += 2 + slash;
                (shallow, deep) = (None, Some((in_pattern, at)));
            }
            (Some(b'*'), _) => {
                in_pattern += 1;
                shallow = Some((in_pattern, at));
            }
            (Some(wanted), Some(found)) if wanted == found || (*wanted == b'?' && *found != b'/') => {
                at += 1;
                in_pattern += 1;
            }
            _ => {
                let near = shallow.filter(|(_, taken)| path.get(*taken).is_some_and(|byte| *byte != b'/'));
                let far = deep.filter(|(_, taken)| *taken < path.len());
                let Some((next, taken)) = near.or(far) else { return false };
                if near.is_some() {
                    shallow = Some((next, taken + 1));
                } else {
                    (shallow, deep) = (None, Some((next, taken + 1)));
                }
                (at, in_pattern) = (taken + 1, next);
            }
        }
    }
}

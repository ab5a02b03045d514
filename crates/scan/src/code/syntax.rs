//! From a file's bytes to a program, within bounds.
//!
//! Invariants: a file that is too large, takes too long to parse or is not text is refused with a reason; parsing cannot be made to take
//! more steps than its size allows. Not here: what nodes mean (`javascript`, `python`).

mod quoted;

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, Parser, Tree};

use super::program::{Language, Origin, Program, Span};
use super::{javascript, python};
use crate::source::{FileId, Place, SourceTree};

/// The largest file that is read. Larger ones are bundles, whose sources stand beside them.
pub(super) const SIZE_LIMIT_BYTES: usize = 768 * 1024;

/// A hundred parser operations each; well-formed files need about one for every fifty bytes.
const STEPS_BASE: usize = 2_000;

/// What a file is written in, by its name.
pub(super) fn language_of(path: &str) -> Option<Language> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension {
        "js" | "mjs" | "cjs" | "jsx" => Some(Language::JavaScript),
        "ts" | "mts" | "cts" => Some(Language::TypeScript),
        "tsx" => Some(Language::Tsx),
        "py" => Some(Language::Python),
        _ => None,
    }
}

/// Reads a file of the tree.
pub(super) fn program(tree: &SourceTree, file: FileId) -> Result<Program, &'static str> {
    let source = tree.file(file).ok_or("the file is not there")?;
    let language = language_of(&source.path).ok_or("it is written in another language")?;
    let text = source.text().ok_or("it is not text")?;
    lower(text, language, Origin { file, lines: Vec::new() })
}

/// Reads code that stands inside another file, such as a template.
pub(super) fn inline(tree: &SourceTree, place: Place, language: Language) -> Result<Program, &'static str> {
    let text = tree.excerpt(place);
    if text.is_empty() || text.len() > SIZE_LIMIT_BYTES {
        return Err("the inline code is empty or too large");
    }
    let (code, lines) = match text.chars().next().filter(|mark| matches!(mark, '"' | '\'')) {
        Some(mark) => quoted::read(text, mark, place.start),
        None => dedent(text, place.start),
    };
    lower(&code, language, Origin { file: place.file, lines })
}

/// Takes the common indentation away, and a block's head (`|`, `>-`); says where lines came from.
fn dedent(text: &str, start: u32) -> (String, Vec<(u32, u32)>) {
    let head = text.lines().next().unwrap_or_default().trim();
    let headed = head.starts_with(['|', '>']) || head.starts_with("<<") || head.is_empty();
    let body = text.lines().enumerate().skip(usize::from(headed));
    let margin = body
        .clone()
        // The first line of a plain scalar starts where its indentation has already been passed.
        .filter(|(number, line)| !line.trim().is_empty() && (headed || *number > 0))
        .map(|(_, line)| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let (mut code, mut lines, mut at) = (String::new(), Vec::new(), start);
    let cut = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number > 0 || !headed {
            let blank = line.len() - line.trim_start_matches(' ').len();
            let skipped = margin.min(blank);
            lines.push((cut(code.len()), at.saturating_add(cut(skipped))));
            code.push_str(line.get(skipped..).unwrap_or_default());
        }
        at = at.saturating_add(cut(line.len()));
    }
    (code, lines)
}

fn lower(text: &str, language: Language, origin: Origin) -> Result<Program, &'static str> {
    if text.len() > SIZE_LIMIT_BYTES {
        return Err("it is too large to be read");
    }
    let tree = parse(text, language).ok_or("it could not be parsed within its bounds")?;
    let mut program = Program::new(language, origin);
    program.holes = tree.root_node().has_error();
    match language {
        Language::Python => python::lower(text, &tree, &mut program),
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            javascript::lower(text, &tree, &mut program)
        }
    }
    Ok(program)
}

fn parse(text: &str, language: Language) -> Option<Tree> {
    let grammar = match language {
        Language::JavaScript => tree_sitter_javascript::LANGUAGE,
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
        Language::Python => tree_sitter_python::LANGUAGE,
    };
    let mut parser = Parser::new();
    parser.set_language(&grammar.into()).ok()?;
    let mut left = STEPS_BASE + text.len();
    let mut progress = |_: &tree_sitter::ParseState| match left.checked_sub(1) {
        Some(rest) => {
            left = rest;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let bytes = text.as_bytes();
    let mut rest = |offset: usize, _| bytes.get(offset..).unwrap_or_default();
    parser.parse_with_options(&mut rest, None, Some(ParseOptions::new().progress_callback(&mut progress)))
}

/// Where a node stands.
pub(super) fn span(node: Node<'_>) -> Span {
    let cut = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { start: cut(node.start_byte()), end: cut(node.end_byte()) }
}

/// The named children of a node, comments left out.
pub(super) fn parts<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// A node's text.
pub(super) fn words<'s>(text: &'s str, node: Node<'_>) -> &'s str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// What an escape such as `\n` stands for.
pub(super) fn unescape(escape: &str) -> String {
    let mut characters = escape.chars().skip(1);
    let found = match characters.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('0') => '\0',
        Some('x' | 'u' | 'U') => {
            let digits: String = characters.filter(char::is_ascii_hexdigit).collect();
            let code = u32::from_str_radix(&digits, 16).ok();
            return code.and_then(char::from_u32).map(String::from).unwrap_or_default();
        }
        Some('\n') | None => return String::new(),
        Some(other) => other,
    };
    found.to_string()
}

#[cfg(test)]
mod tests;

//! Code that stands inside other files.

use super::inline;
use crate::code::program::Language;
use crate::source::{Place, SourceTree};

/// Every function of the code must stand where its text does in the file.
#[test]
fn code_in_quotation_marks() {
    let cases = [
        (
            "{\"ZipFile\":\"import boto3\\n\\ndef handler(event, context):\\n    return \\\"a\\\"\\n\"}",
            Language::Python,
            "def",
        ),
        (
            "ZipFile: \"import boto3\\ndef handler(event, context):\\n\\treturn '\\u0041'\\n\"",
            Language::Python,
            "def",
        ),
        ("InlineCode: \"exports.handler = async () => ({})\"", Language::JavaScript, "async"),
        ("InlineCode: 'const a = ''b''; exports.handler = async () => a'", Language::JavaScript, "async"),
        (
            "InlineCode: \"const a = 1;\n  exports.handler =\n\n  async () => \\\n  a\"",
            Language::JavaScript,
            "async",
        ),
        (
            "InlineCode: |\n  const a = 'x';\n  exports.handler = async () => a\n",
            Language::JavaScript,
            "async",
        ),
    ];
    for (text, language, word) in cases {
        let mut tree = SourceTree::new();
        let file = tree.add("template.yaml", text.as_bytes());
        let end = if text.ends_with('}') { text.len() - 1 } else { text.len() };
        let at = text.find(['"', '\'', '|']).map_or(0, |at| if text.starts_with('{') { 11 } else { at });
        let program = inline(&tree, Place::new(file, at, end), language).expect(text);
        assert!(!program.holes, "{text}");
        let places: Vec<&str> =
            program.functions.iter().map(|code| tree.excerpt(program.place(code.span))).collect();
        assert!(places.len() == 1 && places.iter().all(|place| place.starts_with(word)), "{text} {places:?}");
    }
}

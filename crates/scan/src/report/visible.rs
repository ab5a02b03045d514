//! Text of others as any output may have it: characters that do something instead of showing themselves are written out.
//!
//! Invariant: what a reader sees is what stands there, in its order: nothing hidden, nothing that turns the reading direction or drives a
//! terminal. Not here: what else has a meaning in a page (`html`, `markdown`), secrets (`cover`).

use std::borrow::Cow;

/// Characters that show nothing or change how others are read: format characters (Cf), line and paragraph separators (Zl, Zp) of
/// Unicode 16, with the places kept free between them; fillers that look like nothing; variation selectors, which can carry text.
const HIDDEN: [(char, char); 27] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e007f}'),
    ('\u{e0100}', '\u{e01ef}'),
];

fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// A text with every such character as `\u{202e}`. Line ends and tabs stay, for whoever calls to deal with.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_hidden(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The same on one line: line ends and tabs are spaces.
#[must_use]
pub fn visible_line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::text::{Paint, Plain, Role};
    use crate::report::{Note, Report, Spot};
    use crate::report::{html, markdown, sarif};
    use crate::source::{Place, SourceTree};

    #[test]
    fn what_hides_or_turns_is_written_out() {
        let check = |text: &str, expect: &str| assert_eq!(visible(text), expect);
        check("plain, zürich, 東京 🙂", "plain, zürich, 東京 🙂");
        check("a\nb\tc", "a\nb\tc");
        check("\u{202e}evil\u{2066}", "\\u{202e}evil\\u{2066}");
        check("a\u{200b}b\u{e0041}\u{fe0f}\u{3164}", "a\\u{200b}b\\u{e0041}\\u{fe0f}\\u{3164}");
        check("\x1b[31m\u{9b}\r\0", "\\u{1b}[31m\\u{9b}\\u{d}\\u{0}");
        assert_eq!(visible_line("a\nb\r\u{202e}"), "a b\\u{d}\\u{202e}");
    }

    #[test]
    fn no_output_has_any_of_it() {
        let mut tree = SourceTree::new();
        let file = tree.add("a\u{202e}.yaml", *b"x");
        let text = "`a\u{202e}b` c\u{2066}d\x1b[31m \u{200b}";
        let note = Note { at: Spot::of(&tree, Place::whole(file)), subject: None, text: text.to_owned() };
        let report = Report { unread: vec![note], remarks: vec![text.to_owned()], ..Report::default() };
        let plain = crate::report::text::text(&report, 100, &Plain);
        for page in [markdown::markdown(&report), html::html(&report), sarif::sarif(&report), plain] {
            assert!(!page.chars().any(is_hidden), "{page:?}");
            assert!(page.contains("u{202e}"), "{page}");
        }
        assert_eq!(Plain.paint(Role::Text, "\x1b[31m"), "\\u{1b}[31m");
    }
}

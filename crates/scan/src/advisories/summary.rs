//! One line about a vulnerability, made of what its record says at length.
//!
//! Invariant: what is cut ends with a sentence, or with "…" after a whole word. Not here: where the line is shown (`rules`).

/// Characters of a line that somebody wrote as one.
const MAX_TITLE: usize = 240;

/// Characters of a line that is the beginning of a longer text.
const MAX_BEGINNING: usize = 160;

/// The first line that says something.
pub(super) fn title(text: &str) -> String {
    let line = text.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty());
    cut(line.unwrap_or_default(), MAX_TITLE)
}

/// The beginning of a text: its first paragraph that is no heading.
pub(super) fn beginning(text: &str) -> String {
    let lines = || text.lines().map(str::trim);
    let says = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let paragraph: Vec<&str> = lines().skip_while(|line| !says(line)).take_while(says).collect();
    match paragraph.is_empty() {
        true => title(text),
        false => cut(&paragraph.join(" "), MAX_BEGINNING),
    }
}

/// At most so many characters: whole sentences, or whole words where the first sentence is longer.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let head = text.get(..end).unwrap_or_default();
    // The end of a sentence is followed by a space: `1.2.3` has none.
    let sentence = [". ", "! ", "? "].iter().filter_map(|end| head.rfind(end)).max();
    if let Some(sentence) = sentence.and_then(|at| head.get(..=at)) {
        return sentence.to_owned();
    }
    let words = head.rfind(char::is_whitespace).and_then(|at| head.get(..at)).unwrap_or(head);
    format!("{}…", words.trim_end_matches([',', ';', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_ends_with_a_sentence_or_a_word() {
        let check = |text: &str, expect: &str| assert_eq!(cut(text, 20), expect, "{text}");
        check("short", "short");
        check("exactly twenty chars", "exactly twenty chars");
        check("One thing. Another thing that is long.", "One thing.");
        check("Before 1.2.3 it reads anything", "Before 1.2.3 it…");
        check("Ein Fehler, später behoben", "Ein Fehler, später…");
        check("aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa…");
    }

    #[test]
    fn the_beginning_is_a_paragraph() {
        let check = |text: &str, expect: &str| assert_eq!(beginning(text), expect, "{text}");
        check("### Impact\nIt leaks\nwhat it reads.\n\nMore.", "It leaks what it reads.");
        check("# Only a heading", "Only a heading");
        check("", "");
    }
}

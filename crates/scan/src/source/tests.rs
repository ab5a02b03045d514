use super::*;

#[test]
fn offsets_become_lines_and_columns() {
    let mut tree = SourceTree::new();
    let file = tree.add("a/b.yml", *b"one\nz\xc3\xbcrich: x\n");
    let check = |start, end, expect: (u32, u32), text: &str| {
        let place = Place::new(file, start, end);
        let (from, _) = tree.locate(place);
        assert_eq!((from.line, from.column), expect, "{start}");
        assert_eq!(tree.line_of(place), from.line, "{start}");
        assert_eq!(tree.excerpt(place), text);
    };
    check(0, 3, (1, 1), "one");
    check(4, 11, (2, 1), "zürich");
    check(13, 14, (2, 9), "x");
    check(15, 15, (3, 1), "");
    check(99, 99, (3, 1), "");
    assert_eq!(tree.line(file, 2).map(|line| tree.excerpt(line)), Some("zürich: x"));
    assert_eq!(tree.line(file, 9), None);
}

#[test]
fn columns_of_a_long_line_count_characters_across_strides() {
    let mut tree = SourceTree::new();
    let file = tree.add("a.js", format!("x\n{}y\r\n", "ü".repeat(2_000)).into_bytes());
    let check = |offset: usize, column: u32| {
        let (from, _) = tree.locate(Place::new(file, offset, offset));
        assert_eq!((from.line, from.column), (2, column), "{offset}");
    };
    check(2, 1);
    check(2 + 2 * 511, 512);
    check(2 + 2 * 512, 513);
    check(2 + 2 * 2_000, 2_001);
    // A stretch around a place is cut between characters, and never beyond its line.
    let line = tree.line(file, 2).unwrap();
    assert_eq!(tree.excerpt(tree.around(line, 102, 3, 3)), "üüüü");
    assert_eq!(tree.excerpt(tree.around(line, 4_002, 2, 99)), "üy");
}

#[test]
fn an_excerpt_of_text_needs_no_text_elsewhere() {
    let mut tree = SourceTree::new();
    let file = tree.add("a.js", *b"ab\xffcd");
    assert_eq!(tree.excerpt(Place::new(file, 0, 2)), "ab");
    assert_eq!(tree.excerpt(Place::new(file, 1, 3)), "");
}

#[test]
fn paths_stay_within_the_tree() {
    let mut tree = SourceTree::new();
    tree.add("a/b.yml", *b"");
    tree.add("a/c/d.yml", *b"");
    tree.add("ab.yml", *b"");
    assert!(tree.find("a/c/../b.yml").is_some());
    assert!(tree.find("./a//b.yml").is_some());
    assert!(tree.find("../a/b.yml").is_none());
    let below: Vec<&str> = tree.below("a").map(|(_, file)| file.path.as_str()).collect();
    assert_eq!(below, ["a/b.yml", "a/c/d.yml"]);
    assert_eq!(tree.below("").count(), 3);
}

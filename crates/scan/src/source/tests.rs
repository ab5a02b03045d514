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
    assert_eq!(tree.line(file, 2), "zürich: x");
    assert_eq!(tree.line(file, 9), "");
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

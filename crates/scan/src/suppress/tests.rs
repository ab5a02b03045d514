use super::*;

/// Which lines of a text are allowed to have an open route.
fn allowed(path: &str, text: &str, today: &str) -> (Vec<u32>, Vec<String>) {
    let mut tree = SourceTree::new();
    let file = tree.add(path, text.as_bytes().to_vec());
    let marks = Marks::read(&tree, [file], Day::parse(today));
    let mut start = 0;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if marks.covering(&tree, "open-route", Place::new(file, start, start + 1)).is_some() {
            lines.push(number);
        }
        start += line.len();
    }
    (lines, marks.faults().map(|finding| finding.message).collect())
}

#[test]
fn which_lines_a_comment_speaks_of() {
    let check = |path: &str, text: &str, lines: &[u32]| {
        assert_eq!(allowed(path, text, "2026-11-22"), (lines.to_vec(), vec![]), "{text}");
    };
    let why = "until 2027-01-31 because the catalogue is public";
    check("a.yaml", &format!("A:\n  # casemate: allow open-route {why}\n  B: 1\n  C: 2\n"), &[3]);
    check("a.yaml", &format!("A:\n  B: 1 # casemate: allow open-route {why}\n  C: 2\n"), &[2]);
    check("a.tf", &format!("// casemate: allow open-websocket, open-route {why}\n# more\n\nx = 1\n"), &[4]);
    check("a.js", &format!("/* casemate: allow open-route {why} */\nf()\n"), &[2]);
    check("a.yaml", &format!("# casemate: allow open-store {why}\nB: 1\n"), &[]);
    check("a.yaml", &format!("B: casemate: allow open-route {why}\n"), &[]);
    check(
        "a.json",
        &format!(
            "{{\n\"R\": {{\n\"Metadata\": {{ \"casemate\": \"allow open-route {why}\" }},\n\"B\": 1\n}},\n\"C\": 1\n}}\n"
        ),
        &[2, 3, 4, 5],
    );
}

#[test]
fn what_does_not_hold_is_reported() {
    let check = |words: &str, fault: &str| {
        let text = format!("# casemate: allow {words}\nB: 1\n");
        let wanted = (vec![], vec![format!("This comment allows nothing: {fault}.")]);
        assert_eq!(allowed("a.yaml", &text, "2026-11-22"), wanted, "{words}");
    };
    check("", "it names no rule");
    check("open-rout until 2027-01-31 because x y", "there is no rule `open-rout`");
    check("open-route because x y", "it has no end date");
    check("open-route until soon because x y", "it has no end date");
    check("open-route until 2027-01-31", "it gives no reason");
    check("open-route until 2026-11-21 because x y", "it ended on 2026-11-21");
}

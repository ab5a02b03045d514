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
    check("a.tf", &format!("// casemate: allow open-websocket, open-route {why}\n# more\nx = 1\n"), &[3]);
    check("a.go", &format!("/*\n * casemate: allow open-route {why}\n */\n*p = 1\nq = 2\n"), &[4]);
    check("a.js", &format!("/* casemate: allow open-route {why} */\nf()\n"), &[2]);
    check("a.yaml", &format!("# casemate: allow open-store {why}\nB: 1\n"), &[]);
    check("a.yaml", &format!("B: casemate: allow open-route {why}\n"), &[]);
    // Text, though it looks like a comment.
    check("a.tf", &format!("x = \"a\" == \"# casemate: allow open-route {why}\" ? 1 : 2\n"), &[]);
    check("a.yaml", &format!("B: {{ d: \"x # casemate: allow open-route {why}\", u: true }}\n"), &[]);
    check("a.yaml", &format!("B: x# casemate: allow open-route {why}\n"), &[]);
    check("a.yaml", &format!("B: |\n  # casemate: allow open-route {why}\nC: 1\n"), &[]);
    check("a.yaml", &format!("B:\n- casemate: allow open-route {why}\n"), &[]);
    let resource = format!(
        "{{\n\"Resources\": {{\n\"R\": {{\n\"Metadata\": {{ \"casemate\": \"allow open-route {why}\" }},\n\"B\": 1\n}},\n\"C\": {{}}\n}}\n}}\n"
    );
    // The braces of the resource begin on the line of its name and end on line 6.
    check("a.json", &resource, &[3, 4, 5, 6]);
    check("a.template", &resource, &[3, 4, 5, 6]);
    check("a.yaml", &resource, &[3, 4, 5, 6]);
    check("a.json", &resource.replace("casemate", "other"), &[]);
}

#[test]
fn a_mark_of_a_resource_allows_nothing_in_another_on_the_same_line() {
    let why = "until 2027-01-31 because the catalogue is public";
    let text = format!(
        "{{\"Resources\": {{\"F\": {{\"A\": 1}}, \"G\": {{\"Metadata\": {{\"casemate\": \"allow open-route {why}\"}}, \"B\": 2}}}}}}"
    );
    let mut tree = SourceTree::new();
    let file = tree.add("template.json", text.clone().into_bytes());
    let marks = Marks::read(&tree, [file], Day::parse("2026-11-22"));
    let check = |part: &str, wanted: bool| {
        let at = text.find(part).unwrap();
        let covered = marks.covering(&tree, "open-route", Place::new(file, at, at + part.len())).is_some();
        assert_eq!(covered, wanted, "{part}");
    };
    check("\"A\": 1", false);
    check("\"B\": 2", true);
    check("\"G\"", true);
    check("\"Resources\"", false);
}

#[test]
fn a_mark_elsewhere_in_json_allows_nothing() {
    let mark = "\"casemate\": \"allow open-route until 2027-01-31 because the catalogue is public\"";
    let check = |text: &str, faults: usize| {
        let found = allowed("template.json", text, "2026-11-22");
        let wanted = vec![format!("This comment allows nothing: {MISPLACED}."); faults];
        assert_eq!(found, (vec![], wanted), "{text}");
    };
    check(&format!("{{ {mark} }}"), 1);
    check(&format!("{{ \"Metadata\": {{ {mark} }}, \"Resources\": {{ \"R\": {{}} }} }}"), 1);
    check(&format!("{{ \"Resources\": {{ \"Metadata\": {{ {mark} }} }} }}"), 1);
    check(&format!("{{ \"Resources\": {{ \"R\": {{ {mark} }} }} }}"), 1);
    check(
        &format!("{{ \"Resources\": {{ \"R\": {{ \"Properties\": {{ \"Metadata\": {{ {mark} }} }} }} }} }}"),
        1,
    );
    // Somebody else's key of the same name.
    check("{ \"casemate\": \"^1.0\" }", 0);
    check("{ \"Resources\": { \"R\": { \"Metadata\": { \"casemate\": { \"allow\": 1 } } } } }", 0);
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
    check("open-route until 2027-01-31 it is meant", "after the day comes `because` and a reason");
    check("open-route until soon because x y", "`soon` is no day: write year-month-day");
    check("open-route until 2027-13-31 because x y", "`2027-13-31` is no day: write year-month-day");
    check(
        "open-route-1f6a2b3c until 2027-01-31 because x y",
        "there is no rule `open-route-1f6a2b3c`: name the rule, `open-route`",
    );
    check("open-route until 2027-01-31", "it gives no reason");
    check("open-route until 2026-11-21 because x y", "it ended on 2026-11-21");
    check("open-route until 2027-01-31 because ok.", "its reason is a single word");
    check("open-route until 2027-01-31 because ok -", "its reason is a single word");
    check("open-route until 2028-11-23 because x y", "its end, 2028-11-23, is more than two years away");
    check("open-route until 9999-12-31 because x y", "its end, 9999-12-31, is more than two years away");
}

#[test]
fn a_slip_is_reported_and_a_remark_is_none() {
    let faults = |comment: &str| allowed("a.yaml", &format!("# {comment}\nB: 1\n"), "2026-11-22");
    let until = "open-route until 2027-01-31 because x y";
    for (comment, says) in [
        (format!("casemate: alow {until}"), "alow"),
        (format!("casemate: ignore {until}"), "ignore"),
        (format!("Casemate: Allow {until}"), "Allow"),
    ] {
        let wanted = vec![format!("This comment allows nothing: it says `{says}`, and not `allow`.")];
        assert_eq!(faults(&comment), (vec![], wanted), "{comment}");
    }
    assert_eq!(faults(&format!("Casemate: allow {until}")), (vec![2], vec![]));
    assert_eq!(faults("casemate: finds this, see the docs"), (vec![], vec![]));
}

#[test]
fn an_end_two_years_away_holds_and_without_a_day_any_end_does() {
    let text = |until: &str| format!("# casemate: allow open-route until {until} because x y\nB: 1\n");
    assert_eq!(allowed("a.yaml", &text("2028-11-22"), "2026-11-22"), (vec![2], vec![]));
    assert_eq!(allowed("a.yaml", &text("9999-12-31"), "no day"), (vec![2], vec![]));
}

#[test]
fn a_mark_that_readers_do_not_see_beside_its_line_allows_nothing() {
    let why = "casemate: allow open-route until 2027-01-31 because x y";
    let check = |text: &str, lines: &[u32], fault: Option<&str>| {
        let faults: Vec<_> =
            fault.into_iter().map(|fault| format!("This comment allows nothing: {fault}.")).collect();
        assert_eq!(allowed("a.yaml", text, "2026-11-22"), (lines.to_vec(), faults), "{text}");
    };
    // Behind a wall of spaces.
    check(&format!("A: 1{}# {why}\n", " ".repeat(180)), &[1], None);
    check(&format!("A: 1{}# {why}\n", " ".repeat(3_000)), &[], Some(HIDDEN));
    check(&format!("{}# {why}\nA: 1\n", " ".repeat(3_000)), &[], Some(HIDDEN));
    // Far above.
    check(&format!("# {why}\n\nA: 1\n"), &[], Some(LOOSE));
    check(&format!("# {why}\n{}A: 1\n", "# filler\n".repeat(10)), &[12], None);
    check(&format!("# {why}\n{}A: 1\n", "# filler\n".repeat(11)), &[], Some(LOOSE));
    check(&format!("# {why}\n"), &[], Some(LOOSE));
    // Two marks in one block.
    check(&format!("# {why}\n# {why}\nA: 1\n"), &[3], None);
}

#[test]
fn a_file_has_a_thousand_marks_and_the_rest_is_one_fault() {
    let why = "allow open-route until 2027-01-31 because x y";
    let check = |path: &str, text: &str| {
        let mut tree = SourceTree::new();
        let file = tree.add(path, text.as_bytes().to_vec());
        let marks = Marks::read(&tree, [file], Day::parse("2026-11-22"));
        assert_eq!(marks.by_file[&file].len(), MARKS_OF_A_FILE + 1);
        let faults: Vec<_> = marks.faults().map(|finding| finding.message).collect();
        assert_eq!(faults, [format!("This comment allows nothing: {TOO_MANY}.")]);
    };
    check("a.yaml", &format!("A: 1 # casemate: {why}\n").repeat(3_000));
    let resources: Vec<_> =
        (0..3_000).map(|n| format!("\"R{n}\":{{\"Metadata\":{{\"casemate\":\"{why}\"}}}}")).collect();
    check("a.json", &format!("{{\"Resources\":{{{}}}}}", resources.join(",")));
}

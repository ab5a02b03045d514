//! HCL as it is read: places, templates, and what the look beforehand lets through.

use super::*;
use crate::terraform::syntax::Part;

fn parsed(text: &str) -> (SourceTree, Body) {
    let mut tree = SourceTree::new();
    let file = tree.add("main.tf", text.as_bytes().to_vec());
    let body = body(Source::of_file(&tree, file).expect("a file")).expect("HCL");
    (tree, body)
}

fn value<'b>(body: &'b Body, name: &str) -> &'b Expr {
    body.attribute(name).expect("the attribute")
}

#[test]
fn every_expression_has_the_place_of_its_text() {
    let cases = [
        ("\"text\"", "\"text\""),
        ("  [1, 2]  # comment", "[1, 2]"),
        ("var.name", "var.name"),
        ("a[0].b", "a[0].b"),
        ("(1 + 2)", "1 + 2"),
        ("x ? 1 : 2", "x ? 1 : 2"),
        ("f(1, [2])", "f(1, [2])"),
        ("{ a = 1 }", "{ a = 1 }"),
        ("[for x in y : x]", "[for x in y : x]"),
        ("\"é ${a}\"", "\"é ${a}\""),
        ("!true", "!true"),
        ("-1", "-1"),
        ("null", "null"),
    ];
    for (text, wanted) in cases {
        let (tree, body) = parsed(&format!("\u{feff}before = 1\na = {text}\n"));
        assert_eq!(tree.excerpt(value(&body, "a").place), wanted);
    }
}

#[test]
fn literals_know_where_their_characters_stand() {
    let text = "a = <<-EOF\n    one ${b} $${c}\n    two\n  EOF\nd = \"x${e}y\\n\"\n";
    let (tree, body) = parsed(text);
    let literals = |name: &str| -> Vec<(String, Option<String>)> {
        let ExprKind::Template(parts) = &value(&body, name).kind else { panic!("a template") };
        let of = |part: &Part| match part {
            Part::Literal(text, at) => Some((text.clone(), at.map(|at| tree.excerpt(at).to_owned()))),
            _ => None,
        };
        parts.iter().filter_map(of).collect()
    };
    let first = ("    one ".to_owned(), Some("    one ".to_owned()));
    assert_eq!(literals("a"), [first, (" ${c}\n    two\n".to_owned(), None)]);
    assert_eq!(literals("d"), [("x".to_owned(), Some("x".to_owned())), ("y\n".to_owned(), None)]);
}

#[test]
fn the_look_beforehand_knows_texts_and_comments() {
    let open = "[".repeat(100);
    let fine = [
        format!("a = \"{open}\""),
        format!("# {open}\na = 1"),
        format!("// {open}\na = 1"),
        format!("/* {open} */\na = 1"),
        format!("a = <<EOF\n{open}\nEOF\nb = 1"),
        format!("a = <<-EOF\n  {open}\n  EOFX\n  EOF\nb = 1"),
        format!("a = \"\\\"{open}\""),
        format!("a = \"$${{{open}\""),
        format!("a = \"%%{{{open}\""),
        "a = [\"${f({})}\"]".repeat(100).replace("]a", "]\na"),
    ];
    for text in fine {
        assert_eq!(bound::excess(&text), None, "{text}");
    }
    let deep = [format!("a = {open}"), format!("a = \"${{{open}\""), format!("a = <<E\n${{{open}\nE")];
    for text in deep {
        assert!(bound::excess(&text).is_some(), "{text}");
    }
}

#[test]
fn blanks_beside_marked_references_go_away() {
    let (_, body) = parsed("a = \"x  ${~ b ~}  y\"\n");
    let ExprKind::Template(parts) = &value(&body, "a").kind else { panic!("a template") };
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| if let Part::Literal(text, _) = part { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(texts, ["x", "y"]);
}

#[test]
fn a_syntax_error_says_where() {
    let mut tree = SourceTree::new();
    let file = tree.add("main.tf", b"a = 1\nb = [1,\nc = \n".to_vec());
    let unread = body(Source::of_file(&tree, file).expect("a file")).expect_err("no HCL");
    assert_eq!(tree.locate(unread.place).0.line, 3);
    assert!(unread.why.starts_with("it is not HCL here: "), "{}", unread.why);
}

//! Files that somebody wrote to break the reader: each ends in a place and a reason, or in something unknown.

use super::*;

/// Reads a file that must be refused, and says why it was.
fn refused(text: &str) -> String {
    let (_, _, unread) = read_all(&[("main.tf", text)]);
    assert_eq!(unread.len(), 1, "it is refused");
    unread[0].why.clone()
}

/// The value of the environment's `A`, as a reader would write it.
fn a_of(text: &str) -> String {
    let function = r#"
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = "r"
  environment {
    variables = { A = local.a }
  }
}
"#;
    let (_, app) = main(&format!("{text}\n{function}"));
    let value = &app.functions[0].environment[0].value;
    value.why_unknown().map_or_else(|| value.to_string(), |why| format!("unknown: {why}"))
}

#[test]
fn depth_is_refused_with_its_place() {
    let many = 50_000;
    let cases = [
        format!("a = {}", "[".repeat(many)),
        format!("a = {}{}", "[".repeat(many), "]".repeat(many)),
        format!("a = {}1{}", "(".repeat(many), ")".repeat(many)),
        format!("a = {}", "{a=".repeat(many)),
        format!("a = {}", "\"${".repeat(many)),
        format!("a = {}", "f(".repeat(many)),
        "a {\n".repeat(many),
        format!("a = <<E\n{}\nE\n", "%{ if ${".repeat(many)),
    ];
    for case in cases {
        let why = refused(&case);
        assert!(why.contains("nests deeper"), "{why}");
    }
}

#[test]
fn depth_without_brackets_is_refused_by_the_parser() {
    let many = 50_000;
    let cases = [
        format!("a = {}true", "!".repeat(many)),
        format!("a = {}1", "-".repeat(many)),
        format!("a = {}1", "b ? c : ".repeat(many)),
        format!("a = 1{}", " + 1".repeat(many)),
        format!("a = <<E\n{}\nE\n", "%{ if a }".repeat(many)),
    ];
    for case in cases {
        assert!(refused(&case).contains("it is not HCL here"), "{}", refused(&case));
    }
}

#[test]
fn width_is_refused_or_read() {
    let wide: String = (0..6_000).map(|at| format!("  k{at} = 1\n")).collect();
    assert!(refused(&format!("locals {{\n{wide}}}\n")).contains("5000 entries"));
    assert!(refused(&format!("a = {{\n{wide}}}\n")).contains("5000 entries"));
    assert!(refused(&" ".repeat(3 * 1024 * 1024)).contains("larger"));
    assert!(refused("a = \"\u{0}").contains("not HCL"));
    let (_, apps, unread) = read_all(&[("main.tf", &format!("locals {{ a = b{} }}", "[*]".repeat(100_000)))]);
    assert_eq!((apps.len(), unread.len()), (0, 0));
}

#[test]
fn what_is_no_text_is_refused() {
    let mut tree = SourceTree::new();
    tree.add("main.tf", vec![0xFF, 0xFE, 0, 1, 2]);
    let (apps, unread) = read(&tree);
    assert_eq!((apps.len(), unread.len()), (0, 1));
    assert!(unread[0].why.contains("UTF-8"));
}

#[test]
fn growth_and_circles_end_in_unknown() {
    let doubled = |first: &str, next: &str| {
        let lines: String = (1..60)
            .map(|at| format!("a{at} = {}\n", next.replace('$', &format!("local.a{}", at - 1))))
            .collect();
        format!("locals {{\na0 = {first}\n{lines}a = local.a59\n}}")
    };
    let cases = [
        ("locals { \n a = local.b\n b = local.a\n }".to_owned(), "refers to itself"),
        ("locals { a = local.a }".to_owned(), "refers to itself"),
        (doubled("\"xxxxxxxxxxxxxxxx\"", "join(\"\", [$, $])"), "too l"),
        (doubled("[1, 2]", "[$, $]"), "a collection is no text"),
        (doubled("[1, 2]", "concat($, $)"), "a collection is no text"),
        (doubled("{ x = 1 }", "{ y = $, z = $ }"), "a collection is no text"),
        (doubled("[1, 2]", "jsonencode([$, $])"), "too l"),
        // JSON within JSON doubles its escapes with every level, without a single item more.
        (doubled("\"\\\"\\\\\"", "jsonencode($)"), "too l"),
        (doubled("\"x\\\"\"", "jsonencode(jsonencode($))"), "too l"),
        (doubled("\"x\\\"\"", "merge({ (jsonencode($)) = $ }, { b = $ })"), "a collection is no text"),
        (doubled("\"x\"", "lower(join($, range(1000)))"), "too l"),
        (doubled("\"aaaa\"", "replace($, \"a\", $)"), "not worked out"),
        (format!("locals {{\n b = \"{}\"\n a = join(local.b, range(1000))\n}}", "x".repeat(100_000)), "too l"),
        (
            format!("locals {{\n b = \"{}\"\n a = [for x in range(1000) : \"${{local.b}}${{x}}\"]\n}}", "x".repeat(100_000)),
            "too l",
        ),
        (
            format!("locals {{\n b = \"{}\"\n a = \"%{{ for x in range(1000) }}${{local.b}}%{{ endfor }}\"\n}}", "x".repeat(100_000)),
            "too l",
        ),
        ("locals {\n r = range(1000)\n a = [for x in local.r : [for y in local.r : [for z in local.r : x]]]\n}".to_owned(), "too large"),
        ("locals { a = range(1000000000) }".to_owned(), "not worked out"),
        ("locals { a = setproduct(range(1000), range(1000)) }".to_owned(), "not worked out"),
    ];
    for (text, part) in cases {
        let found = a_of(&text);
        assert!(found.starts_with("unknown: ") && found.contains(part), "{text}: {found}");
    }
}

#[test]
fn what_instances_share_is_paid_for_by_each() {
    let variables: String = (0..20).map(|at| format!("A{at} = local.b\n")).collect();
    let functions: String = (0..50)
        .map(|at| {
            format!(
                "resource \"aws_lambda_function\" \"f{at}\" {{\n count = 60\n environment {{\n variables = {{\n{variables}}}\n }}\n}}\n"
            )
        })
        .collect();
    let (_, app) = main(&format!("locals {{ b = \"{}\" }}\n{functions}", "x".repeat(100_000)));
    let length = |text: &crate::known::Text| text.as_literal().map_or(0, str::len);
    let all = app.functions.iter().flat_map(|function| &function.environment);
    let bytes: usize = all.map(|variable| length(&variable.value)).sum();
    assert!((100_000..crate::terraform::evaluate::BUDGET * 64).contains(&bytes), "{bytes}");
}

#[test]
fn long_chains_of_references_end_in_unknown() {
    let chain: String = (1..4_000).map(|at| format!("a{at} = local.a{}\n", at - 1)).collect();
    let found = a_of(&format!("locals {{\na0 = 1\n{chain}a = local.a3999\n}}"));
    assert!(found.contains("too deep"), "{found}");
    let nested: String = (1..300)
        .map(|at| format!("a{at} = [for x in [local.a{}] : merge({{}}, {{ y = \"${{x}}\" }})]\n", at - 1))
        .collect();
    let found = a_of(&format!("locals {{\na0 = 1\n{nested}a = jsonencode(local.a299)\n}}"));
    assert!(found.contains("unknown") || found.contains("${?}"), "{found}");
}

#[test]
fn counts_and_modules_stay_bounded() {
    let (_, app) = main("resource \"aws_sqs_queue\" \"q\" {\n count = 1000000000\n name = \"q\"\n}\n");
    assert_eq!(app.stores.len(), 1);
    assert!(app.unknowns.iter().any(|unknown| unknown.why.contains("too many")));

    // A module that calls itself, and two that call each other many times over.
    let own =
        "module \"again\" {\n source = \"./.\"\n}\nresource \"aws_sqs_queue\" \"q\" {\n name = \"q\"\n}\n";
    let (_, apps, _) = read_all(&[("main.tf", own)]);
    assert_eq!(apps.len(), 1);
    let calls = |to: &str| {
        let calls: String =
            (0..20).map(|at| format!("module \"m{at}\" {{\n source = \"{to}\"\n count = 60\n}}\n")).collect();
        format!("{calls}resource \"aws_sqs_queue\" \"q\" {{\n name = \"q\"\n}}\n")
    };
    let (_, apps, _) = read_all(&[("a/main.tf", &calls("../b")), ("b/main.tf", &calls("../a"))]);
    assert_eq!(apps.len(), 1);
    assert!(apps[0].stores.len() <= 10_000);
}

#[test]
fn hostile_json_is_refused() {
    for (text, part) in [
        ("[".repeat(100_000), "too deep"),
        ("{\"a\":".repeat(100_000), "too deep"),
        ("{".to_owned(), "not JSON"),
    ] {
        let (_, _, unread) = read_all(&[("main.tf.json", &text)]);
        assert_eq!(unread.len(), 1);
        assert!(unread[0].why.contains(part), "{}", unread[0].why);
    }
}

/// Whether every place that the graph shows lies within its file.
fn places_hold(tree: &SourceTree, app: &App) -> bool {
    let places = (app.functions.iter().map(|function| function.place))
        .chain(app.roles.iter().flat_map(|role| role.statements.iter().map(|statement| statement.place)))
        .chain(app.unknowns.iter().map(|unknown| unknown.place))
        .chain(app.routes.iter().map(|route| route.access.place));
    let within = |place: Place| {
        tree.file(place.file)
            .is_some_and(|file| place.start <= place.end && place.end as usize <= file.bytes.len())
    };
    places.into_iter().all(within)
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// A module with a stretch cut out and something put in is read or refused, and never more than that.
    #[test]
    fn damaged_modules_are_read_or_refused(from in 0_usize..3_000, length in 0_usize..60, put in "[ -~\n]{0,12}") {
        let text: Vec<char> = super::ORDERS.chars().collect();
        let from = from.min(text.len());
        let end = (from + length).min(text.len());
        let damaged: String = text[..from].iter().copied().chain(put.chars()).chain(text[end..].iter().copied()).collect();
        let (tree, apps, unread) = read_all(&[("main.tf", &damaged)]);
        proptest::prop_assert_eq!(apps.len() + unread.len(), 1);
        proptest::prop_assert!(apps.iter().all(|app| places_hold(&tree, app)));
    }
}

#[test]
fn one_large_policy_on_many_roles_stays_bounded() {
    let statements: String = (0..2_000)
        .map(|at| format!("{{\"Effect\":\"Allow\",\"Action\":\"s3:Get{at}\",\"Resource\":\"*\"}},"))
        .collect();
    let roles: String = (0..400)
        .map(|at| {
            format!(
                "resource \"aws_iam_role\" \"r{at}\" {{\n name = \"r{at}\"\n managed_policy_arns = [aws_iam_policy.p.arn]\n}}\n"
            )
        })
        .collect();
    let text = format!(
        "{roles}resource \"aws_iam_policy\" \"p\" {{\n policy = <<EOF\n{{\"Statement\":[{}]}}\nEOF\n}}\n",
        statements.trim_end_matches(',')
    );
    let (_, app) = main(&text);
    assert_eq!(app.roles.len(), 400);
    let read: usize = app.roles.iter().map(|role| role.statements.len()).sum();
    assert!((2_000..200_000).contains(&read), "{read}");
    assert!(app.unknowns.iter().any(|unknown| unknown.why.contains("too large")));
}

proptest::proptest! {
    /// How long a value is as JSON is known without writing it, however deep JSON lies within JSON.
    #[test]
    fn measured_json_is_as_long_as_written_json(text in "[a\"\\\\\n\t\u{1}ü]{0,12}", levels in 0_usize..6) {
        use crate::terraform::{json, value::{Key, Value}};
        let place = Place::whole(SourceTree::new().add("main.tf", Vec::new()));
        let scalars = vec![Value::literal(place, text.clone()), Value::null(place), Value::bool(place, true)];
        let list = Value::list(place, scalars);
        let empty = Value::list(place, Vec::new());
        let mut value = Value::map(place, vec![(Key::new(text, place), list), (Key::new("b", place), empty)]);
        for _ in 0..levels {
            value = Value::list(place, vec![Value::json(place, value), Value::unknown(place, "why")]);
        }
        let length = |chunk: &crate::terraform::value::Chunk| chunk.length();
        let written: usize = json::write(&value).iter().map(length).sum();
        proptest::prop_assert_eq!(json::measure(&value).bytes, written);
    }
}

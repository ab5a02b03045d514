use super::*;
use crate::document;

/// The value of `wanted`, one letter per kind, as short as it can be written.
fn show(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => "null".to_owned(),
        NodeKind::Bool(value) => value.to_string(),
        NodeKind::Number(text) => text.clone(),
        NodeKind::String(text) => format!("'{text}'"),
        NodeKind::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" ")),
        NodeKind::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}={}", key.text, show(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
        }
        NodeKind::Tagged(tag, inner) => format!("!{tag} {}", show(inner)),
        NodeKind::Composed(pieces) => pieces.iter().map(show_piece).collect(),
    }
}

fn show_piece(piece: &Piece) -> String {
    match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Provider(name) => format!("<{name}>"),
        Piece::Parameter(name) => format!("<?{name}>"),
        Piece::Unknown(why) => format!("<!{why}>"),
        other => format!("{other:?}"),
    }
}

fn resolved(files: &[(&str, &str)]) -> String {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes());
    }
    let root = document::yaml(&tree, tree.find("app/serverless.yml").unwrap()).unwrap();
    let mut resolver = Resolver::new(&tree, "app", &root);
    resolver.section(&["wanted"]).map_or_else(|| "nothing".to_owned(), |node| show(&node))
}

#[test]
fn variables_are_replaced() {
    let cases = [
        ("wanted: plain", "'plain'"),
        ("custom: { a: x }\nwanted: ${self:custom.a}", "'x'"),
        ("custom: { a: 3 }\nwanted: ${self:custom.a}", "3"),
        ("custom: { a: [x, y] }\nwanted: ${self:custom.a.1}", "'y'"),
        ("custom: { a: { b: x } }\nwanted: ${self:custom.a}", "{b='x'}"),
        ("wanted: t-${opt:stage, 'dev'}", "'t-dev'"),
        ("provider: { stage: prod }\nwanted: ${sls:stage}", "'prod'"),
        ("provider: { stage: \"${opt:stage, 'prod'}\" }\nwanted: ${self:provider.stage}", "'prod'"),
        ("provider: { stage: \"${opt:stage}\" }\nwanted: ${self:provider.stage}", "'dev'"),
        ("wanted: ${self:provider.stage}", "'dev'"),
        ("wanted: ${opt:stage, self:provider.stage}", "'dev'"),
        ("custom: { stage: \"${opt:stage, self:provider.stage}\" }\nwanted: ${self:custom.stage}", "'dev'"),
        ("custom: { dev: { x: 1 } }\nwanted: \"${self:custom.${opt:stage, 'dev'}.x}\"", "1"),
        ("custom: { default: 2 }\nwanted: ${self:custom.no, self:custom.default, 3}", "2"),
        ("wanted: \"${self:custom.no, ${env:NO, 'x'}}\"", "'x'"),
        ("wanted: ${self:custom.no, null}", "null"),
        ("custom: { a: ~ }\nwanted: ${self:custom.a, 'x'}", "'x'"),
        ("wanted: ${env:TOKEN}", "<?env:TOKEN>"),
        ("wanted: a-${env:TOKEN}-b", "a-<?env:TOKEN>-b"),
        ("wanted: ${opt:name}", "<?opt:name>"),
        ("wanted: ${ssm:/a/b, 'x'}", "<?ssm:/a/b>"),
        ("wanted: ${cf:stack.Out}", "<?cf:stack.Out>"),
        ("wanted: ${self:custom.no}", "<!there is no `self:custom.no`>"),
        (
            "wanted: \"arn:${aws:region}:${aws:accountId}:${AWS::Partition}\"",
            "arn:<AWS::Region>:<AWS::AccountId>:${AWS::Partition}",
        ),
        ("provider: { region: eu-west-1 }\nwanted: ${aws:region}", "'eu-west-1'"),
        ("params: { default: { a: 1 }, dev: { a: 2 } }\nwanted: ${param:a}", "2"),
        ("stages: { default: { params: { a: 5 } } }\nwanted: ${param:a}", "5"),
        ("wanted: ${param:a, 7}", "7"),
        ("custom: { on: 'true' }\nwanted: '${strToBool(${self:custom.on})}'", "true"),
        ("custom: { m: !GetAtt T.Arn }\nwanted: ${self:custom.m}", "!GetAtt 'T.Arn'"),
        ("service: { name: shop }\nwanted: ${self:service}", "'shop'"),
        ("wanted: ${git:sha1}", "<?git:sha1>"),
        ("wanted: ${odd:thing}", "<!`odd:` is no source that can be read from files>"),
        ("custom: { a: 1 }\nwanted: { x: { y: [\"${self:custom.a}\"] } }", "{x={y=[1]}}"),
    ];
    for (text, expected) in cases {
        assert_eq!(resolved(&[("app/serverless.yml", text)]), expected, "{text}");
    }
}

#[test]
fn other_files_are_read() {
    type Files = &'static [(&'static str, &'static str)];
    let cases: [(&str, Files, &str); 13] = [
        ("wanted: ${file(a.yml):x.y}", &[("app/a.yml", "x: { y: 1 }")], "1"),
        ("wanted: ${file(./a.json)}", &[("app/a.json", r#"{"x": [1]}"#)], "{x=[1]}"),
        ("wanted: ${file(../common/a.yml):x}", &[("common/a.yml", "x: 1")], "1"),
        ("wanted: \"${file(a.${opt:stage, 'dev'}.yml):x, file(a.yml):x}\"", &[("app/a.yml", "x: 1")], "1"),
        // What an included file says of `self:` means the service.
        (
            "custom: ${file(a.yml)}\nwanted: ${self:custom.x}",
            &[("app/a.yml", "x: ${self:custom.y}\ny: 2")],
            "2",
        ),
        ("wanted: ${file(a.yml):x}", &[("app/a.yml", "x: ${file(b.yml):z}"), ("app/b.yml", "z: 3")], "3"),
        ("wanted: ${file(../../a.yml):x, 1}", &[], "<!`../../a.yml` is outside of what is assessed>"),
        ("wanted: ${file(a.yml):x}", &[], "<!there is no file `a.yml`>"),
        ("wanted: ${file(a.yml):x}", &[("app/a.yml", "y: 1")], "<!`a.yml` has no `x`>"),
        (
            "custom: { s: \"${file(s.json)}\" }\nwanted: ${self:custom.s.key}",
            &[],
            "<!there is no file `s.json`>",
        ),
        ("wanted: ${file(a.yml):x, 'y'}", &[], "'y'"),
        (
            "wanted: ${file(a.js):x, 'y'}",
            &[("app/a.js", "module.exports = {}")],
            "<!the included file `a.js` is not read: it is a program, which is run when the app is deployed>",
        ),
        ("wanted: ${file(a.txt)}", &[("app/a.txt", "text\n")], "'text'"),
    ];
    for (text, others, expected) in cases {
        let files: Vec<_> =
            [("app/serverless.yml", text)].into_iter().chain(others.iter().copied()).collect();
        assert_eq!(resolved(&files), expected, "{text}");
    }
}

#[test]
fn values_keep_the_place_where_they_are_written() {
    let mut tree = SourceTree::new();
    tree.add("serverless.yml", &b"wanted: ${file(a.yml):key}\n"[..]);
    let included = tree.add("a.yml", &b"other: 1\nkey: secret\n"[..]);
    let root = document::yaml(&tree, tree.find("serverless.yml").unwrap()).unwrap();
    let node = Resolver::new(&tree, "", &root).section(&["wanted"]).unwrap();
    assert_eq!(node.place.file, included);
    assert_eq!(tree.excerpt(node.place), "secret");
}

#[test]
fn cycles_end_and_expansion_is_bounded() {
    let own = resolved(&[(
        "app/serverless.yml",
        "wanted: ${self:custom.a}\ncustom: { a: \"${self:custom.b}\", b: \"${self:custom.a}\" }",
    )]);
    assert_eq!(own, "<!`self:custom.a` refers to itself>");
    let files = resolved(&[
        ("app/serverless.yml", "wanted: ${file(a.yml):x}"),
        ("app/a.yml", "x: [\"${file(a.yml):x}\", \"${file(a.yml):x}\"]"),
    ]);
    assert!(files.contains("`x` of `a.yml` refers to itself"));

    let mut branching = String::from("custom:\n  a0: [x]\n");
    for at in 1..60 {
        branching.push_str(&format!(
            "  a{at}: [\"${{self:custom.a{}}}\", \"${{self:custom.a{}}}\"]\n",
            at - 1,
            at - 1
        ));
    }
    branching.push_str("wanted: ${self:custom.a59}\n");
    assert!(resolved(&[("app/serverless.yml", &branching)]).contains("too deep or expand too far"));

    let mut doubling = String::from("custom:\n  a0: xxxxxxxxxxxxxxxx\n");
    for at in 1..40 {
        doubling.push_str(&format!("  a{at}: ${{self:custom.a{}}}${{self:custom.a{}}}\n", at - 1, at - 1));
    }
    doubling.push_str("wanted: ${self:custom.a39}\n");
    assert!(resolved(&[("app/serverless.yml", &doubling)]).contains("too deep or expand too far"));
}

/// What a value costs, with everything in it.
fn spent(node: &Node) -> usize {
    match &node.kind {
        NodeKind::List(items) => items.iter().map(spent).sum(),
        NodeKind::Map(entries) => entries.iter().map(|(_, value)| spent(value)).sum(),
        _ => weight(node),
    }
}

#[test]
fn open_pieces_and_copies_are_charged_like_text() {
    // Each text holds the one before it `times` over; `wanted` repeats the last of them, which is open as a whole or in its parts.
    let made = |first: &str, levels: usize, times: usize, wanted: &str| {
        let mut text = format!("custom:\n  a0: {first}\n");
        for at in 1..=levels {
            let before = format!("${{self:custom.a{}}}", at - 1).repeat(times);
            text.push_str(&format!("  a{at}: \"{before}\"\n"));
        }
        text.push_str(&wanted.replace('$', &format!("${{self:custom.a{levels}}}")));
        let mut tree = SourceTree::new();
        let file = tree.add("serverless.yml", text.into_bytes());
        let root = document::yaml(&tree, file).unwrap();
        Resolver::new(&tree, "", &root).section(&["wanted"]).unwrap()
    };
    let open = "\"${env:X}\"";
    assert!(show(&made(open, 40, 2, "wanted: $")).contains("expand too far"));
    assert!(show(&made(open, 2, 1_000, "wanted: $")).contains("expand too far"));
    assert_eq!(show(&made(open, 2, 20, "wanted: $")), "<?env:X>".repeat(400));
    assert!(show(&made(&"x".repeat(2_000), 1, 1_000, "wanted: $")).contains("expand too far"));
    // 400 KB that is only referred to is copied all the same, 1,000 times over.
    let list = format!("wanted: [{}]", vec!["\"$\""; 1_000].join(", "));
    let copies = made(&"x".repeat(2_000), 1, 200, &list);
    assert!(spent(&copies) < BYTE_LIMIT && spent(&copies) > 0);
    assert!(show(&copies).contains("expand too far"));
}

use super::*;

type Read = fn(&SourceTree, FileId) -> Result<Node, Unread>;

fn parse(read: Read, bytes: &[u8]) -> (SourceTree, Result<Node, Unread>) {
    let mut files = SourceTree::new();
    let file = files.add("a", bytes.to_vec());
    let node = read(&files, file);
    (files, node)
}

/// As a reader would sketch it; text in quotation marks, tags with `!`.
fn sketch(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => "null".to_owned(),
        NodeKind::Bool(value) => value.to_string(),
        NodeKind::Number(text) => text.clone(),
        NodeKind::String(text) => format!("{text:?}"),
        NodeKind::List(items) => format!("[{}]", items.iter().map(sketch).collect::<Vec<_>>().join(",")),
        NodeKind::Map(entries) => {
            let entry = |(key, value): &(Key, Node)| format!("{}:{}", key.text, sketch(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
        }
        NodeKind::Composed(pieces) => format!("{pieces:?}"),
        NodeKind::Tagged(tag, inner) => format!("!{tag} {}", sketch(inner)),
    }
}

#[track_caller]
fn reads(read: Read, text: &str, expect: &str) {
    let (_, node) = parse(read, text.as_bytes());
    assert_eq!(sketch(&node.expect(text)), expect, "{text}");
}

#[track_caller]
fn refuses(read: Read, bytes: &[u8], why: &str) {
    let (_, node) = parse(read, bytes);
    let unread = node.expect_err("it should be refused");
    assert!(unread.why.contains(why), "{}", unread.why);
}

#[test]
fn yaml_values() {
    let check = |text, expect| reads(yaml, text, expect);
    check("", "null");
    check("# only a remark\n", "null");
    check(
        "a: 1\nb: -2.5e3\nc: 0x1F\nd: 012\ne: 1.2.3\nf: '7'\n",
        r#"{a:1,b:-2.5e3,c:0x1F,d:012,e:"1.2.3",f:"7"}"#,
    );
    check("[yes, Off, true, 'yes', on, y, ~, null, '']", r#"[true,false,true,"yes",true,"y",null,null,""]"#);
    check("on: 1\nyes: 2\n3: x\nnull: y\n", r#"{on:1,yes:2,3:"x",null:"y"}"#);
    check("Version: 2012-10-17\n", r#"{Version:"2012-10-17"}"#);
    check("a: !Ref B\nc: !GetAtt D.Arn\n", r#"{a:!Ref "B",c:!GetAtt "D.Arn"}"#);
    check("a: !Sub [x, {y: !Ref z}]\n", r#"{a:!Sub ["x",{y:!Ref "z"}]}"#);
    check("a: !Join\n  - ''\n  - - x\n    - !Ref y\n", r#"{a:!Join ["",["x",!Ref "y"]]}"#);
    check("a: !!str 12\nb: ! 12\nc: !!int 3\n", r#"{a:"12",b:"12",c:3}"#);
    check("a: |\n  one\n  two\nb: >-\n  x\n  y\n", r#"{a:"one\ntwo\n",b:"x y"}"#);
    check("a: 1\na: 2\n", "{a:1,a:2}");
    check("a: 1\n---\nb: 2\n", "{a:1}");
    check("a: 1\r\nb:\r\n  - x\r\n", r#"{a:1,b:["x"]}"#);
    check("{\"a\":\t[1,\t2]}", "{a:[1,2]}");
}

#[test]
fn yaml_repeats_what_has_an_anchor() {
    let check = |text, expect| reads(yaml, text, expect);
    check("a: &x {b: 1}\nc: *x\n", "{a:{b:1},c:{b:1}}");
    check("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", "{a:{b:1,c:2},d:{b:1,c:3}}");
    check("a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc:\n  <<: [*x, *y]\n", "{a:{k:1},b:{k:2,l:2},c:{k:1,l:2}}");
    check("a: &x !Ref Y\nb: *x\n", r#"{a:!Ref "Y",b:!Ref "Y"}"#);
    check("a: {'<<': 1}\n", "{a:{<<:1}}");
    refuses(yaml, b"a: &x [*x]\n", "not complete");
    refuses(yaml, b"a: *nowhere\n", "not valid YAML");
}

#[test]
fn json_values() {
    let check = |text, expect| reads(json, text, expect);
    check(
        r#"{"a": [1, -2.5e3, true, null, "x\u00fc\n"], "a": {}}"#,
        r#"{a:[1,-2.5e3,true,null,"xü\n"],a:{}}"#,
    );
    check("// remark\n{\"a\": [1,], /* x */ \"b\": {\"c\":1,},}", "{a:[1],b:{c:1}}");
    check("[]", "[]");
    check(" 7 ", "7");
    for wrong in [
        "",
        "{",
        "[1",
        "{]",
        "[}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1 \"b\":2}",
        "[1 2]",
        "{a:1}",
        "1 2",
        "{} {}",
        ",",
        "[,]",
        "{\"a\":1]",
        "'x'",
        "]",
        "nul",
        "\"x",
        "{\"a\"::1}",
        "[:]",
        "{1:2}",
        "{\"a\",}",
    ] {
        refuses(json, wrong.as_bytes(), "not valid JSON");
    }
}

#[test]
fn every_value_knows_its_place() {
    let check = |read: Read, text: &str, path: &[&str], key: &str, value: &str| {
        for prefix in ["", "\u{feff}"] {
            let (files, node) = parse(read, format!("{prefix}{text}").as_bytes());
            let node = node.unwrap();
            let (last, before) = path.split_last().unwrap();
            let (found, inner) = node.at(before).unwrap().entry(last).unwrap();
            assert_eq!(files.excerpt(found.place), key, "{text}");
            assert_eq!(files.excerpt(inner.place), value, "{text}");
        }
    };
    check(yaml, "a:\n  b: 'x y'\n", &["a", "b"], "b", "'x y'");
    check(yaml, "zürich: x\nb: größe\nc: d\n", &["c"], "c", "d");
    check(yaml, "# ü\r\na:\r\n  b: x\r\n", &["a", "b"], "b", "x");
    check(yaml, "a:\n  b: 1\n  c: 2\nd: 3\n", &["a"], "a", "b: 1\n  c: 2");
    check(yaml, "a:\n  - b\n  - c\n\n\nd: 3\n", &["a"], "a", "- b\n  - c");
    check(yaml, "a: {b: [1, 2] }\nc: d\n", &["a", "b"], "b", "[1, 2]");
    check(yaml, "a: {b: [1, 2] }\nc: d\n", &["a"], "a", "{b: [1, 2] }");
    check(yaml, "a: !Ref B\nc: d\n", &["a"], "a", "!Ref B");
    check(yaml, "a: |\n  one\n  two\n\nc: d\n", &["c"], "c", "d");
    check(json, "{\"a\": {\"b\": [1, 2]}}", &["a", "b"], "\"b\"", "[1, 2]");
    check(json, "{\"a\": {\"b\": \"ü\"}, \"c\": 1}", &["c"], "\"c\"", "1");
}

#[test]
fn hostile_documents_are_refused() {
    let many = |text: &str| text.repeat(1_000_000).into_bytes();
    refuses(json, &many("["), "deep");
    refuses(json, &many("{\"a\":"), "deep");
    refuses(yaml, &many("["), "not valid YAML");
    refuses(yaml, &many("{a: "), "not valid YAML");
    refuses(yaml, &many("- "), "deep");
    refuses(yaml, &many("? "), "not a plain text");
    refuses(yaml, &many("[a],"), "more brackets");
    refuses(yaml, &[0xff, 0xfe, 0x00, 0x41], "UTF-8");
    refuses(json, &[0x89, b'P', b'N', b'G', 0xff], "UTF-8");
    refuses(yaml, b"a: 1\n\0b: 2\n", "zero bytes");
    refuses(yaml, b"a:\n\t- b\n", "not valid YAML");
    refuses(yaml, b"a: b: c\n", "not valid YAML");
    refuses(yaml, &vec![b'#'; MAX_BYTES + 1], "16 MB");
    refuses(json, &vec![b' '; MAX_BYTES + 1], "16 MB");
}

#[test]
fn aliases_cannot_blow_a_document_up() {
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(", ")));
    }
    refuses(yaml, laughs.as_bytes(), "values");

    let long = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 1000].join(", "));
    refuses(yaml, long.as_bytes(), "16 MB of repeated text");

    // Each anchor keeps a copy of its value, whether or not anything repeats it.
    let anchors: String = (0..=MAX_ANCHORS).map(|at| format!("- &a{at} x\n")).collect();
    refuses(yaml, anchors.as_bytes(), "anchors");

    let mut deep = "a0: &a0 [x]\n".to_owned();
    for level in 1..400 {
        deep.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    refuses(yaml, deep.as_bytes(), "deep");
}

#[test]
fn depth_up_to_the_bound_is_read() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    for read in [json as Read, yaml as Read] {
        assert!(parse(read, &nested(MAX_DEPTH)).1.is_ok());
        refuses(read, &nested(MAX_DEPTH + 1), "deep");
    }
}

#[test]
fn a_file_is_read_as_what_it_looks_like() {
    let check = |path: &str, text: &str, expect: &str| {
        let mut files = SourceTree::new();
        let file = files.add(path, text.as_bytes().to_vec());
        assert_eq!(sketch(&read(&files, file).unwrap()), expect);
    };
    check("a.template", "{\"a\": 1}", "{a:1}");
    check("a.yaml", "{a: 1}", "{a:1}");
    check("a.yaml", "a: 1", "{a:1}");
    check("a.json", "[1]", "[1]");
}

#[test]
fn the_first_document_that_holds_anything() {
    reads(yaml, "---\n# nothing\n---\n---\na: 1\n---\nb: 2\n", "{a:1}");
    reads(yaml, "---\n---\n", "null");
    let mut files = SourceTree::new();
    let file = files.add("a.yaml", b"---\n---\na: 1\n---\nb: 2\n".to_vec());
    let all: Vec<String> = read_all(&files, file).unwrap().iter().map(sketch).collect();
    assert_eq!(all, ["{a:1}", "{b:2}"]);
    // Bounds count for all documents together.
    let many = format!("a: &a [{}]\n", "x,".repeat(1_000)) + &format!("b: [{}]\n", "*a,".repeat(700));
    let file = files.add("b.yaml", format!("{many}---\n{many}---\n{many}").into_bytes());
    assert!(read(&files, file).is_ok() && read_all(&files, file).is_err());
}

proptest::proptest! {
    #[test]
    fn no_bytes_crash_the_parsers(text in "[-a:{}\\[\\],!&*|>'\"#%@`?\\\\ \t\r\nü/0]{0,60}") {
        parse(yaml, text.as_bytes()).1.ok();
        parse(json, text.as_bytes()).1.ok();
    }
}

#[test]
fn a_bracket_may_close_at_the_margin_of_its_key() {
    let check = |text: &str, expect: &str| {
        let mut files = SourceTree::new();
        let file = files.add("a.yaml", text.as_bytes().to_vec());
        assert_eq!(sketch(&read(&files, file).unwrap()), expect, "{text}");
    };
    let expect = {
        let mut files = SourceTree::new();
        let file = files.add("a.yaml", *b"a:\n  b: [ \"x\", y ]\n  c: 1\n");
        sketch(&read(&files, file).unwrap())
    };
    check("a:\n  b: [\n    \"x\",\n    y\n  ]\n  c: 1\n", &expect);
    check("a:\n  b: [\n    \"x\", # one\n    y # two\n  ]\n  c: 1\n", &expect);
    check("a:\n  b: [\n    \"x\",\n    y\n    # two\n]\n  c: 1\n", &expect);
    // What is wrong otherwise stays wrong.
    let mut files = SourceTree::new();
    let file = files.add("a.yaml", *b"a:\n  b: [\n    x\n c: 1\n");
    assert!(read(&files, file).is_err());
}

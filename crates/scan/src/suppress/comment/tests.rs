use super::*;

/// What of each line is a comment.
fn check(path: &str, lines: &[(&str, Option<&str>)]) {
    let mut comments = Comments::of(path);
    for (line, wanted) in lines {
        let found = comments.of_line(line).and_then(|at| line.get(at..));
        assert_eq!(found, *wanted, "{path}: {line}");
    }
}

#[test]
fn yaml() {
    check(
        "a.yml",
        &[
            ("a: 1 # one", Some("# one")),
            ("# two", Some("# two")),
            ("a: x#no", None),
            ("a: 'it''s # no' # yes", Some("# yes")),
            ("b: { d: \"x # no\", url: true }", None),
            ("b: { d: \"x \\\" # no\" } # yes", Some("# yes")),
            ("c: it's # yes", Some("# yes")),
            ("c: 5\" disk # yes", Some("# yes")),
            ("c: say \"hi # yes", Some("# yes")),
            ("c: !Sub '# no'", None),
            ("c: https://x.example // no", None),
            ("d: \"goes", None),
            ("  # no", None),
            ("  on\" # yes", Some("# yes")),
            ("e: | # yes", Some("# yes")),
            ("  # no", None),
            ("", None),
            ("  no # no", None),
            ("f: 1 # yes", Some("# yes")),
            ("- g: >-", None),
            ("    # no", None),
            ("  h: 1 # yes", Some("# yes")),
            ("- |", None),
            ("  # no", None),
            ("- i: !Sub |-", None),
            ("    # no", None),
            ("  ZipFile: |", None),
            ("    # yes", Some("# yes")),
        ],
    );
}

#[test]
fn terraform() {
    check(
        "a.tf",
        &[
            ("a = 1 # one", Some("# one")),
            ("a = 1 // one", Some("// one")),
            ("a = 1 /* one */", Some("/* one */")),
            ("/*", Some("/*")),
            (" * more", Some("* more")),
            (" */", Some("*/")),
            ("a = \"NONE\" == \"# no\" ? \"A\" : \"B\"", None),
            ("a = \"${b == \"# no\" ? 1 : 2} # no\" # yes", Some("# yes")),
            ("a = \"https://x\" // yes", Some("// yes")),
            ("a = \"open", None),
            ("a = 1 # yes", Some("# yes")),
            ("a = <<-EOT", None),
            ("  # no", None),
            ("  EOT", None),
            ("# yes", Some("# yes")),
        ],
    );
}

#[test]
fn programs() {
    check(
        "a.py",
        &[
            ("x = f'# no'", None),
            ("x = 1  # yes", Some("# yes")),
            ("# it's", Some("# it's")),
            ("x = '''goes # no", None),
            ("# no", None),
            ("it's \"\"\" # no \\''' # no", None),
            ("on'''  # yes", Some("# yes")),
            ("y = \"\"\"# no\"\"\"  # yes", Some("# yes")),
            ("y = \"\"  # yes", Some("# yes")),
            ("    \"\"\"What it does.", None),
            ("    # no\"\"\"  # yes", Some("# yes")),
            ("z = 'goes \\", None),
            ("# no'  # yes", Some("# yes")),
            ("z = 'open", None),
            ("z = 7 // 2  # yes", Some("# yes")),
        ],
    );
    check(
        "a.js",
        &[
            ("f('// no'); // yes", Some("// yes")),
            ("f();// yes", Some("// yes")),
            ("const a = `x", None),
            ("// no ${b(\"`\")}", None),
            ("`; // yes", Some("// yes")),
            ("const u = x ? 'http://no' : y", None),
        ],
    );
}

//! Inputs that are made to hurt: they end, and nothing overflows.

use super::{read_code, read_files};

#[test]
fn deep_code_is_cut() {
    let depth = 20_000;
    let cases = [
        (
            "app.js",
            format!("exports.handler = async (event) => {}1{};", "(".repeat(depth), ")".repeat(depth)),
        ),
        ("app.js", format!("exports.handler = {}1", "() => ".repeat(depth))),
        ("app.js", format!("exports.handler = async (event) => x{}", ".y()".repeat(depth))),
        ("app.js", format!("exports.handler = async (event) => {}", "[".repeat(depth))),
        ("app.js", format!("exports.handler = async (e) => {{ {} }}", "if (e) {".repeat(depth))),
        ("app.ts", format!("type X = {}string{};", "Array<".repeat(depth), ">".repeat(depth))),
        ("app.py", format!("x = {}1{}\n", "(".repeat(depth), ")".repeat(depth))),
        ("app.py", format!("x = {}1\n", "not ".repeat(depth))),
        ("app.py", format!("x = {}1\n", "lambda: ".repeat(depth))),
        ("app.py", format!("if 1:\n    pass\n{}", "elif 2:\n    pass\n".repeat(2_000))),
    ];
    for (path, code) in cases {
        let reading = read_code(path, &code);
        assert!(!reading.unknowns.is_empty(), "{}", code.get(..60).unwrap_or_default());
    }
}

#[test]
fn long_sums_are_not_deep() {
    for (path, code) in [
        ("app.js", format!("exports.handler = async (event) => {}event.body", "'a' + ".repeat(20_000))),
        (
            "app.py",
            format!("def handler(event, context):\n    return {}event['body']\n", "'a' + ".repeat(20_000)),
        ),
    ] {
        let reading = read_code(path, &code);
        assert!(reading.unknowns.is_empty(), "{:?}", reading.unknowns);
    }
}

#[test]
fn code_that_calls_itself_ends() {
    let cases = [
        ("app.js", "const f = (x) => f(f(x)); exports.handler = async (event) => f(event);"),
        (
            "app.js",
            "const a = (x) => b(b(x)); const b = (x) => c(c(x)); const c = (x) => a(a(x)); exports.handler = a;",
        ),
        (
            "app.py",
            "class A:\n    def go(self, x):\n        return self.go(self.go(x))\ndef handler(event, context):\n    return A().go(event)\n",
        ),
        (
            "app.js",
            "exports.handler = async (event) => { const x = {}; x.x = x; x.y = [x]; x.y.push(x.y); return JSON.stringify(x); };",
        ),
    ];
    for (path, code) in cases {
        let reading = read_code(path, code);
        assert_eq!(reading.files.len(), 1, "{code}");
    }
}

#[test]
fn calls_that_multiply_run_out_of_fuel() {
    let mut code = String::from("def f0(x):\n    return x\n");
    for number in 1..30 {
        let before = number - 1;
        code.push_str(&format!("def f{number}(x):\n    return f{before}(x) + f{before}(x) + f{before}(x)\n"));
    }
    code.push_str("def handler(event, context):\n    return f29(event)\n");
    let reading = read_code("app.py", &code);
    assert!(reading.flows.is_empty());
}

#[test]
fn files_that_import_each_other_end() {
    let (_, reading) = read_files(
        &[
            ("app.js", "const b = require('./b'); exports.handler = async (e) => b.go(e); exports.x = 1;"),
            ("b.js", "const a = require('./app'); exports.go = (e) => a.x;"),
        ],
        &[],
    );
    assert_eq!(reading.files.len(), 2);
}

#[test]
fn nonsense_is_read_without_harm() {
    let cases = [
        "\u{0}\u{1}\u{2}",
        "}}}}{{{{",
        "export default",
        "`${`${`${",
        "import from from import",
        "\u{feff}exports.handler = 1",
        "class { x = }",
    ];
    for code in cases {
        for path in ["app.js", "app.ts", "app.tsx", "app.py"] {
            read_code(path, code);
        }
    }
}

#[test]
fn functions_that_are_bound_again_and_again_are_cut() {
    let scripts = [
        format!("let f = (x) => x; {} exports.handler = f;", "f = f.bind(null, f); ".repeat(20_000)),
        format!("let f = (x) => x; {} exports.handler = f;", "f = f.call.bind(f, f); ".repeat(20_000)),
    ];
    for code in scripts {
        assert_eq!(read_code("app.js", &code).files.len(), 1);
    }
    let python = format!(
        "import functools\ndef g(x):\n    return x\nf = g\n{}def handler(event, context):\n    return f(event)\n",
        "f = functools.partial(g, f)\n".repeat(15_000)
    );
    assert_eq!(read_code("app.py", &python).files.len(), 1);
    let cases = "        case {'a': a} as b:\n            pass\n".repeat(8_000);
    let python = format!("def handler(event, context):\n    match event['x']:\n{cases}");
    assert_eq!(read_code("app.py", &python).files.len(), 1);
}

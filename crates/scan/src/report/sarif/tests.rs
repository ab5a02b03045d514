use proptest::prelude::*;

use super::*;
use crate::inspect::{Dependencies, Options, inspect};
use crate::report::{html, markdown};
use crate::source::SourceTree;

#[test]
fn paths_become_relative_uris() {
    let check = |path, expect: &str| assert_eq!(uri(path), expect);
    check("a/b.yml", "a/b.yml");
    check("a b/ü:c.yml", "a%20b/%C3%BC%3Ac.yml");
    check("[x](0)\\?#%41", "%5Bx%5D%280%29%5C%3F%23%2541");
    check("//evil.example/../a", "evil.example/a");
}

#[test]
fn messages_are_escaped() {
    let check = |text, expect: &str| assert_eq!(escape(text), expect);
    check("plain (text), `a.b` and {b}", "plain (text), `a.b` and {b}");
    check("[x](0)", "\\[x\\](0)");
    check("\\[x](0)", "\\\\\\[x\\](0)");
    check("{0} {{12}} {a} { {3", "{{0}} {{{{12}}}} {a} { {3");
    check("{{resolve:ssm:x}} ${y}", "{{resolve:ssm:x}} ${y}");
    check("{{[{0}", "{{\\[{{0}}");
    check("a\u{202e}b", "a\\\\u{202e}b");
    assert_eq!(line("a\nb\r"), "a b\\\\u{d}");
}

/// What a viewer shows, as the section and common viewers have it: `None` where it makes a link or fills something in.
fn shown(message: &str) -> Option<String> {
    let mut shown = String::new();
    let mut rest = message.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => shown.push(rest.next()?),
            '[' | ']' => return None,
            '{' => {
                let mut open = 1;
                while rest.next_if_eq(&'{').is_some() {
                    open += 1;
                }
                let digits: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).collect();
                let mut closed = 0;
                while !digits.is_empty() && rest.next_if_eq(&'}').is_some() {
                    closed += 1;
                }
                let slot = closed > 0;
                if slot && (open % 2 == 1 || closed % 2 == 1) {
                    return None;
                }
                let halved = |count: usize| if slot { count / 2 } else { count };
                shown.push_str(&"{".repeat(halved(open)));
                shown.push_str(&digits);
                shown.push_str(&"}".repeat(halved(closed)));
            }
            character => shown.push(character),
        }
    }
    Some(shown)
}

/// An app of which every name is someone else's text, in a file of that name.
fn report(name: &str) -> Report {
    let quoted = Value::from(name);
    let template = format!(
        r#"{{"Resources":{{{quoted}:{{"Type":"AWS::Serverless::Function","Properties":{{"Runtime":"python3.6","Handler":"a.h",
        "FunctionUrlConfig":{{"AuthType":"NONE"}},"Environment":{{"Variables":{{{quoted}:"AKIAQ3EGRIEXAMPLE7AB"}}}},
        "Policies":[{{"Statement":{{"Effect":"Allow","Action":{quoted},"Resource":{quoted}}}}}]}}}}}}}}"#
    );
    let mut tree = SourceTree::new();
    tree.add(&format!("{}/template.json", name.replace('/', "")), template.into_bytes());
    tree.add("broken.template", b"Resources: {A: {Type: AWS::X".to_vec());
    inspect(&tree, &Dependencies::default(), &Options::default())
}

/// Every message of a document, and every address.
fn collect(value: &Value, messages: &mut Vec<String>, uris: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value.get("text").and_then(Value::as_str), value.as_str()) {
                    (
                        "message" | "description" | "fullDescription" | "help" | "shortDescription",
                        Some(text),
                        _,
                    ) => {
                        messages.push(text.to_owned());
                    }
                    ("uri", _, Some(uri)) => uris.push(uri.to_owned()),
                    _ => {}
                }
                collect(value, messages, uris);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, messages, uris)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_escaped_shows_what_was_written(text in "[\\[\\](){}\\\\0-2a \u{202e}]{0,24}") {
        prop_assert_eq!(shown(&escape(&text)), Some(visible(&text).into_owned()));
    }

    #[test]
    fn names_of_files_make_neither_links_nor_lines(name in "[\\[\\](){}\\\\0-2ab \n\r\u{202e}\u{1b}`<>&|:%#?]{1,16}") {
        let name = format!("{name}[x](0)");
        let report = report(&name);
        let text = sarif(&report);
        let document: Value = serde_json::from_str(&text).unwrap();
        let (mut messages, mut uris) = (Vec::new(), Vec::new());
        collect(&document, &mut messages, &mut uris);
        prop_assert!(report.findings().count() > 0 && messages.iter().any(|message| message.contains("](0)")), "{}", text);
        for message in &messages {
            prop_assert!(shown(message).is_some(), "{}", message);
            prop_assert!(!message.contains(['\r', '\u{202e}', '\u{1b}']), "{}", message);
        }
        let results = document["runs"][0]["results"].as_array().unwrap();
        for (result, (_, found)) in results.iter().zip(report.findings()) {
            let first = result["message"]["text"].as_str().unwrap().split('\n').next().unwrap();
            prop_assert_eq!(shown(first), Some(visible_line(&found.message)), "the first line is the whole message");
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/".contains(&byte);
        for uri in &uris[1..] {
            prop_assert!(uri.bytes().all(plain) || uri.starts_with("https://"), "{}", uri);
        }
        for page in [markdown::markdown(&report), html::html(&report)] {
            prop_assert!(!page.contains(['\u{202e}', '\u{1b}']), "{}", page);
        }
    }
}

//! What `--help` says, of every verb and every verb's verbs. A change of the words is a change of what people read: it shows here.
//!
//! `INSTA_UPDATE=always cargo test -p casemate-cli --test journeys help` writes the snapshots anew.

use std::process::Command;

fn help(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(words)
        .arg("--help")
        // Values of variables and the terminal's width would stand in the text.
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "casemate {} --help", words.join(" "));
    assert!(output.stderr.is_empty(), "help goes to standard output");
    String::from_utf8(output.stdout).unwrap()
}

/// The verbs that a help text lists.
fn verbs(help: &str) -> Vec<String> {
    let listed = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = listed.lines().take_while(|line| !line.is_empty());
    // A line that goes on from the one before is indented further.
    let verbs = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    verbs
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

/// The help of a verb, then of its own verbs.
fn whole(words: &[&str]) -> String {
    let text = help(words);
    let mut all = format!("$ casemate {}\n{text}", [words, &["--help"]].concat().join(" "));
    for verb in verbs(&text) {
        all.push('\n');
        all.push_str(&whole(&[words, &[verb.as_str()]].concat()));
    }
    all
}

#[test]
fn of_every_verb() {
    let top = help(&[]);
    let verbs = verbs(&top);
    assert!(verbs.len() > 10, "the list of verbs was not found: {verbs:?}");
    insta::assert_snapshot!("casemate", top);
    for verb in verbs {
        insta::assert_snapshot!(verb.clone(), whole(&[&verb]));
    }
}

#[test]
fn a_wrong_word_says_what_was_meant() {
    for (words, meant) in [
        (&["deplpy"][..], "deploy"),
        (&["user", "creat"], "create"),
        (&["serve", "--dat", "x"], "--data"),
        (&["invoke", "--token"], "--app"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_casemate")).args(words).env_clear().output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(meant), "{said}");
    }
}

//! The verbs, as a person at a terminal uses them.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::{PASSWORD, Server, component};

struct Terminal<'a> {
    server: &'a Server,
}

impl Terminal<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        self.run_in(self.server.folder.path(), arguments)
    }

    fn run_in(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_casemate"))
            .args(arguments)
            .current_dir(folder)
            .env("CASEMATE_CREDENTIALS", self.server.folder.path().join("credentials.json"))
            .env("CASEMATE_SERVER", format!("http://{}", self.server.control))
            .env_remove("CASEMATE_TOKEN")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Verbs that ask for a password read it here; the others leave it.
        let _ =
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes());
        child.wait_with_output().unwrap()
    }

    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "casemate {}: {out}{err}", arguments.join(" "));
        out
    }

    fn bad(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "casemate {}: {err}", arguments.join(" "));
        err
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn app(folder: &Path) -> std::path::PathBuf {
    let app = folder.join("app");
    std::fs::create_dir_all(&app).unwrap();
    std::fs::write(app.join("hello.wasm"), component("components/hello.wasm")).unwrap();
    let manifest = "app = \"hi\"\n[functions.hello]\ncomponent = \"hello.wasm\"\nroutes = [\"GET /\"]\naccess = { roles = [\"guest\"] }\n";
    std::fs::write(app.join("casemate.toml"), manifest).unwrap();
    app
}

#[test]
fn the_first_hour() {
    let server = Server::start();
    let terminal = Terminal { server: &server };
    let code = server.setup_code.clone().unwrap();
    assert!(terminal.bad(3, &["list"]).contains("casemate login"));
    terminal.bad(3, &["setup", "--code", "WRONG-CODE", "--username", "ada", "--password-stdin"]);
    terminal.good(&["setup", "--code", &code, "--username", "ada", "--password-stdin"]);
    terminal.bad(3, &["setup", "--code", &code, "--username", "eve", "--password-stdin"]);
    assert!(terminal.good(&["list"]).contains("No apps yet"));

    let folder = app(server.folder.path());
    let deployed = terminal.run_in(&folder, &["deploy"]);
    assert!(deployed.status.success(), "{}", text(&deployed.stderr));
    let words = text(&deployed.stdout);
    assert!(words.contains("revision 1 is live") && words.contains("curl"), "{words}");
    assert!(terminal.good(&["list"]).contains("hi"));
    assert!(terminal.good(&["list", "hi"]).contains("roles: guest"));

    // The administrator administers; calling is a role of the app.
    let denied = terminal.bad(3, &["invoke", "hello"]);
    let request = denied.split("explain ").nth(1).unwrap_or_default().trim().to_owned();
    let explained = terminal.good(&["explain", &request]);
    assert!(explained.contains("denied") && explained.contains("casemate role grant"), "{explained}");
    terminal.good(&["role", "grant", "ada", "guest", "--app", "hi"]);
    assert!(terminal.good(&["role", "list", "--app", "hi"]).contains("guest"));
    assert!(terminal.good(&["invoke", "hello"]).to_lowercase().contains("hello"));

    let proof = server.folder.path().join("proof.json");
    terminal.good(&["explain", &request, "--proof", proof.to_str().unwrap()]);
    terminal.good(&["audit", "verify", "--proof", proof.to_str().unwrap(), "--key", &server.ledger_key]);
    let altered = std::fs::read_to_string(&proof).unwrap().replacen("\"seq\":", "\"seq\":1", 1);
    std::fs::write(&proof, altered).unwrap();
    terminal.bad(6, &["audit", "verify", "--proof", proof.to_str().unwrap(), "--key", &server.ledger_key]);

    let logs = terminal.good(&["logs", "hi", "--json"]);
    assert!(
        logs.lines()
            .any(|line| serde_json::from_str::<Value>(line).is_ok_and(|line| line["kind"] == "decision")),
        "{logs}"
    );

    terminal.good(&["user", "create", "bob", "--password-stdin"]);
    assert!(terminal.good(&["user", "list"]).contains("bob"));
    terminal.good(&["user", "disable", "bob"]);
    assert!(terminal.good(&["user", "list"]).contains("disabled"));
    assert!(terminal.good(&["service", "create", "ci", "--app", "casemate"]).contains("cmk_"));
    terminal.good(&["service", "revoke", "ci"]);
    terminal.good(&["keys", "rotate"]);
    assert!(
        terminal.good(&["list", "--json"]).contains("\"hi\""),
        "tokens of the old key stay good until they end"
    );
    terminal.good(&["logout"]);
    terminal.bad(3, &["list"]);
    terminal.good(&["login", "--username", "ada", "--password-stdin"]);
    terminal.good(&["list"]);
}

#[test]
fn new_makes_what_deploy_understands() {
    let folder = tempfile::tempdir().unwrap();
    for lang in ["rust", "js"] {
        let made = Command::new(env!("CARGO_BIN_EXE_casemate"))
            .args(["new", &format!("my-{lang}"), "--lang", lang])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", text(&made.stderr));
        let manifest =
            std::fs::read_to_string(folder.path().join(format!("my-{lang}/casemate.toml"))).unwrap();
        let parsed: toml::Value = toml::from_str(&manifest).unwrap();
        assert_eq!(parsed["app"].as_str(), Some(format!("my-{lang}").as_str()));
    }
    let again = Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(["new", "my-rust"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(2), "nothing is overwritten");
}

#[test]
fn policy_check_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.cedar");
    let bad = folder.path().join("bad.cedar");
    std::fs::write(
        &good,
        "forbid (principal, action == Action::\"invoke\", resource) when { context.method == \"DELETE\" };",
    )
    .unwrap();
    std::fs::write(&bad, "permit (principal, action, resource)\nwhen { context.nonsense };").unwrap();
    let check = |files: &[&Path]| {
        Command::new(env!("CARGO_BIN_EXE_casemate"))
            .args(["policy", "check", "--json"])
            .args(files)
            .output()
            .unwrap()
    };
    let held = check(&[&good]);
    assert!(held.status.success(), "{}{}", text(&held.stdout), text(&held.stderr));
    let found = check(&[&good, &bad]);
    assert_eq!(found.status.code(), Some(6));
    let report: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(report["errors"], 1, "{report}");
    assert!(report["findings"][0]["line"].as_u64().is_some_and(|line| line >= 1), "{report}");
}

#[test]
fn a_password_is_not_sent_where_it_could_be_read() {
    let refused = Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(["list", "--server", "http://casemate.example"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("https://casemate.example"));
}

//! The verbs, as a person at a terminal uses them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
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
        // Verbs that ask for a password read it here; the others leave it.
        typing(self.command(arguments).current_dir(folder), &format!("{PASSWORD}\n"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_casemate"));
        command
            .args(arguments)
            .env("CASEMATE_CREDENTIALS", self.credentials())
            .env("CASEMATE_SERVER", format!("http://{}", self.server.control))
            .env_remove("CASEMATE_TOKEN")
            .env_remove("CASEMATE_SETUP_CODE");
        command
    }

    fn credentials(&self) -> PathBuf {
        self.server.folder.path().join("credentials.json")
    }

    /// Becomes the administrator `ada`, with the code on standard input.
    fn set_up(&self) {
        let code = self.server.setup_code.clone().unwrap();
        let mut command = self.command(&["setup", "--username", "ada", "--code-stdin", "--password-stdin"]);
        let done = typing(&mut command, &format!("{code}\n{PASSWORD}\n"));
        assert!(done.status.success(), "{}", text(&done.stderr));
    }

    /// Signs the administrator in, who was made through the API.
    fn login(&self) {
        self.good(&["login", "--username", "admin", "--password-stdin"]);
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

/// Runs a command with these lines on its standard input.
fn typing(command: &mut Command, lines: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), lines.as_bytes());
    child.wait_with_output().unwrap()
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
    let set_up = |code: &str, name: &str| {
        let mut command = terminal.command(&["setup", "--username", name, "--password-stdin"]);
        typing(command.env("CASEMATE_SETUP_CODE", code), &format!("{PASSWORD}\n")).status.code()
    };
    // Not in the arguments, which every user of the machine can read.
    terminal.bad(2, &["setup", "--code", &code, "--username", "ada", "--password-stdin"]);
    assert_eq!(set_up("WRONG-CODE", "ada"), Some(3));
    terminal.set_up();
    assert_eq!(set_up(&code, "eve"), Some(3));
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

    // A misspelt app is not one in which nothing happened.
    terminal.bad(4, &["logs", "hii"]);

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

#[test]
fn a_token_goes_to_the_server_that_it_was_named_for_and_never_in_clear() {
    let mut server = Server::start();
    server.admin();
    let terminal = Terminal { server: &server };
    terminal.login();
    let listed = |named: bool| {
        let mut command = terminal.command(&["list"]);
        command.env("CASEMATE_TOKEN", "a token of another server");
        if !named {
            command.env_remove("CASEMATE_SERVER");
        }
        let output = typing(&mut command, "");
        (output.status.code(), text(&output.stderr))
    };
    let (code, words) = listed(false);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("CASEMATE_SERVER"), "{words}");
    assert_eq!(listed(true).0, Some(3), "control: where the server is named, it is shown, and is not good");
}

#[test]
fn invoke_sends_no_token_in_clear_wherever_the_server_says_that_the_app_is() {
    // A control server that sends callers elsewhere: to a name that is not this machine's, over plain HTTP.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = std::thread::spawn(move || {
        let mut paths = Vec::new();
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let read = std::io::Read::read(&mut stream, &mut head).unwrap();
            paths.push(text(&head[..read]).lines().next().unwrap_or_default().to_owned());
            let body = "{\"access_token\":\"t\",\"url\":\"http://shop.example:8080\",\"functions\":[{\"name\":\"f\",\"routes\":[\"/\"]}]}";
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
        }
        paths
    });
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_casemate"));
    command
        .args(["invoke", "f", "--app", "shop"])
        .env("CASEMATE_CREDENTIALS", folder.path().join("credentials.json"))
        .env("CASEMATE_SERVER", format!("http://{address}"))
        .env("CASEMATE_TOKEN", "t");
    let output = typing(&mut command, "");
    let words = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("https://shop.example:8080"), "{words}");
    assert_eq!(served.join().unwrap().len(), 2, "control: it came as far as knowing where to");
}

/// Makes every access token in the file look old, as an hour's pause would.
fn make_stale(credentials: &Path) {
    let mut kept: Value = serde_json::from_slice(&std::fs::read(credentials).unwrap()).unwrap();
    for session in kept["servers"].as_object_mut().unwrap().values_mut() {
        session["expires_at"] = Value::from(1);
    }
    std::fs::write(credentials, kept.to_string()).unwrap();
}

#[test]
fn verbs_that_run_at_once_renew_one_session_in_turn() {
    let mut server = Server::start();
    server.admin();
    let terminal = Terminal { server: &server };
    terminal.login();
    let before = std::fs::read(terminal.credentials()).unwrap();
    make_stale(&terminal.credentials());
    let verbs: Vec<_> = (0..8)
        .map(|_| {
            let mut command = terminal.command(&["list"]);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for verb in verbs {
        let output = verb.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let after = std::fs::read(terminal.credentials()).unwrap();
    assert_ne!(before, after, "control: the session was renewed");
    terminal.good(&["list"]);
}

#[test]
fn the_credentials_are_written_past_what_others_put_there() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let mut server = Server::start();
    server.admin();
    let terminal = Terminal { server: &server };
    let home = server.folder.path().join("home");
    let folder = home.join("casemate");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    // Somebody waits with links: where the lock lies, and where the file itself does.
    let target = home.join("target");
    std::fs::write(&target, "not to be touched").unwrap();
    symlink(&target, folder.join("credentials.json")).unwrap();
    let login = || {
        let mut command = terminal.command(&["login", "--username", "admin", "--password-stdin"]);
        command.env_remove("CASEMATE_CREDENTIALS").env("XDG_CONFIG_HOME", &home);
        typing(&mut command, &format!("{PASSWORD}\n"))
    };
    assert!(!login().status.success(), "what is read through the link is no file of ours");
    std::fs::remove_file(folder.join("credentials.json")).unwrap();
    std::fs::remove_file(folder.join("credentials.json.lock")).unwrap();
    symlink(&target, folder.join("credentials.json.lock")).unwrap();
    assert!(!login().status.success(), "a link in place of the lock is not followed");
    std::fs::remove_file(folder.join("credentials.json.lock")).unwrap();
    let done = login();
    assert!(done.status.success(), "control: {}", text(&done.stderr));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "not to be touched");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("credentials.json"))), (0o700, 0o600));
}

#[test]
fn a_rollback_is_seen_however_the_key_is_typed() {
    let mut server = Server::start();
    server.admin();
    server.stop();
    let old = server.folder.path().join("old");
    copy(&server.ledger(), &old);
    server.restart();
    server.user("bob", &[]);
    server.stop();
    let (ledger, key) = (server.ledger(), server.ledger_key.clone());
    let terminal = Terminal { server: &server };
    let verify = |folder: &Path, key: &str| {
        let output = terminal.run(&["audit", "verify", folder.to_str().unwrap(), "--key", key]);
        (output.status.code(), text(&output.stderr))
    };
    let (code, words) = verify(&old, &key);
    assert_eq!(code, Some(0), "control: the older ledger holds by itself: {words}");
    assert!(words.contains("No checkpoint of this ledger was seen before"), "{words}");
    let (code, words) = verify(&ledger, &format!(" {key}"));
    assert_eq!(code, Some(0), "{words}");
    assert!(!words.contains("No checkpoint"), "{words}");
    for typed in [key.clone(), format!(" {key}"), format!("{key}\n"), format!("\t{key}  ")] {
        assert_eq!(verify(&old, &typed).0, Some(6), "{typed:?}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &place) } else { std::fs::copy(&path, &place).map(drop).unwrap() }
    }
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind() {
    let surroundings = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_casemate"))
        .arg("demo")
        .env("TMPDIR", surroundings.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let left = || std::fs::read_dir(surroundings.path()).unwrap().count();
    // The first row is there when it answers requests.
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("anyone reads the catalog")), "it plays");
    assert_eq!(left(), 1, "control: it works in a folder of its own");
    let id = rustix::process::Pid::from_raw(i32::try_from(demo.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(130));
    assert_eq!(left(), 0, "the folder is gone, and nobody writes it anew");
}

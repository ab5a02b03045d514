//! A real server process for the black-box tests, and a plain HTTP/1.1 client.
//!
//! Invariant: tests speak to the binary over sockets and files, as users and attackers do; nothing of the rooms is linked in but
//! the offline verifier. Servers listen on loopback ports that the kernel picks, and end with their test.
#![allow(dead_code, reason = "each test program uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// The password of every user that tests make.
pub const PASSWORD: &str = "correct horse battery staple";

/// A running server.
pub struct Server {
    child: Option<Child>,
    pub folder: tempfile::TempDir,
    pub listen: SocketAddr,
    pub control: SocketAddr,
    pub setup_code: Option<String>,
    pub ledger_key: String,
    config: String,
    /// What the server is started with, which gets the program's path.
    pub wrapper: Box<dyn Fn(&'static str) -> Command + Send + Sync>,
    admin: Option<String>,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body ended as its framing said.
    pub whole: bool,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn request_id(&self) -> String {
        self.header("casemate-request-id").unwrap_or_default().to_owned()
    }

    pub fn limit(&self) -> String {
        self.json()["limit"].as_str().unwrap_or_default().to_owned()
    }
}

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: String,
    pub host: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub from: IpAddr,
}

pub fn ask(method: &str, host: &str, path: &str) -> Ask {
    Ask {
        method: method.into(),
        host: host.into(),
        path: path.into(),
        headers: Vec::new(),
        body: Vec::new(),
        from: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

pub fn get(host: &str, path: &str) -> Ask {
    ask("GET", host, path)
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
    }

    pub fn bytes(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// From another loopback address: for attacks that get their address locked.
    pub fn from(mut self, from: [u8; 4]) -> Self {
        self.from = IpAddr::from(from);
        self
    }

    /// Sends it on a connection of its own; `Err` when the connection fails before a whole head came.
    pub fn try_send(&self, to: SocketAddr) -> std::io::Result<Answer> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.method, self.path, self.host);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || self.method != "GET" {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut stream = connect(self.from, to)?;
        stream.write_all(head.as_bytes())?;
        // The server may answer (413) and close before it has read everything.
        let _ = stream.write_all(&self.body);
        read_answer(stream)
    }

    pub fn send(&self, to: SocketAddr) -> Answer {
        self.try_send(to).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path))
    }
}

/// Connects from a given loopback address.
pub fn connect(from: IpAddr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect_timeout(&to.into(), Duration::from_secs(10))?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_write_timeout(Some(Duration::from_secs(60)))?;
    Ok(stream)
}

/// Reads one answer to the end of the connection.
pub fn read_answer(stream: TcpStream) -> std::io::Result<Answer> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let broken = || std::io::Error::other("no status line");
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(broken)?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let (body, whole) = if value("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        read_chunks(&mut reader)
    } else {
        let length: Option<usize> = value("content-length").and_then(|length| length.parse().ok());
        let mut body = Vec::new();
        let ended =
            reader.take(length.map_or(u64::MAX, |length| length as u64)).read_to_end(&mut body).is_ok();
        let whole = ended && length.is_none_or(|length| length == body.len());
        (body, whole)
    };
    Ok(Answer { status, headers, body, whole })
}

fn read_chunks(reader: &mut impl BufRead) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() {
            return (body, false);
        }
        let Ok(size) = usize::from_str_radix(line.trim(), 16) else { return (body, false) };
        if size == 0 {
            return (body, true);
        }
        let mut chunk = vec![0; size + 2];
        if reader.read_exact(&mut chunk).is_err() {
            return (body, false);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A committed component.
pub fn component(path: &str) -> Vec<u8> {
    let path = repository().join("examples").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Server {
    /// Starts a server with defaults in a new folder.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a server with these settings (TOML).
    pub fn start_with(config: &str) -> Self {
        Self::start_wrapped(config, Command::new)
    }

    /// Starts a server through a wrapper, which gets the program's path and execs it with the arguments that follow.
    pub fn start_wrapped(
        config: &str,
        wrapper: impl Fn(&'static str) -> Command + Send + Sync + 'static,
    ) -> Self {
        let mut server = Self::not_started(config);
        server.wrapper = Box::new(wrapper);
        server.restart();
        server
    }

    /// A folder and settings, and no server yet.
    pub fn not_started(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unset = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            child: None,
            folder,
            listen: unset,
            control: unset,
            setup_code: None,
            ledger_key: String::new(),
            config: config.to_owned(),
            wrapper: Box::new(Command::new),
            admin: None,
        }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn ledger(&self) -> PathBuf {
        self.data().join("ledger")
    }

    /// The command that starts it.
    pub fn command(&self) -> Command {
        let config = self.folder.path().join("server.toml");
        std::fs::write(&config, &self.config).unwrap();
        let mut command = (self.wrapper)(env!("CARGO_BIN_EXE_casemate"));
        command
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--data"])
            .arg(self.data())
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null());
        command
    }

    /// Starts it (again) on its folder, and waits until it says that it is ready.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "it is running");
        let mut child = self.command().stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.child = Some(child);
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server did not start: {line}"));
        let address = |key: &str| ready[key].as_str().unwrap().parse().unwrap();
        self.listen = address("listen");
        self.control = address("control");
        self.setup_code = ready["setup_code"].as_str().map(str::to_owned);
        self.ledger_key = ready["ledger_key"].as_str().unwrap().to_owned();
    }

    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Ends it without warning, as a crash would.
    pub fn kill_9(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Stops it as an operator would.
    pub fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success(), "a clean stop exits 0");
    }

    pub fn call(&self, ask: &Ask) -> Answer {
        ask.send(self.listen)
    }

    /// A control call that must succeed.
    pub fn control(&self, ask: &Ask) -> Value {
        let answer = ask.send(self.control);
        assert!(
            (200..300).contains(&answer.status),
            "{} {}: {} {}",
            ask.method,
            ask.path,
            answer.status,
            answer.text()
        );
        answer.json()
    }

    pub fn try_control(&self, ask: &Ask) -> Answer {
        ask.send(self.control)
    }

    /// The first administrator's control token; the first call makes the administrator.
    pub fn admin(&mut self) -> String {
        if let Some(token) = &self.admin {
            return token.clone();
        }
        if let Some(code) = self.setup_code.take() {
            let body = json!({ "code": code, "username": "admin", "password": PASSWORD });
            self.control(&ask("POST", "localhost", "/v1/setup").json(&body));
        }
        let token = self.control_token("admin");
        self.admin = Some(token.clone());
        token
    }

    /// The administrator's token, once there is one.
    pub fn admin_token(&self) -> &str {
        self.admin.as_deref().unwrap()
    }

    /// A control token of a user.
    pub fn control_token(&self, name: &str) -> String {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = self.control(&ask("POST", "localhost", "/v1/sign-in").json(&body));
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Makes a user, with roles as `app/role`.
    pub fn user(&mut self, name: &str, roles: &[&str]) {
        let admin = self.admin();
        let body = json!({ "name": name, "password": PASSWORD });
        self.control(&ask("POST", "localhost", "/v1/users").json(&body).token(&admin));
        for role in roles {
            let (app, role) = role.split_once('/').unwrap();
            self.control(
                &ask("PUT", "localhost", &format!("/v1/apps/{app}/roles/{role}/{name}")).token(&admin),
            );
        }
    }

    /// A user's token for an app.
    pub fn sign_in(&self, app: &str, name: &str) -> String {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = self.call(&ask("POST", &format!("{app}.localhost"), "/.casemate/sign-in").json(&body));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Uploads a component and gives its digest.
    pub fn upload(&mut self, bytes: &[u8]) -> Answer {
        let admin = self.admin();
        let digest = casemate_server::sha256(bytes).to_hex();
        self.try_control(
            &ask("PUT", "localhost", &format!("/v1/components/{digest}")).bytes(bytes).token(&admin),
        )
    }

    /// Deploys a manifest whose components are committed ones (paths below `examples/`).
    pub fn try_deploy(&mut self, app: &str, manifest: &str) -> Answer {
        let admin = self.admin();
        let parsed: toml::Value = toml::from_str(manifest).unwrap();
        let mut components = serde_json::Map::new();
        for (name, function) in parsed["functions"].as_table().unwrap() {
            let bytes = component(function["component"].as_str().unwrap());
            let digest = casemate_server::sha256(&bytes);
            if !components.values().any(|known| *known == json!(digest.to_string())) {
                let uploaded = self.upload(&bytes);
                assert_eq!(uploaded.status, 200, "{}", uploaded.text());
            }
            components.insert(name.clone(), json!(digest.to_string()));
        }
        let body = json!({ "manifest": manifest, "components": components });
        self.try_control(
            &ask("POST", "localhost", &format!("/v1/apps/{app}/revisions")).json(&body).token(&admin),
        )
    }

    pub fn deploy(&mut self, app: &str, manifest: &str) -> Value {
        let answer = self.try_deploy(app, manifest);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// What the ledger says of a request.
    pub fn explain(&mut self, request: &str) -> Value {
        let admin = self.admin();
        self.control(&get("localhost", &format!("/v1/requests/{request}")).token(&admin))
    }

    /// Stops the server and verifies its ledger from the files and the public key alone.
    pub fn verify(&mut self) -> casemate_audit::VerifyReport {
        if self.child.is_some() {
            self.stop();
        }
        let report = casemate_audit::verify(&self.ledger(), &self.ledger_key, None)
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(report.holds(), "{:?}", report.findings);
        report
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

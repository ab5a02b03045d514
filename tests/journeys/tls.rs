//! A server with `tls = "self-signed"`, as its users meet it: the command line with the certificate from the data folder, HTTP/2,
//! and clients that speak something older or something else.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::harness::{PASSWORD, Server, component, connect};

const SETTINGS: &str = "tls = \"self-signed\"\n";

/// Runs a verb in a folder, signed in (or not) as the server's own user.
fn run(server: &Server, folder: &Path, words: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(words)
        .current_dir(folder)
        .env("CASEMATE_CREDENTIALS", server.folder.path().join("credentials.json"))
        .env("CASEMATE_SERVER", format!("https://{}", server.control))
        .env("CASEMATE_SETUP_CODE", server.setup_code.as_deref().unwrap_or_default())
        .env_remove("CASEMATE_TOKEN")
        .env_remove("CASEMATE_CA")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = writeln!(child.stdin.take().unwrap(), "{PASSWORD}");
    child.wait_with_output().unwrap()
}

fn good(server: &Server, folder: &Path, words: &[&str]) -> String {
    let output = run(server, folder, words);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "casemate {}: {out}{err}", words.join(" "));
    out.into_owned()
}

fn bad(server: &Server, code: i32, words: &[&str]) -> String {
    let output = run(server, server.folder.path(), words);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "casemate {}: {err}", words.join(" "));
    err
}

#[test]
fn the_first_hour_with_the_servers_own_certificate() {
    let mut server = Server::start_with(SETTINGS);
    let folder = server.folder.path().to_owned();
    let certificate = server.data().join("tls.crt");
    let ca = certificate.to_str().unwrap().to_owned();
    let setup = ["setup", "--username", "ada", "--password-stdin"];

    // Without the certificate nothing is sent, and the help says where it lies.
    assert!(bad(&server, 5, &setup).contains("tls.crt"));
    // Another server's certificate is no better.
    let other = Server::start_with(SETTINGS);
    let others = other.data().join("tls.crt");
    bad(&server, 5, &[&setup[..], &["--ca", others.to_str().unwrap()]].concat());
    // Whoever forgets the `s` is told.
    let plain = format!("http://{}", server.control);
    assert!(bad(&server, 5, &[&setup[..], &["--server", &plain]].concat()).contains("https://"));
    good(&server, &folder, &[&setup[..], &["--ca", &ca]].concat());

    std::fs::write(folder.join("hello.wasm"), component("components/hello.wasm")).unwrap();
    let manifest = "app = \"hi\"\n[functions.hello]\ncomponent = \"hello.wasm\"\nroutes = [\"GET /\"]\naccess = { roles = [\"guest\"] }\n";
    std::fs::write(folder.join("casemate.toml"), manifest).unwrap();
    assert!(good(&server, &folder, &["deploy", "--ca", &ca]).contains("https://hi.localhost:"));
    good(&server, &folder, &["role", "grant", "ada", "guest", "--app", "hi", "--ca", &ca]);
    let called = good(&server, &folder, &["invoke", "hello", "--ca", &ca]).to_lowercase();
    assert!(called.contains("hello"), "{called}");

    // The certificate lasts: whoever trusted it once need not again.
    let before = std::fs::read(&certificate).unwrap();
    server.stop();
    std::fs::remove_file(&certificate).unwrap();
    server.restart();
    assert_eq!(std::fs::read(&certificate).unwrap(), before, "it is put there again, the same one");
    good(&server, &folder, &["login", "--username", "ada", "--password-stdin", "--ca", &ca]);
    good(&server, &folder, &["invoke", "hello", "--ca", &ca]);
    server.verify();
}

/// Writes a certificate for `localhost` and its key, readable by its owner alone.
fn issue(folder: &Path, name: &str) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let signed = rcgen::CertificateParams::new(["localhost", "127.0.0.1"].map(String::from))
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let path = |end: &str| folder.join(format!("{name}.{end}")).to_str().unwrap().to_owned();
    std::fs::write(path("pem"), signed.pem()).unwrap();
    std::fs::write(path("key"), key.serialize_pem()).unwrap();
    readable_by(&path("key"), 0o600);
    (path("pem"), path("key"))
}

fn readable_by(path: &str, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn a_server_with_the_operators_certificate() {
    let files = tempfile::tempdir().unwrap();
    let (certificate, key) = issue(files.path(), "good");
    let (_, others_key) = issue(files.path(), "other");
    let settings = |certificate: &str, key: &str| {
        format!("tls.files = {{ certificate = \"{certificate}\", key = \"{key}\" }}\n")
    };
    let refused = |settings: &str, expect: &str| {
        let server = Server::not_started(settings);
        let output = server.command().stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(expect), "{settings}: {said}");
    };
    refused(&settings("nowhere.pem", &key), "nowhere.pem");
    refused(&settings(&certificate, &certificate), &certificate);
    refused(&settings(&certificate, &others_key), "key");
    readable_by(&key, 0o644);
    refused(&settings(&certificate, &key), "chmod 600");
    readable_by(&key, 0o600);

    let server = Server::start_with(&settings(&certificate, &key));
    let folder = server.folder.path().to_owned();
    let setup = ["setup", "--username", "ada", "--password-stdin"];
    // Whoever does not know who signed it sends nothing.
    bad(&server, 5, &setup);
    good(&server, &folder, &[&setup[..], &["--ca", &certificate]].concat());
    assert!(good(&server, &folder, &["list", "--ca", &certificate]).contains("No apps yet"));
    assert!(!server.data().join("tls.crt").exists(), "no certificate of its own is published beside it");
}

#[test]
fn http_2_and_http_1_by_alpn_over_tls_1_3() {
    let server = Server::start_with(SETTINGS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (alpn, version) in [
        (&["h2", "http/1.1"][..], http::Version::HTTP_2),
        (&["h2"], http::Version::HTTP_2),
        (&["http/1.1"], http::Version::HTTP_11),
        (&[], http::Version::HTTP_11),
    ] {
        for (listener, path) in [(server.control, "/v1/users"), (server.listen, "/")] {
            let answered = runtime.block_on(exchange(&server, listener, alpn, path));
            assert_eq!(answered, (http::StatusCode::UNAUTHORIZED, version), "{alpn:?}");
        }
    }
}

async fn exchange(
    server: &Server,
    to: SocketAddr,
    alpn: &[&str],
    path: &str,
) -> (http::StatusCode, http::Version) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.data().join("tls.crt")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = tokio::net::TcpStream::connect(to).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let uri = if h2 { format!("https://localhost{path}") } else { path.to_owned() };
    let request = http::Request::get(uri).header("host", "localhost").body(Full::<Bytes>::default()).unwrap();
    let io = TokioIo::new(stream);
    let answer = if h2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    (answer.status(), answer.version())
}

/// Sends bytes, and gives all that comes back until the server closes.
fn tell(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect([127, 0, 0, 1].into(), to).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn what_is_not_tls_1_3_is_refused_in_tlss_own_words() {
    let server = Server::start_with(SETTINGS);
    // A hello of TLS 1.2 alone (RFC 5246 §7.4.1.2): signature algorithms, groups and point formats as a real client sends
    // them, and no `supported_versions`.
    let mut old = b"\x16\x03\x01\x00\x4b\x01\x00\x00\x47\x03\x03".to_vec();
    old.extend_from_slice(&[7; 32]);
    old.extend_from_slice(b"\x00\x00\x04\xc0\x2f\xc0\x2b\x01\x00\x00\x1a");
    old.extend_from_slice(b"\x00\x0d\x00\x06\x00\x04\x04\x03\x08\x04");
    old.extend_from_slice(b"\x00\x0a\x00\x06\x00\x04\x00\x1d\x00\x17\x00\x0b\x00\x02\x01\x00");
    for to in [server.listen, server.control] {
        // A fatal alert (RFC 8446 §6): `protocol_version` is 70.
        assert_eq!(tell(to, &old), [21, 3, 3, 0, 2, 2, 70], "TLS 1.2");
        // Plain HTTP gets an alert too, not silence and not an answer in clear.
        let plain = tell(to, b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
        assert_eq!(plain.get(..6), Some(&[21, 3, 3, 0, 2, 2][..]), "plain HTTP: {plain:?}");
    }
    // Control: it is well, and speaks TLS 1.3.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for to in [server.listen, server.control] {
        runtime.block_on(exchange(&server, to, &["h2"], "/"));
    }
}

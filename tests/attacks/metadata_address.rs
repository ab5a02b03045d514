//! A function calls out: to the metadata address (the way Capital One was robbed), to loopback, to what it was not granted.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{Server, get};

/// A service on loopback that counts who reaches it.
fn service() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let reached = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reached);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\ncredentials");
        }
    });
    (origin, reached)
}

fn manifest(version: &str, egress: &str) -> String {
    format!(
        "app = \"lab\"\n[functions.a]\ncomponent = \"components/attacker{version}.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n{egress}"
    )
}

#[test]
fn what_was_not_granted_is_not_reached() {
    let (origin, reached) = service();
    for version in ["", "3"] {
        let mut server = Server::start();
        let before = reached.load(Ordering::SeqCst);
        let fetch =
            |server: &Server, url: &str| server.call(&get("lab.localhost", &format!("/fetch?url={url}")));
        // Control: granted in so many words, the loopback service is reached.
        server.deploy(
            "lab",
            &manifest(
                version,
                &format!("grants.egress = [{{ origin = \"{origin}\", dangerous_private_address = true }}]\n"),
            ),
        );
        let granted = fetch(&server, &format!("{origin}/"));
        assert!(granted.text().contains("credentials"), "{}", granted.text());
        assert_eq!(reached.load(Ordering::SeqCst), before + 1);
        // The grant is for this origin and no other.
        for url in [
            "http://169.254.169.254/latest/meta-data/",
            "http://127.0.0.1:1/",
            "http://localhost/",
            "http://[::1]/",
            "http://2130706433/",
        ] {
            let refused = fetch(&server, url);
            assert!(
                refused.status == 502 && refused.text().starts_with("refused"),
                "{url}: {}",
                refused.text()
            );
        }
        // Granted, but not as a private address: the second wall.
        server.deploy("lab", &manifest(version, &format!("grants.egress = [\"{origin}\"]\n")));
        assert!(fetch(&server, &format!("{origin}/")).text().starts_with("refused"));
        // Metadata addresses are refused even when granted and called private.
        server.deploy("lab", &manifest(version, "grants.egress = [{ origin = \"http://169.254.169.254\", dangerous_private_address = true }]\n"));
        assert!(server.call(&get("lab.localhost", "/metadata")).text().starts_with("refused"));
        // Nothing granted: nothing reached.
        server.deploy("lab", &manifest(version, ""));
        assert!(fetch(&server, &format!("{origin}/")).text().starts_with("refused"));
        assert_eq!(reached.load(Ordering::SeqCst), before + 1, "something got out");
    }
}

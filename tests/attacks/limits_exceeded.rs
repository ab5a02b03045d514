//! Functions and callers exceed every limit, through the deploy path, on both versions of WASI. Each row has its control: the same
//! request below the limit.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use crate::harness::{Answer, Ask, Server, ask, get};

fn deploy(server: &mut Server, version: &str, limits: &str) {
    let manifest = format!(
        "app = \"lab\"\n[stores.scratch]\n[functions.a]\ncomponent = \"components/attacker{version}.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n\
         grants.kv = {{ scratch = [\"get\", \"set\"] }}\nlimits = {{ {limits} }}\n"
    );
    server.deploy("lab", &manifest);
}

fn path(path: &str) -> Ask {
    get("lab.localhost", path)
}

fn body(path: &str, bytes: usize) -> Ask {
    ask("POST", "lab.localhost", path).bytes(&vec![b'x'; bytes])
}

#[test]
fn each_limit_holds_and_names_itself() {
    type Row = (&'static str, fn() -> Ask, fn() -> Ask, u16);
    let rows: [Row; 7] = [
        ("cpu_ms = 100", || path("/busy?ms=5"), || path("/loop"), 504),
        ("wall_ms = 400", || path("/count"), || path("/slow?seconds=30"), 504),
        ("memory_bytes = 16777216", || path("/count"), || path("/hog"), 502),
        ("request_body_bytes = 1000", || body("/swallow", 900), || body("/swallow", 2_000), 413),
        ("host_call_units = 200", || path("/kv-spin?count=5"), || path("/kv-spin"), 502),
        ("resources = 100", || path("/resources?count=10"), || path("/resources?count=10000"), 502),
        ("host_call_bytes = 65536", || path("/kv-big?bytes=100"), || path("/kv-big?bytes=1000000"), 502),
    ];
    for version in ["", "3"] {
        let mut server = Server::start();
        for (limit, below, above, status) in &rows {
            let key = limit.split(' ').next().unwrap();
            deploy(&mut server, version, limit);
            let control = server.call(&below());
            assert_eq!(control.status, 200, "{key}, wasi {version}: below the limit: {}", control.text());
            let stopped = server.call(&above());
            assert_eq!(
                (stopped.status, stopped.limit().as_str()),
                (*status, key),
                "wasi {version}: {}",
                stopped.text()
            );
            // The function is well afterwards.
            assert_eq!(server.call(&path("/count")).text(), "1\n");
        }
        // A response that has begun can only be cut.
        deploy(&mut server, version, "response_body_bytes = 100000");
        assert!(server.call(&path("/big-body?bytes=90000")).whole);
        let cut = server.call(&path("/big-body?bytes=100000000"));
        assert!(
            !cut.whole && cut.body.len() <= 200_000 || cut.limit() == "response_body_bytes",
            "{} bytes came whole",
            cut.body.len()
        );
    }
}

#[test]
fn tables_are_counted_at_the_deploy_and_in_every_run() {
    // What the linker gave each: the function's own table, and the adapter's beside it.
    for (version, own, adapter) in [("", 30_039, 13), ("3", 30_084, 15)] {
        let mut server = Server::start();
        let manifest = |elements: u32| {
            format!(
                "app = \"lab\"\n[functions.a]\ncomponent = \"components/tables{version}.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\nlimits = {{ table_elements = {elements} }}\n"
            )
        };
        // A table that can never fit is refused before it is live.
        let refused = server.try_deploy("lab", &manifest(own - 1));
        assert_eq!(
            (refused.status, refused.limit().as_str()),
            (422, "table_elements"),
            "wasi {version}: {}",
            refused.text()
        );
        assert_eq!(server.call(&path("/")).status, 401, "nothing went live");
        // Each fits alone and both together do not: the run stops, and says at what.
        server.deploy("lab", &manifest(own + adapter - 1));
        let stopped = server.call(&path("/"));
        assert_eq!(
            (stopped.status, stopped.limit().as_str()),
            (502, "table_elements"),
            "wasi {version}: {}",
            stopped.text()
        );
        // Control: one element more.
        server.deploy("lab", &manifest(own + adapter));
        assert_eq!(server.call(&path("/")).status, 200, "wasi {version}");
    }
}

/// A service on loopback that answers with as many bytes as the path says.
fn talkative_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            let _ = reader.read_line(&mut line);
            let bytes: usize =
                line.split(['/', ' ']).nth(2).and_then(|bytes| bytes.parse().ok()).unwrap_or_default();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {}
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\nconnection: close\r\n\r\n");
            // Whoever had enough closes.
            let _ = stream.write_all(&vec![b'x'; bytes]);
        }
    });
    origin
}

#[test]
fn answers_from_outside_are_counted() {
    let origin = talkative_service();
    for version in ["", "3"] {
        let mut server = Server::start();
        server.deploy("lab", &format!(
            "app = \"lab\"\n[functions.a]\ncomponent = \"components/attacker{version}.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n\
             grants.egress = [{{ origin = \"{origin}\", dangerous_private_address = true }}]\nlimits = {{ egress_bytes = 50000 }}\n"
        ));
        let fetch = |bytes: usize| server.call(&path(&format!("/fetch?url={origin}/{bytes}")));
        let control = fetch(40_000);
        assert_eq!(control.status, 200, "wasi {version}: {}", control.text());
        assert!(control.body.len() > 40_000, "wasi {version}: {} bytes", control.body.len());
        for bytes in [60_000, 5_000_000] {
            let stopped = fetch(bytes);
            assert_eq!(
                (stopped.status, stopped.limit().as_str()),
                (502, "egress_bytes"),
                "wasi {version}, {bytes} bytes: {}",
                stopped.text()
            );
        }
        // Each request has its own.
        assert_eq!(fetch(40_000).status, 200, "wasi {version}");
    }
}

/// The most memory that a process ever had, in bytes.
fn peak_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// One value of a mebibyte under one key that is asked for a thousand times, for the price of a thousand small ones.
#[test]
fn one_call_reads_no_more_than_it_may_copy() {
    for version in ["", "3"] {
        let mut server = Server::start();
        deploy(&mut server, version, "");
        server.deploy("quiet", "app = \"quiet\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n");
        assert_eq!(server.call(&path("/kv-big?bytes=1048576")).status, 200);
        let get_many = |times: usize| path(&format!("/kv?do=get-many&key={}", vec!["big"; times].join(",")));
        let below = server.call(&get_many(1));
        assert_eq!((below.status, below.body.len()), (200, 1_048_577), "control, wasi {version}");
        let before = peak_bytes(server.id());
        let (listen, ask) = (server.listen, get_many(1_000));
        let attack = std::thread::spawn(move || ask.send(listen));
        loop {
            let since = std::time::Instant::now();
            assert_eq!(server.call(&get("quiet.localhost", "/")).status, 200);
            assert!(since.elapsed() < std::time::Duration::from_secs(2), "another app waits");
            if attack.is_finished() {
                break;
            }
        }
        let stopped = attack.join().unwrap();
        assert_eq!(
            (stopped.status, stopped.limit().as_str()),
            (502, "host_call_bytes"),
            "wasi {version}: {}",
            stopped.text()
        );
        let grown = peak_bytes(server.id()) - before;
        assert!(grown < 200 << 20, "wasi {version}: the server grew by {grown} bytes");
    }
}

/// A guest of WASI 0.2 begins an answer, forgets its body, and returns as if all were well.
#[test]
fn a_forgotten_answer_is_cut_off() {
    let mut server = Server::start();
    deploy(&mut server, "", "");
    assert!(server.call(&path("/big-body?bytes=100")).whole, "control: a finished one is whole");
    for _ in 0..20 {
        // The connection may end before even the head has left.
        if let Ok(cut) = path("/forget").try_send(server.listen) {
            assert!(cut.status == 200 && !cut.whole, "{}: `{}` came whole", cut.status, cut.text());
        }
    }
}

#[test]
fn a_full_function_says_when_to_come_back() {
    let mut server = Server::start();
    deploy(
        &mut server,
        "",
        "concurrency = 1, queue = 0, wall_ms = 5000, rate = { function = 100000, address = 100000 }",
    );
    let listen = server.listen;
    let mut tries = 0;
    let (slow, busy) = loop {
        tries += 1;
        assert!(tries < 50, "the slow request never got the one place");
        let slow = std::thread::spawn(move || path("/slow?seconds=2").send(listen));
        // Asks until the slow one is in: bounded by the slow one's own time.
        let busy = loop {
            let answer: Answer = server.call(&path("/count"));
            if answer.status == 503 || slow.is_finished() {
                break answer;
            }
        };
        // The question itself may have held the one place when the slow one came; then it starts over.
        if busy.status == 503 {
            break (slow, busy);
        }
        assert_eq!(slow.join().unwrap().status, 503);
    };
    assert_eq!(busy.status, 503, "{}", busy.text());
    assert!(busy.header("retry-after").is_some());
    assert_eq!(slow.join().unwrap().status, 200);
    assert_eq!(server.call(&path("/count")).status, 200, "control: free again");
}

#[test]
fn rates_of_function_caller_and_address() {
    let mut server = Server::start();
    let flood = |server: &Server, from: [u8; 4], token: Option<&str>| {
        (0..60)
            .map(|_| {
                let mut call = path("/count").from(from);
                if let Some(token) = token {
                    call = call.token(token);
                }
                server.call(&call)
            })
            .collect::<Vec<_>>()
    };
    let limited = |answers: &[Answer], key: &str| {
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
        assert!(
            refused.iter().all(|answer| answer.limit() == key && answer.header("retry-after").is_some()),
            "{refused:?}"
        );
        refused.len()
    };
    // Control: the defaults let sixty through.
    deploy(&mut server, "", "cpu_ms = 100");
    assert_eq!(limited(&flood(&server, [127, 0, 0, 1], None), ""), 0);
    deploy(&mut server, "", "rate = { address = 5 }");
    assert!(limited(&flood(&server, [127, 0, 0, 2], None), "rate.address") > 20);
    assert_eq!(
        server.call(&path("/count").from([127, 0, 0, 3])).status,
        200,
        "another address is not affected"
    );
    deploy(&mut server, "", "rate = { function = 5 }");
    assert!(limited(&flood(&server, [127, 0, 0, 4], None), "rate.function") > 20);
    deploy(&mut server, "", "rate = { caller = 5 }");
    server.user("bob", &[]);
    server.user("eve", &[]);
    let (bob, eve) = (server.sign_in("lab", "bob"), server.sign_in("lab", "eve"));
    assert!(limited(&flood(&server, [127, 0, 0, 5], Some(&eve)), "rate.caller") > 20);
    assert_eq!(server.call(&path("/count").token(&bob)).status, 200, "another caller is not affected");
}

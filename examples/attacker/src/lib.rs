//! A function that tries what it should not. The path says what; the limit and attack tests deploy it and look at what
//! stops it. Built for both versions of WASI from this one source (`attacker`, `attacker3`).
//!
//! Invariant: an attempt that nothing stopped says so in its answer, so that no test can mistake silence for safety.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use guest::{Fields, Outgoing, Request, Response, fetch, kv, log, sleep};

mod forget;

/// The credentials' address that the Capital One attacker asked.
const METADATA: &str = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
const MIB: usize = 1 << 20;

/// Grows when an instance is used twice.
static CALLS: AtomicU64 = AtomicU64::new(0);

async fn handle(mut request: Request) -> Response {
    let asked = |key: &str, default: &str| request.query(key).unwrap_or_else(|| default.to_owned());
    match request.path().as_str() {
        // Time.
        "/loop" => endless(),
        "/busy" => busy(number(&asked("ms", "100"))),
        "/slow" => {
            sleep(Duration::from_secs(number(&asked("seconds", "3600")))).await;
            Response::text("nothing stopped the wait\n")
        }
        // Memory.
        "/hog" => hog(),
        "/grow" => grow(number(&asked("mib", "100000"))),
        // Handles, host calls, bytes.
        "/resources" => resources(number(&asked("count", "10000000"))),
        "/kv-spin" => kv_spin(&asked("store", "scratch"), number(&asked("count", "10000000"))),
        "/kv-big" => kv_big(&asked("store", "scratch"), number(&asked("bytes", "4194304"))),
        "/big-body" => big_body(number(&asked("bytes", "1000000000000"))),
        "/log" => log_lines(&asked("text", "a line"), number(&asked("count", "1"))),
        // Data that is not its own.
        "/kv" => {
            kv_call(&asked("store", "scratch"), &asked("do", "get"), &asked("key", "k"), &asked("value", "v"))
        }
        "/kv-ungranted" => kv_ungranted(&asked("store", "orders")),
        "/env" => Response::text(environment()),
        // Places it may not go.
        "/metadata" => outside(Outgoing::get(METADATA)).await,
        "/fetch" => {
            let url = asked("url", "http://127.0.0.1/");
            outside(Outgoing { method: asked("method", "GET"), ..Outgoing::get(&url) }).await
        }
        // Faults.
        "/panic" => panic!("a fault on purpose"),
        "/half" => half(number(&asked("pieces", "1"))),
        "/status" => Response::status(number(&asked("code", "204"))),
        "/header" => Response::text("a header\n").with_header(&asked("name", "x-test"), asked("value", "v")),
        // What it sees.
        "/count" => Response::text(format!("{}\n", CALLS.fetch_add(1, Ordering::Relaxed) + 1)),
        "/echo" => echo(&mut request).await,
        "/swallow" => swallow(&mut request).await,
        _ => Response::text("no such attack\n").with_status(404),
    }
}

fn endless() -> Response {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
        if turns == u64::MAX {
            return Response::text("nothing stopped the loop\n");
        }
    }
}

/// Works for about so many milliseconds of wall time, then answers.
fn busy(ms: u64) -> Response {
    let start = std::time::Instant::now();
    let mut turns = 0_u64;
    while start.elapsed() < Duration::from_millis(ms) {
        (0..10_000_u64).for_each(|turn| turns = black_box(turns.wrapping_add(turn)));
    }
    Response::text(format!("worked for {ms} ms\n"))
}

/// Takes memory until it falls.
fn hog() -> Response {
    let mut taken = Vec::new();
    while taken.len() < 100_000 {
        taken.push(black_box(vec![1_u8; MIB]));
    }
    Response::text(format!("nothing stopped it from taking {} MiB\n", taken.len()))
}

/// Takes memory until it is told no, and says how much it got.
fn grow(mib: usize) -> Response {
    let mut taken = Vec::new();
    while taken.len() < mib {
        let mut block = Vec::new();
        if block.try_reserve_exact(MIB).is_err() {
            break;
        }
        block.resize(MIB, 1_u8);
        taken.push(black_box(block));
    }
    Response::text(format!("{} MiB\n", taken.len()))
}

fn resources(count: usize) -> Response {
    let mut held = Vec::new();
    while held.len() < count {
        held.push(Fields::new());
    }
    Response::text(format!("nothing stopped it from holding {} handles\n", held.len()))
}

fn kv_spin(store: &str, count: u64) -> Response {
    let store = match kv::open(store) {
        Ok(store) => store,
        Err(error) => return Response::text(format!("open: {error}\n")),
    };
    for call in 0..count {
        if let Err(error) = store.exists("k") {
            return Response::text(format!("{call} calls, then: {error}\n"));
        }
    }
    Response::text(format!("nothing stopped {count} calls\n"))
}

fn kv_big(store: &str, bytes: usize) -> Response {
    let set = kv::open(store).and_then(|store| store.set("big", &vec![b'x'; bytes]));
    Response::text(match set {
        Ok(()) => format!("nothing stopped a value of {bytes} bytes\n"),
        Err(error) => format!("set: {error}\n"),
    })
}

fn big_body(bytes: u64) -> Response {
    let piece = 64 * 1024;
    let pieces = bytes.div_ceil(piece);
    Response::stream((0..pieces).map(move |at| vec![b'x'; piece.min(bytes - at * piece) as usize]))
}

/// Begins an answer and falls in the middle of it.
fn half(pieces: u32) -> Response {
    Response::stream((0..=pieces).map(move |piece| match pieces - piece {
        0 => panic!("a fault between two pieces"),
        _ => b"the first half\n".to_vec(),
    }))
}

fn log_lines(text: &str, count: u64) -> Response {
    (0..count).for_each(|_| log::info(text));
    Response::text(format!("{count} lines\n"))
}

/// One call, as asked: the good rows of the tests, and the bad ones.
fn kv_call(store: &str, call: &str, key: &str, value: &str) -> Response {
    let store = match kv::open(store) {
        Ok(store) => store,
        Err(error) => return Response::text(format!("open: {error}\n")),
    };
    let words = |value: Option<Vec<u8>>| match value {
        Some(value) => String::from_utf8_lossy(&value).into_owned(),
        None => "nothing".to_owned(),
    };
    let keys = || key.split(',').map(str::to_owned).collect::<Vec<_>>();
    let answer = match call {
        "get" => store.get(key).map(words),
        "get-many" => {
            store.get_many(&keys()).map(|values| values.into_iter().map(words).collect::<Vec<_>>().join(","))
        }
        "exists" => store.exists(key).map(|exists| exists.to_string()),
        "set" => store.set(key, value.as_bytes()).map(|()| "done".to_owned()),
        "set-many" => {
            let pairs: Vec<_> = keys().into_iter().map(|key| (key, value.as_bytes().to_vec())).collect();
            store.set_many(&pairs).map(|()| "done".to_owned())
        }
        "delete" => store.delete(key).map(|()| "done".to_owned()),
        "delete-many" => store.delete_many(&keys()).map(|()| "done".to_owned()),
        "list" => store.keys().map(|keys| keys.join(",")),
        "increment" => store.increment(key, value.parse().unwrap_or(1)).map(|sum| sum.to_string()),
        "append" => store
            .update(key, |old| [old.unwrap_or_default(), value.as_bytes().to_vec()].concat())
            .map(|()| "done".to_owned()),
        other => Err(format!("no call `{other}`")),
    };
    Response::text(format!("{}\n", answer.unwrap_or_else(|error| format!("{call}: {error}"))))
}

/// Tries every right on a store and says how far it got.
fn kv_ungranted(name: &str) -> Response {
    let store = match kv::open(name) {
        Ok(store) => store,
        Err(error) => return Response::text(format!("open: {error}\n")),
    };
    let say = |call: &str, result: Result<(), String>| match result {
        Ok(()) => format!("{call}: nothing stopped it\n"),
        Err(error) => format!("{call}: {error}\n"),
    };
    Response::text(
        say("get", store.get("k").map(drop))
            + &say("set", store.set("k", b"stolen"))
            + &say("delete", store.delete("k"))
            + &say("list", store.keys().map(drop)),
    )
}

/// Everything of the world outside that the standard library can see.
fn environment() -> String {
    let mut text = String::new();
    std::env::vars().for_each(|(name, value)| text += &format!("variable {name}={value}\n"));
    std::env::args().for_each(|argument| text += &format!("argument {argument}\n"));
    for path in ["/", ".", "/etc/passwd", "/proc/self/environ"] {
        let seen =
            std::fs::metadata(path).map_or_else(|error| error.kind().to_string(), |_| "is there".to_owned());
        text += &format!("path {path}: {seen}\n");
    }
    text
}

async fn outside(outgoing: Outgoing) -> Response {
    match fetch(outgoing).await {
        Ok(reply) => Response::text(format!("{}\n{}", reply.status, String::from_utf8_lossy(&reply.body))),
        Err(error) => Response::text(format!("refused: {error}\n")).with_status(502),
    }
}

/// The request as it reached the function.
async fn echo(request: &mut Request) -> Response {
    let mut text = format!("{} {}\n", request.method(), request.path_with_query());
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(&value));
    }
    match request.body().await {
        Ok(body) => Response::text(text + "\n" + &String::from_utf8_lossy(&body)),
        Err(error) => Response::text(text + "\nbody: " + &error).with_status(400),
    }
}

/// Reads the body piece by piece, keeps nothing, and says how long it was.
async fn swallow(request: &mut Request) -> Response {
    let mut bytes = 0;
    loop {
        match request.chunk().await {
            Ok(Some(piece)) => bytes += piece.len(),
            Ok(None) => return Response::text(format!("{bytes} bytes\n")),
            Err(error) => return Response::text(format!("{bytes} bytes, then: {error}\n")).with_status(400),
        }
    }
}

fn number<N: std::str::FromStr + Default>(text: &str) -> N {
    text.parse().unwrap_or_default()
}

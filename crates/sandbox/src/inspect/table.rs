//! The table of offered interfaces: add a row here and the linker, the checks and the documentation know it.

use casemate_core::Action;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{p2::bindings as p2, p3::bindings as p3};
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};
use wasmtime_wasi_http::{p2::bindings as http2, p3::bindings as http3};

use super::Offered;
use crate::bindings::wasi::{keyvalue, logging};
use crate::guest::Guest;

struct Io;

impl wasmtime::component::HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

fn io(guest: &mut Guest) -> &mut ResourceTable {
    &mut guest.table
}

type Link = fn(&mut Linker<Guest>) -> wasmtime::Result<()>;

const fn ambient(name: &'static str, version: &'static str, link: Link) -> Offered {
    Offered { name, version, effects: &[], link }
}

/// What 0.2 guests see as the version of WASI; every `0.2.x` is taken.
const V2: &str = "0.2.12";
/// What 0.3 guests see.
const V3: &str = "0.3.0";
const KV: &str = "0.2.0-draft2";

/// Everything that is linked.
#[rustfmt::skip]
pub(crate) const OFFERED: &[Offered] = &[
    // Effects: each call ends in the one door.
    Offered { name: "wasi:keyvalue/store", version: KV,
        effects: &[("get", Action::KvGet), ("exists", Action::KvGet), ("set", Action::KvSet),
                   ("delete", Action::KvDelete), ("list-keys", Action::KvList)],
        link: |l| keyvalue::store::add_to_linker::<_, HasSelf<Guest>>(l, |guest| guest) },
    Offered { name: "wasi:keyvalue/atomics", version: KV,
        effects: &[("new", Action::KvGet), ("increment", Action::KvSet), ("swap", Action::KvSet)],
        link: |l| keyvalue::atomics::add_to_linker::<_, HasSelf<Guest>>(l, |guest| guest) },
    Offered { name: "wasi:keyvalue/batch", version: KV,
        effects: &[("get-many", Action::KvGet), ("set-many", Action::KvSet), ("delete-many", Action::KvDelete)],
        link: |l| keyvalue::batch::add_to_linker::<_, HasSelf<Guest>>(l, |guest| guest) },
    Offered { name: "wasi:logging/logging", version: "0.1.0-draft",
        effects: &[("log", Action::LogWrite)],
        link: |l| logging::logging::add_to_linker::<_, HasSelf<Guest>>(l, |guest| guest) },
    Offered { name: "wasi:http/outgoing-handler", version: V2,
        effects: &[("handle", Action::HttpSend)],
        link: |l| http2::http::outgoing_handler::add_to_linker::<_, WasiHttp>(l, Guest::http) },
    Offered { name: "wasi:http/client", version: V3,
        effects: &[("send", Action::HttpSend)],
        link: |l| http3::http::client::add_to_linker::<_, WasiHttp>(l, Guest::http) },

    // Ambient: shapes of HTTP, streams, clocks, randomness, and a process with nothing in it.
    ambient("wasi:http/types", V2, |l| {
        let options = http2::LinkOptions::default();
        http2::http::types::add_to_linker::<_, WasiHttp>(l, &(&options).into(), Guest::http)
    }),
    ambient("wasi:http/types", V3, |l| http3::http::types::add_to_linker::<_, WasiHttp>(l, Guest::http)),
    ambient("wasi:io/error", V2, |l| p2::io::error::add_to_linker::<_, Io>(l, io)),
    ambient("wasi:io/poll", V2, |l| p2::io::poll::add_to_linker::<_, Io>(l, io)),
    ambient("wasi:io/streams", V2, |l| p2::io::streams::add_to_linker::<_, Io>(l, io)),
    ambient("wasi:clocks/wall-clock", V2, |l| p2::clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, Guest::clocks)),
    ambient("wasi:clocks/monotonic-clock", V2, |l| p2::clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, Guest::clocks)),
    ambient("wasi:clocks/types", V3, |l| p3::clocks::types::add_to_linker::<_, WasiClocks>(l, Guest::clocks)),
    ambient("wasi:clocks/system-clock", V3, |l| p3::clocks::system_clock::add_to_linker::<_, WasiClocks>(l, Guest::clocks)),
    ambient("wasi:clocks/monotonic-clock", V3, |l| p3::clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, Guest::clocks)),
    ambient("wasi:random/random", V2, |l| p2::random::random::add_to_linker::<_, WasiRandom>(l, Guest::random)),
    ambient("wasi:random/insecure", V2, |l| p2::random::insecure::add_to_linker::<_, WasiRandom>(l, Guest::random)),
    ambient("wasi:random/insecure-seed", V2, |l| p2::random::insecure_seed::add_to_linker::<_, WasiRandom>(l, Guest::random)),
    ambient("wasi:random/random", V3, |l| p3::random::random::add_to_linker::<_, WasiRandom>(l, Guest::random)),
    ambient("wasi:random/insecure", V3, |l| p3::random::insecure::add_to_linker::<_, WasiRandom>(l, Guest::random)),
    ambient("wasi:random/insecure-seed", V3, |l| p3::random::insecure_seed::add_to_linker::<_, WasiRandom>(l, Guest::random)),
    ambient("wasi:cli/environment", V2, |l| p2::cli::environment::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/exit", V2, |l| p2::cli::exit::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/stdin", V2, |l| p2::cli::stdin::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    // Lines that are written here become log lines, and so end in the door as well.
    ambient("wasi:cli/stdout", V2, |l| p2::cli::stdout::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/stderr", V2, |l| p2::cli::stderr::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-input", V2, |l| p2::cli::terminal_input::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-output", V2, |l| p2::cli::terminal_output::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-stdin", V2, |l| p2::cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-stdout", V2, |l| p2::cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-stderr", V2, |l| p2::cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/types", V3, |_| Ok(())),
    ambient("wasi:cli/environment", V3, |l| p3::cli::environment::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/exit", V3, |l| p3::cli::exit::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/stdin", V3, |l| p3::cli::stdin::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/stdout", V3, |l| p3::cli::stdout::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/stderr", V3, |l| p3::cli::stderr::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-input", V3, |l| p3::cli::terminal_input::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-output", V3, |l| p3::cli::terminal_output::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-stdin", V3, |l| p3::cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-stdout", V3, |l| p3::cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    ambient("wasi:cli/terminal-stderr", V3, |l| p3::cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, Guest::cli)),
    // Linked because standard libraries ask for them; nothing is preopened, so no file can be reached.
    ambient("wasi:filesystem/types", V2, |l| p2::filesystem::types::add_to_linker::<_, WasiFilesystem>(l, Guest::filesystem)),
    ambient("wasi:filesystem/preopens", V2, |l| p2::filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, Guest::filesystem)),
    ambient("wasi:filesystem/types", V3, |l| p3::filesystem::types::add_to_linker::<_, WasiFilesystem>(l, Guest::filesystem)),
    ambient("wasi:filesystem/preopens", V3, |l| p3::filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, Guest::filesystem)),
];

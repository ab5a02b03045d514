//! One address opens connections until the process has no file descriptor left. A ledger that cannot open its next file would deny
//! everything; so connections never get the descriptors that it needs.

use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::process::Command;

use crate::harness::{Server, connect, get};

const DESCRIPTORS: u32 = 192;

fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count()
}

#[test]
fn connections_leave_the_ledger_its_files() {
    let mut server = Server::start_wrapped("", |program| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"")]).arg(program);
        shell
    });
    server.deploy("shop", "app = \"shop\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n");
    let before = descriptors(&server);
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let held: Vec<TcpStream> =
        (0..DESCRIPTORS * 2).filter_map(|_| connect(from, server.listen).ok()).collect();
    let open = descriptors(&server);
    assert!(
        open >= before + 20,
        "control: the flood stands: {} held, {before}, then {open} open",
        held.len()
    );
    assert!(open < DESCRIPTORS as usize - 20, "{open} of {DESCRIPTORS} descriptors are taken");
    // Others are served while it stands, and what they do is recorded.
    for _ in 0..20 {
        assert_eq!(server.call(&get("shop.localhost", "/")).status, 200);
    }
    drop(held);
    assert_eq!(server.call(&get("shop.localhost", "/")).status, 200);
    server.verify();
}

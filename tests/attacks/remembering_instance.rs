//! A function tries to remember something from one request to the next.

use crate::harness::{Server, get};

#[test]
fn no_memory_survives_a_request() {
    let mut server = Server::start();
    server.deploy(
        "lab",
        "app = \"lab\"\n[stores.scratch]\n[functions.two]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\ngrants.kv = { scratch = [\"get\", \"set\"] }\n",
    );
    server.deploy("lab3", "app = \"lab3\"\n[functions.three]\ncomponent = \"components/attacker3.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n");
    for host in ["lab.localhost", "lab3.localhost"] {
        for _ in 0..40 {
            assert_eq!(server.call(&get(host, "/count")).text(), "1\n", "{host}");
        }
    }
    // Control: what is meant to last does.
    let count = || server.call(&get("lab.localhost", "/kv?do=increment&key=n&value=1")).text();
    assert_eq!((count(), count()), ("1\n".into(), "2\n".into()));
}

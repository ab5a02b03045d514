//! A function opens a store that it was not granted.

use crate::harness::{Server, get};

fn manifest(version: &str, grants: &str) -> String {
    format!(
        "app = \"lab\"\n[stores.secrets]\n[functions.a]\ncomponent = \"components/attacker{version}.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n{grants}"
    )
}

#[test]
fn every_right_must_be_granted() {
    for version in ["", "3"] {
        let mut server = Server::start();
        // Control: with the grants, all of it works.
        server.deploy(
            "lab",
            &manifest(version, "grants.kv = { secrets = [\"get\", \"set\", \"delete\", \"list\"] }\n"),
        );
        let granted = server.call(&get("lab.localhost", "/kv-ungranted?store=secrets")).text();
        assert_eq!(granted.matches("nothing stopped it").count(), 4, "{granted}");
        // The attack: the same code, granted nothing.
        server.deploy("lab", &manifest(version, ""));
        let denied = server.call(&get("lab.localhost", "/kv-ungranted?store=secrets")).text();
        assert_eq!(denied.matches("access denied").count(), 4, "{denied}");
        // One right does not bring the others.
        server.deploy("lab", &manifest(version, "grants.kv = { secrets = [\"get\"] }\n"));
        let some = server.call(&get("lab.localhost", "/kv-ungranted?store=secrets")).text();
        assert_eq!(
            (some.matches("nothing stopped it").count(), some.matches("access denied").count()),
            (1, 3),
            "{some}"
        );
        // A store that nobody declared is not there, and that is all it says.
        let none = server.call(&get("lab.localhost", "/kv-ungranted?store=payroll")).text();
        assert!(!none.contains("nothing stopped it"), "{none}");
    }
}

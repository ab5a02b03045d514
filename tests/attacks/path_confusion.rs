//! A path that the policy reads in one way and the function in another.

use crate::harness::{Server, get};

#[test]
fn one_reading_of_every_path() {
    let mut server = Server::start();
    server.deploy(
        "lab",
        "app = \"lab\"\n[functions.open]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/echo\", \"/open/*\"]\naccess = \"public\"\n\
         [functions.closed]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/open/admin/*\", \"/admin/*\"]\naccess = { roles = [\"admin\"] }\n",
    );
    assert_eq!(server.call(&get("lab.localhost", "/echo")).status, 200, "control: the open path");
    assert_eq!(server.call(&get("lab.localhost", "/admin/x")).status, 401, "control: the closed path");
    for path in [
        "/open/../admin/x",
        "/open/%2e%2e/admin/x",
        "/open/..%2fadmin/x",
        "/open/.%2e/admin/x",
        "//admin/x",
        "/open//../admin/x",
        "/open/%2e%2e%2fadmin/x",
        "/open/..;/admin/x",
        "/open/..\\admin\\x",
        "/%61dmin/x",
        "/open/%61dmin/x",
        "/admin%2fx",
        "/./admin/x",
        "/open/\u{ff0e}\u{ff0e}/admin/x",
        "/admin/x%00",
        "/open/%252e%252e/admin/x",
    ] {
        let answer = server.call(&get("lab.localhost", path));
        assert!(answer.status != 200, "{path}: {}", answer.text());
    }
}

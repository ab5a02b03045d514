//! Somebody edits a compiled image: native code that the server would run.

use crate::harness::{Server, get};

#[test]
fn an_edited_image_is_not_run() {
    let mut server = Server::start();
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n");
    let images = server.data().join("images");
    let only = || std::fs::read_dir(&images).unwrap().next().unwrap().unwrap().path();
    // Control: an untouched image is used again, byte for byte.
    let image = std::fs::read(only()).unwrap();
    server.stop();
    server.restart();
    assert_eq!(std::fs::read(only()).unwrap(), image);
    assert_eq!(server.call(&get("hello.localhost", "/")).status, 200);
    server.stop();
    let mut edited = image.clone();
    let middle = edited.len() / 2;
    edited[middle] ^= 0xff;
    std::fs::write(only(), &edited).unwrap();
    server.restart();
    assert_ne!(std::fs::read(only()).unwrap(), edited, "the edited image is gone");
    assert_eq!(server.call(&get("hello.localhost", "/")).status, 200, "it was compiled anew");
}

#[test]
fn an_edited_component_is_not_compiled() {
    let mut server = Server::start();
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n");
    server.stop();
    let folder = server.data().join("components");
    let component = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&component).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&component, bytes).unwrap();
    let output = server
        .command()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert!(!output.status.success(), "it started on an edited component");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("edited"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

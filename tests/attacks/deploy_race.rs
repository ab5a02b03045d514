//! A request comes between the two halves of a deploy, so that the new policies allow what the old code does.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Server, get};

/// Revisions alternate: `catalog` for signed-in callers, `hello` for everyone. Nobody but a signed-in caller may see the catalog.
fn revision(open: bool) -> &'static str {
    if open {
        "app = \"shop\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n"
    } else {
        "app = \"shop\"\n[functions.a]\ncomponent = \"components/catalog.wasm\"\nroutes = [\"/\"]\naccess = \"signed-in\"\n"
    }
}

#[test]
fn no_request_runs_one_revision_by_the_policies_of_another() {
    let mut server = Server::start();
    server.deploy("shop", revision(false));
    server.deploy("shop", revision(true));
    let (listen, done) = (server.listen, AtomicBool::new(false));
    let (seen, leaks) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let (mut seen, mut leaks) = (0, Vec::new());
            while !done.load(Ordering::Relaxed) {
                let answer = get("shop.localhost", "/").from([127, 0, 0, 31]).send(listen);
                seen += usize::from(answer.status == 200);
                if answer.status == 200 && !answer.text().starts_with("Hello") {
                    leaks.push(answer.text());
                }
            }
            (seen, leaks)
        });
        for round in 0..40 {
            server.deploy("shop", revision(round % 2 == 1));
        }
        done.store(true, Ordering::Relaxed);
        asking.join().unwrap()
    });
    assert!(seen > 0, "control: the open revision was reached");
    assert_eq!(leaks, Vec::<String>::new(), "of {seen} answers");
}

//! A deny can be explained, a request can be proved.

use crate::harness::{Server, get};

#[test]
fn a_deny_names_the_smallest_change() {
    let mut server = Server::start();
    server.deploy(
        "lab",
        "app = \"lab\"\n[stores.secrets]\n[functions.a]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n",
    );
    let refused = server.call(&get("lab.localhost", "/kv?store=secrets&do=get&key=k"));
    assert!(refused.text().contains("access denied"), "{}", refused.text());
    let explained = server.explain(&refused.request_id());
    let steps = explained["steps"].as_array().unwrap().clone();
    let kinds: Vec<_> = steps.iter().map(|step| step["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds.first().map(String::as_str), Some("decision"));
    assert_eq!(kinds.last().map(String::as_str), Some("outcome"));
    let deny = steps.iter().find(|step| step["disposition"] == "deny").unwrap();
    assert_eq!(deny["action"], "kv-get");
    let advice = deny["explanation"]["advice"].to_string();
    assert!(advice.contains("secrets") && advice.contains("get"), "{advice}");

    let refused = server.call(&get("lab.localhost", "/fetch?url=https://pay.example/charge"));
    let advice = server.explain(&refused.request_id()).to_string();
    assert!(advice.contains("egress") && advice.contains("https://pay.example"), "{advice}");
}

#[test]
fn a_plain_request_is_two_leaves() {
    let mut server = Server::start();
    server.deploy("hello", "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"public\"\n");
    let answer = server.call(&get("hello.localhost", "/"));
    let explained = server.explain(&answer.request_id());
    assert_eq!(explained["steps"].as_array().unwrap().len(), 2, "{explained}");
    // A refusal before any decision is one.
    let answer = server.call(&get("hello.localhost", "/nothing"));
    assert_eq!(server.explain(&answer.request_id())["steps"].as_array().unwrap().len(), 1);
}

#[test]
fn logs_page_by_page_are_the_logs_in_one() {
    let mut server = Server::start();
    server.deploy(
        "lab",
        "app = \"lab\"\n[functions.f]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n",
    );
    for number in 0..7 {
        assert_eq!(
            server.call(&get("lab.localhost", &format!("/log?text=line{number}&count=3"))).status,
            200
        );
    }
    let admin = server.admin();
    // Of the function alone: that somebody reads its app's logs is in them too, so without a filter they grow with each look.
    let page = |after: &str| {
        let path = format!("/v1/apps/lab/logs?function=f&limit=4{after}");
        server.try_control(&get("localhost", &path).token(&admin))
    };
    let whole =
        server.try_control(&get("localhost", "/v1/apps/lab/logs?function=f&limit=1000").token(&admin)).text();
    assert!(whole.lines().filter(|line| line.contains("line6")).count() >= 3, "control: {whole}");
    let (mut pages, mut after, mut asked) = (String::new(), "&after=0".to_owned(), 0);
    loop {
        let answer = page(&after);
        assert!(answer.text().lines().count() <= 4);
        if answer.body.is_empty() {
            break;
        }
        pages.push_str(&answer.text());
        after = format!("&after={}", answer.header("casemate-next-after").unwrap());
        asked += 1;
        assert!(asked < 100, "it does not get on: {after}");
    }
    assert!(asked > 5, "control: it came in {asked} pages:\n{pages}\n{whole}");
    assert_eq!(pages, whole);
}

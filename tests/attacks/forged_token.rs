//! Tokens with changed algorithm, signature, claims or audience, expired ones, and ones in the wrong place.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::harness::{Server, ask, get};

const APP: &str = "app = \"hello\"\n[functions.a]\ncomponent = \"components/hello.wasm\"\nroutes = [\"/\"]\naccess = \"signed-in\"\n";

fn decode(part: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

fn encode(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

#[test]
fn no_forgery_is_taken() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    server.deploy("other", &APP.replace("\"hello\"\n[", "\"other\"\n["));
    server.user("bob", &[]);
    let (token, control) = (server.sign_in("hello", "bob"), server.admin());
    let call = |token: &str| server.call(&get("hello.localhost", "/").token(token)).status;
    assert_eq!(call(&token), 200, "control: the token itself is good");

    let parts: Vec<&str> = token.split('.').collect();
    let (header, claims) = (decode(parts[0]), decode(parts[1]));
    assert_eq!(header["typ"], "at+jwt");
    let with_header = |key: &str, value: Value| {
        let mut header = header.clone();
        header[key] = value;
        format!("{}.{}.{}", encode(&header), parts[1], parts[2])
    };
    let with_claim = |key: &str, value: Value| {
        let mut claims = claims.clone();
        claims[key] = value;
        format!("{}.{}.{}", parts[0], encode(&claims), parts[2])
    };
    let mut signature = BASE64.decode(parts[2]).unwrap();
    signature[10] ^= 1;
    let forgeries = [
        ("alg none", with_header("alg", json!("none"))),
        (
            "alg None, no signature",
            format!("{}.{}.", encode(&json!({ "alg": "None", "typ": "at+jwt" })), parts[1]),
        ),
        ("alg HS256", with_header("alg", json!("HS256"))),
        ("crit", with_header("crit", json!(["exp"]))),
        ("typ JWT", with_header("typ", json!("JWT"))),
        ("kid of nobody", with_header("kid", json!("../../etc/passwd"))),
        ("jwk in the header", with_header("jwk", json!({ "kty": "EC" }))),
        ("sub", with_claim("sub", json!("usr_00000000000000000000000000000000"))),
        ("exp", with_claim("exp", json!(4_102_444_800_u64))),
        ("aud", with_claim("aud", json!("casemate"))),
        ("signature", format!("{}.{}.{}", parts[0], parts[1], BASE64.encode(&signature))),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("zero signature", format!("{}.{}.{}", parts[0], parts[1], BASE64.encode([0; 64]))),
        ("padding", format!("{token}=")),
        ("dots", ".".repeat(4000)),
        ("empty", String::new()),
    ];
    for (what, forged) in forgeries {
        assert_eq!(call(&forged), 401, "{what}");
    }
    // Good tokens in the wrong place.
    assert_eq!(server.call(&get("other.localhost", "/").token(&token)).status, 401, "a token of another app");
    assert_eq!(
        server.try_control(&get("localhost", "/v1/apps").token(&token)).status,
        401,
        "an app's token on the control plane"
    );
    assert_eq!(call(&control), 401, "a control token on an app");
    assert_eq!(
        server.call(&get("hello.localhost", &format!("/?access_token={token}"))).status,
        401,
        "a token in the query"
    );
    let doubled = get("hello.localhost", "/").token(&token).token(&token);
    assert_ne!(server.call(&doubled).status, 200, "two credentials");
}

#[test]
fn an_expired_token_is_no_token() {
    let mut server = Server::start();
    server.deploy("hello", APP);
    server.user("bob", &["hello/member"]);
    let control = server.control_token("bob");
    let issue = |lifetime: u64| {
        let wish = json!({ "lifetime_secs": lifetime });
        let answer =
            server.control(&ask("POST", "localhost", "/v1/apps/hello/token").json(&wish).token(&control));
        answer["access_token"].as_str().unwrap().to_owned()
    };
    let call = |token: &str| server.call(&get("hello.localhost", "/").token(token)).status;
    assert_eq!(call(&issue(60)), 200, "control: one that has not expired");
    let short = issue(1);
    // A token of one second is refused within two: the loop ends by itself.
    let since = std::time::Instant::now();
    loop {
        match call(&short) {
            401 => break,
            // Asking so fast may also hit a rate.
            200 | 429 => assert!(since.elapsed().as_secs() < 5, "it is still taken"),
            other => panic!("{other}"),
        }
    }
}

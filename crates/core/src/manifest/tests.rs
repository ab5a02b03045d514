use super::*;

const SHOP: &str = r#"
app = "shop"

[stores.orders]
partition = "caller"

[functions.catalog]
component = "catalog.wasm"
routes = ["GET /catalog", "/catalog/*"]
access = "public"

[functions.orders]
component = "orders.wasm"
routes = ["/orders/*"]
access = { roles = ["customer", "manager"] }
[functions.orders.grants]
kv = { orders = ["get", "set"] }
egress = ["https://pay.example", { origin = "http://127.0.0.1:9000", dangerous_private_address = true }]
[functions.orders.limits]
cpu_ms = 50
rate = { caller = 5 }

[functions.hidden]
component = "hidden.wasm"
"#;

#[test]
fn reads_a_whole_manifest() {
    let manifest = Manifest::parse(SHOP).unwrap();
    let orders = &manifest.functions[&FunctionName::parse("orders").unwrap()];
    assert_eq!(orders.limits.cpu_ms, 50);
    assert_eq!(orders.limits.wall_ms, Limits::default().wall_ms);
    assert_eq!(orders.limits.rate, crate::Rate { caller: 5, ..Default::default() });
    assert_eq!(orders.grants.egress.len(), 2);
    assert!(!orders.grants.egress[0].dangerous_private_address);
    assert_eq!(manifest.stores[&StoreName::parse("orders").unwrap()].partition, Partition::Caller);
}

#[test]
fn a_missing_access_line_means_closed() {
    let manifest = Manifest::parse(SHOP).unwrap();
    assert_eq!(manifest.functions[&FunctionName::parse("hidden").unwrap()].access, Access::Closed);
}

#[test]
fn every_mistake_has_its_place_and_its_words() {
    let check = |from: &str, to: &str, line: usize, words: &str| {
        assert!(SHOP.contains(from), "{from}");
        let error = Manifest::parse(&SHOP.replace(from, to)).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.message.contains(words), "{error}");
    };
    check("\"shop\"", "\"Shop\"", 2, "not a valid app name");
    check("\"shop\"", "\"casemate\"", 2, "platform's own name");
    check("access = \"public\"", "access = \"publik\"", 10, "neither");
    check("access = \"public\"", "acess = \"public\"", 10, "unknown field");
    check("kv = { orders", "kv = { ordres", 17, "not declared");
    check("[\"get\", \"set\"]", "[\"get\", \"put\"]", 17, "unknown variant");
    check("https://pay.example", "https://u@pay.example", 18, "user information");
    check("cpu_ms = 50", "cpu_ms = 0", 19, "cpu_ms");
    check("cpu_ms = 50", "cpu_ms = 99999999", 19, "cpu_ms");
    check("\"/orders/*\"", "\"/catalog/*\"", 14, "already belongs");
    check("\"/orders/*\"", "\"/.casemate/x\"", 14, "belong to the platform");
    check("\"/orders/*\"", "\"/a/../b\"", 14, "segments");
    check("\"/orders/*\"", "\"FETCH /a\"", 14, "no method");
    check("\"orders.wasm\"", "\"../orders.wasm\"", 13, "beside or below");
    check("[\"customer\", \"manager\"]", "[]", 15, "nobody");
}

#[test]
fn broken_bytes_and_floods_are_refused() {
    assert!(Manifest::parse("").is_err());
    assert!(Manifest::parse("app = \"a\"").unwrap_err().help.is_some());
    assert!(Manifest::parse(&"#".repeat(MAX_MANIFEST_BYTES + 1)).is_err());
    assert!(Manifest::parse(&"[".repeat(50_000)).is_err());
}

#[test]
fn routes_match_whole_segments() {
    let check = |route: &str, method: &str, path: &str, expect: bool| {
        assert_eq!(Route::parse(route).unwrap().matches(method, path), expect, "{route} {method} {path}");
    };
    check("GET /catalog", "GET", "/catalog", true);
    check("GET /catalog", "HEAD", "/catalog", true);
    check("GET /catalog", "POST", "/catalog", false);
    check("/catalog", "POST", "/catalog", true);
    check("/catalog", "GET", "/catalog/1", false);
    check("/catalog/*", "GET", "/catalog/1", true);
    check("/catalog/*", "GET", "/catalog", true);
    check("/catalog/*", "GET", "/catalogue", false);
    check("/*", "GET", "/", true);
    check("/*", "GET", "/a/b", true);
    check("/", "GET", "/", true);
    check("/", "GET", "/a", false);
}

/// Found by fuzzing: which of two functions answered `HEAD` was an accident of their names.
#[test]
fn of_two_routes_one_is_more_specific() {
    let check = |more: &str, less: &str| {
        let (more, less) = (Route::parse(more).unwrap(), Route::parse(less).unwrap());
        assert!(more.weight() > less.weight(), "{more} {less}");
    };
    check("HEAD /a", "GET /a");
    check("GET /a", "/a");
    check("/a", "GET /a/*");
    check("GET /a/*", "/a/*");
    check("/a/b/*", "GET /a");
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,400}") {
        let _ = Manifest::parse(&text);
    }
}

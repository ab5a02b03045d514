//! Requests that are let in and requests that are not. What only raw bytes can show stands in the room's socket tests.

use http::Request;

use super::*;

fn raw(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> RawRequest {
    let request = build(Request::builder().uri("/").header("host", "shop.localhost")).body(()).unwrap();
    let parts = request.into_parts().0;
    RawRequest {
        parts,
        body: LimitedBody::whole(""),
        source: "::ffff:192.0.2.1".parse().unwrap(),
        tls: false,
    }
}

fn let_in(raw: RawRequest) -> Result<Admitted, Wall> {
    admit(raw, &Hosts::Any, &ListenerLimits::default()).map_err(|refused| refused.wall())
}

#[test]
fn a_good_request_has_one_reading() {
    let admitted = let_in(raw(|b| {
        b.method("POST")
            .uri("/%61/b?token=x&y")
            .header("authorization", "Bearer t")
            .header("casemate-user", "root")
            .header("x-forwarded-for", "10.0.0.1")
    }))
    .unwrap();
    assert_eq!(
        (admitted.method.as_str(), admitted.host.as_str(), admitted.port),
        ("POST", "shop.localhost", None)
    );
    assert_eq!((admitted.path.as_str(), admitted.query.as_deref()), ("/a/b", Some("token=x&y")));
    assert_eq!(admitted.source, "192.0.2.1".parse::<IpAddr>().unwrap());
    let names: Vec<&str> = admitted.headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["host", "authorization"]);
}

#[test]
fn methods() {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert!(let_in(raw(|b| b.method(method))).is_ok(), "{method}");
    }
    for method in ["CONNECT", "TRACE", "TRACK", "get", "PROPFIND", "GETX", "PRI"] {
        assert_eq!(let_in(raw(|b| b.method(method))).unwrap_err(), Wall::Method, "{method}");
    }
}

#[test]
fn hosts_must_agree() {
    let check = |version: Version, target: &str, host: Option<&str>| {
        let mut request = Request::builder().version(version).uri(target).body(()).unwrap();
        if let Some(host) = host {
            request.headers_mut().insert("host", HeaderValue::from_str(host).unwrap());
        }
        let parts = request.into_parts().0;
        let body = LimitedBody::whole("");
        let_in(RawRequest { parts, body, source: "192.0.2.1".parse().unwrap(), tls: false })
            .map(|admitted| admitted.headers.get("host").unwrap().to_str().unwrap().to_owned())
    };
    let (one, two) = (Version::HTTP_11, Version::HTTP_2);
    assert_eq!(check(one, "/", Some("A.localhost:8080")).as_deref(), Ok("a.localhost:8080"));
    assert_eq!(check(one, "http://A.localhost/x", Some("a.LOCALHOST")).as_deref(), Ok("a.localhost"));
    assert_eq!(check(one, "http://a.localhost/x", Some("a.localhost:80")).as_deref(), Ok("a.localhost:80"));
    assert_eq!(check(two, "http://a.localhost/x", None).as_deref(), Ok("a.localhost"));
    assert_eq!(check(two, "http://a.localhost/x", Some("a.localhost")).as_deref(), Ok("a.localhost"));
    for (version, target, host) in [
        (one, "/", None),
        (one, "http://a.localhost/", None),
        (one, "http://a.localhost/", Some("b.localhost")),
        (one, "http://a.localhost:81/", Some("a.localhost")),
        (one, "http://u@a.localhost/", Some("a.localhost")),
        (one, "ftp://a.localhost/", Some("a.localhost")),
        (one, "/", Some("a@b")),
        (one, "/", Some("")),
        (two, "http://a.localhost/", Some("b.localhost")),
        (two, "/", None),
    ] {
        assert_eq!(
            check(version, target, host).unwrap_err(),
            Wall::Authority,
            "{version:?} {target} {host:?}"
        );
    }
}

#[test]
fn sizes() {
    let long = "a".repeat(9_000);
    assert_eq!(let_in(raw(|b| b.uri(format!("/{long}")))).unwrap_err(), Wall::UriBytes);
    assert_eq!(
        let_in(raw(|b| (0..101).fold(b, |b, n| b.header(format!("x-{n}"), "")))).unwrap_err(),
        Wall::HeaderCount
    );
    assert!(let_in(raw(|b| (0..99).fold(b, |b, n| b.header(format!("x-{n}"), "")))).is_ok());
    assert_eq!(
        let_in(raw(|b| (0..4).fold(b, |b, n| b.header(format!("x-{n}"), &long)))).unwrap_err(),
        Wall::HeadBytes
    );
    let limits = ListenerLimits { request_body_bytes: 3, ..ListenerLimits::default() };
    for (body, wall) in [("abc", None), ("abcd", Some(Wall::BodyBytes))] {
        let raw = RawRequest { body: LimitedBody::whole(body), ..raw(|b| b) };
        assert_eq!(admit(raw, &Hosts::Any, &limits).err().map(|refused| refused.wall()), wall);
    }
}

#[test]
fn a_rebound_name_is_not_answered_for() {
    let own = Hosts::Only(vec!["localhost".into()]);
    let limits = ListenerLimits::default();
    let wall = |raw: RawRequest| admit(raw, &own, &limits).err().map(|refused| refused.wall());
    assert_eq!(wall(raw(|b| b)), Some(Wall::Misdirected));
    let mut good = raw(|b| b);
    good.parts.headers.insert("host", HeaderValue::from_static("127.0.0.1:8081"));
    assert_eq!(wall(good), None);
}

#[test]
fn asterisk_and_traversal_targets() {
    for target in ["*", "/a/../b", "/a%2fb", "//a"] {
        let mut request = raw(|b| b.method("OPTIONS"));
        request.parts.uri = target.parse().unwrap();
        assert_eq!(let_in(request).unwrap_err(), Wall::Target, "{target}");
    }
}

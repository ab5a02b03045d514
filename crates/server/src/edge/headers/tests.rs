//! Header tables.

use http::Version;

use super::*;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    map
}

#[test]
fn what_outsiders_may_not_say_is_dropped_under_every_spelling() {
    for name in [
        "casemate-user",
        "casemate-caller",
        "x-forwarded-for",
        "X-Forwarded-Host",
        "x-forwarded",
        "forwarded",
        "x-real-ip",
        "remote-user",
        "x-remote-user",
        "x-client-ip",
        "true-client-ip",
        "x-original-url",
        "x-http-method-override",
        "proxy",
        "x_forwarded_for",
        "x_real_ip",
        "x-real_ip",
        "x.real.ip",
        "remote_user",
        "x_original_url",
        "content_length",
        "transfer_encoding",
        "authorization_".trim_end_matches('_'),
        "te",
        "keep-alive",
        "proxy-authorization",
        "expect",
    ] {
        let mut map =
            headers(&[(name, if name == "expect" { "100-continue" } else { "admin" }), ("accept", "*/*")]);
        clean(&mut map, Version::HTTP_11).unwrap();
        let kept = name == "authorization";
        assert_eq!(map.contains_key(name), kept, "{name}");
        assert!(map.contains_key("accept"), "positive control beside {name}");
    }
}

#[test]
fn twins_of_the_platforms_own_are_refused() {
    for name in
        ["casemate_user", "casemate.user", "Casemate_User", "casemate~user", "casemate_", "casemate!x"]
    {
        let refused = clean(&mut headers(&[(name, "admin")]), Version::HTTP_11).map_err(|r| r.wall());
        assert_eq!(refused, Err(Wall::Header), "{name}");
    }
    for name in ["casemates", "case-mate", "x_custom", "my.header", "user-agent"] {
        let mut map = headers(&[(name, "v")]);
        assert_eq!(clean(&mut map, Version::HTTP_11), Ok(()), "{name}");
        assert!(map.contains_key(name), "{name}");
    }
}

#[test]
fn two_readings_are_refused() {
    for (lines, wall) in [
        (&[("content-length", "1"), ("transfer-encoding", "chunked")][..], Wall::Framing),
        (&[("content-length", "1"), ("content-length", "1")], Wall::Header),
        (&[("authorization", "Bearer a"), ("authorization", "Bearer b")], Wall::Header),
        (&[("host", "a"), ("host", "a")], Wall::Header),
        (&[("content-type", "a/b"), ("content-type", "c/d")], Wall::Header),
        (&[("upgrade", "websocket"), ("connection", "upgrade")], Wall::Upgrade),
        (&[("connection", "Upgrade")], Wall::Upgrade),
        (&[("expect", "200-maybe")], Wall::Expectation),
        (&[("connection", "close, authorization")], Wall::Header),
        (&[("connection", "Content-Length")], Wall::Header),
        (&[("connection", "a b")], Wall::Header),
    ] {
        let refused = clean(&mut headers(lines), Version::HTTP_11).map_err(|r| r.wall());
        assert_eq!(refused, Err(wall), "{lines:?}");
    }
}

#[test]
fn connection_takes_what_it_names() {
    let mut map = headers(&[("connection", "close, x-hop"), ("x-hop", "1"), ("x-end", "2")]);
    clean(&mut map, Version::HTTP_11).unwrap();
    assert_eq!(map, headers(&[("x-end", "2")]));
}

#[test]
fn http_2_has_no_connection_headers_and_whole_cookies() {
    for (name, value) in
        [("connection", "close"), ("keep-alive", "1"), ("transfer-encoding", "chunked"), ("te", "gzip")]
    {
        let refused = clean(&mut headers(&[(name, value)]), Version::HTTP_2).map_err(|r| r.wall());
        assert_eq!(refused, Err(Wall::Header), "{name}");
    }
    let mut map = headers(&[("cookie", "a=1"), ("te", "trailers"), ("cookie", "b=2")]);
    clean(&mut map, Version::HTTP_2).unwrap();
    assert_eq!(map, headers(&[("cookie", "a=1; b=2")]));
}

#[test]
fn answers_say_nothing_of_the_connection() {
    let mut map =
        headers(&[("server", "x"), ("connection", "keep-alive"), ("transfer-encoding", "x"), ("x-a", "1")]);
    clean_reply(&mut map);
    assert_eq!(map, headers(&[("x-a", "1")]));
}

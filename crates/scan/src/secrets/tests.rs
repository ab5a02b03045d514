use proptest::prelude::*;

use super::*;

/// What is found, cut out of the text.
fn found(text: &str, syntax: Option<Syntax>) -> Vec<(&'static str, String)> {
    in_text(text, syntax)
        .into_iter()
        .map(|leak| (leak.what, text.get(leak.start..leak.end).unwrap().to_owned()))
        .collect()
}

#[test]
fn known_formats() {
    let check = |text: &str, wanted: &[(&str, &str)]| {
        let found = found(text, None);
        let found: Vec<_> = found.iter().map(|(what, secret)| (*what, secret.as_str())).collect();
        assert_eq!(found, wanted, "{text}");
    };
    // Put together, so that no other scanner takes this file for a leak.
    let key = format!("AKIA{}", "Z7QW3ERT5YUI2OPA");
    check(&format!("id = {key}\n"), &[("an AWS access key", &key)]);
    check("AKIAIOSFODNN7EXAMPLE", &[]);
    check("AKIAAAAAAAAAAAAAAAAA", &[]);
    check(&format!("x{key}"), &[]);
    let stripe = format!("sk_{}_{}", "live", "51MzQv8Kx7TtYbW2nPq9RsUvA");
    check(&format!("Stripe('{stripe}')"), &[("a Stripe key", &stripe)]);
    check("sk_live_your_key_here_00", &[]);
    let github = format!("ghp_{}", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6");
    check(&github, &[("a GitHub token", &github)]);
    let send = format!("SG.{}.{}", "aB3dE6gH9jK2mN5pQ8sT1v", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6jK9mN2p");
    check(&format!("key: \"{send}\""), &[("a SendGrid key", &send)]);
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4IiwiZXhwIjoxfQ.c2lnbmF0dXJlLW9mLXRva2VuLTEyMzQ1Njc4OTA";
    check(token, &[("a signed token", token)]);
    check(
        "postgres://app:h0rse-battery@db.acme.io:5432/shop",
        &[("a password in an address", "h0rse-battery")],
    );
    check("postgres://app:${PASSWORD}@db.acme.io/shop", &[]);
    check("postgres://postgres:postgres1@localhost/shop", &[]);
    check("https://acme.io/a:b@c", &[]);
    check("mailto:a@b.c git@github.com:x/y.git", &[]);
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1c2sPq3xYz9aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789+/\n";
    assert_eq!(found(pem, None).len(), 1);
    check("-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", &[]);
    check("-----BEGIN PUBLIC KEY-----\nMIIEowIBAAKCAQEA1c2sPq3xYz9aBcDeFgHiJkLmNoPqRsTuVw", &[]);
}

#[test]
fn names_that_give_values_away() {
    let check = |name: &str, value: &str, wanted: bool| {
        assert_eq!(of_value(name, value).is_some(), wanted, "{name}: {value}");
    };
    check("DB_PASSWORD", "hunter22", true);
    check("dbPassword", "kT9vQ2xLm4Zs", true);
    check("MasterUserPassword", "Sommer-2024!", true);
    check("JWT_SECRET", "f3b1c99e2a7d4e60", true);
    check("API_KEY", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", true);
    check("STRIPE_ACCESS_TOKEN", "a8f5f167f44f4964e6c998dee827110c", true);
    // Placeholders and words.
    for value in [
        "changeme",
        "CHANGE_ME_1",
        "xxxxxxxx",
        "<your-key-1>",
        "your-api-key-1",
        "example-1234",
        "********",
        "secret",
        "change_this_now1",
        "Replace-This-1",
        "put-your-secret-here-1",
        "secret-goes-here-1",
        "fill-me-in-1",
        "ThisIsNotASecret1",
        "[password1]",
        "xxx123",
        "XXX-XXX-123",
    ] {
        check("DB_PASSWORD", value, false);
    }
    // References, names, settings.
    check("DB_PASSWORD", "{{resolve:ssm-secure:db:1}}", false);
    check("DB_PASSWORD", "${ssm:/shop/db1}", false);
    check("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-1", false);
    check("DB_SECRET", "prod/db/password1", false);
    check("DB_SECRET", "/prod/db/password1", false);
    check("API_TOKEN", "DB_PASSWORD_2", false);
    check("SECRET_NAME", "shop-stripe-1", false);
    check("TOKEN_EXPIRY_S", "3600000000", false);
    check("PASSWORD_RESET_URL", "https://shop.example.com/reset1", false);
    check("PASSWORD_MIN_LENGTH", "12", false);
    check("TABLE_KEY", "customer#2024", false);
    check("PARTITION_KEY", "a8f5f167f44f4964e6c9", false);
    check("CONTENT_HASH", "a8f5f167f44f4964e6c998dee827110c", false);
    check("STRIPE_PUBLISHABLE_KEY", "pk_live_51MzQv8Kx7TtYbW2nPq9RsUvA", false);
    check("TOKEN_ENDPOINT", "oauth2/v2.0/token", false);
    check("AUTH_TOKEN", "method.request.header.Authorization", false);
}

#[test]
fn labels_names_and_patterns_are_no_secrets() {
    let check = |name: &str, value: &str, wanted: bool| {
        assert_eq!(of_value(name, value).is_some(), wanted, "{name}: {value}");
    };
    // Names of headers, cookies and settings, each with a secret that is written alike.
    check("token", "csrf-token-v2-name", false);
    check("token", "csrf-t0k3n-v2-9x1f", true);
    check("accessToken", "access_token2_cookie", false);
    check("accessToken", "access_token2_c00k13", true);
    check("token", "x-amz-security-token-2", false);
    check("apiKey", "x-api-key-header-1", false);
    check("apiKey", "x-api-3f9c1b7e-1", true);
    check("password", "auth/invalid-password-1", false);
    check("API_KEY", "kqzx-wvpt-mnbd-7", true);
    // What a page says, and what people choose.
    check("secret", "geheim-Wort1!", false);
    check("secret", "geh31m-W0rt1!", true);
    check("password", "Sommer-Wort1!", true);
    check("password", "tiger-lily7", true);
    check("DB_PASSWORD", "Bb2-new-word", true);
    check("password", "user-password-2", false);
    check("MasterUserPassword", "Password1!", true);
    check("confirmPassword", "Passwort9?", false);
    check("repeatPassword", "Passwort9?", false);
    check("password", "Passwort9?", true);
    // Patterns, and places in lists.
    check("password", "^(?=.*[A-Z]).{8,}$", false);
    check("password", "(?=.*[A-Z]).{8,}$", true);
    check("nextToken", "eyJsYXN0IjoiMTIzIn0=", false);
    check("continuation_token", "eyJsYXN0IjoiMTIzIn0=", false);
    check("sessionToken", "eyJsYXN0IjoiMTIzIn0=", true);
}

#[test]
fn a_text_of_beginnings_is_not_read_from_each_to_the_longest_end() {
    // As far as a form goes and a byte more, not as far as the longest of all.
    assert_eq!(formats::bounded_run(&"hvs.".repeat(2_000), 0, 204), 205);
    // The signature is read only behind a body that fits, and a fourth part ends the matter.
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4IiwiZXhwIjoxfQ.c2lnbmF0dXJl";
    assert_eq!(formats::signed_token(token, 20), Some(token.len()));
    assert_eq!(formats::signed_token(&format!("{token}.x"), 20), None);
    assert_eq!(formats::signed_token("eyJhbGciOiJIUzI1NiJ9.x.y", 20), None);
    assert_eq!(formats::authority(&"a".repeat(2_000)), None);
    for text in ["eyJ.", "hvs.", "://", "://a:"] {
        assert_eq!(in_text(&text.repeat(100_000), Some(Syntax::Quoted)), [], "{text}");
    }
}

#[test]
fn assignments_in_lines() {
    let check = |text: &str, syntax: Syntax, wanted: &[&str]| {
        let found: Vec<_> = found(text, Some(syntax)).into_iter().map(|(_, secret)| secret).collect();
        assert_eq!(found, wanted, "{text}");
    };
    use Syntax::{Bare, Quoted};
    check("const password = 'h0rse-battery'\n", Quoted, &["h0rse-battery"]);
    check("password: 'h0rse-battery',", Quoted, &["h0rse-battery"]);
    check("connect(user=\"app\", password=\"h0rse-battery\")", Quoted, &["h0rse-battery"]);
    check("\"DbPassword\": \"h0rse-battery\"", Quoted, &["h0rse-battery"]);
    check("const dbPassword: string = \"h0rse-battery\";", Quoted, &["h0rse-battery"]);
    check("const p = process.env.PASSWORD || 'h0rse-battery'", Quoted, &[]);
    check("if (password == 'h0rse-battery')", Quoted, &[]);
    check("password = input1(x)", Quoted, &[]);
    check("password = 'h0rse-' + x", Quoted, &[]);
    check("# password = 'h0rse-battery'", Quoted, &[]);
    check("MasterUserPassword: h0rse-battery # the old one", Bare, &["h0rse-battery"]);
    check("MasterUserPassword: !Ref Password1", Bare, &[]);
    check("Password: at least 8 characters", Bare, &[]);
    check("DB_PASSWORD=h0rse-battery", Bare, &["h0rse-battery"]);
    check("Variables: { DB_PASSWORD: h0rse-battery, X: 1 }", Bare, &["h0rse-battery"]);
}

#[test]
fn nobody_reads_a_secret_in_a_report() {
    assert_eq!(cut("h0rse-battery"), "h0rs…");
    assert_eq!(cut("hunter2"), "h…");
    assert_eq!(cut("abc"), "…");
    assert_eq!(redact("  DB_PASSWORD: h0rse-battery # x"), "  DB_PASSWORD: h0rs… # x");
    assert_eq!(redact("  Runtime: nodejs22.x"), "  Runtime: nodejs22.x");
}

proptest! {
    #[test]
    fn any_text_is_searched(text in "\\PC{0,200}") {
        for leak in in_text(&text, Some(Syntax::Bare)) {
            prop_assert!(text.get(leak.start..leak.end).is_some());
        }
        prop_assert!(redact(&text).len() <= text.len() + 64);
    }
}

#[test]
fn the_secret_half_of_an_access_key_is_found_beside_it() {
    let (id, secret) = ("AKIAQ3EGRSN5LTV7XWYZ", "wJ8rXUtnFEMI7K7MDENG2bPxRfiCYzq5aKEYtQ9z");
    assert_eq!(secret.len(), 40);
    for text in [
        format!("const k='{id}'; const s='{secret}';"),
        format!("first: {secret}\nsecond: {id}\n"),
        format!("{id}:{secret}"),
    ] {
        let found: Vec<&str> =
            in_text(&text, None).iter().map(|leak| text.get(leak.start..leak.end).unwrap()).collect();
        assert!(found.contains(&secret) && found.contains(&id), "{text}: {found:?}");
        assert!(!redact(&text).contains(secret), "{}", redact(&text));
    }
    // Alone it may be a digest of anything, and so may what is longer or shorter.
    let none = |text: &str| in_text(text, None).iter().all(|leak| leak.what != "an AWS secret key");
    assert!(
        none(secret)
            && none(&format!("{id} {secret}x"))
            && none(&format!("{id} {}", secret.get(1..).unwrap()))
    );
    assert!(none(&format!("{id}\n{}\n{secret}", "far away ".repeat(40))));
}

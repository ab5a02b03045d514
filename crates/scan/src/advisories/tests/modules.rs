//! Records about packages of Go modules.

use super::*;

const RANGES: &str = r#""ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.5.0"}]}]"#;

/// What is said of modules, by name, version, and the part that the records name.
fn judged(record: &str, modules: &[(&str, &str)]) -> Vec<(usize, Option<String>)> {
    let (store, _) = store(&[("a.json", record)]);
    let modules: Vec<_> =
        modules.iter().map(|(name, version)| (Ecosystem::Go, *name, Ok(*version))).collect();
    let judged = judge(&store, &[lock(&modules)]).unwrap();
    judged.matches.into_iter().map(|found| (found.package, found.part)).collect()
}

#[test]
fn a_package_belongs_to_the_module_with_the_longest_path() {
    let check = |record: &str, modules: &[(&str, &str)], expect: &[usize]| {
        let found = judged(&osv("Go", record, RANGES), modules);
        let found: Vec<usize> = found
            .iter()
            .map(|(at, part)| {
                assert_eq!(part.as_deref(), (modules[*at].0 != record).then_some(record));
                *at
            })
            .collect();
        assert_eq!(found, expect, "{record} {modules:?}");
    };
    let text = ("golang.org/x/text", "v1.2.0");
    check("golang.org/x/text", &[text], &[0]);
    check("golang.org/x/text/language", &[text], &[0]);
    check("golang.org/x/text/language/display", &[text], &[0]);
    check("golang.org/x/text/language", &[("golang.org/x/text", "v1.5.0")], &[]);
    check("golang.org/x/textual/language", &[text], &[]);
    check("golang.org/x/text-more", &[text], &[]);
    check("golang.org/x", &[text], &[]);
    // A module within a module has versions of its own.
    let inner = ("golang.org/x/text/language", "v1.6.0");
    check("golang.org/x/text/language", &[text, inner], &[]);
    check("golang.org/x/text/language/display", &[text, inner], &[]);
    check("golang.org/x/text/unicode", &[text, inner], &[0]);
    check("golang.org/x/text/language/v2", &[text], &[]);
    // Another major version is another module.
    check("example.com/a/v2/b", &[("example.com/a", "v1.2.0"), ("example.com/a/v2", "v1.2.0")], &[1]);
    check("example.com/a/b", &[("example.com/a", "v1.2.0"), ("example.com/a/v2", "v2.2.0")], &[0]);
}

#[test]
fn other_ecosystems_have_no_packages_within_packages() {
    let (store, _) = store(&[("a.json", &osv("npm", "@s/a/b", RANGES))]);
    assert_eq!(said(&store, Ecosystem::Npm, "@s/a", "1.0.0"), "");
}

#[test]
fn many_records_below_a_module_are_all_found() {
    // Over several blocks of the store, with neighbours on both sides.
    let records: Vec<(String, String)> = (0..300)
        .map(|at| {
            let name = match at % 3 {
                0 => format!("example.com/a/p{at}"),
                1 => format!("example.com/a-{at}"),
                _ => format!("example.com/b/{at}"),
            };
            (format!("{at}.json"), osv("Go", &name, RANGES).replace("T-1", &format!("T-{at}")))
        })
        .collect();
    let files: Vec<(&str, &str)> =
        records.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let (store, _) = store(&files);
    assert_eq!(store.below(Ecosystem::Go, "example.com/a").unwrap().len(), 100);
    let judged = judge(&store, &[lock(&[(Ecosystem::Go, "example.com/a", Ok("v1.0.0"))])]).unwrap();
    assert_eq!(judged.matches.len(), 100);
}

#[test]
fn packages_that_are_built_for_other_systems_alone_are_left_out() {
    let check = |imports: &str, expect: u64| {
        let specific = format!(r#"{RANGES},"ecosystem_specific":{{"imports":[{imports}]}}"#);
        let (_, report) = store(&[("a.json", &osv("Go", "example.com/a", &specific))]);
        assert_eq!((report.other_systems, report.records), (expect, 1 - expect), "{imports}");
    };
    check("", 0);
    check(r#"{"path":"example.com/a/b","symbols":["F"]}"#, 0);
    check(r#"{"path":"example.com/a/b","goos":["windows"]}"#, 1);
    check(r#"{"path":"example.com/a/b","goos":["windows, linux"]}"#, 0);
    check(r#"{"path":"example.com/a/b","goarch":["386"]}"#, 1);
    check(r#"{"path":"example.com/a/b","goos":["windows"]},{"path":"example.com/a/c"}"#, 0);
}

use super::*;

/// The tables that `reference/make.py` wrote: the order of each pair, by the ecosystem's own program.
fn agrees(ecosystem: Ecosystem, table: &str, at_least: usize) {
    let mut chain = Vec::new();
    let mut checked = 0;
    let mut wrong = Vec::new();
    let mut check = |a: &str, b: &str, expect: Option<Ordering>| {
        checked += 1;
        let found = compare(ecosystem, a, b);
        if found != expect {
            wrong.push(format!("{a} {b}: {found:?}, not {expect:?}"));
        }
    };
    for (level, line) in table.lines().filter(|line| !line.starts_with('#')).enumerate() {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["pair", a, sign, b] => {
                let order = ["<", "=", ">"].iter().position(|known| known == sign).unwrap();
                check(a, b, Some(order.cmp(&1)));
            }
            ["none", text] => check(text, "1.0", None),
            versions => chain.extend(versions.iter().map(|version| (level, *version))),
        }
    }
    for (level_a, a) in &chain {
        for (level_b, b) in &chain {
            check(a, b, Some(level_a.cmp(level_b)));
        }
    }
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(checked >= at_least, "only {checked}");
}

#[test]
fn npm_as_node_orders_it() {
    agrees(Ecosystem::Npm, include_str!("reference/npm.txt"), 8_000);
}

#[test]
fn pypi_as_packaging_orders_it() {
    agrees(Ecosystem::PyPi, include_str!("reference/pypi.txt"), 19_000);
}

#[test]
fn maven_as_maven_orders_it() {
    agrees(Ecosystem::Maven, include_str!("reference/maven.txt"), 39_000);
}

#[test]
fn ranges_as_npm_reads_them() {
    let mut lines = include_str!("reference/npm-ranges.txt").lines().skip(1);
    let versions: Vec<_> = lines.next().unwrap().split(' ').collect();
    let mut wrong = Vec::new();
    for line in lines {
        let (range, expect) = line.split_once('\t').unwrap();
        let found = npm_range(range).map_or("none".to_owned(), |intervals| {
            let holds = |version: &&str| {
                let version = Version::parse(Ecosystem::Npm, version).unwrap();
                intervals.iter().any(|interval| interval.contains(Ecosystem::Npm, &version))
            };
            versions.iter().map(|version| if holds(version) { '1' } else { '0' }).collect()
        });
        if found != expect {
            let differs = versions.iter().zip(found.chars().zip(expect.chars()));
            let differs: Vec<_> = differs.filter(|(_, (a, b))| a != b).map(|(version, _)| *version).collect();
            wrong.push(format!("`{range}` differs at {differs:?}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn other_ecosystems() {
    let check = |ecosystem, ascending: &[&str]| {
        for (at, pair) in ascending.windows(2).enumerate() {
            assert_eq!(
                compare(ecosystem, pair[0], pair[1]),
                Some(Ordering::Less),
                "{ecosystem:?} {at} {pair:?}"
            );
        }
    };
    let same = |ecosystem, a, b| assert_eq!(compare(ecosystem, a, b), Some(Ordering::Equal), "{a} {b}");
    // Pseudo-versions lie between the version that they follow and the next one (go.dev/ref/mod#pseudo-versions).
    check(
        Ecosystem::Go,
        &[
            "v0.0.0-20170915032832-14c0d48ead0c",
            "v0.0.0-20190308221718-c2843e01d9a2",
            "0.1.0",
            "v1.2.3-pre",
            "v1.2.3-pre.0.20191109021931-daa7c04131f5",
            "v1.2.3",
            "v1.2.4-0.20191109021931-daa7c04131f5",
            "v1.2.4-0.20200109021931-aaa7c04131f5",
            "1.2.4",
            "v2.0.0+incompatible",
            "v2.0.1-0.20191109021931-daa7c04131f5+incompatible",
        ],
    );
    same(Ecosystem::Go, "v2.0.0+incompatible", "2.0.0");
    check(Ecosystem::Cargo, &["0.4.0-alpha.1", "0.4.0", "0.4.19", "0.10.0", "1.0.0"]);
    check(
        Ecosystem::NuGet,
        &["1.0.0-Alpha", "1.0.0-beta", "1.0", "1.0.0.1", "1.0.1", "4.3.0", "12.0.3", "13.0.1"],
    );
    same(Ecosystem::NuGet, "1.0.0-RC1", "1.0.0.0-rc1");
    check(
        Ecosystem::RubyGems,
        &["1.0.a", "1.0.b1", "1.0.b2", "1.0.b10", "1.0", "1.0.1.rc1", "1.0.1", "1.10", "6.1.7.3"],
    );
    same(Ecosystem::RubyGems, "1.0", "1");
    same(Ecosystem::RubyGems, "1.0.0-x", "1.0.0.pre.x");
    check(
        Ecosystem::Packagist,
        &[
            "1.0-dev",
            "1.0.0-alpha1",
            "1.0-beta1",
            "1.0-beta2",
            "v1.0.0-RC1",
            "1.0",
            "1.0-p1",
            "1.0.1",
            "1.10",
        ],
    );
    same(Ecosystem::Packagist, "v1.0", "1.0.0.0");
    for (ecosystem, text) in [
        (Ecosystem::Npm, "latest"),
        (Ecosystem::Npm, "1.2.3-"),
        (Ecosystem::Npm, "1.2.3-a..b"),
        (Ecosystem::Npm, "git+https://example.com/a.git"),
        (Ecosystem::Go, "v1.2.x"),
        (Ecosystem::Packagist, "dev-main"),
        (Ecosystem::RubyGems, "main"),
        (Ecosystem::PyPi, "2004d"),
        (Ecosystem::NuGet, ""),
    ] {
        assert!(Version::parse(ecosystem, text).is_none(), "{ecosystem:?} {text}");
    }
}

#[test]
fn what_a_requirement_leaves() {
    let show =
        |intervals: Vec<Interval>| intervals.iter().map(Interval::to_string).collect::<Vec<_>>().join(" | ");
    let check = |requirements: &[&str], expect: &str| {
        let patched: Vec<_> =
            requirements.iter().map(|text| requirement(text)).collect::<Option<Vec<_>>>().unwrap();
        let patched: Vec<_> = patched.into_iter().flatten().collect();
        assert_eq!(show(complement(Ecosystem::Cargo, &patched).unwrap()), expect, "{requirements:?}");
    };
    check(&[], "*");
    check(&[">= 0.4.5"], "<0.4.5");
    check(&[">= 0.4.5", "< 0.1.4"], ">=0.1.4 <0.4.5");
    check(&["^1.2.3", ">= 2.1"], "<1.2.3 | >=2.0.0-0 <2.1.0-0");
    check(&[">= 1.2.3, < 2.0.0", ">=3.0.0"], "<1.2.3 | >=2.0.0 <3.0.0");
    check(&["<= 1.0.0"], ">1.0.0");
    check(&["> 1.0.0"], "<=1.0.0");
    check(&["= 1.0.0"], "<1.0.0 | >1.0.0");
    check(&[">= 0.0.0"], "<0.0.0");
    check(&["1.2.3, > 2"], "*");
    assert_eq!(requirement("nonsense"), None);
}

#[test]
fn hostile_versions_cost_nothing() {
    for ecosystem in Ecosystem::ALL {
        for text in [
            "9".repeat(1 << 20),
            "1.".repeat(1 << 20),
            "1-a".repeat(200),
            "-".repeat(500),
            "é".repeat(200),
            "1!".repeat(99),
        ] {
            if let Some(version) = Version::parse(ecosystem, &text) {
                assert_eq!(version.order(&version), Some(Ordering::Equal), "{ecosystem:?}");
            }
        }
    }
    assert_eq!(npm_range(&"1 ||".repeat(1 << 20)), None);
}

proptest::proptest! {
    #[test]
    fn an_order_is_an_order(a in "[v0-9a-z.+!_-]{0,12}", b in "[v0-9a-z.+!_-]{0,12}") {
        for ecosystem in Ecosystem::ALL {
            let there = compare(ecosystem, &a, &b);
            proptest::prop_assert_eq!(compare(ecosystem, &b, &a), there.map(Ordering::reverse));
            let _ = npm_range(&a);
            let _ = requirement(&b);
        }
    }
}

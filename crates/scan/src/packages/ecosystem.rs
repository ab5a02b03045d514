//! Package ecosystems: how they are spelt, how names in them are normalised, how a package is written as a purl.
//!
//! Invariant: two spellings of one package have one normalised name. Not here: the order of versions (`versions`).

use std::fmt::Write as _;

use serde::Serialize;

/// Where packages come from and whose rules their names and versions follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// JavaScript.
    Npm,
    /// Python.
    PyPi,
    /// Rust.
    Cargo,
    /// Go modules.
    Go,
    /// Java and its kin.
    Maven,
    /// Ruby.
    RubyGems,
    /// .NET.
    NuGet,
    /// PHP.
    Packagist,
}

impl Ecosystem {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Npm,
        Self::PyPi,
        Self::Cargo,
        Self::Go,
        Self::Maven,
        Self::RubyGems,
        Self::NuGet,
        Self::Packagist,
    ];

    /// The ecosystem that an advisory names, as OSV spells it: `npm`, also with a suffix, `Maven:central`. `None` for all others.
    #[must_use]
    pub fn from_osv(name: &str) -> Option<Self> {
        let name = name.split(':').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|ecosystem| ecosystem.osv().eq_ignore_ascii_case(name))
    }

    /// As OSV spells it.
    #[must_use]
    pub fn osv(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::PyPi => "PyPI",
            Self::Cargo => "crates.io",
            Self::Go => "Go",
            Self::Maven => "Maven",
            Self::RubyGems => "RubyGems",
            Self::NuGet => "NuGet",
            Self::Packagist => "Packagist",
        }
    }

    /// As a purl spells it.
    fn purl_type(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::PyPi => "pypi",
            Self::Cargo => "cargo",
            Self::Go => "golang",
            Self::Maven => "maven",
            Self::RubyGems => "gem",
            Self::NuGet => "nuget",
            Self::Packagist => "composer",
        }
    }

    /// The one spelling of a name: Python's rules (PEP 503) for `PyPI`, lower case where the registry makes no difference.
    #[must_use]
    pub fn normalise(self, name: &str) -> String {
        let name = name.trim();
        match self {
            Self::PyPi => {
                let mut normal = String::with_capacity(name.len());
                for c in name.chars() {
                    match c {
                        '-' | '_' | '.' if normal.ends_with('-') => {}
                        '-' | '_' | '.' => normal.push('-'),
                        c => normal.push(c.to_ascii_lowercase()),
                    }
                }
                normal
            }
            Self::NuGet | Self::Packagist => name.to_ascii_lowercase(),
            Self::Npm => name.replace("%40", "@").replace("%2f", "/").replace("%2F", "/"),
            Self::Maven => name.replacen('/', ":", 1),
            Self::Cargo | Self::Go | Self::RubyGems => name.to_owned(),
        }
    }

    /// The name under which advisories about a package are looked up. It is the normalised one, except that a Go module loses its
    /// major version: `example.com/a/v2` and advisories that say `example.com/a` meet under the latter.
    #[must_use]
    pub fn key(self, name: &str) -> String {
        let name = self.normalise(name);
        match self {
            Self::Go => go_major(&name).map_or(name.clone(), |(root, _)| root.to_owned()),
            _ => name,
        }
    }

    /// The package as a purl.
    #[must_use]
    pub fn purl(self, name: &str, version: Option<&str>) -> String {
        let mut purl = format!("pkg:{}/", self.purl_type());
        let separator = if self == Self::Maven { ':' } else { '/' };
        for (at, part) in name.split(separator).enumerate() {
            if at > 0 {
                purl.push('/');
            }
            encode(&mut purl, part);
        }
        if let Some(version) = version {
            purl.push('@');
            encode(&mut purl, version);
        }
        purl
    }
}

/// A Go module path that ends in a major version: what is before it, and the number. `gopkg.in/yaml.v2` has one too.
pub(crate) fn go_major(path: &str) -> Option<(&str, &str)> {
    let cut = if path.starts_with("gopkg.in/") { path.rsplit_once(".v") } else { path.rsplit_once("/v") };
    let (root, major) = cut?;
    let plain = !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
    (plain && !major.starts_with('0')).then_some((root, major))
}

/// Appends text with everything escaped that a purl's parts may not hold.
fn encode(purl: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            purl.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(purl, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_package_meet() {
        let check = |ecosystem: Ecosystem, name: &str, key: &str| {
            assert_eq!(ecosystem.key(name), key, "{ecosystem:?} {name}");
        };
        check(Ecosystem::PyPi, "Flask_SQLAlchemy", "flask-sqlalchemy");
        check(Ecosystem::PyPi, "zope.interface", "zope-interface");
        check(Ecosystem::PyPi, "a-_.b", "a-b");
        check(Ecosystem::NuGet, "Newtonsoft.Json", "newtonsoft.json");
        check(Ecosystem::Npm, "%40babel%2Fcore", "@babel/core");
        check(Ecosystem::Npm, "JSONStream", "JSONStream");
        check(Ecosystem::Maven, "org.a:b", "org.a:b");
        check(Ecosystem::Go, "example.com/a/v2", "example.com/a");
        check(Ecosystem::Go, "example.com/a/v0", "example.com/a/v0");
        check(Ecosystem::Go, "example.com/v2ray", "example.com/v2ray");
        check(Ecosystem::Go, "gopkg.in/yaml.v3", "gopkg.in/yaml");
    }

    #[test]
    fn purls_are_escaped() {
        let check = |ecosystem: Ecosystem, name: &str, version: Option<&str>, purl: &str| {
            assert_eq!(ecosystem.purl(name, version), purl);
        };
        check(Ecosystem::Npm, "@babel/core", Some("7.0.0"), "pkg:npm/%40babel/core@7.0.0");
        check(Ecosystem::Maven, "org.a:b", Some("1"), "pkg:maven/org.a/b@1");
        check(
            Ecosystem::Go,
            "github.com/a/b/v2",
            Some("v2.0.0+incompatible"),
            "pkg:golang/github.com/a/b/v2@v2.0.0%2Bincompatible",
        );
        check(Ecosystem::PyPi, "jinja2", None, "pkg:pypi/jinja2");
        check(Ecosystem::Cargo, "a?b#c@", Some("1 2"), "pkg:cargo/a%3Fb%23c%40@1%202");
    }

    #[test]
    fn suffixes_and_strangers() {
        let check =
            |name: &str, expect: Option<Ecosystem>| assert_eq!(Ecosystem::from_osv(name), expect, "{name}");
        check("npm", Some(Ecosystem::Npm));
        check("Maven:https://repo.example", Some(Ecosystem::Maven));
        check("crates.io", Some(Ecosystem::Cargo));
        check("Debian:12", None);
        check("Echo", None);
        check("", None);
    }
}

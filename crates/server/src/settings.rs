//! What an operator can set, with safe defaults. Read once at start and handed down; nothing reads it globally.
//!
//! Invariant: every key changes something, and the ones that weaken a wall are called `dangerous_…`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use casemate_vault::RootKeySource;
use serde::Deserialize;

use crate::edge::parse_authority;

/// The settings of one server, as they stand in its configuration file (`casemate serve --config FILE`, `docs/settings.md`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The folder that holds everything: accounts, data, components, ledger.
    pub data: PathBuf,
    /// Where functions are called.
    pub listen: SocketAddr,
    /// Where the platform is administered.
    pub control: SocketAddr,
    /// Each app answers at `<app>.<domain>`.
    pub domain: String,
    /// TLS for both listeners.
    pub tls: Tls,
    /// Where the root key comes from; by default the file `root.key` in the data folder.
    pub root_key: Option<RootKey>,
    /// Serve plain HTTP on an address that is not loopback: every password and token can then be read on the way.
    pub dangerous_plain_http: bool,
    /// Let the control listener bind an address that is not loopback.
    pub dangerous_remote_control: bool,
    /// Start on a ledger that is older than this server remembers, as after restoring a backup of it alone.
    pub dangerous_accept_older_ledger: bool,
    /// Run without Landlock where the kernel has none. Without this, `serve` only warns; with `require_landlock` it refuses.
    pub require_landlock: bool,
    /// The largest ledger, in bytes; what functions cause ends at 90 % of it, requests at 95 %.
    pub ledger_max_bytes: u64,
    /// The largest component that can be uploaded, in bytes.
    pub component_max_bytes: u64,
    /// Threads that serve requests; 0 means one for each core.
    pub workers: usize,
    /// Limits of the listeners.
    pub edge: EdgeLimits,
}

/// Limits of the listeners that an operator may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeLimits {
    /// Open connections, all together.
    pub connections: usize,
    /// Open connections of one address.
    pub connections_per_address: usize,
    /// Milliseconds for a request's head to arrive.
    pub header_timeout_ms: u64,
    /// Milliseconds before a request's body must come at its pace.
    pub body_grace_ms: u64,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 1_000,
            header_timeout_ms: 10_000,
            body_grace_ms: 10_000,
        }
    }
}

/// How connections are protected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Plain HTTP: loopback only, unless `dangerous_plain_http` is set.
    #[default]
    Off,
    /// TLS 1.3 with a certificate that the server signs itself: for development.
    SelfSigned,
    /// TLS 1.3 with the operator's certificate. The files are read at start: a renewed certificate needs a restart.
    Files {
        /// The certificate chain in PEM, the server's own first.
        certificate: PathBuf,
        /// Its private key in PEM.
        key: PathBuf,
    },
}

impl Tls {
    /// The scheme of URLs.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        match self {
            Self::Off => "http",
            Self::SelfSigned | Self::Files { .. } => "https",
        }
    }
}

/// Where the root key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootKey {
    /// A file with mode 0600.
    File(PathBuf),
    /// A program and its arguments; it prints 64 hex digits.
    Command(Vec<String>),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::from("casemate-data"),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            control: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081),
            domain: "localhost".to_owned(),
            tls: Tls::Off,
            root_key: None,
            dangerous_plain_http: false,
            dangerous_remote_control: false,
            dangerous_accept_older_ledger: false,
            require_landlock: false,
            ledger_max_bytes: 64 << 30,
            component_max_bytes: 64 << 20,
            workers: 0,
            edge: EdgeLimits::default(),
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not what it should be.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// Plain HTTP beyond loopback.
    #[error(
        "`listen = \"{0}\"` without TLS would show every password on the way; set `tls.files = {{ certificate = \"…\", key = \"…\" }}` or `tls = \"self-signed\"`, or \
         `dangerous_plain_http = true` if something in front ends TLS"
    )]
    PlainHttp(SocketAddr),
    /// Control beyond loopback.
    #[error("`control = \"{0}\"` is not loopback; set `dangerous_remote_control = true` if that is meant")]
    RemoteControl(SocketAddr),
    /// A domain that is none.
    #[error("`domain = \"{0}\"` is not a host name")]
    Domain(String),
}

impl Settings {
    /// Reads settings from TOML.
    ///
    /// # Errors
    /// [`SettingsError::Syntax`], with the place.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        Ok(toml::from_str(text)?)
    }

    /// Refuses settings that would open a wall by accident.
    ///
    /// # Errors
    /// [`SettingsError`] names the key that would mend it.
    pub fn check(&self) -> Result<(), SettingsError> {
        let plain = self.tls == Tls::Off && !self.dangerous_plain_http;
        for address in [self.listen, self.control] {
            if plain && !address.ip().is_loopback() {
                return Err(SettingsError::PlainHttp(address));
            }
        }
        if !self.control.ip().is_loopback() && !self.dangerous_remote_control {
            return Err(SettingsError::RemoteControl(self.control));
        }
        let label = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        // The longest name of an app fits before it too, or that app could be deployed and never reached.
        let longest = format!("{}.{}", "a".repeat(63), self.domain);
        let host = parse_authority(longest.as_bytes()).is_ok_and(|host| host.to_string() == longest);
        if !host || !self.domain.split('.').all(label) {
            return Err(SettingsError::Domain(self.domain.clone()));
        }
        Ok(())
    }

    /// Where the root key comes from.
    #[must_use]
    pub fn root_key_source(&self) -> RootKeySource {
        match &self.root_key {
            None => RootKeySource::File(self.data.join("root.key")),
            Some(RootKey::File(path)) => RootKeySource::File(path.clone()),
            Some(RootKey::Command(command)) => RootKeySource::Command(command.clone()),
        }
    }

    /// The issuer identifier of tokens (RFC 9068 `iss`), fixed at the first start.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}://{}", self.tls.scheme(), self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_doors_must_be_asked_for_by_name() {
        let check = |text: &str, good: bool| {
            let answer = Settings::parse(text).unwrap().check();
            assert_eq!(answer.is_ok(), good, "{text}: {answer:?}");
        };
        check("", true);
        check("listen = \"0.0.0.0:80\"", false);
        check("listen = \"0.0.0.0:80\"\ndangerous_plain_http = true", true);
        check("listen = \"0.0.0.0:443\"\ntls = \"self-signed\"", true);
        check("listen = \"0.0.0.0:443\"\ntls.files = { certificate = \"a\", key = \"b\" }", true);
        check("control = \"10.0.0.1:81\"\ntls = \"self-signed\"", false);
        check("control = \"10.0.0.1:81\"\ntls = \"self-signed\"\ndangerous_remote_control = true", true);
        check("domain = \"apps.example\"", true);
        check("domain = \"apps..example\"", false);
        check("domain = \"*.example\"", false);
        check("domain = \"Apps.example\"", false);
        check("domain = \"apps.example:80\"", false);
        let domain = |label: usize, labels: usize| vec!["a".repeat(label); labels].join(".");
        check(&format!("domain = {:?}", domain(63, 2)), true);
        check(&format!("domain = {:?}", domain(64, 1)), false);
        check(&format!("domain = {:?}", domain(60, 3)), true);
        check(&format!("domain = {:?}", domain(63, 3)), false);
    }

    /// What the document shows is what the program reads, and the defaults are the ones that it names.
    #[test]
    fn the_document_shows_the_defaults() {
        let document = include_str!("../../../docs/settings.md");
        let shown = document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        assert_eq!(Settings::parse(shown).unwrap(), Settings::default());
        // The ways that stand in comments are read too.
        for line in shown.lines().filter_map(|line| line.strip_prefix("# ")) {
            assert_ne!(Settings::parse(line).unwrap(), Settings::default(), "{line}");
        }
    }

    #[test]
    fn unknown_keys_are_errors() {
        assert!(Settings::parse("lisen = \"127.0.0.1:1\"").is_err());
        assert!(Settings::parse("[edge]\nconections = 1").is_err());
    }
}

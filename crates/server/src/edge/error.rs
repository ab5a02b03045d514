//! Why a listener could not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use casemate_core::{Fault, Faulty};

/// Why a listener could not start. `setting` is the key of the address in the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Plain HTTP beyond loopback.
    #[error(
        "`{address}` is not loopback, and plain HTTP there shows every password on the way: give it TLS, or set \
         `dangerous_plain_http = true` if something in front ends TLS"
    )]
    PlainHttp {
        /// The address.
        address: SocketAddr,
    },
    /// Another program has the port.
    #[error("`{address}` is in use by another program: stop it, or choose another port with `{setting}`")]
    InUse {
        /// The address.
        address: SocketAddr,
        /// The key that changes it.
        setting: &'static str,
    },
    /// A port below 1024 without the privilege for it.
    #[error(
        "`{address}` needs a privilege: choose a port from 1024 with `{setting}`, or grant `CAP_NET_BIND_SERVICE`"
    )]
    Privileged {
        /// The address.
        address: SocketAddr,
        /// The key that changes it.
        setting: &'static str,
    },
    /// No interface has the address.
    #[error("`{address}` is no address of this machine: choose another with `{setting}`")]
    NoSuchAddress {
        /// The address.
        address: SocketAddr,
        /// The key that changes it.
        setting: &'static str,
    },
    /// Anything else that a socket can say.
    #[error("cannot listen on `{address}`")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A thread or its runtime could not start.
    #[error("cannot start a thread for connections")]
    Thread(#[source] io::Error),
}

impl ListenError {
    pub(super) fn of(address: SocketAddr, setting: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address, setting },
            io::ErrorKind::PermissionDenied if address.port() < 1024 => Self::Privileged { address, setting },
            io::ErrorKind::AddrNotAvailable => Self::NoSuchAddress { address, setting },
            _ => Self::Socket { address, source },
        }
    }
}

impl Faulty for ListenError {
    fn fault(&self) -> Fault {
        match self {
            Self::Thread(_) => Fault::Unavailable,
            _ => Fault::Caller,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::PlainHttp { .. } => Some("dangerous_plain_http = true".to_owned()),
            Self::InUse { address, setting }
            | Self::Privileged { address, setting }
            | Self::NoSuchAddress { address, setting } => {
                let ip = address.ip();
                let ip = if matches!(self, Self::NoSuchAddress { .. }) { [127, 0, 0, 1].into() } else { ip };
                Some(format!("{setting} = \"{}\"", SocketAddr::new(ip, 18_080)))
            }
            Self::Socket { .. } | Self::Thread(_) => None,
        }
    }
}

/// Why a TLS configuration could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate or its key does not fit.
    #[error("the TLS certificate cannot be used: {0}")]
    Rustls(#[from] rustls::Error),
    /// A file cannot be read as what it should hold.
    #[error("`{}` (`tls.files.{key}`) cannot be read: {why}", path.display())]
    File {
        /// The setting.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The key's file can be read by everyone.
    #[error("everyone can read the TLS key `{}`: chmod 600 {}", .0.display(), .0.display())]
    KeyIsOpen(PathBuf),
}

impl Faulty for TlsError {
    fn fault(&self) -> Fault {
        match self {
            Self::Rustls(_) | Self::File { .. } | Self::KeyIsOpen(_) => Fault::Caller,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_and_how_to_mend_it() {
        let address: SocketAddr = "192.0.2.1:80".parse().unwrap();
        for (kind, message, help) in [
            (io::ErrorKind::AddrInUse, "in use", "control = \"192.0.2.1:18080\""),
            (io::ErrorKind::PermissionDenied, "needs a privilege", "control = \"192.0.2.1:18080\""),
            (io::ErrorKind::AddrNotAvailable, "no address of this machine", "control = \"127.0.0.1:18080\""),
        ] {
            let error = ListenError::of(address, "control", kind.into());
            assert!(error.to_string().contains(message), "{error}");
            assert!(
                error.to_string().contains("`192.0.2.1:80`") && error.to_string().contains("`control`"),
                "{error}"
            );
            assert_eq!(error.help().as_deref(), Some(help));
        }
        let error = ListenError::PlainHttp { address };
        assert!(error.to_string().contains("dangerous_plain_http"));
    }
}

//! What a vulnerable package has to do with a function: whether the function's code imports it, itself or through others.
//!
//! Invariant: a hint, never a verdict: code that is not read may import anything. Not here: reading code (`code`).

use std::collections::BTreeSet;

use crate::packages::{Ecosystem, Lock, reached};

/// Python packages whose modules are not named like them: module, package.
const MODULES: [(&str, &str); 33] = [
    ("attr", "attrs"),
    ("bs4", "beautifulsoup4"),
    ("Crypto", "pycryptodome"),
    ("Cryptodome", "pycryptodomex"),
    ("cv2", "opencv-python"),
    ("dateutil", "python-dateutil"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("fitz", "pymupdf"),
    ("flask_cors", "flask-cors"),
    ("git", "gitpython"),
    ("google", "protobuf"),
    ("jose", "python-jose"),
    ("jwt", "pyjwt"),
    ("ldap", "python-ldap"),
    ("Levenshtein", "levenshtein"),
    ("magic", "python-magic"),
    ("MySQLdb", "mysqlclient"),
    ("nacl", "pynacl"),
    ("OpenSSL", "pyopenssl"),
    ("PIL", "pillow"),
    ("pkg_resources", "setuptools"),
    ("psycopg2", "psycopg2-binary"),
    ("pymysql", "pymysql"),
    ("rest_framework", "djangorestframework"),
    ("ruamel", "ruamel-yaml"),
    ("saml2", "pysaml2"),
    ("serial", "pyserial"),
    ("skimage", "scikit-image"),
    ("sklearn", "scikit-learn"),
    ("usb", "pyusb"),
    ("yaml", "pyyaml"),
    ("zmq", "pyzmq"),
];

/// Which packages of a lock file code reaches that imports these packages (JavaScript) or top modules (Python): those, and whatever
/// they need. `None` for ecosystems whose imports are not read, and where the lock file does not say who needs whom and the package
/// itself is not imported.
#[must_use]
pub fn imported(lock: &Lock, imports: &BTreeSet<String>) -> Vec<Option<bool>> {
    let mut names = BTreeSet::new();
    for import in imports {
        names.insert(import.clone());
        names.insert(Ecosystem::PyPi.normalise(import));
        names.extend(
            MODULES.iter().filter(|(module, _)| module == import).map(|(_, name)| (*name).to_owned()),
        );
    }
    let roots: Vec<usize> = lock
        .packages
        .iter()
        .enumerate()
        .filter(|(_, package)| names.contains(&package.name))
        .map(|(at, _)| at)
        .collect();
    let linked = lock.packages.iter().any(|package| !package.needs.is_empty());
    let told = |(package, reached): (&crate::packages::Package, bool)| match package.ecosystem {
        Ecosystem::Npm | Ecosystem::PyPi if reached => Some(true),
        Ecosystem::Npm | Ecosystem::PyPi if linked => Some(false),
        _ => None,
    };
    lock.packages.iter().zip(reached(&lock.packages, &roots)).map(told).collect()
}

//! What components may ask for: the table of every interface that is linked, and a look at what a component asks.
//!
//! Invariant: the linker is made from this table and from nothing else, so that no interface is linked that does not stand
//! here. A function of an interface is either an *effect*, and then ends in [`crate::host_call`], or *ambient*. There
//! are no sockets here on purpose.

use std::fmt;

use casemate_core::Action;
use wasmparser::{Encoding, Parser, Payload};
use wasmtime::component::Linker;

use crate::InspectError;
use crate::guest::Guest;

mod table;

pub(crate) use table::OFFERED;

/// An interface that is linked.
pub(crate) struct Offered {
    /// Its name, without the version.
    pub(crate) name: &'static str,
    /// The version that is linked. Releases take every patch of their minor version; drafts must match exactly.
    pub(crate) version: &'static str,
    /// The functions that have an effect, and the action that decides on each.
    pub(crate) effects: &'static [(&'static str, Action)],
    /// Links it.
    pub(crate) link: fn(&mut Linker<Guest>) -> wasmtime::Result<()>,
}

impl Offered {
    /// Whether components of this WASI can be given it: those of 0.3 may import interfaces of 0.2 too.
    pub(crate) fn is_for(&self, wasi: Wasi) -> bool {
        wasi == Wasi::P3 || !self.version.starts_with("0.3.")
    }

    fn takes(&self, name: &str, version: &str) -> bool {
        self.name == name
            && (self.version == version || track(self.version).is_some_and(|own| track(version) == Some(own)))
    }
}

/// Major and minor of a release; nothing for a draft.
fn track(version: &str) -> Option<(&str, &str)> {
    if version.contains('-') {
        return None;
    }
    let mut parts = version.splitn(3, '.');
    Some((parts.next()?, parts.next()?))
}

/// The names of everything that is offered, with versions.
pub(crate) fn offered_names() -> Vec<String> {
    OFFERED.iter().map(|row| format!("{}@{}", row.name, row.version)).collect()
}

/// Which WASI a component speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wasi {
    /// `wasi:http/incoming-handler@0.2.x`
    P2,
    /// `wasi:http/handler@0.3.0`
    P3,
}

impl Wasi {
    /// Both, in order.
    pub(crate) const ALL: [Self; 2] = [Self::P2, Self::P3];

    /// The first byte of an image.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::P2 => 2,
            Self::P3 => 3,
        }
    }
}

impl fmt::Display for Wasi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P2 => "0.2",
            Self::P3 => "0.3",
        })
    }
}

/// What a component asks for and offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Which WASI it speaks.
    pub wasi: Wasi,
    /// The interfaces that it imports, with versions, in its own order.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// The actions that its imports could ask for: more than these it cannot use, whatever it was granted.
    pub actions: Vec<Action>,
}

/// Looks at a component without compiling it.
///
/// # Errors
/// [`InspectError`] when it is no component, asks for something that nobody offers, or answers no requests.
pub fn inspect(component: &[u8]) -> Result<Inspected, InspectError> {
    let (imports, exports) = names(component)?;
    let mut actions = Vec::new();
    let mut unknown = Vec::new();
    for import in &imports {
        let (name, version) = import.split_once('@').unwrap_or((import, ""));
        match OFFERED.iter().find(|row| row.takes(name, version)) {
            Some(row) => actions.extend(row.effects.iter().map(|(_, action)| *action)),
            None => unknown.push(import.clone()),
        }
    }
    if !unknown.is_empty() {
        return Err(InspectError::Imports(unknown));
    }
    actions.sort_unstable();
    actions.dedup();
    let wasi = wasi_of(exports.iter().map(String::as_str)).ok_or(InspectError::NoHandler)?;
    Ok(Inspected { wasi, imports, exports, actions })
}

/// Which WASI a list of exports speaks. Where a component offers both, the newer one is used.
pub(crate) fn wasi_of<'a>(exports: impl Iterator<Item = &'a str> + Clone) -> Option<Wasi> {
    let has = |prefix: &str| exports.clone().any(|name| name.starts_with(prefix));
    if has("wasi:http/handler@0.3.") {
        Some(Wasi::P3)
    } else if has("wasi:http/incoming-handler@0.2.") {
        Some(Wasi::P2)
    } else {
        None
    }
}

/// The names that the outermost component imports and exports.
fn names(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), InspectError> {
    let invalid = |error: wasmparser::BinaryReaderError| InspectError::NotWasm(error.message().to_owned());
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    let mut seen = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(InspectError::CoreModule);
            }
            Payload::Version { .. } => seen = true,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth = depth.saturating_add(1)
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(full(import.map_err(invalid)?.name));
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(full(export.map_err(invalid)?.name));
                }
            }
            _ => {}
        }
    }
    if seen { Ok((imports, exports)) } else { Err(InspectError::NotWasm("it is empty".to_owned())) }
}

fn full(name: wasmparser::ComponentExternName<'_>) -> String {
    format!("{}{}", name.name, name.version_suffix.unwrap_or_default())
}

#[cfg(test)]
mod tests;

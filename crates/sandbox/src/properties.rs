//! What holds for every component that somebody uploads.
//!
//! Owns: the property of [`inspect`]. `fuzz/` looks for bytes that break it, the tests here replay its seeds. Invariant: a property
//! panics when it does not hold, and says whether the bytes were taken. Not here: what compiling makes of them (`tests/compile.rs`).

use std::sync::LazyLock;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine::compiling;
use crate::inspect::{OFFERED, Wasi, inspect};

/// What is tried with the compiler too: more takes too long.
const COMPILED_MAX: usize = 2048;

static ENGINE: LazyLock<Option<Engine>> = LazyLock::new(|| compiling(Wasi::P3).ok());

/// A component that is taken imports only what is offered and answers requests; wasmtime, if it takes the component at all, sees no
/// import that was not seen here, and the same handler.
pub fn component(bytes: &[u8]) -> bool {
    let Ok(seen) = inspect(bytes) else { return false };
    for import in &seen.imports {
        let (name, _) = import.split_once('@').unwrap_or((import, ""));
        let row = OFFERED.iter().find(|row| row.name == name);
        let effects = row.map(|row| row.effects.iter().all(|(_, action)| seen.actions.contains(action)));
        assert_eq!(effects, Some(true), "`{import}` of {:?}", seen.actions);
        assert!(!name.contains("sockets"), "`{import}`");
    }
    let handler = match seen.wasi {
        Wasi::P2 => "wasi:http/incoming-handler@0.2.",
        Wasi::P3 => "wasi:http/handler@0.3.",
    };
    assert!(seen.exports.iter().any(|export| export.starts_with(handler)), "{:?}", seen.exports);
    if let Some(engine) = ENGINE.as_ref().filter(|_| bytes.len() <= COMPILED_MAX)
        && let Ok(component) = Component::new(engine, bytes)
    {
        for (name, _) in component.component_type().imports(engine) {
            assert!(
                seen.imports.iter().any(|import| import == name),
                "`{name}` is not in {:?}",
                seen.imports
            );
        }
        for (name, _) in component.component_type().exports(engine) {
            assert!(
                seen.exports.iter().any(|export| export == name),
                "`{name}` is not in {:?}",
                seen.exports
            );
        }
    }
    true
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn seeds() {
        replay("component", super::component);
    }
}

//! How much of an app's policies is compared.
//!
//! Invariant: what is left out is unknown, with its reason. Not here: comparing (`iam::pattern`, `iam::wildcard`).

use crate::graph::App;
use crate::known::Known;

/// How many patterns of one app may leave the service open: each is compared with every action that there is.
const MAX_OPEN_PATTERNS: usize = 50;
/// The longest action is shorter by far.
const MAX_ACTION: usize = 200;

/// Leaves patterns of actions open that no policy of the provider could hold, before anything is compared with them.
pub fn bound_patterns(app: &mut App) {
    let mut open = 0;
    let statements = app.roles.iter_mut().flat_map(|role| {
        let bounds = role.boundary.as_mut().map(|boundary| &mut boundary.statements);
        let bounds = bounds.into_iter().flat_map(|known| match known {
            Known::Value(statements) => statements.as_mut_slice(),
            Known::Unknown(_) => &mut [],
        });
        role.statements.iter_mut().chain(bounds)
    });
    for action in statements.flat_map(|statement| &mut statement.actions) {
        let Known::Value(pattern) = &action.value else { continue };
        let service = pattern.split(':').next().unwrap_or_default();
        let is_open = pattern.len() > 3 && service.contains(['*', '?']);
        open += usize::from(is_open);
        let why = match () {
            () if pattern.len() > MAX_ACTION => "it is longer than any action",
            () if is_open && open > MAX_OPEN_PATTERNS => {
                "the app has more patterns of services than are followed"
            }
            () => continue,
        };
        action.value = Known::Unknown(why.to_owned());
    }
}

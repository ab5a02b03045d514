//! File descriptors: as many as the system gives, and no more connections than leave the other rooms theirs.
//!
//! Invariant: connections can never take the descriptors that the ledger and the database need. Not here: what happens when they run
//! out all the same (`audit` refuses until it can write again).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::settings::EdgeLimits;

/// Descriptors that stay for files, egress, timers and the compile child.
const RESERVE: u64 = 512;

/// Raises the soft limit to the hard one; says how many descriptors there are.
pub(crate) fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if let Some(hard) = limit.maximum
        && limit.current.is_none_or(|soft| soft < hard)
    {
        // Without the higher limit, fewer connections are taken.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(hard), maximum: Some(hard) });
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Fits the connections of two listeners into the descriptors; a warning says if they were lowered.
pub(crate) fn fit(edge: &mut EdgeLimits, descriptors: u64) -> Option<String> {
    let reserve = RESERVE.min(descriptors / 2);
    let most = usize::try_from((descriptors - reserve) / 2).unwrap_or(usize::MAX).max(1);
    if edge.connections <= most {
        return None;
    }
    let wanted = edge.connections;
    edge.connections = most;
    // One address must not take every place.
    edge.connections_per_address = edge.connections_per_address.min((most / 2).max(1));
    Some(format!(
        "the process may open {descriptors} files, which is enough for {most} connections on each listener and not for \
         {wanted}: raise the limit (`ulimit -n {}`), or lower `edge.connections`",
        (wanted as u64).saturating_mul(2).saturating_add(RESERVE)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        let check = |descriptors: u64, connections: usize, expect: (usize, usize)| {
            let mut edge = EdgeLimits { connections, ..EdgeLimits::default() };
            let warned = fit(&mut edge, descriptors).is_some();
            assert_eq!((edge.connections, edge.connections_per_address), expect, "{descriptors}");
            assert_eq!(warned, edge.connections < connections, "{descriptors}");
        };
        check(1 << 20, 10_000, (10_000, 1_000));
        check(20_512, 10_000, (10_000, 1_000));
        check(4_096, 10_000, (1_792, 896));
        check(1_024, 10_000, (256, 128));
        check(64, 10_000, (16, 8));
        check(1_024, 100, (100, 1_000));
    }
}

//! Work on many things at once.
//!
//! Invariants: results come in the order of the things; no thread outlives the call. Not here: what is done.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

/// Below this many things, starting threads costs more than it saves.
const FEW: usize = 8;
/// More threads than this fight over memory.
const MOST_THREADS: usize = 8;
/// Syntax trees are walked by recursion of bounded depth: as much stack as the first thread has.
const STACK_BYTES: usize = 8 << 20;

/// Does the same with all things, on as many threads as there are processors.
pub(crate) fn map<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    if things.len() < FEW || processors < 2 {
        return things.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(things.len()));
    let run = || {
        let mut own = Vec::new();
        while let Some((at, thing)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            things.get(at).map(|thing| (at, thing))
        } {
            own.push((at, work(thing)));
        }
        done.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
    };
    std::thread::scope(|scope| {
        for _ in 1..processors {
            // Without another thread, this one does it all.
            let _ = Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_keep_the_order() {
        let check = |count: usize| {
            let things: Vec<usize> = (0..count).collect();
            let wanted: Vec<usize> = (0..count).map(|thing| thing * 2).collect();
            assert_eq!(map(&things, |thing| thing * 2), wanted);
        };
        check(0);
        check(3);
        check(1_000);
    }
}

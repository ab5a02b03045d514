//! Work on many things at once.
//!
//! Invariants: results come in the order of the things; no thread outlives the call. Not here: what is done.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

/// Below this many things, starting threads costs more than it saves.
const FEW: usize = 8;
/// More threads than this fight over memory.
const MOST_THREADS: usize = 8;
/// Syntax trees are walked by recursion of bounded depth: as much stack as the first thread has.
const STACK_BYTES: usize = 8 << 20;

thread_local! {
    /// Whether this thread works for [`map`]: then no processor is free.
    static IS_SHARED: Cell<bool> = const { Cell::new(false) };
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

/// Does two things, the first one on a processor of its own where one is free.
pub(crate) fn both<A: Send, B>(aside: impl Fn() -> A + Sync, here: impl FnOnce() -> B) -> (A, B) {
    if IS_SHARED.get() || processors() < 2 {
        return (aside(), here());
    }
    std::thread::scope(|scope| {
        let started = Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, &aside);
        let here = here();
        let aside = match started.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => resume_unwind(panic),
            // Without another thread, this one does it all.
            Err(_) => aside(),
        };
        (aside, here)
    })
}

/// Does the same with all things, on as many threads as there are processors.
pub(crate) fn map<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = processors();
    if things.len() < FEW || processors < 2 || IS_SHARED.get() {
        return things.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(things.len()));
    let run = || {
        IS_SHARED.set(true);
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
        IS_SHARED.set(false);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::{IS_SHARED, both, map};

    #[test]
    fn two_things_are_done_beside_each_other_unless_no_processor_is_free() {
        let own = std::thread::current().id();
        let id = || std::thread::current().id();
        let (aside, here) = both(id, || (id(), 2));
        assert_eq!(here, (own, 2));
        let others = super::processors() > 1;
        assert_eq!(aside != own, others);
        let within = map(&[0; 100], |_| (both(id, id), id()));
        assert!(within.iter().all(|((aside, here), outer)| aside == outer && here == outer));
        assert!(!IS_SHARED.get());
    }

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

//! Putting acknowledged leaves on disk, many with one `fdatasync`.
//!
//! Invariant: a leaf counts as durable only after every segment that holds it or a leaf before it was synced, and its name
//! too. A sync that fails breaks the ledger for good: the kernel forgets the error and the pages with it (Rebello et al.,
//! "Can Applications Recover from fsync Failures?", ATC 2020).

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

use casemate_storage::StorageError;

use crate::shared::{Call, Shared};
use crate::tail::TAIL;

impl Shared {
    /// Syncs everything that was appended before this call, and tells the waiters.
    pub(crate) fn sync_now(&self) -> Result<(), StorageError> {
        // One at a time: two at once could each sync one segment and publish both.
        let _syncing = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tail = self.tail();
        let next = tail.next;
        if next == self.durable.load(Ordering::Acquire) && tail.unsynced.is_empty() {
            return Ok(());
        }
        let mut segments = std::mem::take(&mut tail.unsynced);
        segments.push(Arc::clone(&tail.segment));
        let names = std::mem::take(&mut tail.names_unsynced);
        drop(tail);
        let synced = segments
            .iter()
            .try_for_each(|segment| segment.sync())
            .and_then(|()| if names { self.files.sync_names(TAIL) } else { Ok(()) });
        if let Err(error) = &synced {
            self.break_down(&error.to_string());
            return synced;
        }
        self.durable.store(next, Ordering::Release);
        self.progress.send_modify(|progress| progress.durable = next);
        Ok(())
    }
}

/// The sync thread: at once for durable leaves, within `sync_every` for the others.
pub(crate) fn run(shared: &Shared) {
    shared.sync_call.answer();
    let mut since: Option<Instant> = None;
    loop {
        let closing = shared.closing.load(Ordering::Acquire);
        match shared.sync_call.level() {
            0 if closing => break,
            0 => {
                since = None;
                thread::park();
                continue;
            }
            Call::SOON if !closing => {
                let waited = since.get_or_insert_with(Instant::now).elapsed();
                if let Some(rest) =
                    shared.settings.sync_every.checked_sub(waited).filter(|rest| !rest.is_zero())
                {
                    thread::park_timeout(rest);
                    continue;
                }
            }
            _ => {}
        }
        since = None;
        // Cleared before the tail is looked at, so that a leaf appended after the look raises it again.
        shared.sync_call.clear();
        if shared.sync_now().is_err() {
            break;
        }
    }
}

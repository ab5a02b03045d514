//! The database: one writer thread that groups transactions, and a pool of readers.
//!
//! Invariant: [`Database::write`] resolves with `Ok` only after the write, and every one before it, is synced to disk (WAL,
//! `synchronous=FULL`); a job that fails undoes itself alone; a commit that fails undoes its whole group and says so to
//! each. Not here: tables (`migrations`), and what they mean (each store's own file).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::error::StorageError;
use crate::folder::Folder;

/// Jobs that one transaction takes at most: bounds how long a reader's snapshot and the WAL can grow by one commit.
const GROUP_MAX: usize = 512;
/// Jobs that wait; the next caller waits to enqueue.
const QUEUE: usize = 4096;
/// Idle readers that are kept. A read that finds none idle opens its own.
const IDLE_READERS: usize = 32;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The open database. Dropping the last owner finishes the queued writes, closes the file, then gives up the folder.
pub(crate) struct Database {
    path: PathBuf,
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    writer: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Connection>>,
    // Last: the folder's lock outlives the writer.
    _folder: Arc<Folder>,
}

impl Database {
    /// Opens the one connection that may write. `path` must exist (with mode 0600, which SQLite copies to the WAL).
    pub(crate) fn open_writer(path: &Path) -> Result<Connection, StorageError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        prepare(&connection)?;
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            // Over a network, for one: readers would then block the writer, and locks cannot be trusted.
            let why = "its file system cannot hold SQLite's write-ahead log; use a local disk".to_owned();
            return Err(StorageError::ReadOnly(why));
        }
        // Deleted and replaced content is overwritten with zeros, also inside pages that stay in use.
        connection.pragma_update_and_check(None, "secure_delete", "ON", |row| row.get::<_, i64>(0))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", "ON")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection
            .pragma_update_and_check(None, "journal_size_limit", 64 << 20, |row| row.get::<_, i64>(0))?;
        Ok(connection)
    }

    /// Starts the writer thread.
    pub(crate) fn start(
        writer: Connection,
        path: &Path,
        folder: Arc<Folder>,
    ) -> Result<Arc<Self>, StorageError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("storage-writer".to_owned())
            .spawn(move || write_groups(writer, queue))
            .map_err(|error| StorageError::file("served by a thread", path, error))?;
        Ok(Arc::new(Self {
            path: path.to_owned(),
            jobs: Some(jobs),
            writer: Some(thread),
            readers: Mutex::new(Vec::new()),
            _folder: folder,
        }))
    }

    /// Runs `work` in the writer's transaction and resolves after its commit is on disk. Several callers share one
    /// transaction, each in a savepoint of its own. `work` runs even when the caller stops waiting.
    ///
    /// # Errors
    /// What `work` returned (then it is undone), or why the commit failed (then nothing of the group remains).
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.transact(work).await
    }

    /// As [`Self::write`], for work that fails with an error of its own.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) async fn transact<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { work: Some(work), result: None, reply });
        let jobs = self.jobs.as_ref().ok_or(StorageError::Closed)?;
        jobs.send(job).await.map_err(|_| StorageError::Closed)?;
        answer.await.unwrap_or_else(|_| Err(StorageError::Closed.into()))
    }

    /// Runs `work` on a reader, on the caller's thread (microseconds). Every acknowledged write is visible. Statements
    /// see one state each; use [`Self::snapshot`] for several that must agree.
    ///
    /// # Errors
    /// What `work` returned, or why no reader could be opened.
    pub(crate) fn read<T, E: From<StorageError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => self.open_reader()?,
        };
        let result = work(&reader);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < IDLE_READERS && reader.is_autocommit() {
            readers.push(reader);
        }
        result
    }

    /// As [`Self::read`], and all statements of `work` see the same state.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn snapshot<T, E: From<StorageError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.read(|reader| {
            let snapshot = reader.unchecked_transaction().map_err(StorageError::from)?;
            work(&snapshot)
        })
    }

    fn open_reader(&self) -> Result<Connection, StorageError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        prepare(&connection)?;
        Ok(connection)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.readers.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
        {
            // A writer that panicked has already failed its callers.
            let _ = writer.join();
        }
    }
}

/// Settings of every connection. The file may have been edited: its schema is not trusted to call functions, and cells
/// are checked before use.
fn prepare(connection: &Connection) -> Result<(), StorageError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // WHY: without it (and with STAT4, which the bundled SQLite has) every new bound value compiles a cached statement anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// One waiting write.
trait Job: Send {
    /// Does the work; `false` when it failed and must be undone.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;
    /// Tells the caller, once the group is on disk or lost.
    fn finish(self: Box<Self>, group: &Result<(), StorageError>);
}

struct Write<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Write<F, T, E>
where
    F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StorageError> + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        // A panic in one job must not take the writer, and with it every store, down. The savepoint undoes what the
        // job did, so nothing half-done is seen.
        let result = catch_unwind(AssertUnwindSafe(|| work(transaction)))
            .unwrap_or_else(|_| Err(StorageError::Abandoned.into()));
        let kept = result.is_ok();
        self.result = Some(result);
        kept
    }

    fn finish(self: Box<Self>, group: &Result<(), StorageError>) {
        let result = match (self.result, group) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(lost)) => Err(lost.clone().into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StorageError::Closed.into()),
        };
        // A caller that stopped waiting does not need the answer.
        let _ = self.reply.send(result);
    }
}

fn write_groups(mut connection: Connection, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut group: Vec<Box<dyn Job>> = Vec::new();
    // While one group waits for the disk, the next one gathers in the queue: no timer is needed.
    while queue.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
        let outcome = write_group(&mut connection, &mut group);
        if let Err(error) = &outcome {
            tracing::error!(%error, writes = group.len(), "a group of writes was lost");
        }
        for job in group.drain(..) {
            job.finish(&outcome);
        }
    }
}

fn write_group(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<(), StorageError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in group {
        transaction.prepare_cached("SAVEPOINT job")?.execute([])?;
        if !job.run(&transaction) {
            if transaction.is_autocommit() {
                // SQLite undid the whole transaction by itself (disk full, disk error).
                return Err(StorageError::Undone);
            }
            transaction.prepare_cached("ROLLBACK TO job")?.execute([])?;
        }
        transaction.prepare_cached("RELEASE job")?.execute([])?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests;

//! Groups, failures within a group, a full disk, readers beside the writer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as blocking;

use casemate_core::Faulty;
use tempfile::TempDir;

use super::*;
use crate::folder::private_file;

fn database(folder: &TempDir) -> Arc<Database> {
    // A folder within: the temporary one may be open to others.
    let folder = Arc::new(Folder::open(&folder.path().join("data")).unwrap());
    let path = folder.at("test.db");
    private_file().create(true).truncate(false).open(&path).unwrap();
    let writer = Database::open_writer(&path).unwrap();
    writer.execute_batch("CREATE TABLE IF NOT EXISTS t (name TEXT PRIMARY KEY, filler BLOB)").unwrap();
    Database::start(writer, &path, folder).unwrap()
}

fn insert(transaction: &Transaction<'_>, name: &str) -> Result<(), StorageError> {
    transaction.execute("INSERT INTO t (name) VALUES (?1)", [name])?;
    Ok(())
}

fn names(database: &Database) -> Vec<String> {
    database
        .read(|reader| {
            let mut statement = reader.prepare_cached("SELECT name FROM t ORDER BY name")?;
            let names = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok::<_, StorageError>(names)
        })
        .unwrap()
}

/// Holds the writer inside one job, so that what is queued meanwhile lands in one transaction.
async fn close_gate(
    database: &Arc<Database>,
) -> (blocking::Sender<()>, tokio::task::JoinHandle<Result<(), StorageError>>) {
    let (open, gate) = blocking::channel();
    let (entered, inside) = oneshot::channel();
    let database = Arc::clone(database);
    let first = tokio::spawn(async move {
        database
            .write(move |transaction| {
                entered.send(()).map_err(|()| StorageError::Closed)?;
                gate.recv().map_err(|_| StorageError::Closed)?;
                insert(transaction, "gate")
            })
            .await
    });
    inside.await.unwrap();
    (open, first)
}

#[tokio::test]
async fn in_one_group_a_failing_job_undoes_itself_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let (gate, first) = close_gate(&database).await;
    let mut jobs = tokio::task::JoinSet::new();
    for number in 0..256_u32 {
        let database = Arc::clone(&database);
        jobs.spawn(async move {
            let result = database
                .write(move |transaction| {
                    insert(transaction, &format!("{number:03}"))?;
                    match number % 8 {
                        // Fails by a constraint, by its own error, and by a panic, each after it has written.
                        1 => insert(transaction, &format!("{number:03}")),
                        2 => Err(StorageError::Tampered("test")),
                        3 => panic!("on purpose"),
                        _ => Ok(()),
                    }
                })
                .await;
            (number, result)
        });
    }
    // Every job is in the queue before the gate opens, so one transaction holds them all.
    while database.jobs.as_ref().unwrap().max_capacity() - database.jobs.as_ref().unwrap().capacity() < 256 {
        tokio::task::yield_now().await;
    }
    gate.send(()).unwrap();
    first.await.unwrap().unwrap();
    let mut expected = vec!["gate".to_owned()];
    for (number, result) in jobs.join_all().await {
        match number % 8 {
            1 => assert!(matches!(result, Err(StorageError::Statement(_))), "{result:?}"),
            2 => assert!(matches!(result, Err(StorageError::Tampered("test"))), "{result:?}"),
            3 => assert!(matches!(result, Err(StorageError::Abandoned)), "{result:?}"),
            _ => {
                result.unwrap();
                expected.push(format!("{number:03}"));
            }
        }
    }
    expected.sort();
    assert_eq!(names(&database), expected);
    drop(database);
    // What was acknowledged is in the file, not only in the process.
    assert_eq!(names(&self::database(&folder)), expected);
}

#[tokio::test]
async fn a_full_disk_is_said_and_leaves_nothing_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let limit = |pages: i64| {
        database.write(move |transaction| {
            // The pragma is how SQLite itself tests a full disk: it fails as a full disk does.
            transaction.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
            Ok(())
        })
    };
    limit(20).await.unwrap();
    let fill = |name: &'static str| {
        database.write(move |transaction| {
            insert(transaction, name)?;
            transaction.execute("INSERT INTO t VALUES (?1 || ' big', zeroblob(1000000))", [name])?;
            Ok(())
        })
    };
    let error = fill("a").await.unwrap_err();
    assert!(matches!(error, StorageError::Full | StorageError::Undone), "{error:?}");
    assert_eq!(error.fault(), casemate_core::Fault::Unavailable);
    assert_eq!(names(&database), Vec::<String>::new());
    limit(1 << 30).await.unwrap();
    fill("b").await.unwrap();
    assert_eq!(names(&database), ["b", "b big"]);
}

#[tokio::test]
async fn a_write_whose_caller_left_is_still_done() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let (gate, first) = close_gate(&database).await;
    {
        let mut left = std::pin::pin!(database.write(|transaction| insert(transaction, "left")));
        // Polled once: handed over, then dropped.
        assert!(futures_poll(left.as_mut()).await.is_none());
    }
    gate.send(()).unwrap();
    first.await.unwrap().unwrap();
    database.write(|transaction| insert(transaction, "next")).await.unwrap();
    assert_eq!(names(&database), ["gate", "left", "next"]);
}

async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn readers_see_what_was_acknowledged_and_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    for number in 0..50 {
        let name = format!("{number:02}");
        let written = name.clone();
        database.write(move |transaction| insert(transaction, &written)).await.unwrap();
        assert!(names(&database).contains(&name));
    }
    let error =
        database.read(|reader| Ok::<_, StorageError>(reader.execute("DELETE FROM t", [])?)).unwrap_err();
    assert!(matches!(error, StorageError::ReadOnly(_)), "{error:?}");
}

#[tokio::test]
async fn a_snapshot_sees_one_state() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let count =
        |reader: &Connection| reader.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
    let writing = Arc::clone(&database);
    let both = tokio::task::spawn_blocking({
        let database = Arc::clone(&database);
        move || {
            database.snapshot(|reader| {
                let before = count(reader)?;
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(writing.write(|transaction| insert(transaction, "new")))?;
                Ok::<_, StorageError>((before, count(reader)?))
            })
        }
    });
    assert_eq!(both.await.unwrap().unwrap(), (0, 0));
    assert_eq!(names(&database), ["new"]);
}

#[tokio::test]
async fn readers_from_many_threads_do_not_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let inside = Arc::new((AtomicUsize::new(0), std::sync::Barrier::new(8)));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (database, inside) = (Arc::clone(&database), Arc::clone(&inside));
            std::thread::spawn(move || {
                database.read(|_| {
                    // Passes only when all eight are inside at once.
                    inside.1.wait();
                    inside.0.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, StorageError>(())
                })
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
    assert_eq!(inside.0.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn the_writer_syncs_every_commit_and_wipes_what_it_deletes() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    for (pragma, expect) in
        [("synchronous", 2), ("secure_delete", 1), ("cell_size_check", 1), ("temp_store", 2)]
    {
        let found: i64 = database
            .write(move |transaction| Ok(transaction.pragma_query_value(None, pragma, |row| row.get(0))?))
            .await
            .unwrap();
        assert_eq!(found, expect, "{pragma}");
    }
}

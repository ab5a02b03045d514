//! `kill -9` while writing: every acknowledged write is there afterwards.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use casemate_vault::{RootKeySource, Vault};

use super::*;
use crate::Storage;
use crate::testing::clock;

const DATA: &str = "CASEMATE_TEST_CRASH_DATA";
const KEY: &str = "CASEMATE_TEST_CRASH_KEY";
const WRITERS: u32 = 16;

fn value(writer: u32, number: u32) -> Vec<u8> {
    format!("{writer} {number} ").repeat(20).into_bytes()
}

/// The child: writes until it is killed, and says what was acknowledged.
async fn write_for_ever(data: PathBuf, key: PathBuf, first: u32) {
    let mut house = House::closed();
    let vault = Arc::new(Vault::open(&RootKeySource::File(key), false).unwrap());
    house.handles = Some(Storage::open(&data, vault, clock()).unwrap());
    let house = Arc::new(house);
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let house = Arc::clone(&house);
        writers.spawn(async move {
            for number in first.. {
                let name = format!("{writer} {number}");
                let permit = house.kv::<KvSet>(user(1), "shop/cart", &[&name]);
                house.guest().set(permit, vec![value(writer, number)]).await.unwrap();
                writeln!(std::io::stdout(), "acknowledged {name}").unwrap();
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test]
async fn kill_nine_loses_nothing_acknowledged() {
    if let (Ok(data), Ok(key)) = (std::env::var(DATA), std::env::var(KEY)) {
        let first = std::env::var("CASEMATE_TEST_CRASH_FIRST").unwrap().parse().unwrap();
        return write_for_ever(data.into(), key.into(), first).await;
    }
    let mut house = House::new().await;
    let mut acknowledged = Vec::new();
    for (round, kill_after) in [1_usize, 60, 333, 800].into_iter().enumerate() {
        house.handles = None;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kv::tests::crash::kill_nine_loses_nothing_acknowledged", "--nocapture"])
            .env(DATA, house.data.path())
            .env(KEY, house.key_file())
            .env("CASEMATE_TEST_CRASH_FIRST", (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut before = acknowledged.len();
        for line in lines.by_ref().map_while(Result::ok) {
            let Some((_, name)) = line.split_once("acknowledged ") else { continue };
            acknowledged.push(name.to_owned());
            if acknowledged.len() - before == kill_after {
                child.kill().unwrap();
                before = usize::MAX / 2;
                break;
            }
        }
        assert_eq!(before, usize::MAX / 2, "the child ended by itself");
        // What it said before it died is in the pipe. A last line may be cut short: no number then proves an end.
        let rest: Vec<_> = lines.map_while(Result::ok).collect();
        let whole = rest.len().saturating_sub(1);
        acknowledged.extend(
            rest[..whole].iter().filter_map(|line| Some(line.split_once("acknowledged ")?.1.to_owned())),
        );
        child.wait().unwrap();

        house.reopen();
        for name in &acknowledged {
            let (writer, number) = name.split_once(' ').unwrap();
            let expect = value(writer.parse().unwrap(), number.parse().unwrap());
            let found = house.guest().get(house.kv(user(1), "shop/cart", &[name]), u64::MAX).unwrap();
            assert_eq!(found, [Some(expect)], "round {round}: {name} was acknowledged and is lost");
        }
    }
    assert!(acknowledged.len() >= 1_194);
}

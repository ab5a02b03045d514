//! Many callers at once: nobody's leaf is lost, doubled or out of order, on any runtime.

use std::collections::BTreeSet;
use std::sync::Arc;

use casemate_core::{Durable, LedgerClass, Recorder, Seq};

use crate::home::{Home, event, request, small};

#[test]
fn tasks_on_two_runtimes_append_durably_without_gaps() {
    const TASKS: u64 = 256;
    const EACH: u64 = 8;
    let home = Home::new();
    let ledger = home.open(small());
    let first = ledger.head().0;
    let halves: Vec<_> = (0..2)
        .map(|half| {
            let ledger = Arc::clone(&ledger);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    let tasks: Vec<_> = (0..TASKS / 2)
                        .map(|task| {
                            let ledger = Arc::clone(&ledger);
                            let task = half * TASKS / 2 + task;
                            tokio::spawn(async move {
                                let mut places = Vec::new();
                                for number in 0..EACH {
                                    let class = if number % 2 == 0 {
                                        LedgerClass::Durable
                                    } else {
                                        LedgerClass::Acknowledge
                                    };
                                    let seq = ledger
                                        .append(request(task), class, &event(task * 100 + number))
                                        .unwrap();
                                    ledger.durable(seq).await.unwrap();
                                    places.push(seq.0);
                                }
                                places
                            })
                        })
                        .collect();
                    let mut all = Vec::new();
                    for task in tasks {
                        let places = task.await.unwrap();
                        assert!(places.is_sorted(), "one caller's leaves stand in its order");
                        all.extend(places);
                    }
                    all
                })
            })
        })
        .collect();
    let places: Vec<u64> = halves.into_iter().flat_map(|half| half.join().unwrap()).collect();
    let expected: BTreeSet<_> = (first..first + TASKS * EACH).collect();
    assert_eq!(places.len(), expected.len());
    assert_eq!(places.into_iter().collect::<BTreeSet<_>>(), expected);
    for task in 0..TASKS {
        let leaves = ledger.read(request(task)).unwrap();
        let events: Vec<_> = leaves.into_iter().map(|leaf| leaf.event).collect();
        assert_eq!(events, (0..EACH).map(|number| event(task * 100 + number)).collect::<Vec<_>>());
    }
    let all = ledger.scan(Seq(first), usize::MAX).unwrap();
    assert_eq!(u64::try_from(all.len()).unwrap(), TASKS * EACH);
    ledger.close();
    assert!(home.verify(&ledger.verifier_key()).unwrap().holds());
}

#[test]
fn a_running_ledger_is_read_proved_and_verified_while_it_grows() {
    let home = Home::new();
    let ledger = home.open(small());
    let writer = {
        let ledger = Arc::clone(&ledger);
        std::thread::spawn(move || {
            for number in 0..6000 {
                ledger.append(request(number), LedgerClass::Acknowledge, &event(number)).unwrap();
                if number % 500 == 499 {
                    ledger.seal_now().unwrap();
                }
            }
        })
    };
    let mut rounds = 0;
    while !writer.is_finished() || rounds == 0 {
        let report = home.verify(&ledger.verifier_key()).unwrap();
        assert!(report.holds(), "{:?}", report.findings);
        let head = ledger.head().0;
        for leaf in ledger.scan(Seq(head.saturating_sub(600)), 300).unwrap() {
            let read = ledger.read(leaf.request).unwrap();
            assert!(read.contains(&leaf), "leaf {} is found by its request at any time", leaf.seq);
        }
        let proof = ledger.prove(ledger.scan(Seq(head - 1), 1).unwrap()[0].request).unwrap();
        casemate_audit::verify_proof(&proof, &ledger.verifier_key()).unwrap();
        rounds += 1;
    }
    writer.join().unwrap();
}

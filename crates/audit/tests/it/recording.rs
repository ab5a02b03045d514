//! What is recorded can be read, proved and verified, also after a restart.

use std::sync::Arc;
use std::time::Duration;

use casemate_audit::{LedgerSettings, RequestProof, VerifyProofError, verify_proof};
use casemate_core::event::Lifecycle;
use casemate_core::time::ManualClock;
use casemate_core::{Durable, Event, LedgerClass, RecordError, Recorder, RequestId, Seq, Timestamp};

use crate::home::{Home, event, opened, request, small};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

#[test]
fn leaves_are_read_back_in_order_across_restarts_and_segments() {
    let home = Home::new();
    let mut expected = 0;
    for run in 0..3 {
        let ledger = home.open(small());
        expected += 1; // `started`
        assert_eq!(ledger.head(), Seq(expected));
        for number in 0..400 {
            let seq = ledger.append(request(run * 1000 + number), LedgerClass::Acknowledge, &event(number));
            assert_eq!(seq, Ok(Seq(expected)));
            expected += 1;
        }
        let last = ledger.scan(Seq(expected - 400), 1000).unwrap();
        assert_eq!(last.len(), 400);
        for (number, leaf) in (0..).zip(last) {
            assert_eq!((leaf.seq, leaf.event), (Seq(expected - 400 + number), event(number)));
        }
        ledger.close();
        expected += 1; // `stopped`
        let report = home.verify(&ledger.verifier_key()).unwrap();
        assert!(report.holds(), "{:?}", report.findings);
        assert_eq!((report.checkpoint.size, report.unsealed_leaves), (expected, 0));
    }
    let ledger = home.open(small());
    let all = ledger.scan(Seq(0), usize::MAX).unwrap();
    let activity = |leaf: &casemate_audit::Leaf| match &leaf.event {
        Event::Lifecycle(Lifecycle { activity, .. }) => activity.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((activity(&all[0]), activity(&all[401])), ("started".to_owned(), "stopped".to_owned()));
    assert_eq!(ledger.read(request(1399)).unwrap().len(), 1);
    assert_eq!(ledger.read(RequestId::from_bytes([9; 16])).unwrap(), vec![]);
}

#[test]
fn an_entry_leaves_a_decision_and_an_outcome_and_both_are_proved() {
    let home = Home::new();
    let ledger = home.open(small());
    let entry = ledger.clone().begin(opened(7, "/orders/1")).unwrap();
    ledger.append(entry.request(), LedgerClass::Durable, &event(1)).unwrap();
    entry.note(|ending| ending.status = 200);
    drop(entry);
    for number in 100..700 {
        ledger.append(request(number), LedgerClass::Acknowledge, &event(number)).unwrap();
    }
    let leaves = ledger.read(request(7)).unwrap();
    assert!(matches!(&leaves[1].event, Event::Outcome(outcome) if outcome.status_code == 200));

    let proof = ledger.prove(request(7)).unwrap();
    let proof: RequestProof = serde_json::from_str(&serde_json::to_string(&proof).unwrap()).unwrap();
    let proved = verify_proof(&proof, &ledger.verifier_key()).unwrap();
    assert_eq!(proved.leaves.iter().map(|leaf| leaf.seq).collect::<Vec<_>>(), [leaves[0].seq, leaves[1].seq]);
    assert!(ledger.prove(request(8)).is_err());

    let vkey = ledger.verifier_key();
    let check = |change: &dyn Fn(&mut RequestProof), expect: fn(&VerifyProofError) -> bool| {
        let mut changed = proof.clone();
        change(&mut changed);
        let error = verify_proof(&changed, &vkey).unwrap_err();
        assert!(expect(&error), "{error:?}");
    };
    check(&|proof| proof.leaves[0].leaf[60] ^= 1, |e| matches!(e, VerifyProofError::NotIncluded(1)));
    check(&|proof| proof.leaves[0].path[1].0[0] ^= 1, |e| matches!(e, VerifyProofError::NotIncluded(1)));
    check(&|proof| proof.leaves.clear(), |e| matches!(e, VerifyProofError::Empty));
    check(&|proof| proof.leaves.swap(0, 1), |e| matches!(e, VerifyProofError::Order(1)));
    check(&|proof| proof.request = request(8), |e| matches!(e, VerifyProofError::OtherLeaf(1)));
    check(&|proof| proof.leaves[0].seq = 2, |e| matches!(e, VerifyProofError::OtherLeaf(2)));
    let one_more = |proof: &mut RequestProof| {
        let size: u64 = proof.checkpoint.lines().nth(1).unwrap().parse().unwrap();
        proof.checkpoint = proof.checkpoint.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 1), 1);
    };
    check(&one_more, |e| matches!(e, VerifyProofError::Checkpoint(_)));
    let other = Home::new().open(small());
    assert!(matches!(verify_proof(&proof, &other.verifier_key()), Err(VerifyProofError::Checkpoint(_))));
}

#[test]
fn both_classes_become_durable_and_followers_are_woken() {
    let home = Home::new();
    let ledger = home.open(LedgerSettings { seal_every: Duration::from_secs(1), ..small() });
    runtime().block_on(async {
        let head = ledger.head();
        let follower = ledger.wait_past(head);
        let acknowledged = ledger.append(request(1), LedgerClass::Acknowledge, &event(1)).unwrap();
        assert_eq!(acknowledged, head);
        // Nobody asks for it: the sync thread comes by itself.
        follower.await;
        let durable = ledger.append(request(2), LedgerClass::Durable, &event(2)).unwrap();
        ledger.durable(durable).await.unwrap();
        ledger.durable(acknowledged).await.unwrap();
        let waiter = ledger.durable(Seq(u64::MAX));
        ledger.close();
        assert_eq!(waiter.await, Err(RecordError::Closed));
        ledger.wait_past(Seq(u64::MAX)).await;
    });
    assert_eq!(ledger.append(request(3), LedgerClass::Durable, &event(3)), Err(RecordError::Closed));
    assert!(matches!(Arc::clone(&ledger).begin(opened(3, "/")), Err(RecordError::Closed)));
    assert!(ledger.seal_now().is_ok(), "everything is sealed already");
}

#[test]
fn a_clock_that_is_set_back_is_recorded_and_changes_no_order() {
    let home = Home::new();
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000)));
    let ledger = home.try_open(small(), clock.clone()).unwrap();
    let mut late = opened(1, "/");
    late.at = Timestamp::from_secs(1_700_000_100);
    let mut early = opened(2, "/");
    early.at = Timestamp::from_secs(1_700_000_050);
    drop(Arc::clone(&ledger).begin(late).unwrap());
    drop(Arc::clone(&ledger).begin(early).unwrap());
    let leaves = ledger.scan(Seq(0), 100).unwrap();
    let noted = leaves.iter().filter(|leaf| {
        matches!(&leaf.event, Event::Lifecycle(l) if l.activity == "clock set back" && l.message.contains("50000 ms"))
    });
    assert_eq!(noted.count(), 1, "{leaves:?}");
    assert!(leaves.is_sorted_by_key(|leaf| leaf.seq));
    drop(ledger);

    clock.set(Timestamp::from_secs(1_600_000_000));
    let ledger = home.try_open(small(), clock).unwrap();
    let last = ledger.scan(Seq(ledger.head().0 - 1), 1).unwrap();
    assert!(
        matches!(&last[0].event, Event::Lifecycle(l) if l.message.contains("behind the last request")),
        "{last:?}"
    );
}

#[test]
fn an_event_larger_than_a_leaf_is_refused_and_the_next_one_is_not() {
    let home = Home::new();
    let ledger = home.open(small());
    let huge = Lifecycle { time: Timestamp::default(), activity: "x".repeat(70_000), message: String::new() };
    let refused = ledger.append(request(1), LedgerClass::Durable, &Event::Lifecycle(huge));
    assert!(matches!(refused, Err(RecordError::TooLarge(bytes)) if bytes > 70_000), "{refused:?}");
    assert_eq!(ledger.append(request(1), LedgerClass::Durable, &event(1)), Ok(Seq(1)));
}

#[test]
fn index_runs_are_made_searched_and_made_anew_when_they_were_edited() {
    let home = Home::new();
    let total = 16_384 + 600;
    let vkey = {
        let ledger = home.open(LedgerSettings::default());
        for number in 1..total {
            // Every 1000th leaf belongs to one long request, whose id is old when its last leaf comes.
            let id = if number % 1000 == 0 { request(0) } else { request(number) };
            ledger.append(id, LedgerClass::Acknowledge, &event(number)).unwrap();
        }
        ledger.seal_now().unwrap();
        assert_eq!(ledger.read(request(0)).unwrap().len(), 16);
        ledger.close();
        ledger.verifier_key()
    };
    let run = home.ledger().join("index/000000000");
    let original = std::fs::read(&run).unwrap();
    let check = || {
        let ledger = home.open(LedgerSettings::default());
        assert_eq!(ledger.read(request(0)).unwrap().len(), 16);
        for number in [1, 255, 256, 5_001, 16_382, 16_385, 16_900] {
            let leaves = ledger.read(request(number)).unwrap();
            assert_eq!(leaves.len(), 1, "{number}");
            assert_eq!((leaves[0].seq, &leaves[0].event), (Seq(number), &event(number)));
            verify_proof(&ledger.prove(request(number)).unwrap(), &vkey).unwrap();
        }
    };
    check();
    // Edited so as to hide a request: in its range, in its pairs, as a whole.
    for place in [40, 60, 5_000, original.len() - 40] {
        let mut edited = original.clone();
        edited[place] ^= 0x10;
        std::fs::write(&run, edited).unwrap();
        check();
    }
    std::fs::remove_file(&run).unwrap();
    check();
    assert_eq!(std::fs::read(&run).unwrap(), original, "it is made anew as it was");
    std::fs::write(&run, &original[..100]).unwrap();
    check();
    assert!(home.verify(&vkey).unwrap().holds());
}

#[test]
fn no_plaintext_of_an_event_stands_in_any_file() {
    let home = Home::new();
    let ledger = home.open(small());
    let message = "planted-plaintext-needle".to_owned();
    let planted = Lifecycle { time: Timestamp::default(), activity: "tested".to_owned(), message };
    ledger.append(request(1), LedgerClass::Durable, &Event::Lifecycle(planted)).unwrap();
    ledger.seal_now().unwrap();
    let mut files = 0;
    let mut folders = vec![home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(24).any(|window| window == b"planted-plaintext-needle"), "{path:?}");
            files += 1;
        }
    }
    assert!(files > 5);
    assert_eq!(ledger.read(request(1)).unwrap().len(), 1, "it is there, sealed");
}

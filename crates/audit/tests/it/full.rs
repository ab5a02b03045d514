//! A ledger without room denies, and entries that were let in still get their outcome.

use std::sync::Arc;

use casemate_audit::LedgerSettings;
use casemate_core::{Event, LedgerClass, RecordError, Recorder, Seq};

use crate::home::{Home, event, opened, request, small};

#[test]
fn a_full_ledger_refuses_new_work_but_keeps_room_for_the_outcomes_of_open_entries() {
    let home = Home::new();
    let settings = LedgerSettings { max_bytes: 300_000, ..small() };
    let ledger = home.open(settings.clone());
    // The longest texts there can be: each outcome is cut to what was set aside for it.
    let hostile = "\u{1}".repeat(20_000);
    let entries: Vec<_> = (0..10).map(|n| Arc::clone(&ledger).begin(opened(n, &hostile)).unwrap()).collect();
    let mut appended = 0;
    let refused = loop {
        match ledger.append(request(100), LedgerClass::Acknowledge, &event(appended)) {
            Ok(_) => appended += 1,
            Err(error) => break error,
        }
        assert!(appended < 10_000);
    };
    assert_eq!(refused, RecordError::Full);
    assert!(appended > 100);
    assert!(matches!(Arc::clone(&ledger).begin(opened(11, "/")), Err(RecordError::Full)));
    ledger.seal_now().unwrap();
    assert_eq!(
        ledger.append(request(100), LedgerClass::Durable, &event(0)),
        Err(RecordError::Full),
        "sealing makes no room: nothing is ever thrown away"
    );
    for entry in &entries {
        entry.note(|ending| ending.detail = hostile.clone());
        entry.complete().unwrap();
    }
    for number in 0..10 {
        let leaves = ledger.read(request(number)).unwrap();
        let Event::Outcome(outcome) = &leaves[0].event else { panic!("{leaves:?}") };
        let path = &outcome.http_request.as_ref().unwrap().path;
        assert!(path.ends_with('…') && path.chars().count() == 513);
    }
    drop(entries);
    let leaves = ledger.scan(Seq(0), usize::MAX).unwrap().len();
    ledger.close();
    assert!(home.verify(&ledger.verifier_key()).unwrap().holds());
    drop(ledger);

    // It opens full, can be read, and goes on when it is given more room.
    let ledger = home.open(settings);
    assert!(matches!(Arc::clone(&ledger).begin(opened(12, "/")), Err(RecordError::Full)));
    // The outcomes were shorter than their reserve, so `stopped` and `started` found room.
    assert_eq!(ledger.scan(Seq(0), usize::MAX).unwrap().len(), leaves + 2);
    drop(ledger);
    let ledger = home.open(small());
    drop(Arc::clone(&ledger).begin(opened(13, "/")).unwrap());
    assert_eq!(ledger.read(request(13)).unwrap().len(), 1);
}

#[test]
fn a_disk_without_free_space_is_a_full_ledger() {
    let home = Home::new();
    let ledger = home.open(LedgerSettings { min_free_bytes: u64::MAX, ..small() });
    assert!(matches!(Arc::clone(&ledger).begin(opened(1, "/")), Err(RecordError::Full)));
    let refused = ledger.append(request(1), LedgerClass::Acknowledge, &event(1));
    assert_eq!(refused, Err(RecordError::Full));
    drop(ledger);
    let ledger = home.open(small());
    assert!(ledger.append(request(1), LedgerClass::Acknowledge, &event(1)).is_ok());
}

#[test]
fn a_short_path_is_not_cut() {
    let home = Home::new();
    let ledger = home.open(small());
    drop(Arc::clone(&ledger).begin(opened(1, "/a/normal/path")).unwrap());
    let leaves = ledger.read(request(1)).unwrap();
    let Event::Outcome(outcome) = &leaves[0].event else { panic!("{leaves:?}") };
    assert_eq!(outcome.http_request.as_ref().unwrap().path, "/a/normal/path");
}

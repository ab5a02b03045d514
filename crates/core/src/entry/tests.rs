use super::*;
use crate::testing::MemoryLedger;

#[test]
fn a_dropped_entry_leaves_its_outcome_with_the_request() {
    let ledger = MemoryLedger::new();
    drop(ledger.entry().unwrap());
    let events = ledger.events();
    let [(_, _, Event::Outcome(outcome))] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(outcome.status_detail, "dropped");
    assert_eq!(outcome.http_request.as_ref().unwrap().host, "shop.localhost");
}

#[test]
fn completing_twice_writes_once() {
    let ledger = MemoryLedger::new();
    let entry = ledger.entry().unwrap();
    entry.note(|ending| ending.status = 204);
    entry.complete().unwrap();
    entry.complete().unwrap();
    drop(entry);
    let events = ledger.events();
    let [(_, _, Event::Outcome(outcome))] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(outcome.status_code, 204);
}

//! A ledger without room denies, and entries that were let in still get their outcome.

use std::sync::Arc;

use casemate_audit::{Ledger, LedgerSettings};
use casemate_core::event::ActorRecord;
use casemate_core::{
    Action, Audience, Decision, Event, LedgerClass, Opened, PolicyVersion, Principal, RecordError, Recorder,
    Resource, Seq, Timestamp, Verdict,
};

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

fn decision(action: Action) -> Event {
    let actor = ActorRecord {
        principal: Principal::Anonymous,
        name: Arc::from(""),
        authentication: None,
        on_behalf_of: None,
    };
    Event::Decision(Box::new(Decision {
        time: Timestamp::from_secs(1_700_000_000),
        http_request: None,
        actor,
        action,
        resource: Resource::Platform,
        detail: Some("x".repeat(200)),
        disposition: Verdict::Allow,
        policies: Arc::new([]),
        errors: Vec::new(),
        policy_version: PolicyVersion(1),
        directory_version: 1,
        reused: false,
    }))
}

fn begin(ledger: &Arc<Ledger>, number: u64, door: Audience) -> Result<(), RecordError> {
    Arc::clone(ledger).begin(Opened { door, ..opened(number, "/") }).map(drop)
}

#[test]
fn functions_stop_first_then_requests_and_the_control_plane_has_the_rest() {
    let home = Home::new();
    // The room that `begin` wants free is 64 KiB: a twentieth must be more.
    let ledger = home.open(LedgerSettings { max_bytes: 4_000_000, ..small() });
    let fill = |action: Action| {
        let mut bytes = 0;
        loop {
            match ledger.append(request(1), LedgerClass::Acknowledge, &decision(action)) {
                Ok(_) => bytes += 500,
                Err(error) => break assert_eq!(error, RecordError::Full, "{bytes}"),
            }
            assert!(bytes < 8_000_000);
        }
    };
    let try_one =
        |action: Action| ledger.append(request(1), LedgerClass::Acknowledge, &decision(action)).map(drop);
    fill(Action::LogWrite);
    for guest in [Action::KvGet, Action::KvSet, Action::HttpSend] {
        assert_eq!(try_one(guest), Err(RecordError::Full), "{guest:?}");
    }
    begin(&ledger, 2, Audience::Data).unwrap();
    fill(Action::Invoke);
    assert_eq!(begin(&ledger, 3, Audience::Data), Err(RecordError::Full));
    assert_eq!(try_one(Action::SignIn), Err(RecordError::Full));
    begin(&ledger, 4, Audience::Control).unwrap();
    fill(Action::ControlSignIn);
    assert_eq!(begin(&ledger, 5, Audience::Control), Err(RecordError::Full));
}

#[test]
fn the_last_free_space_of_the_disk_is_shared_out_as_well() {
    let home = Home::new();
    let df =
        std::process::Command::new("df").args(["--output=avail", "--block-size=1"]).arg(home.path()).output();
    let df = String::from_utf8(df.unwrap().stdout).unwrap();
    let free: u64 = df.lines().nth(1).unwrap().trim().parse().unwrap();
    for (times, guest, data, control) in
        [(3, true, true, true), (2, false, true, true), (1, false, false, true), (0, false, false, false)]
    {
        // So that `times` and a half of it are free.
        let min_free_bytes = free / (2 * times + 1) * 2;
        let ledger = home.open(LedgerSettings { min_free_bytes, ..small() });
        let append = |action| ledger.append(request(1), LedgerClass::Acknowledge, &decision(action)).is_ok();
        assert_eq!(append(Action::LogWrite), guest, "{times}");
        assert_eq!(
            (append(Action::Invoke), begin(&ledger, 1, Audience::Data).is_ok()),
            (data, data),
            "{times}"
        );
        assert_eq!(append(Action::ControlSignIn), control, "{times}");
    }
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

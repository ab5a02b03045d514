//! Lock-outs by value.

use super::*;

const RULE: LockRule = LockRule {
    after: 3,
    first: Duration::from_secs(30),
    longest: Duration::from_secs(600),
    forget: Duration::from_secs(86_400),
};

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + secs)
}

#[test]
fn locks_double_up_to_the_longest() {
    let check =
        |failures, secs| assert_eq!(RULE.locked_for(failures), Duration::from_secs(secs), "{failures}");
    check(0, 0);
    check(2, 0);
    check(3, 30);
    check(4, 60);
    check(5, 120);
    check(7, 480);
    check(8, 600);
    check(40, 600);
    check(u32::MAX, 600);
}

fn fail(counter: Counter, secs: u64) -> Counter {
    counter.settled(&RULE, at(secs)).failed(&RULE, at(secs))
}

#[test]
fn a_lock_ends_by_itself_and_comes_back_longer() {
    let locked = (0..3).fold(Counter::default(), fail);
    assert!(locked.is_locked(at(2)) && locked.is_locked(at(31)));
    assert!(!locked.is_locked(at(32)));
    let again = fail(locked, 32);
    assert!(again.is_locked(at(32 + 59)) && !again.is_locked(at(32 + 60)));
}

#[test]
fn what_is_old_is_forgotten() {
    let locked = (0..9).fold(Counter::default(), |counter, _| fail(counter, 0));
    assert_eq!(locked.settled(&RULE, at(86_399)).failures, 9);
    assert_eq!(locked.settled(&RULE, at(86_400)).failures, 0);
}

#[test]
fn a_clock_set_back_neither_unlocks_nor_locks_forever() {
    let locked = (0..3).fold(Counter::default(), |counter, _| fail(counter, 100_000));
    // The clock is set back by a day and more. The lock starts anew at the first look …
    let settled = locked.settled(&RULE, at(10));
    assert!(settled.is_locked(at(10)) && settled.is_locked(at(39)));
    // … and ends after its time, not when the clock has caught up.
    assert!(!settled.is_locked(at(40)));
    assert_eq!(settled.failures, 3, "nothing is forgotten");
}

#[test]
fn taking_back_leaves_the_failures_of_others() {
    let three = (0..3).fold(Counter::default(), |counter, _| fail(counter, 0));
    let two = three.taken_back(&RULE, 1);
    assert_eq!((two.failures, two.is_locked(at(0))), (2, false));
    let five = (0..5).fold(Counter::default(), |counter, _| fail(counter, 0)).taken_back(&RULE, 1);
    assert_eq!((five.failures, five.locked_for), (4, Duration::from_secs(60)));
    assert_eq!(Counter::default().taken_back(&RULE, 1), Counter::default());
}

#[test]
fn an_address_stays_known_for_its_time() {
    let right = Counter::right(at(0));
    let failed = fail(right, 10);
    assert!(failed.is_known() && failed.failures == 1, "failing does not make it unknown");
    let days = |days: u64| 1_000_000 + days * 86_400;
    let known = |secs| failed.settled(&RULE, Timestamp::from_secs(secs)).is_known();
    assert!(known(days(29)) && !known(days(30)));
    // A clock set back makes it known from then on, not until the clock has caught up.
    let set_back = failed.settled(&RULE, Timestamp::from_secs(1000));
    assert_eq!(set_back.right_at, Some(Timestamp::from_secs(1000)));
}

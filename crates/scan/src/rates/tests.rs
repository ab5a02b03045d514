use super::*;
use crate::graph::sketch;

fn known(rate: Option<Setting<bool>>) -> Option<Known<bool>> {
    rate.map(|rate| rate.value)
}

#[test]
fn the_weakest_stage_counts() {
    let name = Name::from("api");
    let mut rates = Rates::default();
    let counts = |value: bool| Setting::new(sketch::place(), value);
    rates.stage(&name, None, "prod", |stage| stage.all(counts(true)));
    let all = |rates: &Rates| known(everywhere(&rates.stages[&name], None));
    assert_eq!(all(&rates), Some(Known::Value(true)));
    rates.stage(&name, None, "odd", |stage| stage.some(Setting::unknown(sketch::place(), "nobody knows")));
    assert_eq!(all(&rates), Some(Known::Unknown("nobody knows".to_owned())));
    rates.stage(&name, None, "odd", |stage| stage.all(counts(false)));
    assert_eq!(all(&rates), Some(Known::Value(false)));
    rates.stage(&name, None, "test", |_| {});
    assert_eq!(all(&rates), None);
}

#[test]
fn a_stage_is_known_by_its_resource_or_by_what_it_is_called() {
    let (name, resource) = (Name::from("api"), Name::from("Stage"));
    let mut rates = Rates::default();
    rates.stage(&name, Some(&resource), "prod", |_| {});
    rates.stage(&name, Some(&resource), "", |_| {});
    rates.stage(&name, None, "prod", |_| {});
    assert_eq!(rates.stages[&name].len(), 1);
    // Nothing says which these are.
    rates.stage(&name, None, "", |_| {});
    rates.stage(&name, None, "", |_| {});
    assert_eq!(rates.stages[&name].len(), 3);
}

#[test]
fn more_stages_than_are_looked_at_are_not_taken_for_counted() {
    let name = Name::from("api");
    let mut rates = Rates::default();
    for _ in 0..=MAX_STAGES {
        rates.stage(&name, None, "", |stage| stage.all(Setting::new(sketch::place(), true)));
    }
    assert!(matches!(known(everywhere(&rates.stages[&name], None)), Some(Known::Unknown(_))));
}

#[test]
fn names_of_methods_are_compared_as_the_provider_writes_them() {
    for (method, path) in [("get", "/orders/{id}"), ("GET", "orders/{id}"), ("GET", "/~1orders~1{id}")] {
        assert_eq!(plain(method, path), "GET orders/{id}");
    }
    assert_eq!(plain("$default", ""), "$DEFAULT ");
}

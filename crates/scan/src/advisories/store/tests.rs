use super::*;
use crate::advisories::Importer;

fn record(id: &str, ecosystem: &str, name: &str, modified: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"{modified}","summary":"about {name}","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"2.0.0"}}]}}]}}]}}"#
    )
}

fn written(records: &[String]) -> Vec<u8> {
    let mut importer = Importer::new();
    for record in records {
        importer.take("a.json", record.as_bytes());
    }
    let mut bytes = Vec::new();
    importer.finish(&mut bytes).unwrap();
    bytes
}

fn many() -> Vec<String> {
    let npm =
        (0..400).map(|at| record(&format!("T-{at}"), "npm", &format!("p{:03}", at % 150), "2024-01-01"));
    let pypi = (0..50).map(|at| record(&format!("P-{at}"), "PyPI", &format!("q{at}"), "2024-02-02"));
    npm.chain(pypi).collect()
}

#[test]
fn everything_that_was_put_in_is_found() {
    let store = Store::open(written(&many())).unwrap();
    assert!(store.blocks.len() > 5, "one block would prove nothing: {}", store.blocks.len());
    let ids = |ecosystem, key: &str| -> Vec<String> {
        store.find(ecosystem, key).unwrap().into_iter().map(|affected| affected.advisory.id).collect()
    };
    for at in 0..150 {
        let mut expect: Vec<_> = (at..400).step_by(150).map(|id| format!("T-{id}")).collect();
        expect.sort();
        assert_eq!(ids(Ecosystem::Npm, &format!("p{at:03}")), expect);
    }
    for (ecosystem, key) in [
        (Ecosystem::Npm, "a"),
        (Ecosystem::Npm, "p0005"),
        (Ecosystem::Npm, "zzz"),
        (Ecosystem::Npm, ""),
        (Ecosystem::PyPi, "p001"),
        (Ecosystem::Packagist, "q1"),
    ] {
        assert!(ids(ecosystem, key).is_empty(), "{ecosystem:?} {key}");
    }
    assert_eq!(ids(Ecosystem::PyPi, "q7"), ["P-7"]);
    let facts = store.facts();
    assert_eq!(facts.newest, "2024-02-02");
    assert_eq!(facts.ecosystems.get("npm"), Some(&(150, 400)));
    assert_eq!(facts.ecosystems.get("PyPI"), Some(&(50, 50)));
}

#[test]
fn the_same_advisories_make_the_same_bytes() {
    let mut records = many();
    let bytes = written(&records);
    records.reverse();
    records.extend(many());
    assert!(written(&records) == bytes, "order and copies make no difference");
    let old = record("T-1", "npm", "p", "2023-01-01").replace("about", "old words about");
    let new = record("T-1", "npm", "p", "2024-01-01");
    assert!(
        written(&[old.clone(), new.clone()]) == written(std::slice::from_ref(&new)),
        "the newer copy stays"
    );
    assert!(written(&[new.clone(), old]) == written(&[new]));
    let empty = Store::open(written(&[])).unwrap();
    assert!(empty.find(Ecosystem::Npm, "p").unwrap().is_empty());
}

/// Opens and reads all of it.
fn read_all(bytes: Vec<u8>) -> Result<usize, StoreError> {
    let store = Store::open(bytes)?;
    (0..store.blocks.len()).try_fold(0, |sum, at| Ok(sum + store.block(at)?.len()))
}

#[test]
fn damage_is_found_wherever_it_is() {
    let bytes = written(&many()[..60]);
    assert!(read_all(bytes.clone()).is_ok(), "control");
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x20;
        assert!(read_all(bytes).is_err(), "byte {at}");
    }
    for length in (0..bytes.len()).step_by(7) {
        assert!(read_all(bytes[..length].to_vec()).is_err(), "cut at {length}");
    }
    assert!(read_all([bytes, vec![0]].concat()).is_err(), "a byte more");
}

#[test]
fn other_files_are_refused_with_their_reason() {
    let check = |bytes: Vec<u8>, expect: &str| {
        let error = Store::open(bytes).expect_err("it is no store").to_string();
        assert!(error.contains(expect), "{error}, not {expect}");
    };
    check(Vec::new(), "no store");
    check(b"SQLite format 3\0 and more of it".to_vec(), "no store");
    let mut later = written(&[]);
    later[12] = 9;
    check(later, "version 9");
    check(written(&[])[..20].to_vec(), "ends in the middle");
    check([head(), vec![0xFF; 200]].concat(), "not what was written");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_record_that_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = search(&bytes, |_, _| true);
        let _ = read_index(&bytes, 1 << 20);
        let _ = Affected::decode(Ecosystem::Npm, &mut Reader(&bytes));
    }
}

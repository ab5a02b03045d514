use proptest::prelude::*;

use super::*;
use crate::test_vault::{SHARED, vault};

fn run() -> Vec<(RequestId, Seq)> {
    let id = |n: u64| RequestId::from_bytes((u128::from(n / 3)).to_be_bytes());
    (0..RUN).map(|n| (id(n), Seq(n))).collect()
}

#[test]
fn a_run_is_found_by_its_ids_and_its_header_is_authentic() {
    let vault = vault();
    let folder = tempfile::tempdir().unwrap();
    let files = LedgerFiles::alone(folder.path()).unwrap();
    let pairs = run();
    let range = Range { low: pairs[0].0, high: pairs.last().unwrap().0, bytes: 123 };
    let bytes = encode(&vault, 0, &range, &pairs);
    assert_eq!(bytes.len(), RUN_BYTES);
    assert_eq!(parse_header(&vault, &bytes, 0), Some(range));
    assert_eq!(parse_header(&vault, &bytes, 1), None, "the run of another place");
    assert_eq!(parse_header(&crate::test_vault::vault(), &bytes, 0), None);
    for place in 0..HEADER {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_eq!(parse_header(&vault, &changed, 0), None, "byte {place}");
    }
    files.publish(&[(path(0), bytes)]).unwrap();
    for number in [0, 1, 2000, RUN / 3] {
        let id = RequestId::from_bytes(u128::from(number).to_be_bytes());
        let expect: Vec<_> = pairs.iter().filter(|(found, _)| *found == id).map(|(_, seq)| *seq).collect();
        assert_eq!(search(files.view(), &vault, 0, id).unwrap(), expect);
    }
    assert_eq!(search(files.view(), &vault, 0, RequestId::from_bytes([9; 16])).unwrap(), []);
}

proptest! {
    #[test]
    fn any_bytes_are_no_run(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(parse_header(&SHARED, &bytes, 0), None);
    }
}

use super::*;

#[test]
fn a_tree_of_nothing_has_no_apps() {
    let report = inspect(&SourceTree::new(), &Options::default());
    assert!(report.apps.is_empty() && report.unread.is_empty());
    assert_eq!(report.files, 0);
}

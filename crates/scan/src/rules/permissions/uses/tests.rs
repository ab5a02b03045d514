use super::*;
use crate::graph::sketch::allow;

#[test]
fn a_permission_weighs_what_its_actions_are_good_for() {
    let check = |actions: &[&str], severity: Severity, words: &str| {
        let found = Use::of(&allow(actions, &[]));
        let message = found.message(&Name::from("F"), Some("may change `Orders`".to_owned()));
        assert_eq!(found.severity(Severity::Low), severity, "{actions:?}");
        assert!(message.contains(words), "{actions:?}: {message}");
    };
    let replaces = "may replace the code of `F`: what it puts there acts with the function's role, which may change `Orders`.";
    check(&["lambda:*"], Severity::Critical, replaces);
    check(&["*"], Severity::Critical, replaces);
    check(&["lambda:UpdateFunctionCode"], Severity::Critical, replaces);
    check(&["lambda:Update*"], Severity::Critical, replaces);
    check(&["lambda:UpdateFunctionConfiguration"], Severity::Critical, "may change the configuration of `F`");
    check(&["lambda:AddPermission"], Severity::Critical, "may permit itself anything");
    check(&["lambda:InvokeFunction"], Severity::High, "may invoke `F`, which may change `Orders`");
    check(&["lambda:invoke*"], Severity::High, "may invoke `F`");
    check(&["lambda:GetFunction", "lambda:InvokeFunction"], Severity::High, "may invoke `F`");
    check(&[], Severity::High, "may invoke `F`");
    check(&["lambda:DeleteFunction"], Severity::High, "or delete it");
    check(&["lambda:GetFunction", "lambda:DeleteFunction"], Severity::High, "or delete it");
    check(&["lambda:GetFunction"], Severity::Medium, "may read the code and the environment of `F`");
    check(&["lambda:Get*"], Severity::Medium, "may read the code and the environment of `F`");
    check(&["lambda:GetFunctionConfiguration"], Severity::Medium, "may read the environment");
    check(&["lambda:ListTags"], Severity::Low, "may read settings of `F`");
}

#[test]
fn what_is_invoked_weighs_as_much_as_its_role() {
    assert_eq!(
        Use::of(&allow(&["lambda:InvokeFunction"], &[])).severity(Severity::Critical),
        Severity::Critical
    );
    assert_eq!(Use::of(&allow(&["lambda:GetFunction"], &[])).severity(Severity::Critical), Severity::Medium);
}

use super::*;
use crate::iam::Grants;
use crate::iam::permissions::tests::role_of;

#[test]
fn ways_to_more() {
    let check = |statements: &[&str], certain: &[&str], perhaps: &[&str]| {
        let app = role_of(statements);
        let grants = Grants::of(&app);
        let found = grants.role(&"Role".into()).unwrap().escalations();
        let ids = |yes| {
            found
                .iter()
                .filter(|one| one.verdict.is_yes() == yes)
                .map(|one| one.combination.id)
                .collect::<Vec<_>>()
        };
        assert_eq!((ids(true).as_slice(), ids(false).as_slice()), (certain, perhaps), "{statements:?}");
        assert!(found.iter().all(|one| !one.places.is_empty() && one.verdict.is_possible()));
    };
    check(&["Allow dynamodb:* s3:* on *"], &[], &[]);
    check(&["Allow iam:PassRole on *"], &[], &[]);
    check(&["Allow iam:PassRole on *", "Allow lambda:CreateFunction on *"], &[], &[]);
    check(
        &["Allow iam:PassRole lambda:CreateFunction lambda:InvokeFunction on *"],
        &["pass-to-function"],
        &[],
    );
    let bound = "Allow lambda:CreateFunction lambda:InvokeFunction on arn:aws:lambda:*:*:function:app-*";
    check(&["Allow iam:PassRole on *", bound], &["pass-to-function"], &[]);
    check(&["Allow iam:PassRole on arn:aws:iam::*:role/app", bound], &[], &[]);
    check(&["Allow iam:PassRole on arn:aws:iam::*:role/app-*", bound], &[], &["pass-to-function"]);
    check(
        &["Allow iam:PassRole on * if iam:PassedToService=lambda.amazonaws.com", bound],
        &["pass-to-function"],
        &[],
    );
    check(&["Allow iam:PassRole on * if iam:PassedToService=ec2.amazonaws.com", bound], &[], &[]);
    check(&["Allow iam:PutRolePolicy on *"], &["put-role-policy"], &[]);
    check(&["Allow iam:PutRolePolicy on arn:aws:iam::*:role/one"], &[], &[]);
    check(&["Allow iam:* on *", "Deny iam:* on *"], &[], &[]);
    check(&["Allow lambda:UpdateFunctionCode on ${Worker.Arn}"], &[], &[]);
    check(&["Allow lambda:UpdateFunctionCode on arn:aws:lambda:*:*:function:*"], &["function-code"], &[]);
    let app = role_of(&["Allow * on *"]);
    let grants = Grants::of(&app);
    let all = grants.role(&"Role".into()).unwrap().escalations();
    assert!(all.len() == combinations().len() && all.iter().all(|one| one.verdict.is_yes()));
}

#[test]
fn every_action_of_a_combination_exists() {
    for combination in combinations() {
        for action in combination.broad.iter().chain(combination.some) {
            assert!(facts::action(action).is_some(), "{}: {action}", combination.id);
        }
    }
}

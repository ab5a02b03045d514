use super::*;
use crate::graph::sketch::{self, place};
use crate::known::Known;

fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
    let values = values.iter().map(|value| Text::literal(*value, place())).collect();
    Condition { operator: operator.to_owned(), key: key.to_owned(), values }
}

#[test]
fn conditions_that_strangers_cannot_meet() {
    let check = |operator: &str, key: &str, values: &[&str], wanted: Opening| {
        let statement = Statement {
            principals: vec![Principal::Anyone],
            conditions: vec![condition(operator, key, values)],
            ..sketch::allow(&["sqs:SendMessage"], &["*"])
        };
        assert_eq!(to_everyone(&statement), wanted, "{operator} {key} {values:?}");
    };
    use Opening::{Narrow, Open};
    check("ArnEquals", "aws:SourceArn", &["arn:aws:sns:eu-west-1:111122223333:orders"], Narrow);
    check("ArnLike", "AWS:SourceArn", &["arn:aws:s3:::my-bucket"], Narrow);
    check("ArnLike", "aws:SourceArn", &["arn:aws:s3:::*"], Open);
    check("ArnLike", "aws:SourceArn", &["arn:aws:execute-api:*:*:*"], Open);
    check("ArnLike", "aws:SourceArn", &["arn:aws:execute-api:*:111122223333:*"], Narrow);
    check("StringLike", "aws:SourceArn", &["*"], Open);
    check("StringEquals", "aws:PrincipalOrgID", &["o-abc"], Narrow);
    check("StringEqualsIfExists", "aws:SourceAccount", &["111122223333"], Open);
    check("StringNotEquals", "aws:SourceAccount", &["111122223333"], Open);
    check("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", &["o-abc/r-1/"], Open);
    check("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", &["o-abc/r-1/*"], Narrow);
    check("IpAddress", "aws:SourceIp", &["203.0.113.0/24"], Narrow);
    check("IpAddress", "aws:SourceIp", &["203.0.113.0/24", "0.0.0.0/0"], Open);
    check("Bool", "aws:SecureTransport", &["true"], Open);
    check("StringLike", "aws:Referer", &["https://example.com/*"], Open);
    check("StringEquals", "sts:ExternalId", &["a-long-one"], Narrow);
    check("StringLike", "token.actions.githubusercontent.com:sub", &["repo:acme/shop:*"], Narrow);
    check("StringLike", "token.actions.githubusercontent.com:sub", &["*"], Open);
}

#[test]
fn what_cannot_be_told_is_neither() {
    let everyone = || vec![Principal::Anyone];
    let mut statement = Statement { principals: everyone(), ..sketch::allow(&["sqs:*"], &["*"]) };
    statement.conditions = vec![Condition {
        values: vec![Text::unknown("a module is not here", place())],
        ..condition("ArnEquals", "aws:SourceArn", &[])
    }];
    assert!(matches!(to_everyone(&statement), Opening::Unknown(_)));
    let effect = Statement {
        principals: everyone(),
        effect: Known::Unknown("a condition chooses it".to_owned()),
        ..sketch::allow(&["sqs:*"], &["*"])
    };
    assert!(matches!(to_everyone(&effect), Opening::Unknown(_)));
}

#[test]
fn a_deny_for_others_closes_a_policy() {
    let open =
        Statement { principals: vec![Principal::Anyone], ..sketch::allow(&["execute-api:Invoke"], &["*"]) };
    let deny = Statement {
        principals: vec![Principal::Anyone],
        effect: Known::Value(Effect::Deny),
        conditions: vec![condition("NotIpAddress", "aws:SourceIp", &["203.0.113.0/24"])],
        ..sketch::allow(&["execute-api:Invoke"], &["*"])
    };
    assert_eq!(open_statement(std::slice::from_ref(&open)), Ok(Some(&open)));
    assert_eq!(open_statement(&[open, deny]), Ok(None));
    assert_eq!(open_statement(&[]), Ok(None));
}

use super::*;
use crate::graph::sketch::place;
use crate::known::Text;

/// `Operator key value value`: whether it holds when a role calls.
fn check(written: &str, wanted: Option<bool>) {
    let mut words = written.split(' ');
    let mut next = || words.next().unwrap().to_owned();
    let (operator, key) = (next(), next());
    let values = words.map(|value| Text::literal(value, place())).collect();
    let found = holds(&Condition { operator, key, values }, None);
    let found = match found {
        Verdict::Yes => Some(true),
        Verdict::No => Some(false),
        Verdict::Unknown(_) => None,
    };
    assert_eq!(found, wanted, "{written}");
}

#[test]
fn what_every_call_meets_is_no_condition() {
    check("StringLike aws:PrincipalArn *", Some(true));
    check("StringLike aws:principalarn arn:aws:iam::1:role/x *", Some(true));
    check("ArnLike aws:PrincipalArn arn:aws:iam::*:role/*", Some(true));
    check("ArnEquals aws:PrincipalArn arn:*", Some(true));
    check("StringLike aws:PrincipalAccount ????????????", Some(true));
    check("StringLikeIfExists aws:SourceVpce *", Some(true));
    check("ForAllValues:StringLike aws:TagKeys *", Some(true));
    check("Null aws:PrincipalArn false", Some(true));
    check("Null aws:PrincipalArn true", Some(false));
    check("Bool aws:SecureTransport true", Some(true));
    check("BoolIfExists aws:SecureTransport true", Some(true));
    check("Bool aws:SecureTransport false", Some(false));
    check("IpAddress aws:SourceIp 0.0.0.0/0", Some(true));
    check("IpAddress aws:SourceIp 203.0.113.0/24", None);
    check("NotIpAddress aws:SourceIp 0.0.0.0/0", Some(false));
    check("NotIpAddress aws:SourceIp 0.0.0.0/0 ::/0", Some(false));
    check("NotIpAddress aws:SourceIp 203.0.113.0/24", None);
    check("IpAddress aws:SourceIp ::/0", None);
    check("StringEquals aws:PrincipalType AssumedRole", Some(true));
    check("StringEquals aws:PrincipalType User", None);
    check("Bool aws:ViaAWSService false", Some(true));
    check("Bool aws:ViaAWSService true", None);
}

#[test]
fn what_is_past_stays_past() {
    check("DateGreaterThan aws:CurrentTime 2020-01-01T00:00:00Z", Some(true));
    check("DateGreaterThanEquals aws:CurrentTime 2020-01-01", Some(true));
    check("DateGreaterThanIfExists aws:CurrentTime 2020-01-01 2090-01-01", Some(true));
    check("DateLessThan aws:CurrentTime 2020-01-01T00:00:00Z", Some(false));
    // A time to come is a condition, and so is one that cannot be read.
    check("DateGreaterThan aws:CurrentTime 2090-01-01T00:00:00Z", None);
    check("DateLessThan aws:CurrentTime 2090-01-01T00:00:00Z", None);
    check("DateLessThan aws:CurrentTime 2020-01-01 2090-01-01", None);
    check("DateEquals aws:CurrentTime 2020-01-01", None);
    check("DateGreaterThan aws:CurrentTime soon", None);
    check("DateGreaterThan aws:TokenIssueTime 2020-01-01", None);
}

#[test]
fn what_some_calls_meet_stays_unknown() {
    // A star is no pattern there.
    check("StringEquals aws:PrincipalArn *", None);
    check("StringLike aws:PrincipalArn arn:aws:iam::*:role/admin-*", None);
    check("StringNotLike aws:PrincipalArn *", None);
    // The key itself is there for some calls only.
    check("StringLike aws:SourceVpce *", None);
    check("StringLike aws:ResourceTag/team *", None);
    check("Null aws:MultiFactorAuthAge false", None);
    check("Bool aws:MultiFactorAuthPresent true", None);
}

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

#[test]
fn addresses_and_times_that_leave_everyone_or_nobody() {
    let of = |effect: Effect, operator: &str, key: &str, values: &[&str]| Statement {
        principals: vec![Principal::Anyone],
        effect: Known::Value(effect),
        conditions: vec![condition(operator, key, values)],
        ..sketch::allow(&["execute-api:Invoke"], &["*"])
    };
    let verdict = |policy: &[Statement]| match open_statement(policy) {
        Ok(Some(_)) => "open",
        Ok(None) => "closed",
        Err(_) => "unknown",
    };
    let open = || Statement { conditions: Vec::new(), ..of(Effect::Allow, "", "", &[]) };
    let denied = |operator: &str, key: &str, values: &[&str], expect: &str| {
        let policy = [open(), of(Effect::Deny, operator, key, values)];
        assert_eq!(verdict(&policy), expect, "deny {operator} {key} {values:?}");
    };
    denied("IpAddress", "aws:SourceIp", &["0.0.0.0/0", "::/0"], "closed");
    denied("IpAddress", "aws:SourceIp", &["0.0.0.0/1", "128.0.0.0/1", "2000::/3"], "closed");
    denied("IpAddress", "aws:SourceIp", &["0.0.0.0/0"], "unknown");
    denied("IpAddress", "aws:SourceIp", &["203.0.113.0/24"], "open");
    denied("NotIpAddress", "aws:SourceIp", &["0.0.0.0/0"], "open");
    denied("NotIpAddress", "aws:SourceIp", &["203.0.113.0/24"], "closed");
    denied("DateGreaterThan", "aws:CurrentTime", &["2020-01-01T00:00:00Z"], "closed");
    denied("DateLessThan", "aws:CurrentTime", &["2020-01-01T00:00:00Z"], "open");
    denied("DateGreaterThan", "aws:CurrentTime", &["2090-01-01T00:00:00Z"], "open");
    let allowed = |operator: &str, key: &str, values: &[&str], expect: &str| {
        assert_eq!(
            verdict(&[of(Effect::Allow, operator, key, values)]),
            expect,
            "{operator} {key} {values:?}"
        );
    };
    allowed("NotIpAddress", "aws:SourceIp", &["0.0.0.0/0", "::/0"], "closed");
    allowed("NotIpAddress", "aws:SourceIp", &["0.0.0.0/0"], "open");
    allowed("NotIpAddress", "aws:SourceIp", &["203.0.113.0/24"], "open");
    allowed("DateLessThan", "aws:CurrentTime", &["2020-01-01T00:00:00Z"], "closed");
    allowed("DateLessThan", "aws:CurrentTime", &["2090-01-01T00:00:00Z"], "open");
    allowed("DateGreaterThan", "aws:CurrentTime", &["2020-01-01T00:00:00Z"], "open");
}

#[test]
fn a_load_balancer_is_of_the_function_s_account() {
    let of = |service: &str| Statement {
        principals: vec![Principal::Service(Text::literal(service, place()))],
        ..sketch::allow(&["lambda:InvokeFunction"], &["*"])
    };
    assert_eq!(to_service(&of("elasticloadbalancing.amazonaws.com")), None);
    let sns = of("sns.amazonaws.com");
    assert_eq!(to_service(&sns), Some(("sns.amazonaws.com", Opening::Open)));
}

/// Whether a statement under one condition lets everyone in.
fn is_open(operator: &str, key: &str, values: &[&str]) -> bool {
    let statement = Statement {
        principals: vec![Principal::Anyone],
        conditions: vec![condition(operator, key, values)],
        ..sketch::allow(&["sqs:SendMessage"], &["*"])
    };
    to_everyone(&statement) == Opening::Open
}

#[test]
fn conditions_that_strangers_meet() {
    let open: [(&str, &str, &[&str]); 30] = [
        ("Bool", "aws:PrincipalIsAWSService", &["false"]),
        ("ArnLike", "aws:PrincipalArn", &["arn:aws:iam::*:role/*"]),
        ("ArnLike", "aws:PrincipalArn", &["arn:aws:iam::*:role/admin"]),
        ("StringLike", "aws:PrincipalAccount", &["????????????"]),
        ("StringLike", "aws:PrincipalOrgID", &["o-*"]),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", &["o-*/r-*"]),
        ("IpAddress", "aws:SourceIp", &["0.0.0.0/1", "128.0.0.0/1"]),
        ("IpAddress", "aws:SourceIp", &["0.0.0.0/2", "64.0.0.0/2", "0.0.0.0/8"]),
        ("IpAddress", "aws:SourceIp", &["2000::/3"]),
        ("StringEquals", "aws:PrincipalTag/team", &["shop"]),
        ("StringLike", "aws:username", &["admin*"]),
        ("StringLike", "aws:userid", &["*:admin"]),
        ("IpAddress", "aws:VpcSourceIp", &["10.0.0.0/8"]),
        ("StringLike", "aws:SourceVpc", &["vpc-*"]),
        ("StringLike", "aws:SourceVpce", &["vpce-*"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:sns:eu-west-1:*:*"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:sns:*:*:orders"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:sns:*"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:s3:::*-*"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:s3:::?*"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:execute-api:*:*:*/prod/GET/orders"]),
        ("StringLike", "sns:Endpoint", &["https://*"]),
        ("StringLike", "sts:ExternalId", &["?*"]),
        ("StringLike", "token.actions.githubusercontent.com:sub", &["repo:*"]),
        ("StringLike", "token.actions.githubusercontent.com:sub", &["repo:*/*:*"]),
        ("StringLike", "token.actions.githubusercontent.com:sub", &["repo:acme*"]),
        ("StringLike", "token.actions.githubusercontent.com:sub", &["*:ref:refs/heads/main"]),
        ("StringLike", "gitlab.com:sub", &["project_path:*/shop:*"]),
        ("StringLike", "app.terraform.io:sub", &["organization:*:workspace:shop"]),
        ("StringLike", "cognito-identity.amazonaws.com:aud", &["eu-west-1:*"]),
    ];
    for (operator, key, values) in open {
        assert!(is_open(operator, key, values), "{operator} {key} {values:?}");
    }
}

#[test]
fn conditions_that_name_someone_are_narrow() {
    let narrow: [(&str, &str, &[&str]); 26] = [
        ("Bool", "aws:PrincipalIsAWSService", &["true"]),
        ("ArnLike", "aws:PrincipalArn", &["arn:aws:iam::111122223333:role/*"]),
        ("ArnLike", "aws:PrincipalArn", &["arn:*:iam::111122223333:*"]),
        ("StringEquals", "aws:PrincipalAccount", &["111122223333"]),
        ("StringEquals", "aws:PrincipalOrgID", &["o-a1"]),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", &["o-a1b2c3d4e5/*"]),
        ("IpAddress", "aws:SourceIp", &["10.0.0.0/8", "172.16.0.0/12", "2001:db8::/32"]),
        ("IpAddress", "aws:SourceIp", &["203.0.113.7"]),
        ("StringLike", "aws:userid", &["AROAEXAMPLEID1234:*", "111122223333"]),
        ("StringEquals", "aws:SourceVpc", &["vpc-1"]),
        ("StringEquals", "aws:SourceVpce", &["vpce-0a1b2c3d"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:s3:::shop-*"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:s3:*:*:shop"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:sns:*:111122223333:*"]),
        ("ArnLike", "aws:SourceArn", &["arn:*:111122223333:*"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:execute-api:eu-west-1:*:a1b2c3d4e5/*/*"]),
        ("ArnLike", "aws:SourceArn", &["arn:aws:cloudfront::*:distribution/E1A2B3C4D5"]),
        ("StringLike", "sns:Endpoint", &["*@example.com"]),
        ("StringLike", "sns:Endpoint", &["https://shop.example/*"]),
        ("StringLike", "sts:ExternalId", &["partner-*"]),
        ("StringEquals", "aws:PrincipalServiceName", &["cloudfront.amazonaws.com"]),
        ("StringLike", "token.actions.githubusercontent.com:sub", &["repo:acme/*"]),
        ("StringLike", "token.actions.githubusercontent.com:sub", &["repo:acme/shop:ref:refs/heads/*"]),
        ("StringLike", "gitlab.com:sub", &["project_path:acme/shop:*"]),
        ("StringLike", "app.terraform.io:sub", &["organization:acme:*"]),
        ("StringEquals", "cognito-identity.amazonaws.com:aud", &["eu-west-1:0a1b2c3d"]),
    ];
    for (operator, key, values) in narrow {
        assert!(!is_open(operator, key, values), "{operator} {key} {values:?}");
    }
}

#[test]
fn what_the_deployment_fills_in_is_narrow_where_it_says_whose() {
    use crate::known::Piece;
    let open = |pieces: Vec<Piece>| {
        let values = vec![Text { pieces, place: place() }];
        let arn = Condition { values, ..condition("ArnLike", "aws:SourceArn", &[]) };
        narrowed(&[arn]) == Opening::Open
    };
    let literal = |text: &str| Piece::Literal(text.to_owned());
    let provider = |text: &str| Piece::Provider(text.to_owned());
    let region = || vec![literal("arn:aws:sns:"), provider("AWS::Region")];
    assert!(open([region(), vec![literal(":*:*")]].concat()));
    assert!(!open([region(), vec![literal(":"), provider("AWS::AccountId"), literal(":*")]].concat()));
    let topic = Piece::Of { node: "Topic".into(), attribute: crate::known::Attribute::Arn };
    assert!(!open(vec![topic.clone()]) && !open(vec![topic, literal("*")]));
    assert!(!open(vec![Piece::Parameter("SourceArn".to_owned())]));
}

/// Whether a deny closes an allow for everyone.
fn closes(allow: (&[&str], &[&str]), deny: (&[&str], &[&str]), conditions: &[(&str, &str, &str)]) -> bool {
    let everyone = || vec![Principal::Anyone];
    let allow = Statement { principals: everyone(), ..sketch::allow(allow.0, allow.1) };
    let deny = Statement {
        principals: everyone(),
        effect: Known::Value(Effect::Deny),
        conditions: conditions
            .iter()
            .map(|(operator, key, value)| condition(operator, key, &[value]))
            .collect(),
        ..sketch::allow(deny.0, deny.1)
    };
    open_statement(&[allow, deny]) == Ok(None)
}

#[test]
fn a_deny_closes_only_what_it_speaks_of() {
    let vpc = ("StringNotEquals", "aws:SourceVpce", "vpce-0a1b2c3d");
    let bucket = (["s3:GetObject"].as_slice(), ["arn:aws:s3:::shop/*"].as_slice());
    let check = |deny: (&[&str], &[&str]), conditions: &[(&str, &str, &str)], wanted: bool| {
        assert_eq!(closes(bucket, deny, conditions), wanted, "{deny:?} {conditions:?}");
    };
    check((&["s3:*"], &["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]), &[vpc], true);
    check((&["s3:GetObject"], &["*"]), &[vpc], true);
    check((&["*"], &["*"]), &[], true);
    check((&["*"], &["*"]), &[vpc, ("Bool", "aws:PrincipalIsAWSService", "false")], true);
    check((&["*"], &["*"]), &[vpc, ("BoolIfExists", "aws:ViaAWSService", "false")], true);
    // Another action, another resource, a condition that strangers do not meet.
    check((&["s3:PutObject"], &["*"]), &[vpc], false);
    check((&["s3:*"], &["arn:aws:s3:::shop/private/*"]), &[vpc], false);
    check((&["*"], &["*"]), &[vpc, ("Bool", "aws:SecureTransport", "false")], false);
    check((&["*"], &["*"]), &[("Bool", "aws:SecureTransport", "false")], false);
    check((&["*"], &["*"]), &[("StringNotLike", "aws:SourceVpc", "vpc-*")], false);
    check((&["*"], &["*"]), &[("NotIpAddress", "aws:SourceIp", "0.0.0.0/0")], false);
    check((&["*"], &["*"]), &[("StringNotEquals", "aws:PrincipalTag/team", "shop")], false);
    // Accounts of no organisation have no path: all of no values are others, any of none is not.
    let paths = |operator: &'static str| (operator, "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*");
    check((&["*"], &["*"]), &[paths("ForAllValues:StringNotLike")], true);
    check((&["*"], &["*"]), &[paths("ForAnyValue:StringNotLike")], false);
}

#[test]
fn a_deny_for_one_route_leaves_the_interface_open() {
    let address = ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24");
    let all = (["execute-api:Invoke"].as_slice(), ["execute-api:/*"].as_slice());
    let check = |resource: &str| closes(all, (&["execute-api:Invoke"], &[resource]), &[address]);
    assert!(check("execute-api:/*") && check("execute-api:/*/*/*") && check("*"));
    assert!(check("arn:aws:execute-api:eu-west-1:111122223333:abc/*"));
    assert!(!check("execute-api:/*/GET/none") && !check("execute-api:/GET/none"));
    let invoke = (["execute-api:Invoke"].as_slice(), ["execute-api:/*"].as_slice());
    assert!(closes((&["execute-api:*"], &["*"]), invoke, &[address]));
}

#[test]
fn a_deny_for_everyone_but_a_few_closes() {
    let check = |spared: &[&str], wanted: Result<bool, ()>| {
        let allow =
            Statement { principals: vec![Principal::Anyone], ..sketch::allow(&["sqs:SendMessage"], &["*"]) };
        let text = |name: &&str| match *name {
            "?" => Text::unknown("it is given at deployment", place()),
            name => Text::literal(name, place()),
        };
        let deny = Statement {
            principals: vec![Principal::Others(spared.iter().map(text).collect())],
            effect: Known::Value(Effect::Deny),
            ..sketch::allow(&["sqs:*"], &["*"])
        };
        let policy = [allow, deny];
        let open = open_statement(&policy).map(|found| found.is_some()).map_err(|_| ());
        assert_eq!(open, wanted, "{spared:?}");
    };
    check(&["arn:aws:iam::123456789012:root"], Ok(false));
    check(&["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/app"], Ok(false));
    check(&["*"], Ok(true));
    check(&["arn:aws:iam::123456789012:root", "*"], Ok(true));
    check(&[], Ok(true));
    check(&["?"], Err(()));
}

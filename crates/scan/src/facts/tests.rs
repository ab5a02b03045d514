use std::collections::BTreeSet;

use super::*;
use crate::graph::Effect;
use crate::known::{Attribute, Name, Piece, Text};
use crate::source::{Place, SourceTree};

fn place() -> Place {
    Place::whole(SourceTree::new().add("template.yaml", Vec::new()))
}

#[test]
fn tables_are_sorted_and_name_their_source() {
    for (text, licence) in [
        (PASSING, "MIT"),
        (MANAGED_POLICIES, "Apache-2.0"),
        (SAM_TEMPLATES, "Apache-2.0"),
        (RUNTIMES, "MIT-0"),
    ] {
        let keys: Vec<_> = rows(text).filter_map(|line| line.split('\t').next()).collect();
        assert!(keys.is_sorted() && keys.len() > 40, "{:?}", keys.first());
        assert!(keys.iter().all(|key| row(text, key).is_some_and(|line| line.starts_with(key))));
        assert!(header(text, "# Source: ").unwrap().contains(licence));
    }
    for key in ["", "#", "# Source", "A", "zzz", "AWSLambdaBasicExecutionRol"] {
        assert_eq!(row(MANAGED_POLICIES, key), None, "{key}");
    }
    assert_eq!(sources().count(), 5);
    let services: Vec<_> = services().collect();
    assert!(services.is_sorted() && services.len() > 400);
    for service in services {
        let names: Vec<_> = actions_of(service).map(|fact| fact.name.to_ascii_lowercase()).collect();
        assert!(names.is_sorted(), "{service}");
    }
}

#[test]
fn actions_are_known() {
    let check = |text: &str, level: Level, types: &[&str]| {
        let fact = action(text).unwrap_or_else(|| panic!("{text}"));
        let found: Vec<_> = fact.resource_types().map(|kind| kind.name).collect();
        assert_eq!(
            (fact.level, found.as_slice(), fact.needs_star),
            (level, types, types.is_empty()),
            "{text}"
        );
    };
    check("dynamodb:PutItem", Level::Write, &["table"]);
    check("DYNAMODB:putitem", Level::Write, &["table"]);
    check("dynamodb:Query", Level::Read, &["index", "table"]);
    check("s3:ListAllMyBuckets", Level::List, &[]);
    check("sts:GetCallerIdentity", Level::Read, &[]);
    check("s3:PutBucketPolicy", Level::Permissions, &["bucket"]);
    check("sqs:TagQueue", Level::Tagging, &["queue"]);
    check("ec2:DescribeNetworkInterfaces", Level::List, &[]);
    let arns: Vec<_> = action("dynamodb:PutItem").unwrap().resource_types().map(|kind| kind.arn).collect();
    assert_eq!(arns, ["arn:*:dynamodb:*:*:table/*"]);
    for text in ["dynamodb:PutItems", "dynamo:PutItem", "dynamodb", "", ":", "*"] {
        assert_eq!(action(text), None, "{text}");
    }
    assert!(service_exists("s3") && service_exists("S3") && !service_exists("s4"));
    assert_eq!(service_title("dynamodb"), Some("Amazon DynamoDB"));
}

#[test]
fn patterns_of_actions() {
    let check = |pattern: &str, expect: &[&str]| {
        let found: Vec<_> = actions_matching(pattern).map(|fact| fact.name).collect();
        assert_eq!(found, expect, "{pattern}");
    };
    check("dynamodb:Batch*", &["BatchGetItem", "BatchWriteItem"]);
    check("dynamodb:batch?etitem", &["BatchGetItem"]);
    check("dynamodb:*WriteItem", &["BatchWriteItem"]);
    check("dynamodb:PutItem", &["PutItem"]);
    check("dynamodb:Nothing*", &[]);
    check("dynamodb", &[]);
    check("s4:*", &[]);
    let all = actions_matching("*").count();
    assert!(all > 20_000 && actions_matching("*:*").count() == all);
    assert_eq!(actions_matching("s3:*").count(), actions_of("s3").count());
}

#[test]
fn managed_policies_by_name_and_arn() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(managed_policy(text).map(|policy| policy.name), expect, "{text}");
    };
    check("AmazonS3FullAccess", Some("AmazonS3FullAccess"));
    check("arn:aws:iam::aws:policy/AmazonS3FullAccess", Some("AmazonS3FullAccess"));
    check("arn:aws-cn:iam::aws:policy/AmazonS3FullAccess", Some("AmazonS3FullAccess"));
    check("AWSLambdaBasicExecutionRole", Some("AWSLambdaBasicExecutionRole"));
    check("service-role/AWSLambdaBasicExecutionRole", Some("AWSLambdaBasicExecutionRole"));
    check(
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        Some("AWSLambdaBasicExecutionRole"),
    );
    check("arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole", None);
    check("arn:aws:iam::123456789012:policy/AmazonS3FullAccess", None);
    check("AmazonS3FullAcces", None);
    for name in [
        "AdministratorAccess",
        "PowerUserAccess",
        "ReadOnlyAccess",
        "SecurityAudit",
        "AmazonDynamoDBFullAccess",
    ] {
        assert!(managed_policy(name).unwrap().statements.is_some(), "{name}");
    }
    let admin = managed_policy("AdministratorAccess").unwrap().at(place()).unwrap();
    assert_eq!(admin[0].actions[0].known().unwrap(), "*");
    assert_eq!(admin[0].resources[0].as_literal(), Some("*"));
    let power = managed_policy("PowerUserAccess").unwrap().statements.unwrap();
    assert!(
        power
            .iter()
            .any(|statement| statement.not_actions && statement.actions.contains(&"iam:*".to_owned()))
    );
}

#[test]
fn templates_are_filled_in() {
    let here = place();
    let table = Text::of(Name::from("Orders"), Attribute::Name, here);
    let crud = sam_template("DynamoDBCrudPolicy").unwrap();
    assert_eq!(crud.parameters, ["TableName"]);
    let filled = crud.at(here, |name| (name == "TableName").then(|| table.clone()));
    let texts: Vec<_> = filled[0].resources.iter().map(Text::to_string).collect();
    let arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Orders}";
    assert_eq!(texts, [arn.to_owned(), format!("{arn}/index/*")]);
    let empty = crud.at(here, |_| None);
    assert!(matches!(empty[0].resources[0].pieces.last(), Some(Piece::Unknown(_))));
    assert_eq!(sam_template("DynamoDBCrudePolicy"), None);
    for template in sam_templates() {
        let filled = template.at(here, |name| Some(Text::literal(format!("<{name}>"), here)));
        let text: String =
            filled.iter().flat_map(|statement| &statement.resources).map(Text::to_string).collect();
        let conditions = format!("{filled:?}");
        for name in &template.parameters {
            assert!(
                text.contains(&format!("<{name}>")) || conditions.contains(&format!("<{name}>")),
                "{}: {name}",
                template.name
            );
        }
        assert!(
            filled
                .iter()
                .all(|statement| statement.resources.iter().all(|text| text.why_unknown().is_none()))
        );
    }
}

#[test]
fn runtimes_retire_on_their_day() {
    let check = |name: &str, today: &str, expect: Option<&str>| {
        let retired = runtime(name).unwrap().retired(Day::parse(today)).map(|day| day.to_string());
        assert_eq!(retired.as_deref(), expect, "{name} on {today}");
    };
    check("nodejs8.10", "2000-01-01", Some("2020-03-06"));
    check("python2.7", "", Some("2021-07-15"));
    check("nodejs20.x", "1970-01-01", Some("2026-04-30"));
    check("nodejs24.x", "2026-11-22", None);
    check("nodejs24.x", "2028-04-29", None);
    check("nodejs24.x", "2028-04-30", Some("2028-04-30"));
    check("go1.x", "2026-11-22", Some("2024-01-08"));
    assert_eq!(runtime("nodejs20.x").unwrap().successor, Some("nodejs24.x"));
    assert_eq!(runtime("nodejs24.x").unwrap().successor, None);
    assert_eq!(runtime("nodejs24"), None);
    assert!(runtime_day() >= Day::parse("2026-11-01"));
    // Every successor is itself known, has none, and is not retired on the table's day.
    for fact in runtimes() {
        let last = fact.successor.map_or(fact, |name| runtime(name).unwrap());
        assert!(last.successor.is_none() && last.retired(None).is_none(), "{}", fact.name);
    }
}

#[test]
fn days() {
    let check = |seconds: u64, expect: &str| {
        assert_eq!(Day::of_unix_seconds(seconds).to_string(), expect);
        assert_eq!(Day::parse(expect), Some(Day::of_unix_seconds(seconds)));
    };
    check(0, "1970-01-01");
    check(86_399, "1970-01-01");
    check(951_782_400, "2000-02-29");
    check(951_868_800, "2000-03-01");
    check(1_735_689_599, "2024-12-31");
    check(1_795_305_600, "2026-11-22");
    for text in
        ["", "2026", "2026-1-1", "2026-13-01", "2026-00-10", "2026-11-32", "+026-01-01", "2026-11-22T00"]
    {
        assert_eq!(Day::parse(text), None, "{text}");
    }
}

/// Actions of managed policies that the table of actions does not know: services that are gone or that nobody documents. A new version
/// of either table may change them; then this count says so.
#[test]
fn actions_of_managed_policies_are_known() {
    let (mut patterns, mut leftovers) = (0_usize, BTreeSet::new());
    for policy in managed_policies() {
        for statement in policy.statements.into_iter().flatten() {
            assert!(!statement.actions.is_empty() && !statement.resources.is_empty(), "{}", policy.name);
            assert!(statement.effect == Effect::Allow || statement.effect == Effect::Deny);
            for pattern in statement.actions {
                patterns += 1;
                if actions_matching(&pattern).next().is_none() {
                    leftovers.insert(pattern);
                }
            }
        }
    }
    assert_eq!((patterns, leftovers.len()), (26_235, 554));
    for action in leftovers {
        assert!(action.contains(':'), "`{action}`");
    }
    let unknown = |template: TemplateFact| {
        let actions = template.statements.into_iter().flat_map(|statement| statement.actions);
        actions.filter(|pattern| actions_matching(pattern).next().is_none()).collect::<Vec<_>>()
    };
    let unknown: BTreeSet<_> = sam_templates().flat_map(unknown).collect();
    assert!(unknown.len() <= 8, "{unknown:?}");
}

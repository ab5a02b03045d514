use super::*;
use crate::graph::Origin;
use crate::known::{Piece, Setting};
use crate::source::SourceTree;

fn place() -> Place {
    Place::whole(SourceTree::new().add("template.yaml", Vec::new()))
}

fn statement(actions: &[&str]) -> Statement {
    let actions = actions.iter().map(|action| Setting::new(place(), (*action).to_owned()));
    Statement { actions: actions.collect(), ..Statement::allow(place(), Origin::Written) }
}

#[test]
fn actions_that_need_a_star_are_kept_apart() {
    let found = scoping(&statement(&[
        "ses:VerifyEmailIdentity",
        "sts:GetCallerIdentity",
        "dynamodb:PutItem",
        "s3:Fly",
    ]));
    let names = |facts: &[ActionFact]| facts.iter().map(ActionFact::text).collect::<Vec<_>>();
    assert_eq!(names(&found.need_star), ["ses:VerifyEmailIdentity", "sts:GetCallerIdentity"]);
    assert_eq!(names(&found.bindable), ["dynamodb:PutItem"]);
    assert_eq!((found.level(), found.unknown), (Some(Level::Write), vec!["s3:Fly".to_owned()]));
}

#[test]
fn levels_of_statements() {
    let check = |actions: &[&str], expect: &[Level]| {
        assert_eq!(levels(&statement(actions)).into_iter().collect::<Vec<_>>(), expect, "{actions:?}");
    };
    check(&["dynamodb:GetItem"], &[Level::Read]);
    check(&["dynamodb:GetItem", "s3:PutBucketPolicy"], &[Level::Read, Level::Permissions]);
    check(&["s3:Nothing"], &[]);
    check(&["*"], &[Level::List, Level::Read, Level::Tagging, Level::Write, Level::Permissions]);
}

#[test]
fn misspelt_actions_are_told_with_what_was_meant() {
    let check = |action: &str, expect: Option<Option<&str>>| {
        let found = misspelt(&statement(&[action]));
        let found = found.first().map(|one| one.meant.as_deref());
        assert_eq!(found, expect, "{action}");
    };
    check("dynamodb:PutItem", None);
    check("dynamodb:Put*", None);
    check("*", None);
    check("dynamodb:PutItems", Some(Some("dynamodb:PutItem")));
    check("dynamodb:PutIetm", Some(Some("dynamodb:PutItem")));
    check("dynamdb:PutItem", Some(Some("dynamodb:PutItem")));
    check("s3:ReadEverything", Some(None));
    check("s3:Reed*", Some(None));
    check("newservice:Do", None);
}

#[test]
fn whole_services_and_all_resources() {
    for (pattern, expect) in
        [("s3:*", Some("s3")), ("s3:Get*", None), ("s4:*", None), ("*", None), ("s3:**", Some("s3"))]
    {
        assert_eq!(whole_service(pattern), expect, "{pattern}");
    }
    let check = |pieces: &[Piece], expect: bool| {
        let text = Text { pieces: pieces.to_vec(), place: place() };
        assert_eq!(is_every_resource(&text), expect, "{text}");
    };
    let literal = |text: &str| Piece::Literal(text.to_owned());
    check(&[literal("*")], true);
    check(&[literal("arn:aws:s3:::*")], true);
    check(&[literal("arn:aws:s3:::*/*")], true);
    check(&[literal("arn:aws:dynamodb:*:*:table/*")], true);
    check(&[literal("arn:aws:dynamodb:*:*:table/orders")], false);
    check(&[literal("*:*")], true);
    check(&[literal("?*")], true);
    check(&[literal("arn:aws:dynamodb:*")], true);
    check(&[literal("arn:*:dynamodb:*")], true);
    check(&[literal("arn:aws:s3:::?*")], true);
    check(&[literal("?")], false);
    check(&[literal("arn:aws:s3:::orders-*")], false);
    let region = Piece::Provider("AWS::Region".to_owned());
    check(&[literal("arn:aws:dynamodb:"), region.clone(), literal(":*:table/*")], true);
    check(&[literal("arn:aws:dynamodb:"), region, literal(":*:table/a")], false);
    check(&[Piece::Parameter("TableArn".to_owned())], false);
    check(&[literal("")], false);
}

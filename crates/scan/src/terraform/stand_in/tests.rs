//! That stand-ins are Terraform, and are found by every way to name their module.

use super::*;
use crate::source::{Place, SourceTree};
use crate::terraform::parse::{self, Source};

#[test]
fn all_of_them_are_terraform() {
    let place = Place::whole(SourceTree::new().add("main.tf", Vec::new()));
    for (name, inner, text) in STAND_INS {
        let read = parse::body(Source::fixed(text, place));
        assert!(read.is_ok(), "{name}//{inner}: {read:?}");
    }
}

#[test]
fn modules_are_known_by_every_address() {
    let cases = [
        ("terraform-aws-modules/sqs/aws", Some(("sqs", ""))),
        ("registry.terraform.io/terraform-aws-modules/sqs/aws", Some(("sqs", ""))),
        ("terraform-aws-modules/s3-bucket/aws//modules/notification", Some(("s3-bucket", "notification"))),
        (
            "git::https://github.com/terraform-aws-modules/terraform-aws-lambda.git?ref=v7",
            Some(("lambda", "")),
        ),
        (
            "git@github.com:terraform-aws-modules/terraform-aws-iam.git//modules/iam-policy?ref=v5",
            Some(("iam", "iam-policy")),
        ),
        ("github.com/terraform-aws-modules/terraform-aws-sns", Some(("sns", ""))),
        ("somebody/sqs/aws", None),
        ("git::https://evil.example/terraform-aws-modules/terraform-aws-vpc.git", None),
        ("github.com/mallory/terraform-aws-modules/terraform-aws-vpc", None),
        ("evil.example/terraform-aws-modules/vpc/aws", None),
        ("./mine/terraform-aws-modules/vpc/aws", None),
        ("terraform-aws-modules/", None),
    ];
    for (source, wanted) in cases {
        assert_eq!(module_of(source), wanted, "{source}");
    }
    assert!(find("terraform-aws-modules/eks/aws").is_none());
    assert!(find("terraform-aws-modules/lambda/aws").is_some());
}

#[test]
fn inputs_that_may_let_somebody_in() {
    for input in
        ["attach_admin_policy", "override_policy_documents", "grant", "key_users", "permissions", "acl"]
    {
        assert!(may_open(input), "{input}");
    }
    for input in [
        "tags",
        "policy_name",
        "role_description",
        "create_role",
        "attach_deny_insecure_transport_policy",
        "access_log_settings",
        "memory_size",
    ] {
        assert!(!may_open(input), "{input}");
    }
}

//! Stand-ins for modules of the registry that are not in the tree.
//!
//! Owns: for each module that serverless apps use often, a short module of our own with the inputs and outputs that matter to the graph.
//! Invariant: a stand-in makes what the real module makes from these inputs; other inputs it does not look at. Not here: how modules are
//! evaluated; all of a stand-in has the place of the block that calls the module.

/// Stand-ins by the module's name and folder in the registry's namespace `terraform-aws-modules`.
const STAND_INS: [(&str, &str, &str); 17] = [
    ("lambda", "", include_str!("stand_in/lambda.tf")),
    ("apigateway-v2", "", include_str!("stand_in/apigateway-v2.tf")),
    ("sqs", "", include_str!("stand_in/sqs.tf")),
    ("sns", "", include_str!("stand_in/sns.tf")),
    ("s3-bucket", "", include_str!("stand_in/s3-bucket.tf")),
    ("s3-bucket", "notification", include_str!("stand_in/s3-notification.tf")),
    ("dynamodb-table", "", include_str!("stand_in/dynamodb-table.tf")),
    ("iam", "iam-policy", include_str!("stand_in/iam-policy.tf")),
    ("iam", "iam-role", include_str!("stand_in/iam-role.tf")),
    ("iam", "iam-assumable-role", include_str!("stand_in/iam-role.tf")),
    ("eventbridge", "", include_str!("stand_in/eventbridge.tf")),
    ("step-functions", "", include_str!("stand_in/step-functions.tf")),
    ("secrets-manager", "", include_str!("stand_in/secrets-manager.tf")),
    ("ssm-parameter", "", include_str!("stand_in/ssm-parameter.tf")),
    ("security-group", "", include_str!("stand_in/security-group.tf")),
    ("kms", "", include_str!("stand_in/kms.tf")),
    // It makes networks alone, and nothing that it hands out matters to the graph.
    ("vpc", "", ""),
];

/// The stand-in for a module, by where it comes from.
pub(super) fn find(source: &str) -> Option<&'static str> {
    let (name, folder) = module_of(source)?;
    let found = STAND_INS.iter().find(|(known, inner, _)| *known == name && *inner == folder);
    found.map(|(_, _, text)| *text)
}

/// The module's name and the folder in it: from `terraform-aws-modules/sqs/aws`, or from the address of its repository. Whoever else
/// calls a module so has another one.
fn module_of(source: &str) -> Option<(&str, &str)> {
    const REGISTRIES: [&str; 4] =
        ["", "registry.terraform.io/", "registry.opentofu.org/", "app.terraform.io/"];
    const REPOSITORIES: [&str; 7] = [
        "github.com/",
        "www.github.com/",
        "git@github.com:",
        "git::https://github.com/",
        "git::ssh://git@github.com/",
        "git::git@github.com:",
        "https://github.com/",
    ];
    let (host, after) = source.split_once("terraform-aws-modules/")?;
    let (after, of_registry) = match (REGISTRIES.contains(&host), REPOSITORIES.contains(&host)) {
        (true, _) => (after, true),
        (_, true) => (after, false),
        _ => return None,
    };
    let after = after.split('?').next().unwrap_or(after);
    let (name, inner) = after.split_once("//").unwrap_or((after, ""));
    let name = name.trim_end_matches(".git").trim_end_matches('/');
    let name = match of_registry {
        true => name.strip_suffix("/aws")?,
        false => name.strip_prefix("terraform-aws-")?,
    };
    Some((name, inner.trim_end_matches('/').strip_prefix("modules/").unwrap_or(inner)))
}

/// Whether an input of a module may decide who may do what, by its name.
pub(super) fn may_open(input: &str) -> bool {
    const WORDS: [&str; 34] = [
        "policy",
        "policies",
        "statement",
        "statements",
        "document",
        "documents",
        "acl",
        "grant",
        "grants",
        "public",
        "principal",
        "principals",
        "permission",
        "permissions",
        "admin",
        "administrators",
        "attach",
        "auth",
        "authorizer",
        "authorizers",
        "authorization",
        "cors",
        "role",
        "roles",
        "users",
        "owners",
        "trust",
        "trusted",
        "ingress",
        "triggers",
        "target",
        "targets",
        "access",
        "credentials",
    ];
    // What names things, makes them at all, or only takes something away.
    const OTHERS: [&str; 18] = [
        "name",
        "description",
        "path",
        "tags",
        "prefix",
        "id",
        "boundary",
        "create",
        "number",
        "log",
        "logs",
        "logging",
        "deny",
        "require",
        "requires",
        "timeouts",
        "ownership",
        "max",
    ];
    let words = || input.split('_');
    words().any(|word| WORDS.contains(&word)) && !words().any(|word| OTHERS.contains(&word))
}

#[cfg(test)]
mod tests;

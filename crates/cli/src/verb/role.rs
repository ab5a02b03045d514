//! `casemate role`: who has which role in which app.

use serde_json::{Value, json};

use crate::client::{Client, ServerArguments};
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::verb::segment;

/// Give roles and take them away. Role `admin` of app `casemate` administers the platform.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  casemate role grant bob manager --app shop\n  casemate role revoke bob manager --app shop\n  casemate role list --app shop"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Give a role to a user or service.
    Grant(Membership),
    /// Take a role away.
    Revoke(Membership),
    /// Show who has which role.
    List {
        /// The app.
        #[arg(long)]
        app: String,
    },
}

#[derive(Debug, clap::Args)]
struct Membership {
    /// The user's or service's name.
    member: String,
    /// The role.
    role: String,
    /// The app that the role belongs to.
    #[arg(long)]
    app: String,
}

impl Membership {
    fn path(&self) -> Result<String, Failure> {
        Ok(format!(
            "/v1/apps/{}/roles/{}/{}",
            segment(&self.app)?,
            segment(&self.role)?,
            segment(&self.member)?
        ))
    }

    fn document(&self) -> Value {
        json!({ "app": self.app, "role": self.role, "member": self.member })
    }
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    match arguments.what {
        What::Grant(membership) => {
            client.call("PUT", &membership.path()?, None)?;
            let Membership { member, role, app } = &membership;
            output
                .result(&membership.document(), |_| format!("`{member}` now has role `{role}` in `{app}`."));
        }
        What::Revoke(membership) => {
            client.call("DELETE", &membership.path()?, None)?;
            let Membership { member, role, app } = &membership;
            output.result(&membership.document(), |_| {
                format!("`{member}` no longer has role `{role}` in `{app}`.")
            });
        }
        What::List { app } => {
            let answer = client.call("GET", &format!("/v1/apps/{}/roles", segment(&app)?), None)?;
            output.result(&answer, |answer| {
                let members = answer.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
                let text = |member: &Value, key: &str| {
                    member.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                let rows: Vec<_> = members
                    .iter()
                    .map(|member| vec![text(member, "role"), text(member, "member"), text(member, "kind")])
                    .collect();
                table(&["ROLE", "MEMBER", "KIND"], &rows)
            });
        }
    }
    Ok(())
}

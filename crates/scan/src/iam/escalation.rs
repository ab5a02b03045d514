//! Ways in which a role gets more than it was given.
//!
//! The combinations are the field's well-known ones: Spencer Gietzen, "AWS IAM Privilege Escalation – Methods and Mitigation" (Rhino
//! Security Labs, 2018, extended since), and Gerben Kleijn, "Privilege Escalation in AWS" with `iam-vulnerable` (Bishop Fox, 2021).
//! Invariant: a grant that is bound to named roles or functions is no escalation by itself. Not here: code that replaces a function's
//! own (`iam::reach` lists it for each function).

use serde::Serialize;

use super::permissions::Compiled;
use super::{Permissions, Verdict};
use crate::facts::{self, ActionFact};
use crate::known::{Piece, Text};
use crate::source::Place;

/// Actions that together give more than they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Combination {
    /// Its stable name.
    pub id: &'static str,
    /// Actions that must reach any role, user or function to be of use.
    pub broad: &'static [&'static str],
    /// Actions that may be bound to something that the attacker makes.
    pub some: &'static [&'static str],
    /// The service that is handed a role.
    pub passed_to: Option<&'static str>,
    /// What an attacker does with them, in words that follow "it can".
    pub gives: &'static str,
}

const fn alone(id: &'static str, broad: &'static [&'static str], gives: &'static str) -> Combination {
    Combination { id, broad, some: &[], passed_to: None, gives }
}

const fn passing(
    id: &'static str,
    passed_to: &'static str,
    some: &'static [&'static str],
    gives: &'static str,
) -> Combination {
    Combination { id, broad: &["iam:PassRole"], some, passed_to: Some(passed_to), gives }
}

const COMBINATIONS: [Combination; 28] = [
    alone("policy-version", &["iam:CreatePolicyVersion"], "rewrite any policy of the account, its own too"),
    alone(
        "default-version",
        &["iam:SetDefaultPolicyVersion"],
        "bring back an older, wider version of a policy",
    ),
    alone("put-role-policy", &["iam:PutRolePolicy"], "write itself a policy that allows everything"),
    alone("attach-role-policy", &["iam:AttachRolePolicy"], "attach the administrator's policy to itself"),
    alone("put-user-policy", &["iam:PutUserPolicy"], "write any user a policy that allows everything"),
    alone("attach-user-policy", &["iam:AttachUserPolicy"], "attach the administrator's policy to any user"),
    alone("put-group-policy", &["iam:PutGroupPolicy"], "write any group a policy that allows everything"),
    alone(
        "attach-group-policy",
        &["iam:AttachGroupPolicy"],
        "attach the administrator's policy to any group",
    ),
    alone("add-to-group", &["iam:AddUserToGroup"], "put any user into the administrators' group"),
    alone("access-key", &["iam:CreateAccessKey"], "make access keys for any user"),
    alone("create-login", &["iam:CreateLoginProfile"], "give any user a password for the console"),
    alone("update-login", &["iam:UpdateLoginProfile"], "change any user's password for the console"),
    alone("trust", &["iam:UpdateAssumeRolePolicy"], "let itself take on any role"),
    alone("assume-any", &["sts:AssumeRole"], "take on every role that trusts the account"),
    alone("function-code", &["lambda:UpdateFunctionCode"], "run its own code with the role of any function"),
    alone(
        "function-layer",
        &["lambda:UpdateFunctionConfiguration"],
        "put a layer of its own into any function, and so run code with that function's role",
    ),
    alone("dev-endpoint", &["glue:UpdateDevEndpoint"], "log in to any Glue endpoint and use its role"),
    alone(
        "send-command",
        &["ssm:SendCommand"],
        "run commands on any managed machine with that machine's role",
    ),
    passing(
        "pass-to-function",
        "lambda.amazonaws.com",
        &["lambda:CreateFunction", "lambda:InvokeFunction"],
        "make a function that has any role, and call it",
    ),
    passing(
        "pass-to-triggered-function",
        "lambda.amazonaws.com",
        &["lambda:CreateFunction", "lambda:CreateEventSourceMapping"],
        "make a function that has any role, and have a table or queue start it",
    ),
    passing(
        "pass-to-shared-function",
        "lambda.amazonaws.com",
        &["lambda:CreateFunction", "lambda:AddPermission"],
        "make a function that has any role, and let another account call it",
    ),
    passing(
        "pass-to-machine",
        "ec2.amazonaws.com",
        &["ec2:RunInstances"],
        "start a machine that has any role, and read its credentials",
    ),
    passing(
        "pass-to-stack",
        "cloudformation.amazonaws.com",
        &["cloudformation:CreateStack"],
        "have CloudFormation make anything with any role",
    ),
    passing(
        "pass-to-build",
        "codebuild.amazonaws.com",
        &["codebuild:CreateProject", "codebuild:StartBuild"],
        "run a build that has any role",
    ),
    passing(
        "pass-to-task",
        "ecs-tasks.amazonaws.com",
        &["ecs:RegisterTaskDefinition", "ecs:RunTask"],
        "run a container that has any role",
    ),
    passing(
        "pass-to-job",
        "glue.amazonaws.com",
        &["glue:CreateJob", "glue:StartJobRun"],
        "run a Glue job that has any role",
    ),
    passing(
        "pass-to-state-machine",
        "states.amazonaws.com",
        &["states:CreateStateMachine", "states:StartExecution"],
        "run a state machine that calls anything with any role",
    ),
    passing(
        "pass-to-notebook",
        "sagemaker.amazonaws.com",
        &["sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"],
        "open a notebook that has any role",
    ),
];

/// All combinations that are looked for.
#[must_use]
pub fn combinations() -> &'static [Combination] {
    &COMBINATIONS
}

/// A combination that a role has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Escalation {
    /// Which.
    pub combination: Combination,
    /// Yes, or why that cannot be told. Never no.
    pub verdict: Verdict,
    /// The statements that grant it.
    pub places: Vec<Place>,
}

impl Permissions<'_, '_> {
    /// The combinations that the role has, or may have.
    #[must_use]
    pub fn escalations(&self) -> Vec<Escalation> {
        COMBINATIONS.iter().filter_map(|combination| self.escalation(combination)).collect()
    }

    fn escalation(&self, combination: &Combination) -> Option<Escalation> {
        let broad = combination.broad.iter().filter_map(|action| facts::action(action));
        let some = combination.some.iter().filter_map(|action| facts::action(action));
        let broad = broad.fold(Verdict::Yes, |all, fact| {
            if all.is_no() { all } else { all.and(self.broadly(fact, combination.passed_to)) }
        });
        let verdict =
            some.fold(
                broad,
                |all, fact| {
                    if all.is_no() { all } else { all.and(self.may_somewhere(&fact.text())) }
                },
            );
        if verdict.is_no() {
            return None;
        }
        let actions = combination.broad.iter().chain(combination.some);
        let speaks = |compiled: &&Compiled<'_>| {
            let speaks = |action: &&str| compiled.actions.speak_of(action).is_possible();
            compiled.statement.may_allow() && actions.clone().any(speaks)
        };
        let statements = self.statements.iter().filter(speaks);
        let mut places: Vec<_> = statements.map(|compiled| compiled.statement.place).collect();
        places.sort_unstable();
        places.dedup();
        Some(Escalation { combination: *combination, verdict, places })
    }

    /// Whether an action is granted on any role, user or function: yes for all of them, unknown where a pattern binds it to some.
    fn broadly(&self, action: ActionFact, passed_to: Option<&str>) -> Verdict {
        let everywhere = self.may_everywhere(action, passed_to);
        if everywhere.is_possible() {
            return everywhere;
        }
        let text = action.text();
        let some = self.statements.iter().find(|compiled| {
            let statement = compiled.statement;
            statement.effect.value().is_some_and(|effect| *effect == crate::graph::Effect::Allow)
                && compiled.actions.speak_of(&text).is_possible()
                && super::condition::hold(&statement.conditions, passed_to).is_possible()
                && statement.resources.iter().any(is_open)
        });
        let why =
            || format!("`{text}` is bound to names of a pattern, and whom it covers is not in the files");
        // A deny of everything was heard above.
        some.filter(|_| self.may_somewhere(&text).is_possible())
            .map_or(Verdict::No, |_| Verdict::Unknown(why()))
    }
}

/// Whether the last part of an ARN has a wildcard or something that cannot be told.
fn is_open(resource: &Text) -> bool {
    let last = resource.pieces.iter().rev().take_while(|piece| !matches!(piece, Piece::Of { .. }));
    let open = |piece: &Piece| match piece {
        Piece::Literal(text) => text.rsplit(':').next().unwrap_or(text).contains('*'),
        Piece::Unknown(_) => true,
        Piece::Of { .. } | Piece::Provider(_) | Piece::Parameter(_) | Piece::Environment(_) => false,
    };
    last.take(1).any(open)
}

#[cfg(test)]
mod tests;

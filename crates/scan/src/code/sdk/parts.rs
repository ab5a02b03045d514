//! What an operation asks for beyond its name: an index of a table, a version of an object or function, tags, the other party of a copy.
//!
//! Invariant: what a parameter may ask for and nobody can tell is written down as possible, so that need never forgets it. Not here:
//! which permission an operation needs by its name alone (`operations`).

use super::operations;
use crate::code::Certainty;
use crate::code::machine::Machine;
use crate::code::value::{Value, What};
use crate::known::Piece;
use crate::source::Place;

/// A call that is being written down.
#[derive(Clone, Copy)]
pub(super) struct Call<'c> {
    pub(super) service: &'c str,
    pub(super) operation: &'c str,
    /// What it is handed, where that can be followed.
    pub(super) input: Option<&'c Value>,
    pub(super) place: Place,
}

/// Parameters of S3 that ask for a permission of their own: operations, parameter, permission.
const OBJECT_PARAMETERS: [(&[&str], &str, &str); 7] = [
    (&["GetObject", "HeadObject"], "VersionId", "s3:GetObjectVersion"),
    (&["DeleteObject"], "VersionId", "s3:DeleteObjectVersion"),
    (&WRITES, "ACL", "s3:PutObjectAcl"),
    (&WRITES, "Tagging", "s3:PutObjectTagging"),
    (&WRITES, "ObjectLockMode", "s3:PutObjectRetention"),
    (&WRITES, "ObjectLockRetainUntilDate", "s3:PutObjectRetention"),
    (&WRITES, "ObjectLockLegalHoldStatus", "s3:PutObjectLegalHold"),
];
const WRITES: [&str; 4] = ["PutObject", "CreateMultipartUpload", "Upload", "CopyObject"];

impl Machine<'_> {
    /// Writes down an operation on one resource, and what its parameters ask for.
    pub(super) fn record_call(&mut self, call: Call<'_>, name: &Value) {
        let Call { service, operation, place, .. } = call;
        let actions = operations::actions(service, operation);
        match (service, operation) {
            ("dynamodb", "Query" | "Scan") => self.within(call, name, "IndexName", "/index/"),
            ("lambda", "Invoke" | "InvokeAsync" | "InvokeWithResponseStream") => {
                self.within(call, name, "Qualifier", ":");
            }
            ("rds-data", _) => self.with_credentials(call, name, actions),
            _ => self.record(service, operation, actions, name, place, Certainty::Certain),
        }
        if service == "s3" {
            self.object_parameters(call, name);
        }
    }

    /// A parameter's value, where it is or may be given.
    fn given(&self, call: Call<'_>, parameter: &str) -> Option<Value> {
        self.field(call.input?, parameter).filter(|value| !value.is_nothing())
    }

    /// A parameter that makes the call one on a part of the resource: an index of a table, an alias of a function.
    fn within(&mut self, call: Call<'_>, name: &Value, parameter: &str, mark: &str) {
        let Call { service, operation, place, .. } = call;
        let actions = operations::actions(service, operation);
        let Some(part) = self.given(call, parameter) else {
            return self.record(service, operation, actions, name, place, Certainty::Certain);
        };
        let known = part.choices().iter().all(is_known);
        // Which way an `if` goes that sets the parameter is not followed: the whole stays possible.
        let whole = if known { Certainty::Possible } else { Certainty::Certain };
        self.record(service, operation, actions.clone(), name, place, whole);
        for name in name.choices().iter().filter(|name| is_known(name)) {
            for part in part.choices() {
                let (part, sure) = match is_known(part) {
                    true => (part.clone(), Certainty::Certain),
                    false => (Value::text("*"), Certainty::Possible),
                };
                let resource = Value::joined([name, &Value::text(mark), &part]);
                self.record(service, operation, actions.clone(), &resource, place, sure);
            }
        }
    }

    /// A database's data interface takes the secret by which it signs in.
    fn with_credentials(&mut self, call: Call<'_>, name: &Value, actions: Vec<String>) {
        let Call { service, operation, place, .. } = call;
        let (secret, own): (Vec<String>, Vec<String>) =
            actions.into_iter().partition(|action| action.starts_with("secretsmanager:"));
        self.record(service, operation, own, name, place, Certainty::Certain);
        if secret.is_empty() {
            return;
        }
        let named = self.given(call, "secretArn").unwrap_or_default();
        self.record(service, operation, secret, &named, place, Certainty::Certain);
    }

    /// Versions, access lists and tags of objects have permissions of their own.
    pub(super) fn object_parameters(&mut self, call: Call<'_>, name: &Value) {
        let Call { service, operation, place, .. } = call;
        for (operations, parameter, action) in OBJECT_PARAMETERS {
            let Some(value) = self.given(call, parameter).filter(|_| operations.contains(&operation)) else {
                continue;
            };
            let sure =
                if matches!(value.what, What::Unknown) { Certainty::Possible } else { Certainty::Certain };
            self.record(service, operation, vec![action.to_owned()], name, place, sure);
        }
        if operation == "DeleteObjects" {
            let objects = self.given(call, "Delete").and_then(|delete| self.field(&delete, "Objects"));
            let items = objects.map(|list| self.items(&list)).unwrap_or_default();
            if items.iter().any(|item| self.field(item, "VersionId").is_some_and(|value| !value.is_nothing()))
            {
                let action = vec!["s3:DeleteObjectVersion".to_owned()];
                self.record(service, operation, action, name, place, Certainty::Certain);
            }
        }
    }

    /// A copy takes the tags of an object along, if it has some.
    pub(super) fn copied_tags(&mut self, operation: &str, source: &Value, target: &Value, place: Place) {
        for (action, name) in [("s3:GetObjectTagging", source), ("s3:PutObjectTagging", target)] {
            self.record("s3", operation, vec![action.to_owned()], name, place, Certainty::Possible);
        }
    }
}

/// Whether a value is a text of which all parts can be told.
fn is_known(value: &Value) -> bool {
    match &value.what {
        What::Text(pieces) => !pieces.iter().any(|piece| matches!(piece, Piece::Unknown(_))),
        What::Number(_) => true,
        _ => false,
    }
}

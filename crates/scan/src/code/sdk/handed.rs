//! What an operation is handed beside the thing that it concerns: roles, and objects of buckets that a service reads and writes with
//! its caller's rights.
//!
//! Invariant: parameters are looked through at any depth, and only so many of them. Not here: which operations pass the roles that they
//! are handed (`need::passing`); taking on a role oneself is none of them.
//!
//! Sources: the API references and developer guides of the services, on what the caller has to be allowed to.

use super::parts::Call;
use super::record::before_slash;
use crate::code::machine::Machine;
use crate::code::value::{Value, What};
use crate::code::{Certainty, PASS_ROLE};
use crate::known::Piece;

/// How deep parameters are looked through: the deepest role of an API stands in the fifth object.
const DEPTH: u32 = 6;
/// How many objects and lists are looked into for one call.
const PARTS: usize = 200;

/// A bucket that a service uses for its caller.
struct Bucket {
    service: &'static str,
    /// What the operation begins with.
    operation: &'static str,
    parameter: &'static str,
    /// Permissions of the caller.
    actions: &'static [&'static str],
}

const fn bucket(
    service: &'static str,
    operation: &'static str,
    parameter: &'static str,
    actions: &'static [&'static str],
) -> Bucket {
    Bucket { service, operation, parameter, actions }
}

const READ: &[&str] = &["s3:GetObject"];
const WRITE: &[&str] = &["s3:PutObject"];

static BUCKETS: [Bucket; 15] = [
    bucket("rekognition", "", "S3Object", READ),
    bucket("rekognition", "", "S3Bucket", WRITE),
    bucket("textract", "", "S3Object", READ),
    bucket("textract", "", "S3Bucket", WRITE),
    bucket("transcribe", "Start", "MediaFileUri", READ),
    bucket("transcribe", "Start", "OutputBucketName", WRITE),
    bucket("transcribe", "StartCallAnalyticsJob", "OutputLocation", WRITE),
    bucket("transcribe", "", "VocabularyFileUri", READ),
    bucket("transcribe", "", "VocabularyFilterFileUri", READ),
    bucket("polly", "StartSpeechSynthesisTask", "OutputS3BucketName", WRITE),
    bucket("lambda", "CreateFunction", "S3Bucket", READ),
    bucket("lambda", "UpdateFunctionCode", "S3Bucket", READ),
    bucket("lambda", "PublishLayerVersion", "S3Bucket", READ),
    bucket("dynamodb", "ExportTableToPointInTime", "S3Bucket", &["s3:PutObject", "s3:AbortMultipartUpload"]),
    bucket("dynamodb", "ImportTable", "S3Bucket", &["s3:GetObject", "s3:ListBucket"]),
];

/// Operations that reach data of which their parameters do not tell.
const QUERIES: [(&str, &str); 4] = [
    ("athena", "StartQueryExecution"),
    ("cloudformation", "CreateStack"),
    ("cloudformation", "UpdateStack"),
    ("cloudformation", "CreateChangeSet"),
];

/// Parameters whose own names the caller chooses: nothing in them is a parameter.
const FREE: [&str; 9] = [
    "Tags",
    "Variables",
    "Environment",
    "Metadata",
    "Labels",
    "DefaultArguments",
    "Arguments",
    "MessageAttributes",
    "Item",
];

impl Machine<'_> {
    /// Writes down what an operation is handed and needs a permission for.
    pub(super) fn handed_over(&mut self, call: Call<'_>) {
        let Call { service, operation, place, .. } = call;
        if QUERIES.contains(&(service, operation)) {
            let what = format!(
                "what `{service}:{operation}` reads and writes with the caller's rights is not followed"
            );
            self.gap(place, what);
        }
        let Some(input) = call.input else { return };
        let mut parts = Vec::new();
        self.parts_of(input, DEPTH, &mut PARTS.clone(), &mut parts);
        // A service that is given a role for the data reads them with that.
        let own_role = parts.iter().any(|(name, _)| name.eq_ignore_ascii_case("DataAccessRoleArn"));
        for (name, value) in parts {
            if names_role(&name) && !matches!(value.what, What::Object(_) | What::List(_)) {
                self.record(
                    service,
                    operation,
                    vec![PASS_ROLE.to_owned()],
                    &value,
                    place,
                    Certainty::Certain,
                );
            }
            let used = BUCKETS.iter().find(|known| {
                known.service == service && operation.starts_with(known.operation) && known.parameter == name
            });
            if let Some(used) = used.filter(|_| !own_role) {
                let actions = used.actions.iter().map(ToString::to_string).collect();
                let bucket = self.bucket_of(&value);
                self.record(service, operation, actions, &bucket, place, Certainty::Certain);
            }
        }
    }

    /// The bucket that a value names: an object with its name, an address, or the name itself.
    fn bucket_of(&self, value: &Value) -> Value {
        match &value.what {
            What::Object(_) => self.field(value, "Bucket").unwrap_or_default(),
            What::Text(pieces) => match pieces.first() {
                Some(Piece::Literal(text)) if text.starts_with("http") => Value::unknown(),
                _ => before_slash(value),
            },
            _ => value.clone(),
        }
    }

    /// All named parts of a value.
    fn parts_of(&self, value: &Value, depth: u32, left: &mut usize, found: &mut Vec<(String, Value)>) {
        let (Some(depth), Some(fewer)) = (depth.checked_sub(1), left.checked_sub(1)) else { return };
        *left = fewer;
        match &value.what {
            What::Object(_) => {
                for (name, part) in self.entries(value).iter().filter(|(_, part)| !part.is_nothing()) {
                    found.push((name.clone(), part.clone()));
                    if !FREE.iter().any(|free| name.eq_ignore_ascii_case(free)) {
                        self.parts_of(part, depth, left, found);
                    }
                }
            }
            What::List(_) => {
                self.items(value).iter().for_each(|item| self.parts_of(item, depth, left, found));
            }
            What::OneOf(values) => {
                values.iter().for_each(|choice| self.parts_of(choice, depth, left, found));
            }
            _ => {}
        }
    }
}

/// Whether a parameter is called as those are that hold a role's ARN: `Role`, `roleArn`, `executionRoleArn`, `ServiceRole`.
fn names_role(name: &str) -> bool {
    let small = name.to_ascii_lowercase();
    small == "role" || small == "servicerole" || small.ends_with("rolearn")
}

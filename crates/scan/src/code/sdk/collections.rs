//! Collections of the SDK for Python: what asking for them needs, and what their elements are.
//!
//! Invariant: a collection that is not known is said to be unknown, for its elements have operations of their own. Not here: what a single
//! handle does (`boto`).

use std::rc::Rc;

use super::boto::handle;
use super::{Form, Thing};
use crate::code::machine::Machine;
use crate::code::value::{Value, What};
use crate::code::{Certainty, SdkCall};
use crate::source::Place;

/// Methods by which a collection is asked for or narrowed down.
const ASKS: [&str; 6] = ["all", "filter", "limit", "page_size", "pages", "iterator"];

/// A collection: the service, what it is a member of, its name, what it is.
const COLLECTIONS: [(&str, Form, &str, Form); 6] = [
    ("s3", Form::Bucket, "objects", Form::Objects),
    ("s3", Form::Bucket, "object_versions", Form::Versions),
    ("s3", Form::Service, "buckets", Form::Buckets),
    ("dynamodb", Form::Service, "tables", Form::Tables),
    ("sqs", Form::Service, "queues", Form::Queues),
    ("sqs", Form::Queue, "dead_letter_source_queues", Form::Queues),
];

/// What a member of a handle is, where it is a collection.
pub(super) fn collection(service: &str, of: Form, member: &str) -> Option<Form> {
    let known =
        COLLECTIONS.iter().find(|(owner, form, name, _)| *owner == service && *form == of && *name == member);
    known.map(|(.., form)| *form)
}

/// What the elements of a collection are.
fn element(form: Form) -> Option<Form> {
    match form {
        Form::Objects => Some(Form::Object),
        Form::Versions => Some(Form::Version),
        Form::Messages => Some(Form::Message),
        Form::Buckets => Some(Form::Bucket),
        Form::Tables => Some(Form::Table),
        Form::Queues => Some(Form::Queue),
        _ => None,
    }
}

/// What one gets by going through something of the SDK.
pub(in crate::code) fn element_of(thing: &Rc<Thing>) -> Option<Value> {
    let Thing::Handle { service, form, name } = thing.as_ref() else { return None };
    Some(handle(service, element(*form)?, name.clone()))
}

/// Whether a member of something that is named, and not called, is how collections are asked for.
pub(in crate::code) fn asks(thing: &Thing, name: &str) -> bool {
    matches!(thing, Thing::Handle { .. }) && ASKS.contains(&name)
}

impl Machine<'_> {
    /// A method of a collection; `None` where the handle is none, or the method is another.
    pub(super) fn collection_called(
        &mut self,
        service: &str,
        form: Form,
        bound: &Value,
        name: &str,
        place: Place,
    ) -> Option<Value> {
        element(form)?;
        let needs = |machine: &mut Self, operation: &str, actions: &[&str]| {
            let actions = actions.iter().map(|action| (*action).to_owned()).collect();
            machine.record(service, operation, actions, bound, place, Certainty::Certain);
        };
        let asked = match form {
            Form::Objects => Some(("ListObjectsV2", "s3:ListBucket")),
            Form::Versions => Some(("ListObjectVersions", "s3:ListBucketVersions")),
            _ => None,
        };
        // What is narrowed down step by step is asked for once.
        let begins = |call: &SdkCall| (call.place.file, call.place.start) == (place.file, place.start);
        let asked = asked.filter(|(operation, _)| {
            !self.reading.sdk_calls.iter().any(|call| begins(call) && call.operation == *operation)
        });
        if let Some((operation, action)) = asked {
            needs(self, operation, &[action]);
        }
        match (form, name) {
            (Form::Buckets, _) => self.operation_on(service, "ListBuckets", &Value::text("*"), place),
            (Form::Tables, _) => self.operation_on(service, "ListTables", &Value::text("*"), place),
            (Form::Queues, _) => self.operation_on(service, "ListQueues", &Value::text("*"), place),
            (Form::Objects, "delete") => needs(self, "DeleteObjects", &["s3:DeleteObject"]),
            (Form::Versions, "delete") => {
                needs(self, "DeleteObjects", &["s3:DeleteObject"]);
                needs(self, "DeleteObjects", &["s3:DeleteObjectVersion"]);
            }
            _ => {}
        }
        let known = ASKS.contains(&name) || matches!(name, "delete" | "__iter__");
        if !known {
            self.gap(place, format!("what `{name}` asks of {service} is not known"));
        }
        let same = handle(service, form, bound.clone());
        Some(if ASKS.contains(&name) { same } else { Value::unknown() })
    }

    /// A method of an element of a collection that is no handle by itself: a version of an object, a message of a queue.
    pub(super) fn element_called(
        &mut self,
        service: &str,
        form: Form,
        bound: &Value,
        name: &str,
        place: Place,
    ) -> Option<Value> {
        let (operation, action) = match (form, name) {
            (Form::Version, "get") => ("GetObject", "s3:GetObjectVersion"),
            (Form::Version, "head") => ("HeadObject", "s3:GetObjectVersion"),
            (Form::Version, "delete") => ("DeleteObject", "s3:DeleteObjectVersion"),
            (Form::Version, "Object") => return Some(handle(service, Form::Object, bound.clone())),
            (Form::Message, "delete") => ("DeleteMessage", "sqs:DeleteMessage"),
            (Form::Message, "change_visibility") => {
                ("ChangeMessageVisibility", "sqs:ChangeMessageVisibility")
            }
            (Form::Message, "Queue") => return Some(handle(service, Form::Queue, bound.clone())),
            (Form::Version | Form::Message, _) => {
                self.gap(place, format!("what `{name}` asks of {service} is not known"));
                return Some(Value::unknown());
            }
            _ => return None,
        };
        self.record(service, operation, vec![action.to_owned()], bound, place, Certainty::Certain);
        Some(Value::unknown())
    }

    /// Says that a collection which is not known is asked for.
    pub(in crate::code) fn unknown_collection(&mut self, thing: &Thing, member: &str, place: Place) {
        if let Thing::Handle { service, .. } = thing {
            self.gap(place, format!("what the `{member}` of {service} are used for is not known"));
        }
    }
}

impl Value {
    /// The element of a collection of the SDK.
    pub(in crate::code) fn sdk_element(&self) -> Option<Value> {
        match &self.what {
            What::Sdk(thing) => element_of(thing),
            _ => None,
        }
    }
}

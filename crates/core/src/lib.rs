//! The shared words of Casemate: ids, principals, resources, the action table, events, limits, the manifest,
//! and the traits at which rooms meet.
//!
//! Owns: names and shapes that more than one room speaks. Invariant: no I/O happens here, so everything can be
//! tested by value. Not here: who is allowed what (`policy`), how anything is stored (`storage`).

pub mod action;
pub mod actor;
pub mod entry;
pub mod event;
pub mod fault;
pub mod ids;
pub mod limits;
pub mod manifest;
pub mod origin;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
pub mod resource;
pub mod seams;
pub mod testing;
pub mod time;

pub use action::{ACTIONS, Action, ActionSpec, Audience, LedgerClass, Operation};
pub use actor::{Actor, Authentication, Method, Principal};
pub use entry::{Entry, Opened};
pub use event::{Decision, Event, Outcome, Verdict};
pub use fault::{Fault, Faulty};
pub use ids::{
    AppId, Digest, FunctionId, FunctionName, KeyId, NameError, PolicyVersion, RequestId, Revision, RoleName,
    Seq, ServiceId, SessionId, StoreId, StoreName, UserId,
};
pub use limits::{Limits, Rate};
pub use manifest::{Manifest, ManifestError};
pub use origin::Origin;
pub use resource::{Resource, Target};
pub use seams::{Clock, Durable, Entropy, RecordError, Recorder};
pub use time::{SystemClock, Timestamp};

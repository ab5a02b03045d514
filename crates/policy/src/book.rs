//! The policies in force: built-in, compiled from manifests, and written.
//!
//! Invariant: immutable, consistent (no id twice) and valid in strict mode; a book that cannot be made changes nothing. Not
//! here: asking it (`guard`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use casemate_core::{AppId, Manifest, Method, PolicyVersion};
use cedar_policy::{PolicyId, PolicySet};

use crate::compile::{compile, is_open};
use crate::index::{Index, Place};
use crate::reads::Reads;
use crate::text::{Note, Parsed, Source, is_name};
use crate::{PolicyError, PolicyOrigin, words};

/// A policy that an administrator wrote, in Cedar. One text may hold several policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPolicy {
    /// Its name: the grammar of app names; `casemate` is taken. Its policies are called `name#0`, `name#1` …, or
    /// `name#id` where `@id("id")` stands.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Everything that decides, beside the built-in policies and the roles.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The manifest of each app that is live.
    pub apps: Vec<Arc<Manifest>>,
    /// The written policies.
    pub written: Vec<WrittenPolicy>,
}

/// The candidate sets that are kept; the next one makes the store start anew.
const MAX_CANDIDATE_SETS: usize = 4096;

/// The policies in force.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) version: PolicyVersion,
    pub(crate) manifests: BTreeMap<AppId, Arc<Manifest>>,
    index: Index,
    parsed: HashMap<Arc<str>, Parsed>,
    open: HashSet<AppId>,
    candidates: Mutex<HashMap<Box<[Place]>, Arc<Candidates>>>,
}

/// The policies that can have a say on some kind of request.
#[derive(Debug)]
pub(crate) struct Candidates {
    pub(crate) set: PolicySet,
    /// What they read of the context, together.
    pub(crate) reads: Reads,
    /// The methods that their `@step_up` annotations name.
    pub(crate) step_ups: Vec<Method>,
}

impl Book {
    /// Makes a book. What stands in `previous` already, word for word, is not parsed and validated again.
    pub(crate) fn new(
        version: PolicyVersion,
        rules: &Rules,
        previous: Option<&Self>,
    ) -> Result<Self, PolicyError> {
        let mut policies = PolicySet::new();
        let mut known = HashMap::new();
        let mut add = |parsed: Vec<Parsed>| {
            for one in parsed {
                let id = one.policy.id().to_string();
                policies.add(one.policy.clone()).map_err(|_| PolicyError::Twice(id.clone()))?;
                known.insert(Arc::from(id), one);
            }
            Ok(())
        };
        let built_in = Source { name: AppId::PLATFORM, text: words::BUILT_IN_TEXT };
        add(built_in.parse(None, |_| PolicyOrigin::BuiltIn)?.0)?;
        let mut manifests = BTreeMap::new();
        for manifest in &rules.apps {
            if manifest.app.is_platform() {
                return Err(PolicyError::Name(manifest.app.to_string()));
            }
            if manifests.insert(manifest.app.clone(), Arc::clone(manifest)).is_some() {
                return Err(PolicyError::Twice(manifest.app.to_string()));
            }
            for one in compile(manifest) {
                let source = Source { name: &one.id, text: &one.text };
                let earlier = previous.and_then(|book| book.parsed.get(one.id.as_str()));
                let mut parsed = match earlier.filter(|earlier| earlier.note.text == one.text) {
                    Some(earlier) => vec![earlier.clone()],
                    None => source.parse(Some(&one.id), |_| one.origin.clone())?.0,
                };
                // The line may have changed around the same policy.
                parsed.iter_mut().for_each(|parsed| parsed.note.origin = one.origin.clone());
                add(parsed)?;
            }
        }
        for written in &rules.written {
            let WrittenPolicy { name, text } = written;
            if !is_name(name) || name == AppId::PLATFORM {
                return Err(PolicyError::Name(name.chars().take(80).collect()));
            }
            if rules.written.iter().filter(|other| other.name == *name).count() > 1 {
                return Err(PolicyError::Twice(name.clone()));
            }
            let origin = |line| PolicyOrigin::Written { name: name.clone(), line };
            add(Source { name, text }.parse(None, origin)?.0)?;
        }
        Ok(Self {
            version,
            index: Index::new(&policies),
            parsed: known,
            open: manifests.values().filter_map(|manifest| is_open(manifest)).collect(),
            manifests,
            candidates: Mutex::default(),
        })
    }

    /// Whether everyone who is signed in may know of this app.
    pub(crate) fn is_open(&self, app: &AppId) -> bool {
        self.open.contains(app)
    }

    /// A policy's id as it is shared, and what is known of it.
    pub(crate) fn note(&self, id: &str) -> Option<(&Arc<str>, &Note)> {
        self.parsed.get_key_value(id).map(|(id, parsed)| (id, &parsed.note))
    }

    /// The shared id of a policy of this book.
    pub(crate) fn shared_id(&self, id: &PolicyId) -> Arc<str> {
        let id: &str = id.as_ref();
        self.note(id).map_or_else(|| Arc::from(id), |(shared, _)| Arc::clone(shared))
    }

    /// The policies that can have a say.
    pub(crate) fn candidates(
        &self,
        uids: [&cedar_policy::EntityUid; 3],
        entities: &cedar_policy::Entities,
    ) -> Result<Arc<Candidates>, String> {
        let places = self.index.candidates(uids, entities);
        if let Some(found) =
            self.candidates.lock().unwrap_or_else(PoisonError::into_inner).get(places.as_slice())
        {
            return Ok(Arc::clone(found));
        }
        let made = Arc::new(self.assemble(&places)?);
        let mut kept = self.candidates.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_CANDIDATE_SETS {
            kept.clear();
        }
        kept.insert(places.into_boxed_slice(), Arc::clone(&made));
        Ok(made)
    }

    fn assemble(&self, places: &[Place]) -> Result<Candidates, String> {
        let mut candidates =
            Candidates { set: PolicySet::new(), reads: Reads::NOTHING, step_ups: Vec::new() };
        for policy in self.index.policies(places) {
            candidates.set.add(policy.clone()).map_err(|error| error.to_string())?;
            let note = self.note(policy.id().as_ref()).map(|(_, note)| note);
            // A policy without a note would be a mistake of this room: it counts as one that reads everything.
            let note = note.ok_or_else(|| format!("policy `{}` has no note", policy.id()))?;
            candidates.reads = candidates.reads.and(note.reads);
            candidates.step_ups.extend(note.step_up.filter(|method| !candidates.step_ups.contains(method)));
        }
        Ok(candidates)
    }
}

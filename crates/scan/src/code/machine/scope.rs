//! Names, what they are bound to, and which of them were checked.
//!
//! Invariant: a name that is set again in another branch may be either; in the same branch it is the new value.

use std::collections::BTreeMap;

use super::{Frame, Machine};
use crate::code::value::{Safe, ScopeId, Value};

#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) names: BTreeMap<String, Slot>,
    parent: Option<ScopeId>,
    /// Whether it is a file's own: what stands in it outlives a call.
    pub(super) top: bool,
    /// Names that belong to a scope further out, though they are set here.
    pub(super) outer: Vec<String>,
    /// Modules from outside whose names all stand here as well.
    pub(super) stars: Vec<String>,
    /// What was checked, by its path, and for which sinks.
    clean: Vec<(String, Safe)>,
}

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) value: Value,
    branch: u32,
}

impl Machine<'_> {
    pub(super) fn new_scope(&mut self, parent: Option<ScopeId>) -> ScopeId {
        self.scopes.push(Scope { parent, top: parent.is_none(), ..Scope::default() });
        ScopeId(self.scopes.len() - 1)
    }

    pub(super) fn scope(&self, id: ScopeId) -> Option<&Scope> {
        self.scopes.get(id.0)
    }

    pub(super) fn scope_mut(&mut self, id: ScopeId) -> Option<&mut Scope> {
        self.scopes.get_mut(id.0)
    }

    pub(super) fn is_top(&self, id: ScopeId) -> bool {
        self.scope(id).is_some_and(|scope| scope.top)
    }

    /// The scope that holds a name, seen from another.
    pub(super) fn holder(&self, from: ScopeId, name: &str) -> Option<ScopeId> {
        let mut at = Some(from);
        while let Some(id) = at {
            let scope = self.scope(id)?;
            if scope.names.contains_key(name) {
                return Some(id);
            }
            at = scope.parent;
        }
        None
    }

    /// The file's own scope, seen from one within.
    pub(super) fn top_of(&self, from: ScopeId) -> Option<ScopeId> {
        let mut at = from;
        while let Some(parent) = self.scope(at)?.parent {
            at = parent;
        }
        Some(at)
    }

    pub(super) fn lookup(&self, from: ScopeId, name: &str) -> Option<&Value> {
        let holder = self.holder(from, name)?;
        self.scope(holder)?.names.get(name).map(|slot| &slot.value)
    }

    /// Binds a new name.
    pub(super) fn declare(&mut self, id: ScopeId, name: &str, value: Value, branch: u32) {
        if let Some(scope) = self.scope_mut(id) {
            scope.names.insert(name.to_owned(), Slot { value, branch });
            scope.forget(name);
        }
    }

    /// Sets a name that a scope holds; in another branch than where it was bound it may be either.
    pub(super) fn set(&mut self, id: ScopeId, name: &str, value: Value, branch: u32) {
        let Some(scope) = self.scope_mut(id) else { return };
        let slot = scope.names.entry(name.to_owned()).or_insert(Slot { value: Value::unknown(), branch });
        if slot.branch == branch {
            slot.value = value;
        } else {
            slot.value = std::mem::take(&mut slot.value).or(value);
        }
        scope.forget(name);
    }

    /// For which sinks something was checked.
    pub(super) fn checked(&self, from: ScopeId, path: &str) -> Safe {
        let (mut at, mut safe) = (Some(from), Safe::default());
        while let Some(scope) = at.and_then(|id| self.scope(id)) {
            for (known, of) in &scope.clean {
                let within = path
                    .strip_prefix(known.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
                if within {
                    safe = safe.and(*of);
                }
            }
            at = scope.parent;
        }
        safe
    }

    pub(super) fn check(&mut self, frame: &Frame, path: String, safe: Safe) {
        if let Some(scope) = self.scope_mut(frame.scope)
            && scope.clean.len() < 64
        {
            scope.clean.push((path, safe));
        }
    }

    /// How many checks hold, to return to later.
    pub(super) fn checks(&self, id: ScopeId) -> usize {
        self.scope(id).map_or(0, |scope| scope.clean.len())
    }

    pub(super) fn keep_checks(&mut self, id: ScopeId, count: usize) {
        if let Some(scope) = self.scope_mut(id) {
            scope.clean.truncate(count);
        }
    }

    pub(super) fn next_branch(&mut self) -> u32 {
        self.branches = self.branches.saturating_add(1);
        self.branches
    }
}

impl Scope {
    /// Takes away what was checked since then.
    pub(super) fn take_checks(&mut self, from: usize) -> Vec<(String, Safe)> {
        self.clean.split_off(from.min(self.clean.len()))
    }

    /// What is set anew has not been checked.
    fn forget(&mut self, name: &str) {
        self.clean.retain(|(path, _)| {
            !path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
    }
}

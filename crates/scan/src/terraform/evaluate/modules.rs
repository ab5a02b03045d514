//! The modules that a module calls: in the tree, or of the registry by a stand-in.
//!
//! Invariant: so many and so deep and no further; what is left out is kept, so that nobody takes silence for absence. Not here: which
//! folders are modules (`terraform::module`).

use std::rc::Rc;

use super::collection::elements;
use super::{Caller, Context, Each, Evaluator, Memo, Scope, Slot, expand};
use crate::source::Place;
use crate::terraform::module::{Module, ModuleCall};
use crate::terraform::stand_in;
use crate::terraform::value::{Instance, Value};

/// Modules within modules.
const MAX_MODULE_DEPTH: usize = 12;
/// Modules of one root, all instances counted.
const MAX_SCOPES: usize = 500;
/// How many calls that are left out are kept.
const MAX_LEFT_OUT: usize = 20;

impl Evaluator<'_> {
    /// The scopes that a module call makes; none for a module that is neither in the tree nor known.
    pub(in crate::terraform) fn children(&self, scope: &Rc<Scope>, index: usize) -> Rc<[(Instance, usize)]> {
        let slot = Slot::Children(index);
        let found = scope.memo.borrow().get(&slot).cloned();
        match found {
            Some(Memo::Children(children)) => children,
            Some(_) => Rc::new([]),
            None => {
                scope.memo.borrow_mut().insert(slot.clone(), Memo::Started);
                let children: Rc<[_]> = self.make_children(scope, index).into();
                scope.memo.borrow_mut().insert(slot, Memo::Children(children.clone()));
                children
            }
        }
    }

    fn make_children(&self, scope: &Rc<Scope>, index: usize) -> Vec<(Instance, usize)> {
        let Some(call) = scope.module.calls.get(index) else { return Vec::new() };
        let found = match scope.module.folder_of(call) {
            Some(folder) => self.modules.find(&folder),
            None => stand_in::find(&call.source)
                .map(|text| Rc::new(Module::of_text(text, call.head, &scope.module.folder))),
        };
        let Some(module) = found else { return Vec::new() };
        let instances = expand(&self.instances_of(&call.body, scope));
        if scope.depth >= MAX_MODULE_DEPTH {
            if !instances.is_empty() {
                self.leave_out(call.head);
            }
            return Vec::new();
        }
        let mut children = Vec::new();
        for (instance, each) in instances {
            if self.scopes.borrow().len() >= MAX_SCOPES {
                self.leave_out(call.head);
                break;
            }
            let prefix = format!("{}module.{}{}.", scope.prefix, call.label, instance.suffix());
            let caller = Caller { scope: scope.clone(), call: index, each };
            children.push((instance, self.add_scope(module.clone(), prefix, Some(caller), scope.depth + 1)));
        }
        children
    }

    fn leave_out(&self, place: Place) {
        let mut left_out = self.left_out.borrow_mut();
        if left_out.len() < MAX_LEFT_OUT && !left_out.contains(&place) {
            left_out.push(place);
        }
    }

    /// Calls of modules that are not followed, because there are too many or they stand too deep.
    pub(in crate::terraform) fn left_out(&self) -> Vec<Place> {
        self.left_out.borrow().clone()
    }

    /// Whether what a call leads to is neither in the tree nor known.
    pub(in crate::terraform) fn is_missing(&self, scope: &Scope, index: usize) -> bool {
        let Some(call) = scope.module.calls.get(index) else { return false };
        match scope.module.folder_of(call) {
            Some(folder) => self.modules.find(&folder).is_none(),
            None => stand_in::find(&call.source).is_none(),
        }
    }

    /// Inputs that the stand-in of a module does not look at, though they may let somebody in: name and place.
    pub(in crate::terraform) fn unread_inputs<'s>(
        &self,
        scope: &'s Rc<Scope>,
        call: &'s ModuleCall,
        child: &Scope,
    ) -> Vec<(&'s str, Place)> {
        if scope.module.folder_of(call).is_some() {
            return Vec::new();
        }
        let each = Each::default();
        let context = Context { scope, each: &each, names: None };
        let unread = call.body.attributes.iter().filter(|input| {
            child.module.variable(&input.name).is_none()
                && stand_in::may_open(&input.name)
                && !is_nothing(&self.expr(&input.value, context))
        });
        unread.map(|input| (input.name.as_str(), input.value.place)).collect()
    }
}

/// Whether an input gives nothing: `null`, `false`, an empty text, list or map.
fn is_nothing(value: &Value) -> bool {
    value.is_null()
        || value.as_bool() == Some(false)
        || value.as_literal().is_some_and(|text| text.is_empty())
        || elements(value).is_some_and(|elements| elements.is_empty())
}

//! Errors on their way from where they are thrown to where they are taken.
//!
//! Invariant: an error is taken by the nearest `try` around it, in this function or a caller of it; one without event data is like any
//! other from outside. Not here: what an answer shows of errors (`switches`).

use super::{Frame, Machine};
use crate::code::program::Expression;
use crate::code::value::{Arguments, Taint, Value, What};

/// What a caught error is called among things from outside.
pub(super) const CAUGHT: &str = "caught error";

impl Machine<'_> {
    /// `throw new Error(text)`, `raise ValueError(text)`.
    pub(super) fn throws(&mut self, frame: &mut Frame, error: &Expression) {
        let value = self.eval(frame, error);
        if self.deep(&value).taint.event.is_some() {
            self.thrown = std::mem::take(&mut self.thrown).or(value);
        }
    }

    /// What a `catch` is handed, after what was thrown: `any` is what it may be besides.
    pub(super) fn caught(&self, any: Value, thrown: &Value) -> Value {
        if self.deep(thrown).taint.event.is_none() { any } else { any.or(thrown.clone()) }
    }

    /// The constructor of a base from outside: that of an error keeps the text.
    pub(super) fn construct_outside(&mut self, parent: &Value, this: &Value, arguments: &Arguments) {
        let (Some(path), What::Object(id)) = (parent.path(), &this.what) else { return };
        if is_error(path)
            && let (Some(text), Some(object)) = (arguments.at(0), self.objects.get_mut(id.0))
        {
            object.entries.extend(["message", "args"].map(|name| (name.to_owned(), text.clone())));
        }
    }

    /// What an error carries that is made of these: its text.
    pub(super) fn error_carries(&self, path: &str, arguments: &Arguments) -> Taint {
        if !is_error(path) {
            return Taint::default();
        }
        let all = arguments.values.iter().map(|value| self.deep(value).taint);
        all.fold(Taint::default(), |taint, other| taint.join(&other))
    }
}

/// Whether a path names a kind of error, as both languages call them.
fn is_error(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    last.ends_with("Error") || last.ends_with("Exception")
}

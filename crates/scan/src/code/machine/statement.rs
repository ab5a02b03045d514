//! Statements, one after another.

use std::rc::Rc;
use std::sync::Arc;

use super::errors::CAUGHT;
use super::{Frame, Machine, Object};
use crate::code::program::{
    Export, Expression, FunctionCode, Handler, Kind, Language, Pattern, Program, Statement,
};
use crate::code::switches::ERROR_TEXT;
use crate::code::value::{Arguments, Class, Closure, Taint, Trail, Value, What};
use crate::source::Place;

/// Whether what stands below is still reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    On,
    Left,
}

impl Machine<'_> {
    pub(super) fn block(&mut self, frame: &mut Frame, statements: &[Statement]) -> Next {
        if frame.program.language != Language::Python {
            // Functions are there before anything runs.
            for statement in statements {
                if let Statement::Function(index) = statement {
                    self.function_statement(frame, *index);
                }
            }
        }
        for statement in statements {
            if self.fuel == 0 || self.statement(frame, statement) == Next::Left {
                return Next::Left;
            }
        }
        Next::On
    }

    fn statement(&mut self, frame: &mut Frame, statement: &Statement) -> Next {
        match statement {
            Statement::Run(expression) => {
                self.eval(frame, expression);
                // `A && fail()`, `process.exit()` go on as far as this walk is concerned.
                Next::On
            }
            Statement::Bind { pattern, value, declares } => {
                let made = self.eval(frame, value);
                let made = self.named_step(frame, pattern, made, value.span);
                self.bind(frame, pattern, made, *declares);
                Next::On
            }
            Statement::Function(index) => {
                if frame.program.language == Language::Python {
                    self.function_statement(frame, *index);
                }
                Next::On
            }
            Statement::Class(index) => {
                let value = self.class_value(frame, *index);
                let program = frame.program.clone();
                if let Some(name) = program.classes.get(*index).and_then(|code| code.name.as_deref()) {
                    self.declare(frame.scope, name, value, frame.branch);
                }
                Next::On
            }
            Statement::Return(expression) => {
                let value = self.eval(frame, expression);
                self.give_back(frame, value);
                Next::Left
            }
            Statement::Throw(expression) => {
                if let Some(expression) = expression {
                    self.throws(frame, expression);
                }
                Next::Left
            }
            Statement::If { test, then, otherwise } => self.fork(frame, test, then, otherwise),
            Statement::Loop { each, test, body } => {
                let outer = frame.branch;
                if let Some((pattern, over)) = each {
                    let over = self.eval(frame, over);
                    if self.for_each_name(frame, pattern, &over, body) {
                        return Next::On;
                    }
                    let element = self.step(frame, &over);
                    frame.branch = self.next_branch();
                    self.bind(frame, pattern, element, true);
                }
                if let Some(test) = test {
                    self.eval(frame, test);
                    frame.branch = self.next_branch();
                }
                let checks = self.checks(frame.scope);
                self.block(frame, body);
                self.keep_checks(frame.scope, checks);
                frame.branch = outer;
                Next::On
            }
            Statement::Switch { subject, cases } => self.select(frame, subject, cases),
            Statement::Try { body, handlers, last } => self.attempt(frame, body, handlers, last),
            Statement::Block(body) => self.block(frame, body),
            Statement::Leave => Next::Left,
            Statement::Outer(names) => {
                if let Some(scope) = self.scope_mut(frame.scope) {
                    scope.outer.extend(names.iter().cloned());
                }
                Next::On
            }
            Statement::Import(import) => {
                self.import(frame, import);
                Next::On
            }
            Statement::Export(export) => {
                self.export(frame, export);
                Next::On
            }
        }
    }

    pub(super) fn give_back(&mut self, frame: &mut Frame, value: Value) {
        frame.returned = Some(match frame.returned.take() {
            Some(known) => known.or(value),
            None => value,
        });
    }

    fn fork(
        &mut self,
        frame: &mut Frame,
        test: &Expression,
        then: &[Statement],
        otherwise: &[Statement],
    ) -> Next {
        self.eval(frame, test);
        let outer = frame.branch;
        let checks = self.checks(frame.scope);
        let mut sides = [Next::On, Next::On];
        for (side, (holds, body)) in sides.iter_mut().zip([(true, then), (false, otherwise)]) {
            frame.branch = self.next_branch();
            self.assume(frame, test, holds);
            *side = self.block(frame, body);
            self.keep_checks(frame.scope, checks);
        }
        frame.branch = outer;
        match sides {
            [Next::Left, Next::Left] => return Next::Left,
            // Only the other side goes on, so what it was let through by holds from here.
            [Next::Left, Next::On] => self.assume(frame, test, false),
            [Next::On, Next::Left] => self.assume(frame, test, true),
            [Next::On, Next::On] => {}
        }
        Next::On
    }

    fn select(
        &mut self,
        frame: &mut Frame,
        subject: &Expression,
        cases: &[(Option<Expression>, Vec<Statement>)],
    ) -> Next {
        self.eval(frame, subject);
        let outer = frame.branch;
        for (value, body) in cases {
            if let Some(value) = value {
                self.eval(frame, value);
            }
            frame.branch = self.next_branch();
            let checks = self.checks(frame.scope);
            if let (Some(_), Some(path)) = (value, subject.path()) {
                self.check(frame, path, crate::code::value::Safe::ALL);
            }
            self.block(frame, body);
            self.keep_checks(frame.scope, checks);
        }
        frame.branch = outer;
        Next::On
    }

    fn attempt(
        &mut self,
        frame: &mut Frame,
        body: &[Statement],
        handlers: &[Handler],
        last: &[Statement],
    ) -> Next {
        let before = std::mem::take(&mut self.thrown);
        let next = self.block(frame, body);
        let thrown = if handlers.is_empty() { Value::default() } else { std::mem::take(&mut self.thrown) };
        let outer = frame.branch;
        let mut left = next == Next::Left;
        for handler in handlers {
            frame.branch = self.next_branch();
            if let Some(name) = &handler.name {
                let caught = Value::outside(CAUGHT);
                let caught = match (handler.takes_all, name) {
                    (true, Pattern::Name(_, span)) => caught.with(error_text(frame.program.place(*span))),
                    _ => caught,
                };
                let caught = self.caught(caught, &thrown);
                self.bind(frame, name, caught, true);
            }
            left &= self.block(frame, &handler.body) == Next::Left;
        }
        frame.branch = outer;
        self.thrown = std::mem::take(&mut self.thrown).or(before);
        self.block(frame, last);
        if left { Next::Left } else { Next::On }
    }

    fn function_statement(&mut self, frame: &mut Frame, index: usize) {
        let program = frame.program.clone();
        let Some(code) = program.functions.get(index) else { return };
        let made = self.closure(frame, index);
        let value = self.decorate(frame, code, made);
        if let Some(name) = &code.name {
            self.declare(frame.scope, name, value, frame.branch);
        }
    }

    pub(super) fn closure(&mut self, frame: &Frame, index: usize) -> Value {
        let closure = Rc::new(Closure {
            program: frame.program.clone(),
            index,
            scope: frame.scope,
            this: if frame.program.language == Language::Python { None } else { frame.this.clone() },
            home: None,
        });
        self.closures.push(closure.clone());
        What::Function(closure).into()
    }

    /// A function after its decorators.
    fn decorate(&mut self, frame: &mut Frame, code: &FunctionCode, function: Value) -> Value {
        let mut value = function.clone();
        for decorator in code.decorators.iter().rev() {
            let by = self.eval(frame, decorator);
            if let What::Function(closure) = &by.what {
                let (wrapped, _) = self.call(closure, &Arguments::new(vec![value.clone()]), None);
                if wrapped.choices().iter().any(|choice| matches!(choice.what, What::Function(_))) {
                    value = wrapped;
                }
                continue;
            }
            if let (Kind::Call(call), What::Function(closure)) = (&decorator.kind, &function.what) {
                let route = call
                    .arguments
                    .first()
                    .is_some_and(|first| matches!(&first.kind, Kind::Text(text) if text.starts_with('/')));
                if route && let Kind::Member(..) = call.callee.kind {
                    let closure = closure.clone();
                    self.serve(&closure);
                }
            }
        }
        value
    }

    /// Calls a function that answers a route: all it is handed comes from the caller.
    pub(super) fn serve(&mut self, closure: &Rc<Closure>) {
        let Some(code) = closure.program.functions.get(closure.index) else { return };
        let place = closure.program.place(code.span);
        let place = crate::source::Place { end: place.start, ..place };
        let arguments = code.parameters.iter().map(|parameter| match &parameter.pattern {
            crate::code::program::Pattern::Name(name, span) => self.sent(name, closure.program.place(*span)),
            _ => self.sent("request", place),
        });
        let arguments = Arguments::new(arguments.collect());
        let answer = self.run(closure, &arguments);
        crate::code::switches::answer(self, &answer);
    }

    pub(super) fn class_value(&mut self, frame: &mut Frame, index: usize) -> Value {
        let program: Arc<Program> = frame.program.clone();
        let Some(code) = program.classes.get(index) else { return Value::unknown() };
        let base = code.base.as_ref().map(|base| self.eval(frame, base));
        let shared = self.new_object(Object { lasting: self.is_top(frame.scope), ..Object::default() });
        for field in code.fields.iter().filter(|field| field.shared) {
            let value = self.eval(frame, &field.value);
            if let Some(object) = self.object_mut(shared) {
                object.entries.push((field.name.clone(), value));
            }
        }
        let class = Rc::new(Class { program: program.clone(), index, scope: frame.scope, base, shared });
        self.classes.push(class.clone());
        What::Class(class).into()
    }

    fn export(&mut self, frame: &mut Frame, export: &Export) {
        match export {
            Export::Local { local, exported } => {
                let value = self.lookup(frame.scope, local).cloned().unwrap_or_default();
                self.set_export(frame, exported, value);
            }
            Export::Default(expression) => {
                let value = self.eval(frame, expression);
                self.set_export(frame, "default", value);
            }
            Export::From { module, names, span } => {
                let from = self.module_value(frame, module, *span);
                for (name, exported) in names {
                    let value = self.imported(&from, name, frame.program.place(*span));
                    self.set_export(frame, exported, value);
                }
            }
            Export::AllFrom { module, span } => {
                let from = self.module_value(frame, module, *span);
                if from.path().is_some() {
                    self.export_all(frame, &from);
                }
                for (name, value) in self.exports_of(&from) {
                    self.set_export(frame, &name, value);
                }
            }
        }
    }
}

/// What the text of an error carries that may be any: nobody wrote it for callers.
pub(super) fn error_text(place: Place) -> Taint {
    let trail = Trail { source: place, name: ERROR_TEXT.to_owned(), steps: Vec::new() };
    Taint { stack: Some(Rc::new(trail)), ..Taint::default() }
}

//! Walks a function's code from its handler, with abstract values.
//!
//! Owns: the order of things (load the handler's module, call the handler with an event, look at what was not reached) and what is
//! written down on the way. Invariants: every step costs fuel and every level costs depth, both bounded; each branch is taken, each loop
//! once; nothing is executed. Not here: how single statements and expressions are walked (the modules below).

mod bind;
mod call;
mod define;
mod emitter;
mod errors;
mod expression;
mod guard;
mod handed;
mod member;
mod method;
mod module;
mod outside;
mod schema;
mod scope;
mod statement;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use self::module::Loaded;
use self::scope::Scope;
use super::entry::{self, Entry, Origin};
use super::imports::Root;
use super::program::{Language, Pattern, Program, Span};
use super::value::{Arguments, Class, Closure, ObjectId, SPREAD, ScopeId, Taint, Trail, Value, What};
use super::{Certainty, Flow, FlowKind, Reader, Reading, SdkCall, Seen, Switch, SwitchKind, switches};
use crate::graph::{App, Function};
use crate::source::{FileId, Place, SourceTree};

/// How many expressions one function may cost.
const FUEL: u32 = 150_000;
/// How many levels of expressions and calls may be open at once.
const DEPTH_LIMIT: u32 = 220;
/// How many calls of the tree's own functions may be open at once.
const CALL_LIMIT: usize = 12;
/// How many facts of one kind are kept for one function.
const FACT_LIMIT: usize = 2_000;

pub(super) struct Machine<'t> {
    reader: &'t Reader<'t>,
    pub(super) function: &'t Function,
    root: Root,
    scopes: Vec<Scope>,
    objects: Vec<Object>,
    modules: BTreeMap<FileId, Loaded>,
    closures: Vec<Rc<Closure>>,
    classes: Vec<Rc<Class>>,
    /// What is set in the environment, or in what is global, while running: by its name there.
    globals: Vec<(String, Value)>,
    /// Functions that were walked.
    reached: BTreeSet<(FileId, usize)>,
    /// Errors with event data in them that are on their way to whoever takes them.
    thrown: Value,
    /// What was told to listen: to whom, to what, and the function.
    listeners: Vec<(ObjectId, String, Value)>,
    calls: Vec<(FileId, usize)>,
    /// Classes that code outside of the tree was handed, or objects of them.
    handed_out: BTreeSet<(FileId, usize)>,
    fuel: u32,
    depth: u32,
    branches: u32,
    sweeping: bool,
    /// Whether a handler runs, and not what a file does when it is loaded.
    running: bool,
    /// Whether anything that answers requests was found.
    served: bool,
    pub(super) reading: Reading,
    pub(super) notes: switches::Notes,
}

/// Something with parts.
#[derive(Debug, Default)]
struct Object {
    entries: Vec<(String, Value)>,
    /// Entries whose names are worked out.
    computed: Vec<(Value, Value)>,
    /// Functions that give the value of an entry when it is asked for.
    getters: Vec<(String, Rc<Closure>)>,
    items: Vec<Value>,
    /// What any other part may be.
    rest: Option<Value>,
    /// Something from outside whose parts it has as well.
    from: Option<Value>,
    class: Option<Rc<Class>>,
    /// Whether it outlives the call.
    lasting: bool,
}

/// Where the walk is.
struct Frame {
    program: Arc<Program>,
    scope: ScopeId,
    this: Option<Value>,
    home: Option<Rc<Class>>,
    returned: Option<Value>,
    branch: u32,
}

/// Reads a function.
pub(super) fn read(reader: &Reader<'_>, app: &App, function: &Function) -> Reading {
    let found = entry::find(reader, app, function);
    let entry = match found {
        Ok(entry) => entry,
        Err(gap) => return Reading { unknowns: vec![gap], ..Reading::default() },
    };
    let other = |file| Entry {
        origin: Origin::File(file),
        export: entry.export.clone(),
        root: entry.root.clone(),
        beside: None,
        built: None,
    };
    let (beside, built) = (entry.beside.map(other), entry.built.map(other));
    let mut reading = read_from(reader, function, entry);
    if let Some(beside) = beside {
        reading.join(read_from(reader, function, beside));
    }
    if let Some(built) = built {
        reading.join_built(read_from(reader, function, built));
    }
    reading
}

fn read_from(reader: &Reader<'_>, function: &Function, entry: Entry) -> Reading {
    let mut machine = Machine::new(reader, function, entry.root);
    let place = function.code.place;
    let (loaded, program) = match entry.origin {
        Origin::File(file) => (machine.load(file), reader.program(file).ok()),
        Origin::Inline(program) => {
            let program = Arc::new(program);
            (Some(machine.run_module(program.clone())), Some(program))
        }
    };
    match (loaded, program) {
        (Some(module), Some(program)) => machine.walk(&module, &program, &entry.export, place),
        (_, _) => machine.gap(place, "the handler's file could not be read".to_owned()),
    }
    machine.finish()
}

impl<'t> Machine<'t> {
    fn new(reader: &'t Reader<'t>, function: &'t Function, root: Root) -> Self {
        Self {
            reader,
            function,
            root,
            scopes: Vec::new(),
            objects: Vec::new(),
            modules: BTreeMap::new(),
            closures: Vec::new(),
            classes: Vec::new(),
            globals: Vec::new(),
            reached: BTreeSet::new(),
            thrown: Value::default(),
            listeners: Vec::new(),
            calls: Vec::new(),
            handed_out: BTreeSet::new(),
            fuel: FUEL,
            depth: 0,
            branches: 1,
            sweeping: false,
            running: false,
            served: false,
            reading: Reading::default(),
            notes: switches::Notes::default(),
        }
    }

    pub(super) fn tree(&self) -> &'t SourceTree {
        self.reader.tree
    }

    /// From the handler, with what a caller sends; then what was not reached.
    fn walk(&mut self, module: &Value, program: &Arc<Program>, export: &str, place: Place) {
        let known = self.closures.len();
        let mut handler = module.clone();
        for name in export.split('.') {
            handler = self.part(&handler, name).unwrap_or_default();
        }
        if !self.start(&handler, 0) && !self.served {
            self.gap(
                place,
                format!("the handler `{export}` was not found in `{}`", self.tree().path(program.file())),
            );
        }
        self.sweep(known, program.file());
    }

    /// Calls what a handler is with an event. False when there is nothing to call.
    fn start(&mut self, handler: &Value, level: u32) -> bool {
        let mut started = false;
        for choice in handler.choices() {
            match &choice.what {
                What::Function(closure) => {
                    let file = closure.program.file();
                    let code = closure.program.functions.get(closure.index);
                    self.reading.entry = code.map(|code| closure.program.place(code.span));
                    self.reading.is_deaf = level == 0 && self.is_deaf(closure);
                    if !self.reading.files.contains(&file) {
                        self.reading.files.push(file);
                    }
                    let returned = self.run(closure, &self.event_for(closure));
                    switches::answer(self, &returned);
                    started = true;
                }
                What::Outside(outside) if level < 3 => {
                    for closure in &outside.wraps {
                        started |= self.start(&What::Function(closure.clone()).into(), level + 1);
                    }
                }
                What::Bound(bound) => {
                    if let What::Function(closure) = &bound.callee.what {
                        let closure = closure.clone();
                        let returned = self.run(&closure, &self.event_for(&closure).after(bound));
                        switches::answer(self, &returned);
                        started = true;
                    }
                }
                What::Object(_) if level < 3 => {
                    let method = self.part(choice, "__call__").or_else(|| self.part(choice, "handler"));
                    started |= method.is_some_and(|method| self.start(&method, level + 1));
                }
                _ => {}
            }
        }
        started
    }

    /// Whether a function never weighs what it is handed.
    fn is_deaf(&self, closure: &Closure) -> bool {
        let Some(code) = closure.program.functions.get(closure.index) else { return false };
        match code.parameters.is_empty() {
            // The first parameter of a method of Python is no event.
            false if closure.this.is_some() && closure.program.language == Language::Python => false,
            false => !self.looks(closure),
            true => !self.tree().excerpt(closure.program.place(code.span)).contains("arguments"),
        }
    }

    /// Calls something that answers requests.
    fn run(&mut self, closure: &Rc<Closure>, arguments: &Arguments) -> Value {
        self.served = true;
        let running = std::mem::replace(&mut self.running, true);
        self.thrown = Value::default();
        let answer = self.call(closure, arguments, None).0;
        self.running = running;
        answer
    }

    /// What the provider calls a handler with.
    fn event_for(&self, closure: &Closure) -> Arguments {
        let code = closure.program.functions.get(closure.index);
        let first = code.and_then(|code| {
            let skipped = usize::from(closure.this.is_some() && closure.program.language == Language::Python);
            code.parameters.get(skipped)
        });
        let span = match first.map(|parameter| &parameter.pattern) {
            Some(Pattern::Name(_, span)) => *span,
            Some(Pattern::Object(parts)) => parts.first().map(|part| part.span).unwrap_or_default(),
            _ => code.map(|code| Span { start: code.span.start, end: code.span.start }).unwrap_or_default(),
        };
        let event = self.sent("event", closure.program.place(span));
        Arguments::new(vec![event, Value::outside("lambda.context"), Value::outside("lambda.callback")])
    }

    /// What a caller sent.
    fn sent(&self, name: &str, source: Place) -> Value {
        let trail = Trail { source, name: name.to_owned(), steps: Vec::new() };
        Value::carrying(Taint { event: Some(Rc::new(trail)), ..Taint::default() })
    }

    fn is_unreached(&self, closure: &Closure) -> bool {
        !self.reached.contains(&(closure.program.file(), closure.index))
    }

    fn finish(mut self) -> Reading {
        if self.fuel == 0 {
            let place = self.function.code.place;
            self.gap(place, "there is more code than is followed".to_owned());
        }
        switches::finish(&mut self);
        self.reading
    }

    /// The function of the tree that is being walked.
    pub(super) fn open_call(&self) -> Option<(FileId, usize)> {
        self.calls.last().copied()
    }

    pub(super) fn certainty(&self) -> Certainty {
        if self.sweeping { Certainty::Possible } else { Certainty::Certain }
    }

    /// Writes down what could not be followed.
    pub(super) fn gap(&mut self, place: Place, why: String) {
        let seen = Seen { place, value: why };
        if self.reading.unknowns.len() < FACT_LIMIT && !self.reading.unknowns.contains(&seen) {
            self.reading.unknowns.push(seen);
        }
    }

    /// Writes down that a call is signed for somebody else to make.
    pub(super) fn signs(&mut self) {
        self.reading.signs = true;
    }

    pub(super) fn call_found(&mut self, call: SdkCall) {
        let known = self.reading.sdk_calls.iter().any(|known| {
            known.place == call.place && known.actions == call.actions && known.resource == call.resource
        });
        if !known && self.reading.sdk_calls.len() < FACT_LIMIT {
            self.reading.sdk_calls.push(call);
        }
    }

    /// Writes down event data, or an error's stack, that arrives somewhere.
    pub(super) fn flow(
        &mut self,
        kind: FlowKind,
        trail: &Trail,
        sink: Place,
        sink_name: &str,
        message: String,
    ) {
        let known = self.reading.flows.iter().any(|known| known.kind == kind && known.sink == sink);
        if known || self.reading.flows.len() >= FACT_LIMIT {
            return;
        }
        self.reading.flows.push(Flow {
            kind,
            source: trail.source,
            source_name: trail.name.clone(),
            steps: trail.steps.clone(),
            sink,
            sink_name: sink_name.to_owned(),
            message,
        });
    }

    pub(super) fn switch(&mut self, kind: SwitchKind, certainty: Certainty, place: Place, message: String) {
        let known = self.reading.switches.iter().any(|known| known.kind == kind && known.place == place);
        if !known && self.reading.switches.len() < FACT_LIMIT {
            self.reading.switches.push(Switch { kind, certainty, place, message, header: None });
        }
    }

    fn environment_read(&mut self, name: &str, place: Place) -> Value {
        let known = self.reading.reads_environment.iter().any(|seen| seen.value == name);
        if !known && self.reading.reads_environment.len() < FACT_LIMIT {
            self.reading.reads_environment.push(Seen { place, value: name.to_owned() });
        }
        let value = Value::piece(crate::known::Piece::Environment(name.to_owned()));
        match self.global(&format!("env.{name}")) {
            Some(set) => value.with(set.taint),
            None => value,
        }
    }

    /// What a global name or variable of the environment was set to.
    fn global(&self, name: &str) -> Option<Value> {
        self.globals.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn new_object(&mut self, object: Object) -> ObjectId {
        self.objects.push(object);
        ObjectId(self.objects.len() - 1)
    }

    fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.0)
    }

    fn object_mut(&mut self, id: ObjectId) -> Option<&mut Object> {
        self.objects.get_mut(id.0)
    }

    fn list_of(&mut self, items: Vec<Value>) -> Value {
        What::List(self.new_object(Object { items, ..Object::default() })).into()
    }

    /// An object of what a call was handed by name.
    pub(super) fn named_object(&mut self, arguments: &Arguments) -> Value {
        let rest = arguments.open.then(|| arguments.named(SPREAD).cloned().unwrap_or_default());
        let entries = arguments.named.clone();
        What::Object(self.new_object(Object { entries, rest, ..Object::default() })).into()
    }
}

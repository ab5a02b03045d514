//! After the handler: functions and methods of the loaded files that the walk did not reach, and that something may still call.
//!
//! Invariant: a function is left out only where no code that runs mentions a name of it. Everything found here is no more than possible.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Machine;
use crate::code::imports::{self, Target};
use crate::code::mentions::{Mentions, Names};
use crate::code::program::Program;
use crate::code::value::{Arguments, Class, Closure, Value, What};
use crate::source::FileId;

/// Rounds in which mentions lead to further mentions; after them everything counts as mentioned.
const ROUNDS: usize = 40;
/// Objects of one class that its methods are walked with at once.
const OBJECTS: usize = 4;

/// What code that runs mentions.
#[derive(Default)]
struct Heard {
    names: BTreeSet<String>,
    /// Files as a whole (`None`) and functions of them that were listened to.
    done: BTreeSet<(FileId, Option<usize>)>,
    of_file: BTreeMap<FileId, Names>,
    /// A module was handed on as a whole: anything in it may be called by any name.
    all: bool,
}

impl Heard {
    fn any(&self, names: Option<&BTreeSet<String>>) -> bool {
        self.all || names.is_none_or(|names| names.iter().any(|name| self.names.contains(name)))
    }

    fn names_of(&mut self, program: &Program) -> &Names {
        self.of_file.entry(program.file()).or_insert_with(|| Names::of(program))
    }
}

impl Machine<'_> {
    /// Walks what belongs to the handler and was not reached. `known` closures were there before it ran; `own` is its file.
    pub(super) fn sweep(&mut self, known: usize, own: FileId) {
        self.sweeping = true;
        self.running = true;
        let mut heard = Heard::default();
        let mut waiting: Vec<Rc<Closure>> = Vec::new();
        let mut at = 0;
        for round in 0..=ROUNDS {
            self.hear(&mut heard);
            heard.all |= round == ROUNDS;
            let before = self.reached.len();
            while let Some(closure) = self.closures.get(at).cloned() {
                // Other functions that the handler's own file declares at its top are handlers of other functions, or dead.
                let others = at < known && closure.program.file() == own && self.is_top(closure.scope);
                at += 1;
                if !others && closure.home.is_none() {
                    waiting.push(closure);
                }
            }
            for closure in std::mem::take(&mut waiting) {
                if !self.is_unreached(&closure) {
                    continue;
                }
                match self.may_be_called(&closure, &mut heard) {
                    true => drop(self.call(&closure, &Arguments::default(), None)),
                    false => waiting.push(closure),
                }
            }
            self.sweep_classes(&mut heard);
            if self.reached.len() == before && self.closures.len() == at {
                break;
            }
        }
    }

    /// Listens to what was loaded or reached since the last time.
    fn hear(&mut self, heard: &mut Heard) {
        let files = self.modules.keys().map(|file| (*file, None));
        let functions = self.reached.iter().map(|(file, index)| (*file, Some(*index)));
        let fresh: Vec<_> = files.chain(functions).filter(|part| !heard.done.contains(part)).collect();
        for (file, index) in fresh {
            heard.done.insert((file, index));
            let Some(program) = self.modules.get(&file).map(|loaded| loaded.program.clone()) else {
                continue;
            };
            let mentions = match index {
                None => Mentions::of_file(&program),
                Some(index) => match program.functions.get(index) {
                    Some(code) => Mentions::of_function(code),
                    None => continue,
                },
            };
            heard.all |= self.hands_on_a_module(heard, &program, &mentions);
            heard.names.extend(mentions.names);
        }
    }

    /// Whether a module of the tree is used as a whole, so that what of it is used cannot be told by names.
    fn hands_on_a_module(&self, heard: &mut Heard, program: &Program, mentions: &Mentions) -> bool {
        let leads_here = |module: &str| {
            let found = imports::resolve(self.reader, &self.root, program.language, program.file(), module);
            matches!(found, Target::File(_))
        };
        let names = heard.names_of(program);
        mentions
            .bare
            .iter()
            .any(|name| names.modules(name).any(leads_here) || (name.starts_with('.') && leads_here(name)))
    }

    /// Whether something may call a function: it has no name, it is marked, or its name is mentioned.
    fn may_be_called(&self, closure: &Closure, heard: &mut Heard) -> bool {
        let Some(code) = closure.program.functions.get(closure.index) else { return false };
        if !code.decorators.is_empty() {
            return true;
        }
        if self.is_top(closure.scope) {
            let names = heard.names_of(&closure.program).function(closure.index).cloned();
            return heard.any(names.as_ref());
        }
        heard.any(code.name.clone().map(|name| BTreeSet::from([name])).as_ref())
    }

    fn sweep_classes(&mut self, heard: &mut Heard) {
        let mut at = 0;
        while let Some(class) = self.classes.get(at).cloned() {
            at += 1;
            let names = heard.names_of(&class.program).class(class.index).cloned();
            let Some(code) = class.program.classes.get(class.index) else { continue };
            if !heard.any(names.as_ref()) {
                continue;
            }
            let foreign = self.is_foreign(&class);
            let file = class.program.file();
            let may = |(name, index): &&(String, usize)| {
                let marked =
                    class.program.functions.get(*index).is_some_and(|code| !code.decorators.is_empty());
                foreign || marked || heard.all || is_protocol(name) || heard.names.contains(name)
            };
            let methods: Vec<usize> = code
                .methods
                .iter()
                .filter(|(_, index)| !self.reached.contains(&(file, *index)))
                .filter(may)
                .map(|(_, index)| *index)
                .collect();
            if methods.is_empty() {
                continue;
            }
            let this = self.some_object(&class);
            for index in methods {
                let closure = Rc::new(Closure {
                    program: class.program.clone(),
                    index,
                    scope: class.scope,
                    this: Some(this.clone()),
                    home: Some(class.clone()),
                });
                self.call(&closure, &Arguments::default(), None);
            }
        }
    }

    /// Whether somebody else's code calls a class's methods: it extends what is not in the tree, or was handed out of it.
    fn is_foreign(&self, class: &Rc<Class>) -> bool {
        let from_outside = |base: &Value| !matches!(base.what, What::Class(_));
        class.base.as_ref().is_some_and(|base| base.choices().iter().any(from_outside))
            || self.handed_out.contains(&(class.program.file(), class.index))
    }

    /// Objects of a class that the code made, or else one that is made of anything.
    fn some_object(&mut self, class: &Rc<Class>) -> Value {
        let of_class =
            |object: &super::Object| object.class.as_ref().is_some_and(|own| Rc::ptr_eq(own, class));
        let made = self.objects.iter().enumerate().filter(|(_, object)| of_class(object));
        let made = made.take(OBJECTS).map(|(id, _)| What::Object(crate::code::value::ObjectId(id)).into());
        let made = made.reduce(Value::or);
        made.unwrap_or_else(|| self.instance(class, &Arguments { open: true, ..Arguments::default() }))
    }
}

/// Methods that the languages and their libraries call by themselves.
fn is_protocol(name: &str) -> bool {
    (name.starts_with("__") && name.ends_with("__"))
        || matches!(name, "toString" | "toJSON" | "valueOf" | "then" | "handleEvent" | "constructor")
}

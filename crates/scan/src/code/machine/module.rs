//! Modules: loading a file of the tree once, and binding what is imported from it or from outside.

use std::sync::Arc;

use super::{Frame, Machine, Object};
use crate::code::imports::Target;
use crate::code::program::{ImportCode, ImportedName, Language, Program, Span};
use crate::code::value::{ObjectId, ScopeId, Value, What};
use crate::code::{Import, imports, sdk};
use crate::source::{FileId, Place};

/// How many files of the tree one function may load.
const FILE_LIMIT: usize = 400;

/// Of how many packages one file may import all names.
const STAR_LIMIT: usize = 6;

/// A file that was loaded, or is being loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    value: Value,
    pub(super) program: Arc<Program>,
}

impl Machine<'_> {
    /// What a file of the tree exports.
    pub(super) fn load(&mut self, file: FileId) -> Option<Value> {
        if let Some(loaded) = self.modules.get(&file) {
            return Some(loaded.value.clone());
        }
        let place = Place::whole(file);
        if self.modules.len() >= FILE_LIMIT {
            self.gap(place, "it belongs to more files than are followed".to_owned());
            return None;
        }
        match self.reader.program(file) {
            Ok(program) => Some(self.run_module(program)),
            Err(why) => {
                self.gap(place, format!("`{}` was not read: {why}", self.tree().path(file)));
                None
            }
        }
    }

    /// Runs a file's own statements; gives what it exports.
    pub(super) fn run_module(&mut self, program: Arc<Program>) -> Value {
        let file = program.file();
        if !self.reading.files.contains(&file) {
            self.reading.files.push(file);
        }
        if program.holes {
            let name = self.tree().path(file).to_owned();
            self.gap(Place::whole(file), format!("parts of `{name}` could not be parsed"));
        }
        let scope = self.new_scope(None);
        let mut frame =
            Frame { program: program.clone(), scope, this: None, home: None, returned: None, branch: 1 };
        if program.language == Language::Python {
            let value: Value = What::Module(scope).into();
            self.modules.insert(file, Loaded { value: value.clone(), program: program.clone() });
            self.at_top(&mut frame, &program);
            return value;
        }
        let exports = self.new_object(Object::default());
        let value: Value = What::Object(exports).into();
        self.modules.insert(file, Loaded { value: value.clone(), program: program.clone() });
        let require = ("require".to_owned(), Value::outside("require"));
        let entries = vec![("exports".to_owned(), value.clone()), require];
        let module = Object { entries, ..Object::default() };
        let module = self.new_object(module);
        self.declare(scope, "exports", value.clone(), 1);
        self.declare(scope, "module", What::Object(module).into(), 1);
        frame.this = Some(value);
        self.at_top(&mut frame, &program);
        let value = self.exported(exports, module);
        self.modules.insert(file, Loaded { value: value.clone(), program });
        value
    }

    /// A file's own statements belong to no call, whoever imports it.
    fn at_top(&mut self, frame: &mut Frame, program: &Program) {
        let calls = std::mem::take(&mut self.calls);
        let running = std::mem::replace(&mut self.running, self.sweeping);
        self.block(frame, &program.body);
        self.running = running;
        self.calls = calls;
    }

    /// `module.exports`, with what was exported by name.
    fn exported(&self, exports: ObjectId, module: ObjectId) -> Value {
        let whole = self.object(module).and_then(|module| {
            module.entries.iter().rev().find(|(name, _)| name == "exports").map(|(_, value)| value.clone())
        });
        let original: Value = What::Object(exports).into();
        let Some(whole) = whole else { return original };
        // `module.exports = …` stands beside the first, empty one.
        let named = self.object(exports).is_some_and(|object| !object.entries.is_empty());
        let others = whole
            .choices()
            .iter()
            .filter(|value| named || !matches!(&value.what, What::Object(id) if *id == exports));
        others.cloned().reduce(Value::or).unwrap_or(original)
    }

    pub(super) fn set_export(&mut self, frame: &Frame, name: &str, value: Value) {
        let exports =
            self.scope(frame.scope).and_then(|scope| match scope.names.get("exports")?.value.what {
                What::Object(id) => Some(id),
                _ => None,
            });
        if let Some(object) = exports.and_then(|id| self.object_mut(id)) {
            object.entries.push((name.to_owned(), value));
        }
    }

    /// All that something from outside exports.
    pub(super) fn export_all(&mut self, frame: &Frame, module: &Value) {
        let exports = self.lookup(frame.scope, "exports").map(|value| value.what.clone());
        if let Some(What::Object(id)) = exports
            && let Some(object) = self.object_mut(id)
        {
            object.from = Some(module.clone());
        }
    }

    pub(super) fn exports_of(&self, module: &Value) -> Vec<(String, Value)> {
        match &module.what {
            What::Object(id) => self.object(*id).map(|object| object.entries.clone()).unwrap_or_default(),
            What::Module(scope) => self.names_of(*scope),
            What::OneOf(values) => values.iter().flat_map(|value| self.exports_of(value)).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn names_of(&self, scope: ScopeId) -> Vec<(String, Value)> {
        let names = self
            .scope(scope)
            .map(|scope| scope.names.iter().map(|(name, slot)| (name.clone(), slot.value.clone())).collect());
        names.unwrap_or_default()
    }

    /// A module that is asked for while running.
    pub(super) fn module_at(&mut self, frame: &Frame, module: &str, place: Place) -> Value {
        let from = frame.program.file();
        match imports::resolve(self.reader, &self.root, frame.program.language, from, module) {
            Target::File(file) => self.load(file).unwrap_or_default(),
            Target::Data => Value::unknown(),
            Target::Missing => {
                self.gap(place, format!("`{module}` is not in the tree"));
                Value::unknown()
            }
            Target::Package(package, path) => {
                self.imports_package(frame, &package, place);
                Value::outside(path)
            }
        }
    }

    fn imports_package(&mut self, frame: &Frame, package: &str, place: Place) {
        if sdk::hides_calls(package) {
            self.gap(place, format!("`{package}` calls the provider by itself"));
        }
        let known = self.reading.imports.iter().any(|import| import.package == package);
        if !known && self.reading.imports.len() < 500 {
            let (from, language) = (frame.program.file(), frame.program.language);
            if imports::is_private(self.reader, from, language, package) {
                self.gap(place, format!("`{package}` is no public package, and its code is not here"));
            }
            self.reading.imports.push(Import { place, package: package.to_owned() });
        }
    }

    pub(super) fn module_value(&mut self, frame: &Frame, module: &str, span: Span) -> Value {
        self.module_at(frame, module, frame.program.place(span))
    }

    /// One of the things that a module exports.
    pub(super) fn imported(&mut self, module: &Value, name: &str, place: Place) -> Value {
        match (&module.what, name) {
            (What::Outside(_), "default") => module.clone(),
            (What::Outside(_), _) => self.member(module, name, place),
            (_, "default") => self.part(module, name).unwrap_or_else(|| module.clone()),
            _ => self.part(module, name).unwrap_or_default(),
        }
    }

    pub(super) fn import(&mut self, frame: &mut Frame, import: &ImportCode) {
        let place = frame.program.place(import.span);
        if frame.program.language == Language::Python {
            return self.import_python(frame, import, place);
        }
        let module = self.module_at(frame, &import.module, place);
        for name in &import.names {
            match name {
                ImportedName::Whole(local) => self.declare(frame.scope, local, module.clone(), frame.branch),
                ImportedName::One { exported, local } => {
                    let value = self.imported(&module, exported, place);
                    self.declare(frame.scope, local, value, frame.branch);
                }
                ImportedName::All => {}
            }
        }
    }

    fn import_python(&mut self, frame: &mut Frame, import: &ImportCode, place: Place) {
        for name in &import.names {
            match name {
                ImportedName::Whole(local) => {
                    let module = self.module_at(frame, &import.module, place);
                    match local.split_once('.') {
                        None => self.declare(frame.scope, local, module, frame.branch),
                        Some((top, rest)) => self.declare_dotted(frame, top, rest, module, place),
                    }
                }
                ImportedName::One { exported, local } => {
                    let value = self.import_one(frame, &import.module, exported, place);
                    self.declare(frame.scope, local, value, frame.branch);
                }
                ImportedName::All => {
                    let module = self.module_at(frame, &import.module, place);
                    for (name, value) in self.exports_of(&module) {
                        self.declare(frame.scope, &name, value, frame.branch);
                    }
                    self.import_star(frame, &module);
                }
            }
        }
    }

    /// `from a import *`, of a package: its names are not known, so each that is found nowhere else is one of them.
    fn import_star(&mut self, frame: &Frame, module: &Value) {
        let stars = match &module.what {
            What::Outside(outside) => vec![outside.path.clone()],
            What::Module(scope) => self.scope(*scope).map(|scope| scope.stars.clone()).unwrap_or_default(),
            _ => Vec::new(),
        };
        if let Some(scope) = self.scope_mut(frame.scope) {
            let known = scope.stars.len();
            scope.stars.extend(stars.into_iter().take(STAR_LIMIT.saturating_sub(known)));
        }
    }

    /// A name that stands nowhere, where all names of other modules were imported: one of these.
    pub(super) fn starred(&self, from: ScopeId, name: &str) -> Option<Value> {
        let top = self.scope(self.top_of(from)?)?;
        let found = top.stars.iter().map(|module| match (module.as_str(), name) {
            ("os", "environ") => What::Environment.into(),
            _ => Value::outside(format!("{module}.{name}")),
        });
        found.reduce(Value::or)
    }

    /// `import a.b`: the name `a` is bound, and `b` can be reached by it.
    fn declare_dotted(&mut self, frame: &mut Frame, top: &str, rest: &str, module: Value, place: Place) {
        if matches!(module.what, What::Outside(_)) {
            return self.declare(frame.scope, top, Value::outside(top), frame.branch);
        }
        let mut holder = self.module_at(frame, top, place);
        if !matches!(holder.what, What::Module(_) | What::Object(_)) {
            holder = self.empty_object();
        }
        if let (What::Module(scope), false) = (&holder.what, rest.contains('.')) {
            self.declare(*scope, rest, module, 1);
        } else if let What::Object(id) = &holder.what {
            let id = *id;
            let value = match rest.rsplit_once('.') {
                None => module,
                Some((_, last)) => {
                    let entries = vec![(last.to_owned(), module)];
                    What::Object(self.new_object(Object { entries, ..Object::default() })).into()
                }
            };
            let first = rest.split('.').next().unwrap_or(rest).to_owned();
            if let Some(object) = self.object_mut(id) {
                object.entries.push((first, value));
            }
        }
        self.declare(frame.scope, top, holder, frame.branch);
    }

    /// `from a import b`: a name of the module, or a module below it.
    fn import_one(&mut self, frame: &Frame, module: &str, name: &str, place: Place) -> Value {
        let from = frame.program.file();
        let dotted =
            if module.ends_with('.') { format!("{module}{name}") } else { format!("{module}.{name}") };
        let below = imports::resolve(self.reader, &self.root, Language::Python, from, &dotted);
        let whole = imports::resolve(self.reader, &self.root, Language::Python, from, module);
        if let Target::File(file) = whole {
            let value = self.load(file);
            if let Some(found) = value.and_then(|value| self.part(&value, name)) {
                return found;
            }
        }
        match (below, whole) {
            (Target::File(file), _) => self.load(file).unwrap_or_default(),
            (_, Target::File(_)) => Value::unknown(),
            _ => {
                let module = self.module_at(frame, module, place);
                self.imported(&module, name, place)
            }
        }
    }
}

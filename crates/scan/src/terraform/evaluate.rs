//! What expressions come to.
//!
//! Owns: scopes (a module as one call of it sees it), instances of `count` and `for_each`, and the bounds of all evaluation. Invariants:
//! work is bounded by a budget that one root module has as a whole, and depth by a limit of its own, so that no cycle and no growth ends
//! otherwise than in "unknown". Not here: what resources mean for the graph (`build`).

mod collection;
mod document;
mod file;
mod function;
mod modules;
mod operation;
mod path;
mod template;
mod text;
mod typed;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use self::collection::elements;
use super::module::{Module, Modules};
use super::switches::Given;
use super::syntax::{Block, Body, Expr, ExprKind};
use super::value::{Instance, Key, Thing, Value};
use crate::known::{Name, Piece};
use crate::source::{Place, SourceTree};

/// Steps of evaluation for one root module and all that it calls.
pub(super) const BUDGET: usize = 3_000_000;
/// Expressions within expressions, and references to references.
const MAX_DEPTH: usize = 160;
/// Instances of one resource or module.
const MAX_INSTANCES: usize = 64;
/// A module as one call of it sees it.
pub(super) struct Scope {
    pub(super) id: usize,
    pub(super) module: Rc<Module>,
    /// `module.orders.` for a module that is called; empty for the root.
    pub(super) prefix: String,
    caller: Option<Caller>,
    depth: usize,
    memo: RefCell<HashMap<Slot, Memo>>,
}

struct Caller {
    scope: Rc<Scope>,
    call: usize,
    each: Each,
}

/// What is evaluated once for a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Slot {
    Local(String),
    Variable(String),
    Output(String),
    Instances(usize),
    Children(usize),
    Document(usize, Instance),
}

#[derive(Clone)]
enum Memo {
    /// It is being evaluated: whoever asks now asks in a circle.
    Started,
    Value(Value),
    Instances(Instances),
    Children(Rc<[(Instance, usize)]>),
}

/// How many there are of a resource or module.
#[derive(Clone)]
pub(super) enum Instances {
    Only,
    Numbered(usize, Place),
    Keyed(Rc<[(Rc<str>, Value)]>),
    /// Not known, and why; the place is that of the expression that says it.
    Any(Place, Rc<str>),
}

/// What `each` and `count` stand for.
#[derive(Clone, Default)]
pub(super) struct Each {
    pub(super) key: Option<Value>,
    pub(super) value: Option<Value>,
    pub(super) index: Option<Value>,
}

/// A name that an expression gives to a value.
pub(super) struct Binding<'a> {
    name: &'a str,
    value: Value,
    outer: Option<&'a Binding<'a>>,
}

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) scope: &'a Rc<Scope>,
    pub(super) each: &'a Each,
    pub(super) names: Option<&'a Binding<'a>>,
}

/// Evaluates the expressions of one root module.
pub(super) struct Evaluator<'t> {
    pub(super) tree: &'t SourceTree,
    modules: &'t Modules,
    root_folder: String,
    /// What is given to the root beside what always is.
    pub(super) given: Given,
    scopes: RefCell<Vec<Rc<Scope>>>,
    budget: Cell<usize>,
    depth: Cell<usize>,
    /// Calls of modules that are left out, because there are too many or they stand too deep.
    left_out: RefCell<Vec<Place>>,
}

impl<'t> Evaluator<'t> {
    pub(super) fn new(tree: &'t SourceTree, modules: &'t Modules, root: &Rc<Module>, budget: usize) -> Self {
        let evaluator = Self {
            tree,
            modules,
            root_folder: root.folder.clone(),
            given: Given::Nothing,
            scopes: RefCell::new(Vec::new()),
            budget: Cell::new(budget),
            depth: Cell::new(0),
            left_out: RefCell::default(),
        };
        evaluator.add_scope(root.clone(), String::new(), None, 0);
        evaluator
    }

    pub(super) fn root(&self) -> Option<Rc<Scope>> {
        self.scope(0)
    }

    pub(super) fn scope(&self, id: usize) -> Option<Rc<Scope>> {
        self.scopes.borrow().get(id).cloned()
    }

    /// What is left of the budget.
    pub(super) fn left(&self) -> usize {
        self.budget.get()
    }

    /// Whether the budget was used up, so that more is unknown than need be.
    pub(super) fn exhausted(&self) -> bool {
        self.budget.get() == 0
    }

    fn add_scope(&self, module: Rc<Module>, prefix: String, caller: Option<Caller>, depth: usize) -> usize {
        let mut scopes = self.scopes.borrow_mut();
        let id = scopes.len();
        let memo = RefCell::default();
        scopes.push(Rc::new(Scope { id, module, prefix, caller, depth, memo }));
        id
    }

    /// Takes from the budget; false when there is too little left.
    pub(super) fn spend(&self, amount: usize) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(amount));
        left > amount
    }

    /// Runs one level deeper.
    fn deeper(&self, place: Place, run: impl FnOnce() -> Value) -> Value {
        if !self.spend(1) {
            return Value::unknown(place, "the module's expressions take too long to work out");
        }
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return Value::unknown(place, "its references lead too deep");
        }
        self.depth.set(depth + 1);
        let value = run();
        self.depth.set(depth);
        value
    }

    /// What an expression comes to.
    pub(super) fn expr(&self, expr: &Expr, context: Context<'_>) -> Value {
        self.deeper(expr.place, || self.expr_here(expr, context))
    }

    fn expr_here(&self, expr: &Expr, context: Context<'_>) -> Value {
        let place = expr.place;
        match &expr.kind {
            ExprKind::Null => Value::null(place),
            ExprKind::Bool(value) => Value::bool(place, *value),
            ExprKind::Number(value) => Value::number(place, *value),
            ExprKind::Template(parts) => self.template(parts, place, context),
            ExprKind::List(items) => {
                Value::list(place, items.iter().map(|item| self.expr(item, context)).collect())
            }
            ExprKind::Object(entries) => self.object(entries, place, context),
            ExprKind::Path(start, steps) => self.path(start, steps, place, context),
            ExprKind::Conditional(choice) => self.conditional(choice, place, context),
            ExprKind::Call(call) => self.call(call, place, context),
            ExprKind::Not(inner) => self.not(inner, place, context),
            ExprKind::Negate(inner) => match self.expr(inner, context).as_number() {
                Some(number) => Value::number(place, -number),
                None => Value::unknown(place, "it negates what is not known"),
            },
            ExprKind::Binary(operation) => self.binary(operation, place, context),
            ExprKind::For(found) => self.for_expr(found, place, context),
        }
    }

    fn object(&self, entries: &[(Expr, Expr)], place: Place, context: Context<'_>) -> Value {
        let entries = entries.iter().map(|(key, value)| {
            let name = match key.as_literal() {
                Some(literal) => literal.to_owned(),
                None => self.expr(key, context).to_text().to_string(),
            };
            (Key::new(name, key.place), self.expr(value, context))
        });
        Value::map(place, entries.collect())
    }

    /// Evaluates something once for a scope; asking for it while it is evaluated is a circle.
    fn once(&self, scope: &Scope, slot: Slot, place: Place, run: impl FnOnce() -> Value) -> Value {
        let found = scope.memo.borrow().get(&slot).cloned();
        match found {
            Some(Memo::Value(value)) => value,
            Some(_) => Value::unknown(place, "it refers to itself"),
            None => {
                scope.memo.borrow_mut().insert(slot.clone(), Memo::Started);
                let value = self.deeper(place, run);
                scope.memo.borrow_mut().insert(slot, Memo::Value(value.clone()));
                value
            }
        }
    }

    /// What is between a resource's braces: attributes by name, and each kind of block as a list of maps.
    pub(super) fn body(&self, body: &Body, place: Place, context: Context<'_>) -> Value {
        let mut entries: Vec<(Key, Value)> = Vec::new();
        for attribute in &body.attributes {
            if matches!(
                attribute.name.as_str(),
                "count" | "for_each" | "depends_on" | "provider" | "lifecycle"
            ) {
                continue;
            }
            let value = self.expr(&attribute.value, context);
            entries.push((Key::new(attribute.name.as_str(), value.place), value));
        }
        let mut blocks: Vec<(&str, Vec<Value>)> = Vec::new();
        for block in &body.blocks {
            let (name, values) = match (block.kind.as_str(), block.labels.first()) {
                ("lifecycle" | "provisioner" | "connection", _) => continue,
                ("dynamic", Some(label)) => (label.as_str(), self.dynamic(block, label, context)),
                (kind, _) => {
                    let body = &block.body;
                    (kind, vec![self.deeper(block.head, || self.body(body, block.head, context))])
                }
            };
            match blocks.iter_mut().find(|(found, _)| *found == name) {
                Some((_, found)) => found.extend(values),
                None => blocks.push((name, values)),
            }
        }
        for (name, values) in blocks {
            let at = values.first().map_or(place, |value| value.place);
            entries.push((Key::new(name, at), Value::list(at, values)));
        }
        Value::map(place, entries)
    }

    /// `dynamic "name" { for_each = …  content { … } }`.
    fn dynamic(&self, block: &Block, label: &str, context: Context<'_>) -> Vec<Value> {
        let Some(content) = block.body.blocks.iter().find(|inner| inner.kind == "content") else {
            return Vec::new();
        };
        let Some(collection) = block.body.attribute("for_each") else { return Vec::new() };
        let iterator = block.body.attribute("iterator").and_then(Expr::as_name).unwrap_or(label);
        let collection = self.expr(collection, context);
        let Some(elements) = elements(&collection) else {
            let why = collection.why_not();
            return vec![Value::unknown(
                block.head,
                format!("how often the block comes is not known: {why}"),
            )];
        };
        let run = |(key, value): (Value, Value)| {
            let entries = vec![(Key::new("key", key.place), key), (Key::new("value", value.place), value)];
            let binding =
                Binding { name: iterator, value: Value::map(block.head, entries), outer: context.names };
            let context = Context { names: Some(&binding), ..context };
            self.deeper(content.head, || self.body(&content.body, content.head, context))
        };
        elements.into_iter().map(run).collect()
    }

    /// How many there are of something, by its `count` or `for_each`.
    fn instances_of(&self, body: &Body, scope: &Rc<Scope>) -> Instances {
        let each = Each::default();
        let context = Context { scope, each: &each, names: None };
        if let Some(count) = body.attribute("count") {
            let value = self.expr(count, context);
            return match value.as_u64().and_then(|count| usize::try_from(count).ok()) {
                Some(count) if count <= MAX_INSTANCES => Instances::Numbered(count, value.place),
                Some(_) => Instances::Any(value.place, "there are too many of it".into()),
                None => Instances::Any(value.place, value.why_not().into()),
            };
        }
        let Some(collection) = body.attribute("for_each") else { return Instances::Only };
        let value = self.expr(collection, context);
        match elements(&value) {
            Some(elements) if elements.len() <= MAX_INSTANCES && value.more().is_none() => {
                let keyed = elements.into_iter().map(|(key, element)| {
                    // A set's elements are their own keys.
                    let key = if value.is_map() { key } else { element.clone() };
                    (key.to_text().to_string().into(), element)
                });
                Instances::Keyed(keyed.collect())
            }
            Some(_) => Instances::Any(value.place, "there are too many of it, or some are not known".into()),
            None => Instances::Any(value.place, value.why_not().into()),
        }
    }

    /// How many there are of a resource or data source.
    pub(super) fn instances(&self, scope: &Rc<Scope>, index: usize) -> Instances {
        let Some(declared) = scope.module.resources.get(index) else { return Instances::Only };
        let slot = Slot::Instances(index);
        let found = scope.memo.borrow().get(&slot).cloned();
        match found {
            Some(Memo::Instances(instances)) => instances,
            Some(_) => Instances::Any(declared.head, "it refers to itself".into()),
            None => {
                scope.memo.borrow_mut().insert(slot.clone(), Memo::Started);
                let instances = self.instances_of(&declared.body, scope);
                scope.memo.borrow_mut().insert(slot, Memo::Instances(instances.clone()));
                instances
            }
        }
    }

    /// The value of a variable: what the caller says, what the files of values say, its default.
    pub(super) fn variable(&self, scope: &Rc<Scope>, name: &str, place: Place) -> Value {
        self.once(scope, Slot::Variable(name.to_owned()), place, || {
            let value = self.given(scope, name, place);
            match scope.module.variable(name).and_then(|variable| variable.kind.as_ref()) {
                Some(kind) => self.typed(value, kind, scope),
                None => value,
            }
        })
    }

    /// The value of a variable as it is given, before its type fills anything in.
    fn given(&self, scope: &Rc<Scope>, name: &str, place: Place) -> Value {
        let each = Each::default();
        let own = Context { scope, each: &each, names: None };
        let default = scope.module.variable(name).and_then(|variable| variable.default.as_ref());
        let Some(caller) = &scope.caller else {
            let named = match &self.given {
                Given::Value(of, value) if of == name => return value.clone(),
                Given::File(at) => scope.module.others.get(*at),
                Given::Value(..) | Given::Nothing => None,
            };
            let named = named.map(|(_, values)| values).into_iter().flatten();
            let given = named.chain(&scope.module.given).find(|given| given.name == name);
            let said = given.map(|given| &given.value).or(default);
            let open = || Value::piece(place, Piece::Parameter(name.to_owned()));
            return said.map_or_else(open, |expr| self.expr(expr, own));
        };
        let call = caller.scope.module.calls.get(caller.call);
        if let Some(said) = call.and_then(|call| call.body.attribute(name)) {
            let context = Context { scope: &caller.scope, each: &caller.each, names: None };
            let value = self.expr(said, context);
            if !value.is_null() || default.is_none() {
                return value;
            }
        }
        let missing = || Value::unknown(place, format!("the module is called without `{name}`"));
        default.map_or_else(missing, |expr| self.expr(expr, own))
    }

    fn local(&self, scope: &Rc<Scope>, name: &str, place: Place) -> Value {
        let Some(expr) = scope.module.locals.get(name) else {
            return Value::unknown(place, format!("there is no local value `{name}`"));
        };
        self.once(scope, Slot::Local(name.to_owned()), place, || {
            self.expr(expr, Context { scope, each: &Each::default(), names: None })
        })
    }

    /// What a module hands out.
    pub(super) fn output(&self, scope: &Rc<Scope>, name: &str, place: Place) -> Value {
        let Some(expr) = scope.module.outputs.get(name) else {
            return Value::unknown(place, format!("the module has no output `{name}` that is known here"));
        };
        self.once(scope, Slot::Output(name.to_owned()), place, || {
            self.expr(expr, Context { scope, each: &Each::default(), names: None })
        })
    }

    /// What a resource's instance is called, and with which `each` it is evaluated.
    pub(super) fn thing(&self, scope: &Scope, index: usize, instance: &Instance) -> Option<Thing> {
        let declared = scope.module.resources.get(index)?;
        let data = if declared.data { "data." } else { "" };
        let (prefix, kind, label) = (&scope.prefix, &declared.kind, &declared.label);
        let name = Name::from(format!("{prefix}{data}{kind}.{label}{}", instance.suffix()));
        Some(Thing::Resource { scope: scope.id, index, instance: instance.clone(), name })
    }

    /// With which `each` an instance is evaluated.
    fn each_of(&self, scope: &Rc<Scope>, index: usize, instance: &Instance) -> Each {
        let all = expand(&self.instances(scope, index));
        all.into_iter().find(|(found, _)| found == instance).map(|(_, each)| each).unwrap_or_default()
    }
}

/// Instances one by one, each with what `each` and `count` stand for in it.
pub(super) fn expand(instances: &Instances) -> Vec<(Instance, Each)> {
    match instances {
        Instances::Only => vec![(Instance::Only, Each::default())],
        Instances::Any(place, why) => {
            let unknown = Some(Value::unknown(*place, why.clone()));
            let each = Each { key: unknown.clone(), value: unknown.clone(), index: unknown };
            vec![(Instance::Any, each)]
        }
        Instances::Numbered(count, place) => (0..*count)
            .map(|number| {
                #[expect(clippy::cast_precision_loss, reason = "at most `MAX_INSTANCES`")]
                let index = Value::number(*place, number as f64);
                (Instance::Number(number), Each { index: Some(index), ..Each::default() })
            })
            .collect(),
        Instances::Keyed(keyed) => keyed
            .iter()
            .map(|(key, value)| {
                let name = Value::literal(value.place, key.to_string());
                let each = Each { key: Some(name), value: Some(value.clone()), index: None };
                (Instance::Key(key.clone()), each)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;

//! Calls of things that are not in the tree: packages, and what the language brings along.

use std::rc::Rc;

use super::errors::CAUGHT;
use super::statement::error_text;
use super::{Frame, Machine, Object};
use crate::code::program::{Parameter, Pattern};
use crate::code::value::{Arguments, Closure, Outside, Safe, Taint, Value, What};
use crate::code::{sinks, switches};
use crate::known::Piece;
use crate::source::Place;

/// Methods by which frameworks take routes.
const VERBS: [&str; 14] = [
    "get",
    "post",
    "put",
    "delete",
    "patch",
    "all",
    "use",
    "route",
    "any",
    "options",
    "head",
    "add_url_rule",
    "add_api_route",
    "add_route",
];

/// Functions of Python that look for a pattern in a text.
const MATCHES: [&str; 5] = ["re.match", "re.search", "re.fullmatch", "re.findall", "re.finditer"];

/// How long the path of a thing from outside may become.
const PATH_LIMIT_BYTES: usize = 160;

impl Machine<'_> {
    pub(super) fn call_outside(
        &mut self,
        frame: &mut Frame,
        path: &str,
        wraps: &[Rc<Closure>],
        arguments: &Arguments,
        place: Place,
    ) -> Value {
        if let Some(value) = self.calls_on(frame, path, arguments, place) {
            return value;
        }
        if let Some(value) = self.language_call(frame, path, arguments, place) {
            return value;
        }
        if let Some(value) = self.schema_call(path, arguments, place) {
            return value;
        }
        if let Some(value) = self.sdk_made(path, arguments, place) {
            self.callbacks(arguments, &Value::unknown());
            return value;
        }
        self.hands_out(arguments);
        sinks::outside(self, path, arguments, place);
        switches::called(self, path, arguments, place);
        if let Some(value) = self.passes_on(path, arguments, place) {
            return value;
        }
        self.opens_address(path, arguments, place);
        if !keeps_client(path) {
            self.handed_away(arguments, &format!("`{path}`"), place);
        }
        self.made_outside(path, wraps, arguments)
    }

    /// Whoever is handed a class or an object of it may call its methods.
    fn hands_out(&mut self, arguments: &Arguments) {
        for value in arguments.all().flat_map(Value::choices) {
            let class = match &value.what {
                What::Class(class) => Some(class.clone()),
                What::Object(id) => self.object(*id).and_then(|object| object.class.clone()),
                _ => None,
            };
            self.handed_out.extend(class.map(|class| (class.program.file(), class.index)));
        }
    }

    /// What the languages themselves bring: modules, promises, containers, the environment.
    fn language_call(
        &mut self,
        frame: &mut Frame,
        path: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        let first = || arguments.at(0).cloned().unwrap_or_default();
        let found = match path {
            "require"
            | "module.createRequire()"
            | "process.mainModule.require"
            | "process.mainModule.constructor._load"
            | "process.getBuiltinModule"
            | "module._load"
            | "require.main.require"
            | "importlib.import_module"
            | "importlib.__import__"
            | "__import__"
            | "jest.requireActual" => match arguments.at(0).and_then(Value::literal).map(str::to_owned) {
                Some(module) => self.module_at(frame, &module, place),
                None => {
                    sinks::loads(self, &first(), path, place);
                    self.gap(place, "a module whose name is worked out is loaded".to_owned());
                    Value::unknown()
                }
            },
            "os.getenv" | "os.environ.get" => {
                let name = arguments.at(0).and_then(Value::literal)?.to_owned();
                let value = self.environment_read(&name, place);
                match arguments.either(1, "default") {
                    Some(default) => self.or_default(value, default.clone()),
                    None => value,
                }
            }
            "Promise.resolve"
            | "asyncio.run"
            | "Object.freeze"
            | "util.promisify"
            | "promisify"
            | "list"
            | "tuple"
            | "set"
            | "sorted"
            | "reversed"
            | "iter"
            | "next"
            | "Array.from"
            | "dict"
            | "copy.deepcopy"
            | "copy.copy"
            | "structuredClone"
            | "Proxy"
            | "Object.create"
            | "asyncio.ensure_future"
            | "asyncio.create_task"
            | "event_source"
                if !arguments.values.is_empty() =>
            {
                let value = first();
                if path == "next" { self.element(&value) } else { value }
            }
            "Object.getPrototypeOf" | "Reflect.getPrototypeOf" if !arguments.values.is_empty() => first(),
            "Object.defineProperty" | "Reflect.defineProperty" => self.defined(arguments),
            "Object.defineProperties" => self.all_defined(arguments),
            "Promise.all" | "Promise.allSettled" | "Promise.race" | "Promise.any" => first(),
            "asyncio.gather" => self.list_of(arguments.values.clone()),
            "Set" | "WeakSet" if arguments.at(0).is_some_and(Self::is_list) => first(),
            "Map" | "WeakMap" => self.map_of(arguments),
            "types.SimpleNamespace"
            | "argparse.Namespace"
            | "dict"
            | "Set"
            | "WeakSet"
            | "set"
            | "collections.defaultdict"
            | "collections.OrderedDict" => {
                let made = self.named_object(arguments);
                made.with(arguments.at(0).map(|value| value.taint.clone()).unwrap_or_default())
            }
            "list" | "Array" | "collections.deque" => self.list_of(Vec::new()),
            "events" | "events.EventEmitter" => self.emitter(),
            "re.compile" | "RegExp" => match first().literal() {
                Some(pattern) => What::Regex(pattern.into()).into(),
                None => return None,
            },
            "operator.itemgetter" | "operator.attrgetter" => {
                Value::outside(format!("{path}()")).bound(arguments)
            }
            "operator.itemgetter()" | "operator.attrgetter()" => self.picked(arguments, place),
            _ if MATCHES.contains(&path) => found_by(arguments.at(0), arguments.at(1)),
            "Object.assign" | "_.merge" | "_.assign" | "_.extend" => self.merged(arguments),
            "Object.keys" | "Object.getOwnPropertyNames" | "Reflect.ownKeys" => {
                let (keys, others) = (self.keys(&first()), self.taint_of_names(&first()));
                self.list_of(keys).with(others)
            }
            "Object.values" => {
                let values = self.parts(&first());
                self.list_of(values).with(first().taint)
            }
            "Object.entries" | "enumerate" | "zip" => self.pairs(arguments),
            "Reflect.get" | "getattr" => {
                match (arguments.at(0), arguments.at(1).and_then(Value::literal).map(str::to_owned)) {
                    (Some(object), Some(name)) => self.member(&object.clone(), &name, place),
                    (Some(object), None) => self.any_member(&object.clone(), &Value::unknown(), place),
                    _ => Value::unknown(),
                }
            }
            "setattr" | "print" | "len" | "isinstance" | "hasattr" | "type" | "range" => Value::unknown(),
            _ if path.starts_with("console.")
                || path.starts_with("logging.")
                || path.starts_with("lambda.context") =>
            {
                Value::unknown()
            }
            _ if path.starts_with("functools.wraps()") => first(),
            _ => return None,
        };
        Some(found)
    }

    /// Named parts of something, the names first: one of them, or all in order.
    fn picked(&mut self, arguments: &Arguments, place: Place) -> Value {
        let Some((object, names)) = arguments.values.split_last() else { return Value::unknown() };
        let parts = names.iter().map(|name| match name.literal() {
            Some(name) => self.member(object, name, place),
            None => self.any_member(object, name, place),
        });
        let mut parts: Vec<Value> = parts.collect();
        if parts.len() > 1 { self.list_of(parts) } else { parts.pop().unwrap_or_default() }
    }

    /// A map of pairs.
    fn map_of(&mut self, arguments: &Arguments) -> Value {
        let (mut map, first) = (Object::default(), arguments.at(0).cloned().unwrap_or_default());
        for pair in self.items(&first) {
            let mut pair = self.items(&pair).into_iter();
            let (Some(key), Some(value)) = (pair.next(), pair.next()) else { continue };
            match key.literal() {
                Some(name) => map.entries.push((name.to_owned(), value)),
                None => map.computed.push((key, value)),
            }
        }
        let full = self.deep(&first);
        if full.taint.event.is_some() {
            map.rest = Some(Value::carrying(full.taint));
        }
        What::Object(self.new_object(map)).into()
    }

    pub(in crate::code) fn merged(&mut self, arguments: &Arguments) -> Value {
        let target = arguments.at(0).cloned().unwrap_or_default();
        let What::Object(id) = target.what else {
            let taint =
                arguments.values.iter().fold(Taint::default(), |taint, value| taint.join(&value.taint));
            return Value::carrying(taint);
        };
        for source in arguments.values.iter().skip(1) {
            let (known, is_known) = match &source.what {
                What::Object(other) => (self.object(*other).map(|object| object.entries.clone()), true),
                _ => (None, false),
            };
            if let Some(object) = self.object_mut(id) {
                object.entries.extend(known.unwrap_or_default());
                if !is_known {
                    object.rest = Some(Value::carrying(source.taint.clone()));
                }
            }
        }
        target
    }

    fn pairs(&mut self, arguments: &Arguments) -> Value {
        let parts: Vec<Value> = arguments.values.iter().map(|value| self.element_of(value)).collect();
        let pair = match (parts.as_slice(), arguments.at(0)) {
            ([only], Some(of)) => vec![self.any_name(of), only.clone()],
            _ => parts,
        };
        let pair = self.list_of(pair);
        self.list_of(vec![pair])
    }

    fn element_of(&self, value: &Value) -> Value {
        match &value.what {
            What::Object(_) => {
                self.parts(value).into_iter().reduce(Value::or).unwrap_or_default().with(value.taint.clone())
            }
            _ => self.element(value),
        }
    }

    /// Functions whose result still is, or is no more, what the caller sent.
    fn passes_on(&mut self, path: &str, arguments: &Arguments, place: Place) -> Option<Value> {
        if sinks::is_stack(path) {
            return Some(self.stack_of(place));
        }
        if let Some(safe) = sinks::query_part(path) {
            return Some(self.query_part(path, safe, arguments));
        }
        let safe = sinks::cleans(path);
        let passes = sinks::passes(path);
        if !passes && safe == Safe::default() {
            return None;
        }
        let values: Vec<Value> = arguments.all().map(|value| self.deep(value)).collect();
        let mut taint =
            values.iter().fold(Taint::default(), |taint, value| taint.join(&value.taint)).cleaned(safe);
        switches::decoded(self, path, arguments, &mut taint, place);
        let text = match path {
            "String" | "str" if values.len() == 1 => {
                values.first().filter(|value| matches!(value.what, What::Text(_) | What::Number(_))).cloned()
            }
            "path.join"
            | "path.resolve"
            | "os.path.join"
            | "pathlib.Path"
            | "Path"
            | "sqlalchemy.text"
            | "sqlalchemy.sql.text"
            | "path.posix.join" => {
                let slash = Value::piece(Piece::Literal("/".to_owned()));
                let mut parts: Vec<Value> = Vec::new();
                for value in &values {
                    if !parts.is_empty() {
                        parts.push(slash.clone());
                    }
                    parts.push(value.clone());
                }
                Some(Value::joined(&parts))
            }
            _ => None,
        };
        match text {
            Some(text) => Some(Value { what: text.what, taint }),
            None => Some(Value::carrying(taint)),
        }
    }

    /// A query that a database's package puts together: its texts are the query's, everything else is a value of it.
    fn query_part(&self, path: &str, safe: Safe, arguments: &Arguments) -> Value {
        let parts = arguments.all().map(|value| {
            let taint = self.deep(value).taint;
            match value.what {
                What::Outside(_) | What::List(_) | What::OneOf(_) => taint,
                _ => taint.cleaned(safe),
            }
        });
        let taint = parts.fold(Taint::default(), |taint, part| taint.join(&part));
        Value::outside(format!("{path}()")).with(taint)
    }

    /// What a call of something from outside makes, and what becomes of the functions that it is handed.
    fn made_outside(&mut self, path: &str, wraps: &[Rc<Closure>], arguments: &Arguments) -> Value {
        let mut wrapped = wraps.to_vec();
        let handed: Vec<Rc<Closure>> = arguments.closures().cloned().collect();
        let last = path.rsplit('.').next().unwrap_or(path);
        let route = VERBS.contains(&last)
            && (arguments
                .at(0)
                .and_then(Value::literal)
                .is_some_and(|text| text.starts_with('/') || text == "*")
                || last == "use");
        if last == "setErrorHandler" {
            handed.iter().for_each(|closure| self.answer_errors(closure));
        } else if route {
            handed.iter().for_each(|closure| self.answer_route(closure));
        } else if !self.running {
            wrapped.extend(handed);
        } else {
            self.callbacks(arguments, &Value::unknown());
        }
        let inner = arguments.all().filter_map(|value| match &value.what {
            What::Outside(outside) => Some(outside.wraps.clone()),
            _ => None,
        });
        wrapped.extend(inner.flatten().collect::<Vec<_>>());
        wrapped.truncate(64);
        let taint = self.error_carries(path, arguments);
        let path = sinks::made(self, path, arguments).unwrap_or_else(|| format!("{path}()"));
        if path.len() > PATH_LIMIT_BYTES && wrapped.is_empty() {
            return Value::unknown();
        }
        Value { what: What::Outside(Rc::new(Outside { path, wraps: wrapped })), taint }
    }

    /// What a function that answers errors is handed. One that looks at what kind of error it is may choose which it shows.
    fn any_error(&self, closure: &Closure, name: &str, place: Place) -> Value {
        let code = closure.program.functions.get(closure.index);
        let text = code.map(|code| self.tree().excerpt(closure.program.place(code.span))).unwrap_or_default();
        let looks = ["status", "expose", "name", "code", "is", "type"].iter().any(|part| {
            text.contains(&format!("{name}.{part}")) || text.contains(&format!("{name}?.{part}"))
        });
        let chooses = looks || ["instanceof", "NODE_ENV", "STAGE"].iter().any(|word| text.contains(word));
        if chooses { Value::unknown() } else { Value::outside(CAUGHT).with(error_text(place)) }
    }

    /// Calls a function that a framework hands errors, and then what it hands those that answer routes: Fastify's.
    fn answer_errors(&mut self, closure: &Rc<Closure>) {
        let Some(code) = closure.program.functions.get(closure.index) else { return };
        let place = closure.program.place(code.span);
        let error = match code.parameters.first().map(|parameter| &parameter.pattern) {
            Some(Pattern::Name(name, span)) => self.any_error(closure, name, closure.program.place(*span)),
            _ => Value::outside(CAUGHT),
        };
        let request = self.sent("request", place);
        let answer = self.run(closure, &Arguments::new(vec![error, request, Value::outside("response")]));
        switches::answer(self, &answer);
    }

    /// Calls a function that answers a route: its first parameter is the request.
    fn answer_route(&mut self, closure: &Rc<Closure>) {
        let Some(code) = closure.program.functions.get(closure.index) else { return };
        let first = code.parameters.first();
        let request = match first.map(|parameter| &parameter.pattern) {
            Some(Pattern::Name(name, span)) => self.sent(name, closure.program.place(*span)),
            _ => self.sent("request", closure.program.place(code.span)),
        };
        let mut handed = vec![request, Value::outside("response"), Value::outside("next")];
        // By a fourth parameter frameworks know what answers errors, whoever made them.
        if let [Parameter { pattern: Pattern::Name(name, span), .. }, _, _, _] = code.parameters.as_slice() {
            let error = self.any_error(closure, name, closure.program.place(*span));
            handed.insert(0, error);
        }
        self.run(closure, &Arguments::new(handed));
    }
}

/// Functions that may be handed a client: they hand it back, or use it for what is written down elsewhere.
fn keeps_client(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    path.starts_with("@aws-sdk/")
        || path.starts_with("aws-sdk")
        || last.starts_with("capture")
        || last == "mockClient"
        || last == "log"
        || last == "instrument"
}

/// What a pattern found in a text still is the text, as far as the pattern lets it through.
pub(super) fn found_by(pattern: Option<&Value>, text: Option<&Value>) -> Value {
    let safe = pattern.and_then(|pattern| match &pattern.what {
        What::Regex(pattern) => Some(sinks::captured(pattern)),
        _ => pattern.literal().map(sinks::captured),
    });
    let taint = text.map(|text| text.taint.clone()).unwrap_or_default();
    Value::carrying(taint.cleaned(safe.unwrap_or_default()))
}

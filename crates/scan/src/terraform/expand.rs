//! All resources of a root module, one by one, with those of the modules that it calls.
//!
//! Invariant: what is made several times comes several times while its number is known and bearable, and once, marked, when it is not.
//! Not here: what the resources are (`build`).

use std::collections::BTreeSet;
use std::rc::Rc;

use super::evaluate::{Context, Evaluator, Instances, Scope, expand};
use super::syntax::Body;
use super::value::{Thing, Value};
use crate::graph::App;
use crate::known::{Known, Name};
use crate::source::Place;

/// Resources of one root module.
const MAX_RESOURCES: usize = 10_000;

/// A resource or data source, evaluated.
pub(super) struct Resource {
    pub(super) name: Name,
    /// `aws_lambda_function`; for data sources with `data.` before it.
    pub(super) kind: String,
    /// Its block's head.
    pub(super) place: Place,
    /// Its attributes and blocks as a map.
    pub(super) body: Value,
    /// Unknown where `count` or `for_each` leaves open whether there is one.
    pub(super) deployed: Known<bool>,
}

/// Everything that a root module makes, directly or through modules. What could not be followed is written down in the app.
pub(super) fn resources(evaluator: &Evaluator<'_>, app: &mut App) -> Vec<Resource> {
    let mut resources = Vec::new();
    let mut scopes: Vec<Rc<Scope>> = evaluator.root().into_iter().collect();
    while let Some(scope) = scopes.pop() {
        for index in 0..scope.module.resources.len() {
            if resources.len() >= MAX_RESOURCES {
                app.unknown(None, Place::whole(app.file), "the module makes more resources than are read");
                return resources;
            }
            instances(evaluator, &scope, index, &mut resources, app);
        }
        let mut inner = Vec::new();
        for (index, call) in scope.module.calls.iter().enumerate() {
            let children = evaluator.children(&scope, index);
            if children.is_empty() && evaluator.is_missing(&scope, index) {
                let from = match call.source.as_str() {
                    "" => "an address that is worked out".to_owned(),
                    source => format!("`{source}`"),
                };
                let why =
                    format!("the module `{}` comes from {from}, which is not in these files", call.label);
                app.unknown(None, call.head, why);
            }
            if let Some(child) = children.first().and_then(|(_, id)| evaluator.scope(*id)) {
                for (input, place) in evaluator.unread_inputs(&scope, call, &child) {
                    let why = format!(
                        "what `{input}` comes to in the module `{}`, of which only a part is known: `{}` is not in these files",
                        call.label, call.source
                    );
                    app.unknown(None, place, why);
                }
            }
            inner.extend(children.iter().filter_map(|(_, id)| evaluator.scope(*id)));
        }
        scopes.extend(inner.into_iter().rev());
    }
    for place in evaluator.left_out() {
        app.unknown(
            None,
            place,
            "it calls more modules, or deeper, than are read: what this one makes is left out",
        );
    }
    resources
}

/// The instances of one resource.
fn instances(
    evaluator: &Evaluator<'_>,
    scope: &Rc<Scope>,
    index: usize,
    out: &mut Vec<Resource>,
    app: &mut App,
) {
    let Some(declared) = scope.module.resources.get(index) else { return };
    let all = evaluator.instances(scope, index);
    let none = match &all {
        Instances::Numbered(count, _) => *count == 0,
        Instances::Keyed(keyed) => keyed.is_empty(),
        Instances::Only | Instances::Any(..) => false,
    };
    if none
        && !declared.data
        && let Some(name) = defaulted(evaluator, scope, &declared.body)
    {
        let why = format!(
            "whether there is one: not with the default of `{name}`, which whoever applies this may change"
        );
        let thing = Name::from(format!("{}.{}", declared.kind, declared.label));
        app.unknown(Some(&thing), declared.head, why);
    }
    let open = if let Instances::Any(place, why) = &all { Some((*place, why.clone())) } else { None };
    for (instance, each) in expand(&all) {
        let Some(Thing::Resource { name, .. }) = evaluator.thing(scope, index, &instance) else { continue };
        let context = Context { scope, each: &each, names: None };
        let body = evaluator.body(&declared.body, declared.head, context);
        let kind = if declared.data { format!("data.{}", declared.kind) } else { declared.kind.clone() };
        let deployed = match &open {
            Some((place, why)) => {
                app.unknown(Some(&name), *place, format!("how many there are of it is not known: {why}"));
                Known::Unknown(why.to_string())
            }
            None => Known::Value(true),
        };
        out.push(Resource { name, kind, place: declared.head, body, deployed });
    }
}

/// The variable of a root module that decides by its default how many there are of something.
fn defaulted(evaluator: &Evaluator<'_>, scope: &Scope, body: &Body) -> Option<String> {
    let root = scope.prefix.is_empty();
    let number = body.attribute("count").or_else(|| body.attribute("for_each")).filter(|_| root)?;
    let mut waiting = vec![number.place];
    let mut seen = BTreeSet::new();
    while let Some(place) = waiting.pop() {
        let bytes = &evaluator.tree.file(place.file)?.bytes;
        let text = String::from_utf8_lossy(bytes.get(place.start as usize..place.end as usize)?).into_owned();
        for (start, rest) in text.match_indices("var.").chain(text.match_indices("local.")) {
            let name = text.get(start + rest.len()..).unwrap_or_default();
            let name = name
                .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
                .next()
                .unwrap_or_default();
            if rest == "var." {
                let given = scope.module.given.iter().any(|given| given.name == name);
                let default = scope.module.variable(name).is_some_and(|variable| variable.default.is_some());
                if default && !given {
                    return Some(name.to_owned());
                }
            } else if seen.insert(name.to_owned()) {
                waiting.extend(scope.module.locals.get(name).map(|local| local.place));
            }
        }
    }
    None
}

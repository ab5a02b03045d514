//! Templates: `"${…}"`, heredocs, and files that `templatefile` reads.

use std::rc::Rc;

use super::{Binding, Context, Evaluator, elements};
use crate::known::Piece;
use crate::source::Place;
use crate::terraform::syntax::Part;
use crate::terraform::value::{Chunk, Kind, MAX_WEIGHT, STRETCH, Value};

/// Parts that loops of one template may make.
const MAX_CHUNKS: usize = 20_000;

/// A text while it is put together.
#[derive(Default)]
struct Made {
    chunks: Vec<Chunk>,
    weight: usize,
}

impl Made {
    /// Makes room for so much more; false when the text grows too large, which has to be asked before anything is copied.
    fn takes(&mut self, weight: usize) -> bool {
        self.weight = self.weight.saturating_add(weight);
        !self.is_full()
    }

    fn is_full(&self) -> bool {
        self.weight > MAX_WEIGHT || self.chunks.len() > MAX_CHUNKS
    }
}

impl Evaluator<'_> {
    pub(super) fn template(&self, parts: &[Part], place: Place, context: Context<'_>) -> Value {
        match parts {
            [Part::Literal(text, at)] => {
                return Value::text(place, vec![Chunk { piece: Piece::Literal(text.clone()), at: *at }]);
            }
            // A template that is nothing but a reference has the reference's own type.
            [Part::Value(expr)] => return self.expr(expr, context),
            _ => {}
        }
        let mut made = Made::default();
        if let Err(absent) = self.parts(parts, context, &mut made) {
            return absent;
        }
        // Texts are charged by their length: loops may make many of them before a list of them is weighed.
        if made.is_full() || !self.spend(made.weight) {
            return Value::unknown(place, "the template makes a text that is too long");
        }
        Value::text(place, made.chunks)
    }

    /// Appends what parts come to; a part that Terraform would refuse is all that is left of its template.
    fn parts(&self, parts: &[Part], context: Context<'_>, made: &mut Made) -> Result<(), Value> {
        for part in parts {
            if made.is_full() || !self.spend(1) {
                return Ok(());
            }
            match part {
                Part::Literal(text, at) => {
                    if made.takes(1 + text.len() / STRETCH) {
                        made.chunks.push(Chunk { piece: Piece::Literal(text.clone()), at: *at });
                    }
                }
                Part::Value(expr) => {
                    let value = self.expr(expr, context);
                    if value.is_absent() {
                        return Err(value);
                    }
                    if made.takes(value.weight()) {
                        made.chunks.extend(value.chunks());
                    }
                }
                Part::If(condition, then, otherwise) => {
                    let condition = self.expr(condition, context);
                    match condition.as_bool() {
                        Some(true) => self.parts(then, context, made)?,
                        Some(false) => self.parts(otherwise, context, made)?,
                        None => made.chunks.push(unknown(&condition)),
                    }
                }
                Part::For { key, value, collection, body } => {
                    let collection = self.expr(collection, context);
                    let Some(elements) = elements(&collection) else {
                        made.chunks.push(unknown(&collection));
                        continue;
                    };
                    for (found_key, found) in elements {
                        if made.is_full() {
                            return Ok(());
                        }
                        let outer = context.names;
                        let first = Binding { name: value, value: found, outer };
                        let second = key.as_ref().map(|key| Binding {
                            name: key,
                            value: found_key,
                            outer: Some(&first),
                        });
                        let names = Some(second.as_ref().unwrap_or(&first));
                        self.parts(body, Context { names, ..context }, made)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A template of its own with its variables.
    pub(super) fn rendered(
        &self,
        parts: &[Part],
        variables: &Value,
        place: Place,
        context: Context<'_>,
    ) -> Value {
        self.with_names(variables.entries(), None, place, &|names| {
            self.template(parts, place, Context { names, ..context })
        })
    }

    /// Runs with each entry of a map bound to its key.
    fn with_names(
        &self,
        entries: &[(crate::terraform::value::Key, Value)],
        outer: Option<&Binding<'_>>,
        place: Place,
        run: &dyn Fn(Option<&Binding<'_>>) -> Value,
    ) -> Value {
        match entries {
            [] => run(outer),
            [(key, value), rest @ ..] => self.deeper(place, || {
                let name: Rc<str> = key.text.clone();
                let binding = Binding { name: &name, value: value.clone(), outer };
                self.with_names(rest, Some(&binding), place, run)
            }),
        }
    }
}

fn unknown(value: &Value) -> Chunk {
    match &value.kind {
        Kind::Text(chunks) if chunks.len() == 1 => {
            chunks.first().cloned().unwrap_or_else(|| Chunk::literal(""))
        }
        _ => Chunk { piece: Piece::Unknown(value.why_not()), at: None },
    }
}

//! Templates: `"${…}"`, heredocs, and files that `templatefile` reads.

use std::rc::Rc;

use super::{Binding, Context, Evaluator, elements};
use crate::known::Piece;
use crate::source::Place;
use crate::terraform::syntax::Part;
use crate::terraform::value::{Chunk, Kind, Value};

/// Parts that loops of one template may make.
const MAX_CHUNKS: usize = 20_000;

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
        let mut chunks = Vec::new();
        if let Err(absent) = self.parts(parts, context, &mut chunks) {
            return absent;
        }
        if chunks.len() > MAX_CHUNKS {
            return Value::unknown(place, "the template makes a text that is too long");
        }
        Value::text(place, chunks)
    }

    /// Appends what parts come to; a part that Terraform would refuse is all that is left of its template.
    fn parts(&self, parts: &[Part], context: Context<'_>, chunks: &mut Vec<Chunk>) -> Result<(), Value> {
        for part in parts {
            if chunks.len() > MAX_CHUNKS || !self.spend(1) {
                return Ok(());
            }
            match part {
                Part::Literal(text, at) => {
                    chunks.push(Chunk { piece: Piece::Literal(text.clone()), at: *at });
                }
                Part::Value(expr) => {
                    let value = self.expr(expr, context);
                    if value.is_absent() {
                        return Err(value);
                    }
                    let found = value.chunks();
                    self.spend(found.len());
                    chunks.extend(found);
                }
                Part::If(condition, then, otherwise) => {
                    let condition = self.expr(condition, context);
                    match condition.as_bool() {
                        Some(true) => self.parts(then, context, chunks)?,
                        Some(false) => self.parts(otherwise, context, chunks)?,
                        None => chunks.push(unknown(&condition)),
                    }
                }
                Part::For { key, value, collection, body } => {
                    let collection = self.expr(collection, context);
                    let Some(elements) = elements(&collection) else {
                        chunks.push(unknown(&collection));
                        continue;
                    };
                    for (found_key, found) in elements {
                        if chunks.len() > MAX_CHUNKS {
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
                        self.parts(body, Context { names, ..context }, chunks)?;
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

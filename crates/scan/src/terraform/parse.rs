//! HCL into [`Body`], with `hcl-edit` as the parser.
//!
//! Invariant: nothing is parsed that [`bound`](super::bound) refuses. Not here: `.tf.json` (`json_syntax`), what the parts mean.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::structure::Structure;
use hcl_edit::template::{Directive, Element, Strip, Template};

use super::bound;
use super::syntax::{Attribute, Block, Body, Call, Expr, ExprKind, For, Operator, Part, Start, Step};
use crate::graph::Unread;
use crate::source::{FileId, Place, SourceTree};

/// The largest file that is parsed, in bytes. Written files are a hundred times smaller.
pub(super) const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A text to be parsed and how its offsets become places.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    text: &'a str,
    origin: Origin,
}

#[derive(Clone, Copy)]
enum Origin {
    /// The text starts at this offset of a file.
    At(FileId, usize),
    /// The text stands in no file of the tree: all of it has this place.
    Fixed(Place),
}

impl<'a> Source<'a> {
    /// A file of the tree, if it is text of a bearable size.
    pub(super) fn of_file(tree: &'a SourceTree, file: FileId) -> Result<Self, Unread> {
        let unread = |why: &str| Unread { place: Place::whole(file), why: why.to_owned() };
        let found = tree.file(file).ok_or_else(|| unread("there is no such file"))?;
        if found.bytes.len() > MAX_BYTES {
            return Err(unread("it is larger than 2 MiB"));
        }
        let text = found.text().ok_or_else(|| unread("it is not UTF-8 text"))?;
        let bare = text.trim_start_matches('\u{feff}');
        Ok(Self { text: bare, origin: Origin::At(file, text.len() - bare.len()) })
    }

    /// A text that stands at a place of a file.
    pub(super) fn within(text: &'a str, place: Place) -> Self {
        Self { text, origin: Origin::At(place.file, place.start as usize) }
    }

    /// A text of our own, all of which has the place of what asked for it.
    pub(super) fn fixed(text: &'a str, place: Place) -> Self {
        Self { text, origin: Origin::Fixed(place) }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    pub(super) fn place(&self, start: usize, end: usize) -> Place {
        match self.origin {
            Origin::At(file, base) => Place::new(file, base + start, base + end),
            Origin::Fixed(place) => place,
        }
    }

    /// The place of a literal whose characters stand there as they are; none for texts of our own.
    fn verbatim(&self, start: usize, end: usize, literal: &str) -> Option<Place> {
        let same = self.text.get(start..end) == Some(literal);
        (same && matches!(self.origin, Origin::At(..))).then(|| self.place(start, end))
    }
}

/// Parses a file of blocks.
pub(super) fn body(source: Source<'_>) -> Result<Body, Unread> {
    check(source)?;
    let parsed = hcl_edit::parser::parse_body(source.text).map_err(|error| syntax_error(source, &error))?;
    Ok(source.body(&parsed))
}

/// Parses a template: what stands in a file that `templatefile` reads, or in a string of `.tf.json`.
pub(super) fn template(source: Source<'_>) -> Result<Vec<Part>, Unread> {
    check(source)?;
    let parsed =
        hcl_edit::parser::parse_template(source.text).map_err(|error| syntax_error(source, &error))?;
    Ok(source.parts(&parsed, false))
}

fn check(source: Source<'_>) -> Result<(), Unread> {
    let Some((at, why)) = bound::excess(source.text) else { return Ok(()) };
    Err(Unread { place: source.place(at, at + 1), why })
}

fn syntax_error(source: Source<'_>, error: &hcl_edit::parser::Error) -> Unread {
    let at = error.location().offset();
    Unread { place: source.place(at, at + 1), why: format!("it is not HCL here: {}", error.message()) }
}

impl Source<'_> {
    fn span(&self, found: &impl Span) -> Place {
        let span = found.span().unwrap_or(0..0);
        self.place(span.start, span.end)
    }

    fn body(&self, body: &hcl_edit::structure::Body) -> Body {
        let mut read = Body::default();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => read.attributes.push(Attribute {
                    name: attribute.key.as_str().to_owned(),
                    value: self.expr(&attribute.value),
                }),
                Structure::Block(block) => read.blocks.push(self.block(block)),
            }
        }
        read
    }

    fn block(&self, block: &hcl_edit::structure::Block) -> Block {
        let start = block.ident.span().unwrap_or(0..0);
        let end = block.labels.last().and_then(Span::span).map_or(start.end, |label| label.end);
        Block {
            kind: block.ident.as_str().to_owned(),
            labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
            head: self.place(start.start, end),
            body: self.body(&block.body),
        }
    }

    fn expr(&self, expr: &Expression) -> Expr {
        let place = self.span(expr);
        let kind = match expr {
            Expression::Null(_) => ExprKind::Null,
            Expression::Bool(value) => ExprKind::Bool(*value.value()),
            Expression::Number(value) => ExprKind::Number(value.value().as_f64().unwrap_or(0.0)),
            Expression::String(text) => return self.string(text),
            Expression::Array(items) => ExprKind::List(items.iter().map(|item| self.expr(item)).collect()),
            Expression::Object(object) => ExprKind::Object(
                object.iter().map(|(key, value)| (self.key(key), self.expr(value.expr()))).collect(),
            ),
            Expression::StringTemplate(template) => ExprKind::Template(self.parts(template, false)),
            Expression::HeredocTemplate(heredoc) => ExprKind::Template(self.parts(&heredoc.template, true)),
            Expression::Parenthesis(inner) => return self.expr(inner.inner()),
            Expression::Variable(name) => ExprKind::Path(Start::Name(name.as_str().to_owned()), Vec::new()),
            Expression::Conditional(choice) => ExprKind::Conditional(Box::new([
                self.expr(&choice.cond_expr),
                self.expr(&choice.true_expr),
                self.expr(&choice.false_expr),
            ])),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(path) => self.path(path),
            Expression::UnaryOp(operation) => {
                let inner = Box::new(self.expr(&operation.expr));
                match operation.operator.value() {
                    UnaryOperator::Neg => ExprKind::Negate(inner),
                    UnaryOperator::Not => ExprKind::Not(inner),
                }
            }
            Expression::BinaryOp(operation) => ExprKind::Binary(Box::new((
                self.expr(&operation.lhs_expr),
                operator(*operation.operator.value()),
                self.expr(&operation.rhs_expr),
            ))),
            Expression::ForExpr(found) => self.for_expr(found),
        };
        Expr { place, kind }
    }

    /// A text in quotation marks without references.
    fn string(&self, text: &hcl_edit::Decorated<String>) -> Expr {
        let span = text.span().unwrap_or(0..0);
        let place = self.place(span.start, span.end);
        let at = self.verbatim(span.start + 1, span.end.saturating_sub(1), text.value());
        Expr::text(place, text.value().clone(), at)
    }

    fn key(&self, key: &ObjectKey) -> Expr {
        match key {
            ObjectKey::Ident(name) => Expr::text(self.span(name), name.as_str(), None),
            ObjectKey::Expression(expr) => self.expr(expr),
        }
    }

    fn call(&self, call: &hcl_edit::expr::FuncCall) -> ExprKind {
        ExprKind::Call(Box::new(Call {
            name: call.name.name.as_str().to_owned(),
            arguments: call.args.iter().map(|argument| self.expr(argument)).collect(),
            expand: call.args.expand_final(),
        }))
    }

    fn path(&self, path: &hcl_edit::expr::Traversal) -> ExprKind {
        let start = match &path.expr {
            Expression::Variable(name) => Start::Name(name.as_str().to_owned()),
            other => Start::Expr(Box::new(self.expr(other))),
        };
        let steps = path.operators.iter().map(|operator| match operator.value() {
            TraversalOperator::FullSplat(_) => Step::Splat,
            TraversalOperator::AttrSplat(_) => Step::AttributeSplat,
            TraversalOperator::GetAttr(name) => Step::Attribute(name.as_str().to_owned()),
            TraversalOperator::Index(index) => Step::Index(self.expr(index)),
            TraversalOperator::LegacyIndex(index) => {
                #[expect(clippy::cast_precision_loss, reason = "an index beyond 2^53 leads nowhere anyway")]
                let number = *index.value() as f64;
                Step::Index(Expr { place: self.span(index), kind: ExprKind::Number(number) })
            }
        });
        ExprKind::Path(start, steps.collect())
    }

    fn for_expr(&self, found: &hcl_edit::expr::ForExpr) -> ExprKind {
        ExprKind::For(Box::new(For {
            key: found.intro.key_var.as_ref().map(|name| name.as_str().to_owned()),
            value: found.intro.value_var.as_str().to_owned(),
            collection: self.expr(&found.intro.collection_expr),
            result_key: found.key_expr.as_ref().map(|key| self.expr(key)),
            result: self.expr(&found.value_expr),
            condition: found.cond.as_ref().map(|condition| self.expr(&condition.expr)),
            grouping: found.grouping,
        }))
    }

    /// The parts of a template. Heredocs are taken as they stand in the file, with their indentation: then every character has its place.
    fn parts(&self, template: &Template, heredoc: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut strip_next = false;
        for element in template {
            let part = match element {
                Element::Literal(text) => {
                    let literal = self.literal(text, heredoc);
                    if strip_next { trim_start(literal) } else { literal }
                }
                Element::Interpolation(value) => Part::Value(self.expr(&value.expr)),
                Element::Directive(directive) => self.directive(directive, heredoc),
            };
            let strip = strip_of(element);
            if strip.strip_start()
                && let Some(Part::Literal(text, at)) = parts.last_mut()
            {
                trim_end(text, at);
            }
            strip_next = strip.strip_end();
            parts.push(part);
        }
        parts
    }

    fn literal(&self, text: &hcl_edit::Spanned<String>, heredoc: bool) -> Part {
        let span = text.span().unwrap_or(0..0);
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let literal = if heredoc && !raw.is_empty() {
            raw.replace("$${", "${").replace("%%{", "%{")
        } else {
            text.value().clone()
        };
        let at = self.verbatim(span.start, span.end, &literal);
        Part::Literal(literal, at)
    }

    fn directive(&self, directive: &Directive, heredoc: bool) -> Part {
        match directive {
            Directive::If(found) => {
                let (first, other, last) = (&found.if_expr, &found.else_expr, found.endif_expr.strip);
                let next = other.as_ref().map_or(last, |other| other.strip);
                let then = trimmed(self.parts(&first.template, heredoc), first.strip, next);
                let otherwise = other.as_ref().map_or_else(Vec::new, |other| {
                    trimmed(self.parts(&other.template, heredoc), other.strip, last)
                });
                Part::If(Box::new(self.expr(&first.cond_expr)), then, otherwise)
            }
            Directive::For(found) => Part::For {
                key: found.for_expr.key_var.as_ref().map(|name| name.as_str().to_owned()),
                value: found.for_expr.value_var.as_str().to_owned(),
                collection: Box::new(self.expr(&found.for_expr.collection_expr)),
                body: trimmed(
                    self.parts(&found.for_expr.template, heredoc),
                    found.for_expr.strip,
                    found.endfor_expr.strip,
                ),
            },
        }
    }
}

/// Parts between two marks, without the blanks that the marks take away.
fn trimmed(mut parts: Vec<Part>, before: Strip, after: Strip) -> Vec<Part> {
    if before.strip_end()
        && let Some(Part::Literal(..)) = parts.first()
    {
        let first = trim_start(parts.remove(0));
        parts.insert(0, first);
    }
    if after.strip_start()
        && let Some(Part::Literal(text, at)) = parts.last_mut()
    {
        trim_end(text, at);
    }
    parts
}

/// Which blanks beside an element go away.
fn strip_of(element: &Element) -> Strip {
    match element {
        Element::Literal(_) => Strip::None,
        Element::Interpolation(value) => value.strip,
        Element::Directive(directive) => match directive.as_ref() {
            Directive::If(found) => {
                Strip::from((found.if_expr.strip.strip_start(), found.endif_expr.strip.strip_end()))
            }
            Directive::For(found) => {
                Strip::from((found.for_expr.strip.strip_start(), found.endfor_expr.strip.strip_end()))
            }
        },
    }
}

fn trim_start(part: Part) -> Part {
    match part {
        Part::Literal(text, at) => {
            let bare = text.trim_start();
            let cut = text.len() - bare.len();
            let at = at.map(|at| Place::new(at.file, at.start as usize + cut, at.end as usize));
            Part::Literal(bare.to_owned(), at)
        }
        other => other,
    }
}

fn trim_end(text: &mut String, at: &mut Option<Place>) {
    let length = text.trim_end().len();
    text.truncate(length);
    *at = at.map(|at| Place::new(at.file, at.start as usize, at.start as usize + length));
}

fn operator(operator: hcl_edit::expr::BinaryOperator) -> Operator {
    use hcl_edit::expr::BinaryOperator;
    match operator {
        BinaryOperator::Eq => Operator::Equal,
        BinaryOperator::NotEq => Operator::NotEqual,
        BinaryOperator::LessEq => Operator::LessOrEqual,
        BinaryOperator::GreaterEq => Operator::GreaterOrEqual,
        BinaryOperator::Less => Operator::Less,
        BinaryOperator::Greater => Operator::Greater,
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Mul => Operator::Times,
        BinaryOperator::Div => Operator::Divide,
        BinaryOperator::Mod => Operator::Modulo,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
    }
}

#[cfg(test)]
mod tests;

//! How Serverless Framework writes variables: `${self:custom.table, 'orders'}` taken apart.
//!
//! Owns: the grammar, of versions 1 to 4. Invariants: one pass over the text, so that no text takes longer than its length allows;
//! nesting is bounded; `${AWS::Region}` and `${Table.Arn}` belong to CloudFormation and stay as they are. Not here: what a variable
//! stands for (`resolve`).

/// Variables within variables are read this deep; deeper ones are broken.
const NESTING_LIMIT: usize = 16;

/// A text with variables in it.
pub(super) type Template = Vec<Part>;

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Characters.
    Text(String),
    /// A variable.
    Variable(Variable),
    /// `#{AWS::AccountId}`, as plugins write what CloudFormation fills in.
    Provider(String),
    /// The rest of the text, from a variable that is never closed or cannot be read.
    Broken(String),
}

/// A variable: its sources, of which the first that has a value counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variable {
    /// In order; never empty.
    pub(super) sources: Vec<Source>,
}

/// Where a variable's value may come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// Written out.
    Literal(Literal),
    /// `self:custom.table`, `file(x.yml):table`.
    Named(Named),
    /// Another variable, as version 1 allowed it: `${opt:stage, ${self:provider.stage}}`.
    Nested(Variable),
}

/// A value that is written out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    /// In quotation marks, or a bare word as version 1 took it.
    String(String),
    /// A number, as it is written.
    Number(String),
    /// True or false.
    Bool(bool),
    /// Nothing.
    Null,
}

/// A source by name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    /// `self`, `file`, `opt`, `ssm` …
    pub(super) kind: String,
    /// What stands in parentheses.
    pub(super) argument: Option<Template>,
    /// What stands behind the colon.
    pub(super) address: Template,
}

/// Takes a text apart. A text without variables is one part, or none.
pub(super) fn parse(text: &str) -> Template {
    let mut reader = Reader { text, at: 0 };
    let mut parts = Template::new();
    while let Some(next) = reader.peek() {
        if next == '\\' && reader.rest().starts_with("\\${") {
            reader.at += 1;
            push(&mut parts, '$');
            reader.at += 1;
        } else if reader.opens_variable() {
            let from = reader.at;
            let Some(variable) = reader.variable(0) else {
                parts.push(Part::Broken(text.get(from..).unwrap_or_default().to_owned()));
                return parts;
            };
            parts.push(Part::Variable(variable));
        } else if let Some(name) = reader.provider() {
            parts.push(Part::Provider(name));
        } else {
            push(&mut parts, next);
            reader.at += next.len_utf8();
        }
    }
    parts
}

/// Appends a character to the text at the end.
fn push(parts: &mut Template, character: char) {
    if let Some(Part::Text(text)) = parts.last_mut() {
        text.push(character);
    } else {
        parts.push(Part::Text(character.to_string()));
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// A name of the provider in the form of the pseudo parameters plugin.
    fn provider(&mut self) -> Option<String> {
        let inside = self.rest().strip_prefix("#{AWS::")?;
        let name = inside.get(..inside.len() - inside.trim_start_matches(is_word).len())?;
        inside.strip_prefix(name)?.strip_prefix('}')?;
        self.at += "#{AWS::}".len() + name.len();
        Some(format!("AWS::{name}"))
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Whether one of the framework's own variables begins here: `${`, a name in lower case, then `:` (not `::`) or `(`.
    fn opens_variable(&self) -> bool {
        let Some(inside) = self.rest().strip_prefix("${") else { return false };
        let inside = inside.trim_start_matches(' ');
        if !inside.starts_with(|first: char| first.is_ascii_lowercase()) {
            return false;
        }
        let behind = inside.trim_start_matches(is_word);
        behind.starts_with('(') || (behind.starts_with(':') && !behind.starts_with("::"))
    }

    /// A variable from its `${` to its `}`; `None` when it is broken.
    fn variable(&mut self, depth: usize) -> Option<Variable> {
        if depth > NESTING_LIMIT {
            return None;
        }
        self.at += 2;
        let mut sources = Vec::new();
        loop {
            self.skip_spaces();
            sources.push(self.source(depth)?);
            self.skip_spaces();
            match self.peek()? {
                ',' => self.at += 1,
                '}' => {
                    self.at += 1;
                    return Some(Variable { sources });
                }
                _ => return None,
            }
        }
    }

    fn source(&mut self, depth: usize) -> Option<Source> {
        match self.peek()? {
            quote @ ('\'' | '"') => self.quoted(quote).map(|text| Source::Literal(Literal::String(text))),
            '$' if self.opens_variable() => self.variable(depth + 1).map(Source::Nested),
            // `${opt:stage, }`: an empty fallback.
            '}' | ',' => Some(Source::Literal(Literal::String(String::new()))),
            _ => self.named(depth),
        }
    }

    fn named(&mut self, depth: usize) -> Option<Source> {
        let rest = self.rest();
        let word = rest.get(..rest.len() - rest.trim_start_matches(is_word).len())?;
        let named = word.starts_with(|first: char| first.is_ascii_alphabetic());
        self.at += word.len();
        let mut found = Named { kind: word.to_owned(), argument: None, address: Template::new() };
        match self.peek()? {
            '(' if named => {
                self.at += 1;
                found.argument = Some(self.template(depth, &[')'])?);
                self.at += 1;
                self.skip_spaces();
                if self.peek()? == ':' {
                    self.at += 1;
                    found.address = self.template(depth, &[',', '}'])?;
                }
                Some(Source::Named(found))
            }
            ':' if named => {
                self.at += 1;
                found.address = self.template(depth, &[',', '}'])?;
                Some(Source::Named(found))
            }
            _ => {
                let more = self.template(depth, &[',', '}'])?;
                let ([] | [Part::Text(_)]) = more.as_slice() else { return None };
                let tail =
                    more.first().map_or("", |part| if let Part::Text(text) = part { text } else { "" });
                Some(Source::Literal(bare(format!("{word}{tail}").trim_end())))
            }
        }
    }

    /// Text with variables up to one of `ends`, which stays; `None` when the end never comes.
    fn template(&mut self, depth: usize, ends: &[char]) -> Option<Template> {
        let mut parts = Template::new();
        self.skip_spaces();
        loop {
            let next = self.peek()?;
            if ends.contains(&next) {
                break;
            }
            if self.opens_variable() {
                parts.push(Part::Variable(self.variable(depth + 1)?));
            } else if self.rest().starts_with("${") {
                self.foreign(&mut parts)?;
            } else if matches!(next, '\'' | '"') && parts.is_empty() {
                self.quoted(next)?.chars().for_each(|character| push(&mut parts, character));
            } else {
                push(&mut parts, next);
                self.at += next.len_utf8();
            }
        }
        if let Some(Part::Text(text)) = parts.last_mut() {
            text.truncate(text.trim_end().len());
        }
        Some(parts)
    }

    /// Another language's `${…}`, kept as it is.
    fn foreign(&mut self, parts: &mut Template) -> Option<()> {
        loop {
            let next = self.peek()?;
            push(parts, next);
            self.at += next.len_utf8();
            if next == '}' {
                return Some(());
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        self.at += quote.len_utf8();
        let mut text = String::new();
        loop {
            let next = self.peek()?;
            self.at += next.len_utf8();
            match next {
                next if next == quote => return Some(text),
                '\\' if quote == '"' => {
                    let escaped = self.peek()?;
                    self.at += escaped.len_utf8();
                    text.push(escaped);
                }
                next => text.push(next),
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
}

/// A literal without quotation marks.
fn bare(word: &str) -> Literal {
    match word {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        "null" => Literal::Null,
        word if word.parse::<f64>().is_ok_and(f64::is_finite) => Literal::Number(word.to_owned()),
        word => Literal::String(word.to_owned()),
    }
}

#[cfg(test)]
mod tests;

//! Which part of a line is a comment: what is text in quotes, in a block of YAML or in a heredoc, is none.
//!
//! Invariants: one pass over each line; what cannot be told counts as text, so that it allows nothing. Not here: what a comment says
//! (`suppress`), JSON, which has none (`suppress::json`).

/// How a kind of file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Yaml,
    Hcl,
    Python,
    Program,
}

/// Stands in [`Comments::open`] for the quotes of Python's long texts.
const LONG: [(char, &str); 2] = [('“', "\"\"\""), ('‘', "'''")];

/// Reads the lines of a file, one after the other.
#[derive(Debug)]
pub(super) struct Comments {
    kind: Kind,
    /// Quotes that are open, and braces of expressions in them.
    open: Vec<char>,
    /// A block of YAML: all lines further to the right belong to it.
    block: Option<usize>,
    /// The word that ends a heredoc.
    heredoc: Option<String>,
}

impl Comments {
    pub(super) fn of(path: &str) -> Self {
        let kind = match path.rsplit('.').next().unwrap_or_default() {
            "yml" | "yaml" | "template" => Kind::Yaml,
            "tf" | "tofu" | "tfvars" | "hcl" => Kind::Hcl,
            "py" => Kind::Python,
            _ => Kind::Program,
        };
        Self { kind, open: Vec::new(), block: None, heredoc: None }
    }

    /// Where the comment of the next line begins, if it has one.
    pub(super) fn of_line(&mut self, line: &str) -> Option<usize> {
        let trimmed = line.trim();
        if let Some(end) = &self.heredoc {
            if trimmed == end {
                self.heredoc = None;
            }
            return None;
        }
        if let Some(column) = self.block {
            if trimmed.is_empty() || indent(line) > column {
                return None;
            }
            self.block = None;
        }
        let found = self.scan(line);
        let content = found.and_then(|at| line.get(..at)).unwrap_or(line).trim_end();
        match self.kind {
            Kind::Yaml if self.open.is_empty() => self.block = block(content),
            Kind::Yaml => {}
            Kind::Hcl => {
                self.heredoc = heredoc(content);
                self.open.clear();
            }
            // Only these go on in the next line.
            Kind::Python if LONG.iter().any(|(sign, _)| self.open.first() == Some(sign)) => {}
            // A backslash at the end goes on, too.
            Kind::Python | Kind::Program if line.ends_with('\\') => {}
            Kind::Python => self.open.clear(),
            Kind::Program if self.open.first() != Some(&'`') => self.open.clear(),
            Kind::Program => {}
        }
        found
    }

    fn scan(&mut self, line: &str) -> Option<usize> {
        let starts = line.trim_start();
        let goes_on = starts == "*" || starts.starts_with("* ") || starts.starts_with("*/");
        if self.has_slashes() && self.open.is_empty() && goes_on {
            return Some(line.len() - starts.len());
        }
        let mut characters = line.char_indices().peekable();
        // The character before, and the last one before it that is no space.
        let (mut before, mut last) = (None, None);
        // Whether the last word is a tag or an anchor.
        let mut tagged = false;
        while let Some((at, found)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            let long = LONG.iter().find(|(_, quotes)| {
                self.kind == Kind::Python && line.get(at..).is_some_and(|rest| rest.starts_with(quotes))
            });
            match self.open.last().copied() {
                Some(sign) if LONG.iter().any(|(known, _)| *known == sign) => {
                    if found == '\\' {
                        characters.next();
                    } else if long.is_some_and(|(known, _)| *known == sign) {
                        self.open.pop();
                        characters.nth(1);
                    }
                }
                Some('{') => match found {
                    '{' | '"' | '`' => self.open.push(found),
                    '}' => drop(self.open.pop()),
                    _ => {}
                },
                Some(quote) => {
                    let doubled = self.kind == Kind::Yaml && quote == '\'' && next == Some('\'');
                    let escapes = found == '\\' && !(self.kind == Kind::Yaml && quote == '\'');
                    if escapes || found == quote && doubled {
                        characters.next();
                    } else if found == quote {
                        self.open.pop();
                    } else if self.has_slashes() && matches!(found, '$' | '%') && next == Some('{') {
                        characters.next();
                        self.open.push('{');
                    }
                }
                None if self.begins_comment(found, next, before) => return Some(at),
                None if let Some((sign, _)) = long => {
                    self.open.push(*sign);
                    characters.nth(1);
                }
                None if self.begins_text(found, before, last, tagged) => self.open.push(found),
                None => {}
            }
            if before.is_none_or(char::is_whitespace) && !found.is_whitespace() {
                tagged = matches!(found, '!' | '&');
            }
            before = Some(found);
            last = if found.is_whitespace() { last } else { before };
        }
        None
    }

    /// Whether comments may begin with slashes, and `${` begins an expression.
    fn has_slashes(&self) -> bool {
        matches!(self.kind, Kind::Hcl | Kind::Program)
    }

    fn begins_comment(&self, found: char, next: Option<char>, before: Option<char>) -> bool {
        let apart = before.is_none_or(|before| before.is_whitespace() || ";{}),".contains(before));
        match (found, next) {
            ('#', _) => before.is_none_or(char::is_whitespace),
            ('/', Some('/')) => self.has_slashes() && apart,
            ('/', Some('*')) | ('<', Some('!')) => self.has_slashes(),
            _ => false,
        }
    }

    fn begins_text(&self, found: char, before: Option<char>, last: Option<char>, tagged: bool) -> bool {
        match (self.kind, found) {
            // A value begins with its quotes; within a plain one they are letters.
            (Kind::Yaml, '"' | '\'') => {
                let apart = before.is_none_or(|before| before.is_whitespace() || "[{,".contains(before));
                apart && last.is_none_or(|last| "[{,:-?".contains(last) || tagged)
            }
            (Kind::Hcl | Kind::Python, '"') | (Kind::Program, '"' | '`') => true,
            // `it's`, but `f'…'`.
            (Kind::Python | Kind::Program, '\'') => {
                before.is_none_or(|before| !before.is_alphanumeric() || "fbruFBRU".contains(before))
            }
            _ => false,
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Behind which column the lines of a block stand that a line opens: `key: |`, `- !Sub >-`.
fn block(content: &str) -> Option<usize> {
    let (head, sign) = content.rsplit_once(char::is_whitespace)?;
    let style = sign.strip_prefix(['|', '>'])?;
    let head = head.trim_end();
    let tagged = head.rsplit(char::is_whitespace).next().is_some_and(|word| word.starts_with(['!', '&']));
    if style.len() > 2 || !style.chars().all(|c| "+-".contains(c) || c.is_ascii_digit()) {
        return None;
    }
    if !(head.ends_with([':', '-']) || tagged) {
        return None;
    }
    // Comments of code that stands in the file are comments.
    let of_code = ["ZipFile:", "InlineCode:"].iter().any(|key| head.contains(key));
    let mut column = indent(content);
    while let Some(item) = content.get(column..).and_then(|rest| rest.strip_prefix('-')) {
        let inner = item.trim_start();
        if item.len() == inner.len() || !inner.contains(": ") {
            break;
        }
        column = content.len() - inner.len();
    }
    (!of_code).then_some(column)
}

/// `<<EOT`, `<<-EOT` at the end of a line.
fn heredoc(content: &str) -> Option<String> {
    let (_, word) = content.rsplit_once("<<")?;
    let word = word.strip_prefix('-').unwrap_or(word);
    let named = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    named.then(|| word.to_owned())
}

#[cfg(test)]
mod tests;

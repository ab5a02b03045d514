//! Passwords among the words of a command, and of what connects to a database: `mysql -pSECRET`, `host=db password=SECRET user=app`.
//!
//! Invariant: one pass over a line. Not here: what is a secret (`names`); names and values as code and configuration have them (`lines`).

use super::names::{is_placeholder, is_secret};
use super::{Leak, Syntax, Weight};

/// What a password that is handed to a program is called.
const IN_COMMAND: &str = "a password in a command";

/// A program that takes a password, and how.
struct Program {
    names: &'static [&'static str],
    /// The options; one of a single letter may have its value behind it.
    options: &'static [&'static str],
    /// Whether the value may be the next word.
    apart: bool,
    /// Whether the value is a name and a password, with a colon between them.
    login: bool,
    /// Letters without a value that may stand before an option's: `-sSu`.
    switches: &'static str,
}

static PROGRAMS: [Program; 6] = [
    Program {
        names: &["mysql", "mysqldump", "mysqladmin", "mysqlimport", "mariadb", "mariadb-dump"],
        options: &["-p"],
        // `-p` alone asks for it, and the next word is the database.
        apart: false,
        login: false,
        switches: "",
    },
    Program {
        names: &["sshpass", "login", "mongo", "mongosh", "mongodump", "mongorestore", "mongoexport"],
        options: &["-p", "--password"],
        apart: true,
        login: false,
        switches: "",
    },
    Program { names: &["redis-cli"], options: &["-a", "--pass"], apart: true, login: false, switches: "" },
    Program { names: &["sqlcmd", "zip", "unzip"], options: &["-P"], apart: true, login: false, switches: "" },
    Program {
        names: &["ldapsearch", "ldapmodify", "ldapadd", "ldapdelete"],
        options: &["-w"],
        apart: true,
        login: false,
        switches: "",
    },
    Program {
        names: &["curl"],
        options: &["-u", "--user"],
        apart: true,
        login: true,
        switches: "#0123468afgiIjJklLMnNqRsSvZ",
    },
];

/// How sure it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// For a finding: what names and values of lines have to be, too.
    Report,
    /// For a text that is shown: anything that is not filled in elsewhere.
    Cover,
}

/// Every password in a line that starts there in its text. Where values need no quotes, the words of a command may stand without.
pub(super) fn in_line(line: &str, offset: usize, syntax: Syntax, look: Look, leaks: &mut Vec<Leak>) {
    // Without an option or a pair there is nothing to be had, and most lines have neither.
    if !line.contains(['-', '=']) {
        return;
    }
    let mut push = |start: usize, value: &str| {
        let (start, end) = (offset + start, offset + start + value.len());
        leaks.push(Leak { start, end, what: IN_COMMAND, name: None, weight: Weight::Heavy });
    };
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`');
    let mut program = None::<&Program>;
    let mut awaited = false;
    let mut at = 0;
    let mut quotes = 0_usize;
    let mut before = "";
    for word in line.split_inclusive(|c: char| c.is_whitespace() || is_quote(c)) {
        let start = at;
        at += word.len();
        let text = word.trim_end_matches(|c: char| c.is_whitespace() || is_quote(c));
        // Between the members of a list stands nothing that counts.
        if !text.trim_matches([',', '[', ']', '(', ')', '{', '}']).is_empty() {
            let passes = |value: &str| look.passes(value);
            if let Some(known) = program {
                let value = if std::mem::take(&mut awaited) { Some((0, text)) } else { known.value(text) };
                let value = value.and_then(|(from, value)| known.password(from, value));
                // `-p'SECRET'`: quotes that open behind an option.
                let opens = word.len() > text.len()
                    && word.ends_with(is_quote)
                    && !line.get(..start).is_some_and(|head| head.ends_with(is_quote));
                awaited = (known.apart || opens) && known.is_option(text);
                if let Some((from, value)) = value.filter(|(_, value)| passes(value)) {
                    push(start + from, value);
                    continue;
                }
            }
            program = match called(text, before) {
                Some(called) => Some(called),
                // Another command begins.
                None if matches!(text, "&&" | "||" | "|" | ";" | "&") || text.ends_with(';') => None,
                None => program,
            };
            before = text;
            let may_pair = quotes % 2 == 1 || (syntax == Syntax::Bare && quotes == 0);
            if let Some((from, value)) = pair(text).filter(|_| may_pair) {
                push(start + from, value);
            }
        }
        quotes += usize::from(word.ends_with(is_quote));
    }
}

impl Look {
    fn passes(self, value: &str) -> bool {
        match self {
            Self::Report => is_secret("password", value) && !is_address(value) && !is_option(value),
            Self::Cover => value.len() >= 4 && !is_placeholder(value) && !value.starts_with(['$', '%', '{']),
        }
    }
}

/// Whether a value is a port, or an address with ports.
fn is_address(value: &str) -> bool {
    value.contains(':')
        && value.split(':').all(|part| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Whether what stands behind `-p` makes it another, longer option: `-port=3306`.
fn is_option(value: &str) -> bool {
    let name = value.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    })
}

/// The program that a word calls: by its name, with its path, behind a bracket.
fn called(word: &str, before: &str) -> Option<&'static Program> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let length = word.bytes().rev().take_while(part).count();
    let name = word.get(word.len() - length..).filter(|name| !name.is_empty())?;
    // Others sign in with a browser, or ask.
    let signs_in = name != "login" || before.ends_with("docker") || before.ends_with("podman");
    PROGRAMS.iter().find(|program| program.names.contains(&name)).filter(|_| signs_in)
}

impl Program {
    /// Whether a word is an option and nothing more.
    fn is_option(&self, word: &str) -> bool {
        self.options.contains(&word) || self.behind_switches(word).is_some_and(str::is_empty)
    }

    /// What stands behind an option's letter that switches stand before.
    fn behind_switches<'a>(&self, word: &'a str) -> Option<&'a str> {
        let rest = word.strip_prefix('-')?;
        let rest = rest
            .strip_prefix(|c| self.switches.contains(c))?
            .trim_start_matches(|c| self.switches.contains(c));
        let letters = self.options.iter().filter(|option| option.len() == 2);
        letters.filter_map(|option| rest.strip_prefix(option.strip_prefix('-')?)).next()
    }

    /// The value that a word has behind an option: `-pSECRET`, `--password=SECRET`.
    fn value<'a>(&self, word: &'a str) -> Option<(usize, &'a str)> {
        let plain = self.options.iter().find_map(|option| {
            let rest = word.strip_prefix(option).filter(|rest| !rest.is_empty())?;
            let rest = if option.starts_with("--") { rest.strip_prefix('=')? } else { rest };
            Some((word.len() - rest.len(), rest))
        });
        let clustered = || self.behind_switches(word).filter(|rest| !rest.is_empty());
        plain.or_else(|| clustered().map(|rest| (word.len() - rest.len(), rest)))
    }

    /// The password of a value.
    fn password<'a>(&self, from: usize, value: &'a str) -> Option<(usize, &'a str)> {
        if !self.login {
            return Some((from, value));
        }
        let (user, password) = value.split_once(':')?;
        Some((from + user.len() + 1, password))
    }
}

/// The value of `password=SECRET`, as connections and variables before a command are written. Calls and addresses are none.
fn pair(word: &str) -> Option<(usize, &str)> {
    let mut from = 0;
    for part in word.split_inclusive(';') {
        let start = from;
        from += part.len();
        let part = part.trim_end_matches(';');
        let Some((name, value)) = part.split_once('=') else { continue };
        let written = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        let filled = value.starts_with(':')
            || value.contains(['(', ')', '{', '}', '[', ']', '$', '%', '<', '>', '&', '=', ',']);
        if written && !filled && is_secret(name, value) {
            return Some((start + name.len() + 1, value));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::secrets::{Syntax, in_text, redact};

    #[test]
    fn passwords_in_commands_are_found() {
        let check = |text: &str, wanted: &[&str]| {
            let found: Vec<&str> = in_text(text, Some(Syntax::Quoted))
                .iter()
                .map(|leak| text.get(leak.start..leak.end).unwrap())
                .collect();
            assert_eq!(found, wanted, "{text}");
        };
        check("execSync('mysql -u root -ph0rse-battery7 -e ' + sql)", &["h0rse-battery7"]);
        check("run(['/usr/bin/mysqldump', '-ph0rse-battery7', name])", &["h0rse-battery7"]);
        check("run(`$(mysql -ph0rse-battery7 shop)`)", &["h0rse-battery7"]);
        check("os.system(\"PGPASSWORD=h0rse-battery7 psql -h db\")", &["h0rse-battery7"]);
        check("connect('host=db password=h0rse-battery7 user=app')", &["h0rse-battery7"]);
        check("new Sql('Server=db;Password=h0rse-battery7;Database=shop')", &["h0rse-battery7"]);
        check("sh('curl -u app:h0rse-battery7 https://x.acme.io')", &["h0rse-battery7"]);
        check("sh('docker login -u app -p h0rse-battery7 x.acme.io')", &["h0rse-battery7"]);
        check("sh('sshpass -ph0rse-battery7 ssh x')", &["h0rse-battery7"]);
        check("sh('redis-cli -a h0rse-battery7 ping')", &["h0rse-battery7"]);
        check("sh(\"mysql -uroot -p'h0rse-battery7' shop\")", &["h0rse-battery7"]);
        check("sh('curl -sSu app:h0rse-battery7 https://x.acme.io')", &["h0rse-battery7"]);
        check("sh('curl -sfuapp:h0rse-battery7 https://x.acme.io')", &["h0rse-battery7"]);
        check("sh('curl -sSo app:h0rse-battery7 https://x.acme.io')", &[]);
        check("spawn('curl', ['-u', 'app:h0rse-battery7', url])", &["h0rse-battery7"]);
        check("run([\"redis-cli\",\"-a\",\"h0rse-battery7\"])", &["h0rse-battery7"]);
        for none in [
            "sh('mysql -p -h db shop1')",
            "run(['mysql', '-p', 'shop1-db7'])",
            "sh('mysql -h db -port=3306 shop')",
            "sql('UPDATE users SET password=:hashedPw1 WHERE id=:id')",
            "sh('docker login -u app && docker run -p 127.0.0.1:5432:5432 postgres:16')",
            "sh('az login && mkdir -p Dist/Lambda-2024-build')",
            "sh('npm login; npx cypress run -p cypress/Projects-9x7')",
            "sh('mysql -P3306 --port=3306 -p$DB_PASSWORD shop')",
            "sh(`mysql -p${password1} shop`)",
            "sh('mysql -p' + password1)",
            "sh('docker run -p 8080:80 image')",
            "sh('curl -u ' + login1 + ' https://x.acme.io')",
            "sh('curl -u $USER:$TOKEN_1 https://x.acme.io')",
            "connect(password=read1(x), user='app')",
            "connect('host=db password={} user=app'.format(x))",
            "connect('host=db password=%s user=app')",
            "where('password=hash1(x) and y')",
            "fetch('https://x.acme.io/?page=1&token=${t}')",
            "# sh('mysql -ph0rse-battery7')",
        ] {
            check(none, &[]);
        }
        let bare = |text: &str, wanted: usize| {
            assert_eq!(in_text(text, Some(Syntax::Bare)).len(), wanted, "{text}");
        };
        bare("cmd: mysql -ph0rse-battery7 shop", 1);
        bare("cmd: PGPASSWORD=h0rse-battery7 psql -h db", 1);
        bare("DSN: host=db password=h0rse-battery7 user=app", 1);
        bare("PGPASSWORD=h0rse-battery7", 1);
        bare("PGPASSWORD=h0rse-battery7 psql", 1);
        bare("cmd: PGPASSWORD=${PASSWORD} psql -h db", 0);
        bare("cmd: PGPASSWORD=$PASSWORD1 psql -h db", 0);
    }

    #[test]
    fn a_line_that_is_shown_has_none_of_them() {
        assert_eq!(redact("sh('mysql -u root -pgeheim -e ' + sql)"), "sh('mysql -u root -pg… -e ' + sql)");
        assert_eq!(redact("# mysql -ph0rse-battery7 shop"), "# mysql -ph0rs… shop");
        assert_eq!(redact("sh('mysql -p$PASSWORD shop')"), "sh('mysql -p$PASSWORD shop')");
    }
}

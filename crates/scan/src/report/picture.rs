//! The picture of an app: who calls what, with which role, and what that reaches. As SVG.
//!
//! Owns: which nodes and edges are drawn, and where. Invariants: the same app gives the same picture; a picture has at most [`MAX_ROWS`]
//! rows, and says what it leaves out; everything that comes from files is escaped. Not here: the page around it (`html`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::html::escape;
use super::{AppReport, Entry, EntryKind};
use crate::graph::{App, Function, SecretKind, StoreKind};
use crate::iam::{Deed, Grants, Hold, Target, Verdict};

/// More rows than this are not drawn in a column.
const MAX_ROWS: usize = 40;
const COLUMN: f64 = 270.0;
const WIDTH: f64 = 200.0;
const ROW: f64 = 58.0;
const HEIGHT: f64 = 42.0;
const MARGIN: f64 = 30.0;
/// Between the edge of a box and its text.
const PADDING: f64 = 12.0;

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    column: usize,
    title: String,
    kind: &'static str,
    /// The class that colours it.
    class: &'static str,
    hot: bool,
}

/// An arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    from: String,
    to: String,
    class: &'static str,
    label: String,
    hot: bool,
}

/// What is drawn.
#[derive(Debug, Default)]
struct Picture {
    nodes: BTreeMap<String, Node>,
    edges: Vec<Edge>,
    /// Keys of each column, from top to bottom.
    columns: [Vec<String>; 4],
    left_out: usize,
}

/// Draws an app. `hot` are the names of what lies on an attack path: what joins two of them is drawn in red.
#[must_use]
pub(super) fn draw(report: &AppReport, hot: &BTreeSet<String>) -> String {
    let app = &report.graph;
    let mut picture = Picture::default();
    picture.add_entries(report, hot);
    picture.add_functions(app, hot);
    picture.trim();
    picture.add_holds(app, hot);
    picture.trim();
    picture.arrange();
    picture.svg()
}

impl Picture {
    fn add(&mut self, key: String, node: Node) {
        let column = node.column;
        if self.nodes.insert(key.clone(), node).is_none()
            && let Some(keys) = self.columns.get_mut(column)
        {
            keys.push(key);
        }
    }

    /// Ways in: routes of one function and one kind of caller are one box.
    fn add_entries(&mut self, report: &AppReport, hot: &BTreeSet<String>) {
        let mut groups: BTreeMap<(String, bool, String), Vec<&Entry>> = BTreeMap::new();
        for entry in &report.entries {
            let Some(function) = &entry.function else { continue };
            let who = if entry.kind == EntryKind::Trigger { entry.what.clone() } else { entry.who.clone() };
            groups.entry((function.clone(), !entry.open, who)).or_default().push(entry);
        }
        for ((function, closed, who), entries) in groups {
            let Some(first) = entries.first() else { continue };
            let title = match entries.len() {
                1 => first.what.clone(),
                count => format!("{} and {} more", first.what, count - 1),
            };
            let (kind, class) = match (closed, first.kind) {
                (false, _) => ("anyone", "open"),
                (true, EntryKind::Trigger) => ("trigger", "trigger"),
                (true, _) => ("asks who calls", "closed"),
            };
            let key = format!("in {function} {closed} {who}");
            let warm = !closed && hot.contains(&function);
            self.add(key.clone(), Node { column: 0, title, kind, class, hot: warm });
            let to = format!("fn {function}");
            self.edges.push(Edge { from: key, to, class: "calls", label: String::new(), hot: warm });
        }
    }

    fn add_functions(&mut self, app: &App, hot: &BTreeSet<String>) {
        for function in &app.functions {
            let name = function.name.to_string();
            let runtime = function.runtime.as_ref().and_then(|found| found.known());
            let kind = if runtime.is_some() { "function" } else { "function, runtime unknown" };
            let warm = hot.contains(&name);
            self.add(
                format!("fn {name}"),
                Node { column: 1, title: name, kind, class: "function", hot: warm },
            );
            self.add_role(app, function, warm, hot);
        }
    }

    fn add_role(&mut self, app: &App, function: &Function, warm: bool, hot: &BTreeSet<String>) {
        let Some(role) = app.role_of(function) else { return };
        let name = role.name.to_string();
        let shared = app.functions_of(&role.name).count() > 1;
        let kind = if shared { "role, shared" } else { "role" };
        let warm = warm && (hot.contains(&name) || role.implicit);
        let key = format!("role {name}");
        if let Some(node) = self.nodes.get_mut(&key) {
            node.hot |= warm;
        } else {
            self.add(key.clone(), Node { column: 2, title: name, kind, class: "role", hot: warm });
        }
        let from = format!("fn {}", function.name);
        self.edges.push(Edge { from, to: key, class: "runs", label: String::new(), hot: warm });
    }

    fn add_holds(&mut self, app: &App, hot: &BTreeSet<String>) {
        let grants = Grants::of(app);
        // Roles that find no room are not compared at all.
        let roles: BTreeSet<_> = app
            .functions
            .iter()
            .filter_map(|function| grants.role_of(function))
            .map(|role| &role.name)
            .filter(|name| self.nodes.contains_key(&format!("role {name}")))
            .collect();
        for role in roles {
            let Some(permissions) = grants.role(role) else { continue };
            let reach = permissions.reach();
            if reach.everything == Verdict::Yes {
                let key = "everything".to_owned();
                let node = Node {
                    column: 3,
                    title: "the whole account".into(),
                    kind: "every action",
                    class: "alarm",
                    hot: true,
                };
                self.add(key.clone(), node);
                self.connect(role.as_str(), key, "writes", "may do everything", true);
                continue;
            }
            for hold in reach.holds.iter().chain(&reach.wide) {
                self.add_hold(role.as_str(), hold, hot);
            }
        }
    }

    fn add_hold(&mut self, role: &str, hold: &Hold<'_>, hot: &BTreeSet<String>) {
        let (title, kind, class) = match hold.target {
            Target::Store(store) => (store.name.to_string(), store_word(&store.kind), "store"),
            Target::Secret(secret) => (secret.name.to_string(), secret_word(secret.kind), "secret"),
            Target::Function(function) => (function.name.to_string(), "function", "function"),
            Target::All(service) => (format!("all of {service}"), "the account's", "alarm"),
            Target::Arn(text) => (text.to_string(), "outside of the app", "store"),
        };
        let deeds: Vec<&Deed> =
            hold.deeds.iter().filter(|(_, verdict)| verdict.is_possible()).map(|(deed, _)| deed).collect();
        if deeds.is_empty() {
            return;
        }
        let sure = hold.deeds.values().any(Verdict::is_yes);
        let words: Vec<String> = deeds.iter().map(|deed| deed_word(**deed).to_owned()).collect();
        let warm = hot.contains(role) && hot.contains(&title);
        let key = format!("thing {title}");
        self.add(key.clone(), Node { column: 3, title, kind, class, hot: warm });
        let class = if sure { "writes" } else { "perhaps" };
        self.connect(role, key, class, &words.join(", "), warm);
    }

    fn connect(&mut self, role: &str, to: String, class: &'static str, label: &str, hot: bool) {
        self.edges.push(Edge { from: format!("role {role}"), to, class, label: label.to_owned(), hot });
    }

    /// Leaves out what does not fit: cold boxes first, from the end.
    fn trim(&mut self) {
        for column in &mut self.columns {
            if column.len() <= MAX_ROWS {
                continue;
            }
            let nodes = &self.nodes;
            column.sort_by_key(|key| nodes.get(key).is_none_or(|node| !node.hot));
            for key in column.split_off(MAX_ROWS) {
                self.nodes.remove(&key);
                self.left_out += 1;
            }
        }
        let nodes = &self.nodes;
        self.edges.retain(|edge| nodes.contains_key(&edge.from) && nodes.contains_key(&edge.to));
    }

    /// Orders each column by where its neighbours stand (the barycentre heuristic of Sugiyama and others, 1981), a few times over.
    fn arrange(&mut self) {
        for sweep in 0..4 {
            let forward = sweep % 2 == 0;
            let order = if forward { [1, 2, 3] } else { [2, 1, 0] };
            for column in order {
                self.sort_column(column, forward);
            }
        }
    }

    fn sort_column(&mut self, column: usize, forward: bool) {
        let places: BTreeMap<&str, usize> = self
            .columns
            .iter()
            .flat_map(|keys| keys.iter().enumerate().map(|(row, key)| (key.as_str(), row)))
            .collect();
        let mut weights: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for edge in &self.edges {
            let (node, other) = if forward { (&edge.to, &edge.from) } else { (&edge.from, &edge.to) };
            if let Some(row) = places.get(other.as_str()) {
                let weight = weights.entry(node.clone()).or_default();
                weight.0 += row;
                weight.1 += 1;
            }
        }
        if let Some(keys) = self.columns.get_mut(column) {
            // Hundredths of a row: equal weights keep their order.
            keys.sort_by_key(|key| weights.get(key).map_or(usize::MAX, |(sum, count)| sum * 100 / count));
        }
    }

    fn svg(&self) -> String {
        let rows = self.columns.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let (width, height) = (3.0 * COLUMN + WIDTH + 2.0 * MARGIN, rows as f64 * ROW + 2.0 * MARGIN);
        let mut places: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (column, keys) in self.columns.iter().enumerate() {
            let top = MARGIN + (rows - keys.len()) as f64 * ROW / 2.0;
            for (row, key) in keys.iter().enumerate() {
                places.insert(key, (MARGIN + column as f64 * COLUMN, top + row as f64 * ROW));
            }
        }
        let mut svg = format!(
            "<svg class=\"picture\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"who calls what, with which role, and what that reaches\">\n\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
        );
        let mut edges: Vec<&Edge> = self.edges.iter().collect();
        // Red ones last, so that they lie on top.
        edges.sort_by_key(|edge| edge.hot);
        for edge in edges {
            if let (Some(from), Some(to)) = (places.get(edge.from.as_str()), places.get(edge.to.as_str())) {
                arrow(&mut svg, *from, *to, edge);
            }
        }
        for (key, (x, y)) in &places {
            if let Some(node) = self.nodes.get(*key) {
                draw_box(&mut svg, *x, *y, node);
            }
        }
        svg.push_str("</svg>\n");
        if self.left_out > 0 {
            let _ =
                writeln!(svg, "<p class=\"quiet\">{} boxes are left out of the picture.</p>", self.left_out);
        }
        svg
    }
}

fn arrow(svg: &mut String, from: (f64, f64), to: (f64, f64), edge: &Edge) {
    let (x1, y1) = (from.0 + WIDTH, from.1 + HEIGHT / 2.0);
    let (x2, y2) = (to.0, to.1 + HEIGHT / 2.0);
    let bend = (x2 - x1) / 2.0;
    let hot = if edge.hot { " hot" } else { "" };
    let _ = writeln!(
        svg,
        "<path class=\"edge {}{hot}\" d=\"M{x1:.0} {y1:.0}C{:.0} {y1:.0} {:.0} {y2:.0} {x2:.0} {y2:.0}\" marker-end=\"url(#tip)\"><title>{}</title></path>",
        edge.class,
        x1 + bend,
        x2 - bend,
        escape(&crate::secrets::redact(&edge.label)),
    );
}

fn draw_box(svg: &mut String, x: f64, y: f64, node: &Node) {
    let hot = if node.hot { " hot" } else { "" };
    // The picture is drawn from the app itself, whose names may be addresses with logins.
    let whole = crate::secrets::redact(&node.title);
    let title = shorten(&whole, WIDTH - 2.0 * PADDING);
    let _ = writeln!(
        svg,
        "<g class=\"node {}{hot}\" transform=\"translate({x:.0} {y:.0})\"><title>{}</title><rect width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"8\"/>\
         <text x=\"{PADDING}\" y=\"18\" class=\"name\">{}</text><text x=\"{PADDING}\" y=\"33\" class=\"kind\">{}</text></g>",
        node.class,
        escape(&whole),
        escape(&title),
        node.kind,
    );
}

/// A name as wide as its room at most: what is too long loses its middle, since both ends tell names apart.
fn shorten(name: &str, room: f64) -> String {
    if name.chars().map(width_of).sum::<f64>() <= room {
        return name.to_owned();
    }
    let half = (room - width_of('…')) / 2.0;
    let fits = |used: &mut f64, letter: char| {
        *used += width_of(letter);
        (*used <= half).then_some(letter)
    };
    let start: String = name.chars().scan(0.0, fits).collect();
    let end: Vec<char> = name.chars().rev().scan(0.0, fits).collect();
    start.chars().chain(['…']).chain(end.into_iter().rev()).collect()
}

/// How wide a letter of a box's title is at most, in the bold 13 pixels of the page's style, in the usual fonts of systems.
fn width_of(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' => 4.6,
        'f' | 'r' | 't' | '-' | '/' | '(' | ')' | '[' | ']' => 6.0,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 13.0,
        'A'..='Z' | '_' | '&' | '+' | '=' | '<' | '>' | '~' => 9.6,
        _ if letter.is_ascii() => 8.2,
        // Wide scripts fill a square.
        _ => 13.0,
    }
}

fn deed_word(deed: Deed) -> &'static str {
    match deed {
        Deed::Sends => "sends",
        Deed::Starts => "starts it",
        Deed::Changes => "changes",
        Deed::Reads => "reads",
        Deed::Destroys => "destroys",
        Deed::Opens => "says who may",
        Deed::TakesOver => "takes it over",
    }
}

fn store_word(kind: &StoreKind) -> &'static str {
    match kind {
        StoreKind::Bucket => "bucket",
        StoreKind::Table => "table",
        StoreKind::Queue => "queue",
        StoreKind::Topic => "topic",
        StoreKind::Stream => "stream",
        StoreKind::KafkaCluster => "Kafka cluster",
        StoreKind::Broker => "broker",
        StoreKind::Database(_) => "database",
        StoreKind::FileSystem => "files",
        StoreKind::EventBus => "event bus",
        StoreKind::StateMachine => "state machine",
        StoreKind::UserPool => "users",
        StoreKind::Key => "key",
        StoreKind::Registry => "images",
        StoreKind::Logs => "logs",
    }
}

fn secret_word(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::SecretsManager => "secret",
        SecretKind::SecureParameter => "encrypted parameter",
        SecretKind::PlainParameter => "parameter",
    }
}

#[cfg(test)]
mod tests;

//! Maven's `pom.xml`: dependencies with the properties and managed versions of the file and of its parents in the tree.
//!
//! Invariants: a property or version that stands in a file which is not here is unknown; a range is unknown; properties that name each
//! other in a circle end. Not here: what those dependencies need themselves, which only Maven's repository knows.

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::{Ecosystem, Lock, Package};
use crate::graph::Unread;
use crate::known::Known;
use crate::source::{FileId, Place, SourceTree};

/// How many parents are followed.
const MAX_PARENTS: usize = 8;

/// How often a text is filled in.
const MAX_ROUNDS: usize = 16;

/// The longest text that filling in may make.
const MAX_TEXT: usize = 1024;

/// The longest tag: the parser compares each of its attributes with all others.
const MAX_TAG_BYTES: usize = 64 * 1024;

/// Namespaces of one file: the parser keeps all for each element that adds one.
const MAX_NAMESPACES: usize = 64;

/// Elements and texts of one file. No honest one comes near.
const MAX_NODES: u32 = 1_000_000;

pub(super) fn read(files: &SourceTree, lock: &mut Lock) -> Result<(), Unread> {
    let document = parse(files, lock.file)?;
    let project = document.root_element();
    let mut facts = Facts::default();
    facts.take(project);
    let mut file = lock.file;
    for _ in 0..MAX_PARENTS {
        let Some(found) = facts.parent.as_deref().and_then(|path| parent_file(files, file, path)) else {
            break;
        };
        let Ok(document) = parse(files, found) else { break };
        let mut above = Facts::default();
        above.take(document.root_element());
        file = found;
        facts.inherit(above);
    }
    let profiles = child(project, "profiles").into_iter().flat_map(|list| children(list, "profile"));
    for owner in std::iter::once(project).chain(profiles) {
        for dependency in
            child(owner, "dependencies").into_iter().flat_map(|list| children(list, "dependency"))
        {
            lock.packages.extend(facts.package(lock.file, dependency));
        }
    }
    Ok(())
}

fn parse(files: &SourceTree, file: FileId) -> Result<Document<'_>, Unread> {
    let text = super::text(files, file)?;
    let longest = text.split('<').skip(1).map(|tag| tag.find('>').unwrap_or(tag.len())).max().unwrap_or(0);
    if longest > MAX_TAG_BYTES || text.matches("xmlns").count() > MAX_NAMESPACES {
        let why = "no project has such long tags or so many namespaces".to_owned();
        return Err(Unread { place: Place::whole(file), why });
    }
    // SECURITY: without a DTD there are no entities that expand; with a bound on nodes there is no endless document.
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options)
        .map_err(|error| Unread { place: Place::whole(file), why: format!("not valid XML: {error}") })
}

/// The file of a parent, when it is in the tree.
fn parent_file(files: &SourceTree, file: FileId, path: &str) -> Option<FileId> {
    let path = format!("{}/{path}", super::folder(files.path(file)));
    let found = files.find(&path).or_else(|| files.find(&format!("{path}/pom.xml")))?;
    (found != file).then_some(found)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn children<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.tag_name().name() == name)
}

fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name).and_then(|child| child.text()).map(str::trim).filter(|text| !text.is_empty())
}

/// What a file says that dependencies refer to.
#[derive(Default)]
struct Facts {
    properties: HashMap<String, String>,
    /// Versions and scopes by `group:artifact`, with properties in them.
    managed: HashMap<String, (Option<String>, Option<String>)>,
    /// Where the file of the next parent should lie, which was not read yet.
    parent: Option<String>,
    /// Whether versions are imported from a list that is not here.
    imports: bool,
}

impl Facts {
    fn take(&mut self, project: Node<'_, '_>) {
        let parent = child(project, "parent");
        if let Some(parent) = parent {
            self.parent = Some(text(parent, "relativePath").unwrap_or("../pom.xml").to_owned());
        }
        for name in ["groupId", "artifactId", "version"] {
            let above = parent.and_then(|parent| text(parent, name));
            if let Some(above) = above {
                self.properties.insert(format!("project.parent.{name}"), above.to_owned());
                self.properties.insert(format!("parent.{name}"), above.to_owned());
            }
            let inherited = above.filter(|_| name != "artifactId");
            if let Some(value) = text(project, name).or(inherited) {
                for prefix in ["project.", "pom.", ""] {
                    self.properties.insert(format!("{prefix}{name}"), value.to_owned());
                }
            }
        }
        for property in child(project, "properties").into_iter().flat_map(|list| list.children()) {
            if let (true, Some(value)) = (property.is_element(), property.text()) {
                self.properties.insert(property.tag_name().name().to_owned(), value.trim().to_owned());
            }
        }
        let managed =
            child(project, "dependencyManagement").and_then(|managed| child(managed, "dependencies"));
        for dependency in managed.into_iter().flat_map(|list| children(list, "dependency")) {
            let said = |name| text(dependency, name).map(str::to_owned);
            if said("scope").as_deref() == Some("import") {
                self.imports = true;
            } else if let (Some(group), Some(artifact)) = (said("groupId"), said("artifactId")) {
                self.managed.insert(format!("{group}:{artifact}"), (said("version"), said("scope")));
            }
        }
    }

    /// Takes over what a parent says and this file does not.
    fn inherit(&mut self, above: Self) {
        for (name, value) in above.properties {
            // The parent's own name and version are not the child's.
            if !name.starts_with("project.") && !name.starts_with("pom.") {
                self.properties.entry(name).or_insert(value);
            }
        }
        for (name, value) in above.managed {
            self.managed.entry(name).or_insert(value);
        }
        self.imports |= above.imports;
        self.parent = above.parent;
    }

    fn package(&self, file: FileId, dependency: Node<'_, '_>) -> Option<Package> {
        let place_of = |node: Node<'_, '_>| Place::new(file, node.range().start, node.range().end);
        let (group, artifact) = (text(dependency, "groupId")?, text(dependency, "artifactId")?);
        let managed = self.managed.get(&format!("{group}:{artifact}"));
        let written = text(dependency, "version");
        let version = written.or_else(|| managed?.0.as_deref());
        let scope = text(dependency, "scope").or_else(|| managed?.1.as_deref());
        let (group, artifact) = (self.fill(group).ok()?, self.fill(artifact).ok()?);
        let version = match version {
            Some(version) => match self.fill(version) {
                Ok(version) if version.starts_with(['[', '(']) || version.contains(',') => {
                    Known::Unknown(format!("`{version}` is a range"))
                }
                Ok(version) => Known::Value(version),
                Err(why) => Known::Unknown(why),
            },
            None if self.imports || self.parent.is_some() => Known::Unknown(
                "its version stands in a parent or an imported list that is not here".to_owned(),
            ),
            None => Known::Unknown("no version is written".to_owned()),
        };
        let place = place_of(child(dependency, "version").unwrap_or(dependency));
        let mut package = Package::new(Ecosystem::Maven, &format!("{group}:{artifact}"), version, place);
        package.direct = Some(true);
        package.dev = scope == Some("test");
        Some(package)
    }

    /// Fills properties in.
    fn fill(&self, text: &str) -> Result<String, String> {
        let mut text = text.to_owned();
        for _ in 0..MAX_ROUNDS {
            let Some((before, rest)) = text.split_once("${") else { return Ok(text) };
            let Some((name, after)) = rest.split_once('}') else { return Ok(text) };
            let Some(value) = self.properties.get(name) else {
                return Err(format!("the property `{name}` is not set in files that are here"));
            };
            if text.len() + value.len() > MAX_TEXT {
                return Err("its properties make a text that is too long".to_owned());
            }
            text = format!("{before}{value}{after}");
        }
        Err("its properties name each other in a circle".to_owned())
    }
}

//! Packages of a project's own: where they are, and which they are where they are not here.
//!
//! Invariant: what nobody but the project can get cannot be judged by its name, so an import of it that leads nowhere is a gap; packages
//! that everyone can get are none. Not here: which public packages ask the provider by themselves (`sdk::hides_calls`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{folder_of, is_vendored, script};
use crate::code::Reader;
use crate::code::program::Language;
use crate::source::{FileId, SourceTree, normalise};

/// Beginnings of versions that are no versions: a folder, or a repository.
const NO_VERSION: [&str; 17] = [
    "file:",
    "link:",
    "portal:",
    "workspace:",
    "git+",
    "git:",
    "git@",
    "ssh:",
    "github:",
    "gitlab:",
    "bitbucket:",
    "http:",
    "https:",
    "./",
    "../",
    "/",
    "~/",
];
/// What stands in a line of requirements whose package no index has.
const NO_INDEX: [&str; 9] = ["git+", "ssh://", "git@", "file:", "git =", "git=", "path =", "path=", "-e "];
/// Files that say which packages Python code needs.
const REQUIREMENTS: [&str; 3] = ["requirements.txt", "pyproject.toml", "Pipfile"];
/// Larger lists of packages are not searched.
const LIST_LIMIT_BYTES: usize = 1 << 20;

/// Scopes whose packages everyone can get.
const PUBLIC_SCOPES: &str = " alloc angular anthropic-ai apollo apidevtools apideck asteasolutions astrojs asyncapi auth0 authenio aws aws-amplify \
aws-appsync aws-cdk aws-crypto aws-lambda-powertools aws-sdk aws-solutions-constructs aws-xray azure babel balena bugsnag bull-board casl \
clerk clickhouse cloudflare codegenie commitlint contentful cosmjs cucumber datadog datastax dazn discordjs duckdb effect elastic \
elastic-apm elysiajs emotion esbuild ethersproject faker-js fastify ffmpeg-installer ffprobe-installer firebase formatjs fortawesome \
google google-ai google-cloud googleapis googlemaps google-analytics grafana graphile graphql-codegen graphql-tools graphql-yoga grpc \
hapi headlessui hono hookform hubspot huggingface hyperdx img inquirer ioredis jest jimp js-joda js-temporal js-sdsl jridgewell koa kubernetes \
langchain launchdarkly lerna libsql line logtail lumigo mailchimp mapbox material-ui medusajs middy mikro-orm mistralai modelcontextprotocol \
mongodb-js mui mswjs napi-rs neondatabase nestjs netlify newrelic next nextauth noble nodelib node-rs node-saml notionhq npmcli nuxt \
octokit okta open-wa openapitools opensearch-project opentelemetry paralleldrive parcel paypal pgtyped pinecone-database planetscale \
prettier prisma probot project-serum protobufjs pulumi qdrant radix-ui react-email react-native react-pdf redis redocly reduxjs remix-run \
rollup sanity scure segment sendgrid sentry serialport serverless serverless-components serverless-stack shopify sideway sinclair \
sindresorhus sinonjs slack smithy socket.io solana sparticuz splunk sqltools square std storybook stripe supabase svgr swc tanstack \
tensorflow tensorflow-models testing-library thi.ng timescale trpc tsconfig turf twilio types typegoose typescript-eslint ungap unleash \
upstash urql vendia vercel vitejs vitest vue webassemblyjs wagmi whatwg-node xmldom xenova zeit zip.js zxcvbn-ts ";

/// What the lists of packages in the tree say, each read once.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Folders that are packages, and the file that each names as its main one, by the packages' names.
    packages: BTreeMap<String, (String, Option<String>)>,
    /// Versions of packages by the folder that lists them, then by name.
    versions: BTreeMap<String, BTreeMap<String, String>>,
    /// Words of lines that require what no index has, by folder.
    required: BTreeMap<String, BTreeSet<String>>,
}

impl Lists {
    pub(super) fn new(tree: &SourceTree) -> Self {
        let mut lists = Self::default();
        for (_, file) in tree.files() {
            let path = file.path.as_str();
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_list = name == "package.json" || REQUIREMENTS.contains(&name);
            if !is_list || is_vendored(path) {
                continue;
            }
            let Some(text) = file.text().filter(|text| text.len() <= LIST_LIMIT_BYTES) else { continue };
            match name {
                "package.json" => lists.manifest(folder_of(path), text),
                _ => lists.requirements(folder_of(path), text),
            }
        }
        lists
    }

    fn manifest(&mut self, folder: &str, text: &str) {
        let Ok(manifest) = serde_json::from_str::<Value>(text) else { return };
        let word = |key: &str| manifest.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(name) = word("name") {
            self.packages.entry(name).or_insert_with(|| (folder.to_owned(), word("main")));
        }
        let sections = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
        let listed = sections.iter().filter_map(|section| manifest.get(section)?.as_object()).flatten();
        let listed =
            listed.map(|(name, version)| (name.clone(), version.as_str().unwrap_or_default().to_owned()));
        self.versions.insert(folder.to_owned(), listed.collect());
    }

    fn requirements(&mut self, folder: &str, text: &str) {
        let lines = text.lines().map(|line| line.split(" #").next().unwrap_or(line));
        let private = lines.filter(|line| {
            !line.trim_start().starts_with('#') && NO_INDEX.iter().any(|mark| line.contains(mark))
        });
        let words = self.required.entry(folder.to_owned()).or_default();
        for line in private {
            let line = plain(line);
            let found = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            words.extend(found.filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }

    /// The version of a package that the nearest folder above a file lists, and that folder.
    fn version<'a>(&'a self, path: &'a str, package: &str) -> Option<(&'a str, &'a str)> {
        above(path).find_map(|folder| {
            let version = self.versions.get(folder)?.get(package)?;
            Some((folder, version.as_str()))
        })
    }

    /// Whether a `package.json` above a file lists a package.
    pub(super) fn lists(&self, path: &str, package: &str) -> bool {
        self.version(path, package).is_some()
    }
}

/// The file of the tree that an import of a package of the project's own leads to: a workspace, or a folder that its version names.
pub(super) fn local(reader: &Reader<'_>, from: FileId, package: &str, name: &str) -> Option<FileId> {
    let (tree, lists) = (reader.tree, &reader.index.lists);
    let version = lists.version(tree.path(from), package);
    let own = version.is_some_and(|(_, version)| is_no_version(version));
    let named = version.and_then(|(folder, version)| {
        let path = ["file:", "link:", "portal:"].iter().find_map(|mark| version.strip_prefix(mark))?;
        normalise(&format!("{folder}/{path}"))
    });
    let known = lists.packages.get(package).filter(|_| own || package.starts_with('@'));
    let folder = named.as_deref().or(known.map(|(folder, _)| folder.as_str()))?;
    let rest = name.strip_prefix(package).unwrap_or_default().trim_start_matches('/');
    let tried = if rest.is_empty() {
        let main = known.and_then(|(_, main)| main.as_deref()).unwrap_or("index");
        vec![format!("{folder}/{main}"), format!("{folder}/src/index"), format!("{folder}/index")]
    } else {
        vec![format!("{folder}/{rest}"), format!("{folder}/src/{rest}")]
    };
    let mut found = tried.iter().filter_map(|path| script(tree, path));
    found.find(|file| *file != from && !is_vendored(tree.path(*file)))
}

/// Whether nobody but the project can get a package, as far as its name and the lists of packages above the file say.
pub(in crate::code) fn is_private(
    reader: &Reader<'_>,
    from: FileId,
    language: Language,
    package: &str,
) -> bool {
    let (path, lists) = (reader.tree.path(from), &reader.index.lists);
    if language == Language::Python {
        let package = plain(package);
        let mut required = above(path).filter_map(|folder| lists.required.get(folder));
        return required.any(|words| words.contains(&package));
    }
    if package.starts_with(['#', '~']) {
        return true;
    }
    if lists.version(path, package).is_some_and(|(_, version)| is_no_version(version)) {
        return true;
    }
    let scope = package.strip_prefix('@').and_then(|scoped| scoped.split('/').next());
    scope.is_some_and(|scope| !PUBLIC_SCOPES.split_whitespace().any(|known| known == scope))
}

fn is_no_version(version: &str) -> bool {
    let short = version.contains('/') && !version.contains([':', '@', ' ']);
    short || NO_VERSION.iter().any(|mark| version.starts_with(mark))
}

/// Packages are called with `-` and imported with `_`.
fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace('-', "_")
}

/// The folders above a file, nearest first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder_of(path)), |folder| (!folder.is_empty()).then(|| folder_of(folder)))
}

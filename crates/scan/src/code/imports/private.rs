//! Packages of a project's own: where they are, and which they are where they are not here.
//!
//! Invariant: what nobody but the project can get cannot be judged by its name, so an import of it that leads nowhere is a gap; packages
//! that everyone can get are none. Not here: which public packages ask the provider by themselves (`sdk::hides_calls`).

use std::collections::BTreeMap;

use super::{folder_of, is_vendored, script};
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

/// Folders of the tree that are packages, by their names.
pub(super) fn packages(tree: &SourceTree) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (_, file) in tree.files() {
        let path = file.path.as_str();
        let is_manifest = path == "package.json" || path.ends_with("/package.json");
        if !is_manifest || is_vendored(path) {
            continue;
        }
        let text = file.text().filter(|text| text.len() <= LIST_LIMIT_BYTES);
        if let Some(name) = text.and_then(|text| entry(text, "name").next()) {
            found.entry(name.to_owned()).or_insert_with(|| folder_of(path).to_owned());
        }
    }
    found
}

/// The file of the tree that an import of a package of the project's own leads to: a workspace, or a folder that its version names.
pub(super) fn local(
    tree: &SourceTree,
    packages: &BTreeMap<String, String>,
    from: FileId,
    package: &str,
    name: &str,
) -> Option<FileId> {
    let version = version(tree, from, package);
    let own = version.as_ref().is_some_and(|(_, version)| is_no_version(version));
    let named = version.and_then(|(folder, version)| {
        let path = ["file:", "link:", "portal:"].iter().find_map(|mark| version.strip_prefix(mark))?;
        normalise(&format!("{folder}/{path}"))
    });
    let folder = match named {
        Some(folder) => folder,
        None => packages.get(package).filter(|_| own || package.starts_with('@'))?.clone(),
    };
    let rest = name.strip_prefix(package).unwrap_or_default().trim_start_matches('/');
    let tried = if rest.is_empty() {
        let manifest = tree.find(&normalise(&format!("{folder}/package.json"))?);
        let text = manifest.and_then(|id| tree.file(id)?.text()).unwrap_or_default();
        let main = entry(text, "main").next().unwrap_or("index");
        vec![format!("{folder}/{main}"), format!("{folder}/src/index"), format!("{folder}/index")]
    } else {
        vec![format!("{folder}/{rest}"), format!("{folder}/src/{rest}")]
    };
    let mut found = tried.iter().filter_map(|path| script(tree, path));
    found.find(|file| *file != from && !is_vendored(tree.path(*file)))
}

/// Whether nobody but the project can get a package, as far as its name and the lists of packages above the file say.
pub(in crate::code) fn is_private(
    tree: &SourceTree,
    from: FileId,
    language: Language,
    package: &str,
) -> bool {
    if language == Language::Python {
        return is_required_privately(tree, from, package);
    }
    if package.starts_with(['#', '~']) {
        return true;
    }
    if let Some((_, version)) = version(tree, from, package) {
        if is_no_version(&version) {
            return true;
        }
    }
    let scope = package.strip_prefix('@').and_then(|scoped| scoped.split('/').next());
    scope.is_some_and(|scope| !PUBLIC_SCOPES.split_whitespace().any(|known| known == scope))
}

fn is_no_version(version: &str) -> bool {
    let short = version.contains('/') && !version.contains([':', '@', ' ']);
    short || NO_VERSION.iter().any(|mark| version.starts_with(mark))
}

/// The version of a package that the nearest `package.json` above a file names, and that one's folder.
fn version(tree: &SourceTree, from: FileId, package: &str) -> Option<(String, String)> {
    above(tree, from, |folder, list| {
        let text = list("package.json")?;
        // A version is what looks like one: the name of a package may be that of a script, too.
        let found = entry(text, package).next()?;
        Some((folder.to_owned(), found.to_owned()))
    })
}

fn is_required_privately(tree: &SourceTree, from: FileId, package: &str) -> bool {
    let package = plain(package);
    let found = above(tree, from, |_, list| {
        REQUIREMENTS.iter().filter_map(|name| list(name)).flat_map(str::lines).find_map(|line| {
            let is_private = NO_INDEX.iter().any(|mark| line.contains(mark));
            let line = plain(line.split(" #").next().unwrap_or(line));
            let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            (is_private && !line.starts_with('#') && words.any(|word| word == package)).then_some(())
        })
    });
    found.is_some()
}

/// Packages are called with `-` and imported with `_`.
fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace('-', "_")
}

/// What is found in the nearest folder above a file.
fn above<'t, T>(
    tree: &'t SourceTree,
    from: FileId,
    find: impl Fn(&str, &dyn Fn(&str) -> Option<&'t str>) -> Option<T>,
) -> Option<T> {
    let mut folder = folder_of(tree.path(from));
    loop {
        let list = |name: &str| {
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            tree.file(tree.find(&path)?)?.text().filter(|text| text.len() <= LIST_LIMIT_BYTES)
        };
        let found = find(folder, &list);
        if found.is_some() || folder.is_empty() {
            return found;
        }
        folder = folder_of(folder);
    }
}

/// Texts that stand behind a key: `"key": "text"`.
fn entry<'t>(text: &'t str, key: &str) -> impl Iterator<Item = &'t str> {
    let quoted = format!("\"{key}\"");
    let ends: Vec<usize> = text.match_indices(&quoted).map(|(at, found)| at + found.len()).collect();
    ends.into_iter().filter_map(move |end| {
        let rest = text.get(end..)?.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        rest.split_once('"').map(|(value, _)| value)
    })
}

//! What a function's code does, as far as reading it tells: what it asks of the provider, where event data goes, what it switches off.
//!
//! Owns: the facts that are read from JavaScript, TypeScript and Python. Files are parsed into syntax trees, lowered into one small
//! language, and walked from the handler with abstract values. Invariants: bounded in size, depth and steps for any input; what could
//! not be followed stands in [`Reading::unknowns`], so that nobody takes silence for absence. Not here: what is a finding (`rules`), what
//! a role lacks or has too much of (`need`).

mod entry;
mod imports;
mod javascript;
mod machine;
mod mentions;
mod program;
mod python;
mod sdk;
mod sinks;
mod switches;
mod syntax;
mod twin;
mod value;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use self::program::Program;
pub(crate) use self::switches::ERROR_TEXT;
pub(crate) use self::value::BUCKET_OF_EVENT;
use crate::graph::{App, Function};
use crate::known::Text;
use crate::source::{FileId, Place, SourceTree};

/// What was read of one function.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reading {
    /// The files that were read: the handler's first, then what it imports.
    pub files: Vec<FileId>,
    /// Where the handler stands.
    pub entry: Option<Place>,
    /// Whether the handler never weighs what it is called with: it does the same for everyone.
    pub is_deaf: bool,
    /// Where it looks first at who calls: it compares a signature, or checks a token, of what it is sent.
    pub checks_caller: Option<Place>,
    /// What it asks of the provider.
    pub sdk_calls: Vec<SdkCall>,
    /// Whether some of that is signed for somebody else to ask: addresses that a caller uploads to.
    pub signs: bool,
    /// Event data that reaches something dangerous.
    pub flows: Vec<Flow>,
    /// What it switches off, and what it keeps between calls.
    pub switches: Vec<Switch>,
    /// Packages that it imports.
    pub imports: Vec<Import>,
    /// Variables of its environment that it reads.
    pub reads_environment: Vec<Seen<String>>,
    /// What could not be followed. While there is any, need is incomplete.
    pub unknowns: Vec<Seen<String>>,
}

/// Something and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen<T> {
    /// Where.
    pub place: Place,
    /// What.
    pub value: T,
}

/// A package that code imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Where.
    pub place: Place,
    /// As the registry names it for JavaScript (`@aws-sdk/client-s3`); the top module's name for Python (`boto3`).
    pub package: String,
}

/// How sure a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It stands in code that belongs to the function, and nothing showed that the handler gets there.
    Possible,
    /// It is reached from the handler.
    Certain,
}

/// What a call names that concerns no resource, though its permission is about some: a text message and `sns:Publish`.
pub(crate) const NO_RESOURCE: &str = "* (no resource)";

/// The action of a call that hands a role over. It stands for a need only where the operation passes the role on (`need`).
pub(crate) const PASS_ROLE: &str = "iam:PassRole";

/// One use of the provider's interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SdkCall {
    /// The service, by the prefix of its permissions: `dynamodb`.
    pub service: String,
    /// The operation: `GetItem`.
    pub operation: String,
    /// The permissions that it needs: `dynamodb:GetItem`. Empty where it needs none.
    pub actions: Vec<String>,
    /// The table, bucket, queue address, topic, function, secret: as code names it.
    pub resource: Text,
    /// How sure.
    pub certainty: Certainty,
    /// Where.
    pub place: Place,
}

/// Event data on its way to something dangerous.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// What it reaches.
    pub kind: FlowKind,
    /// Where it comes from.
    pub source: Place,
    /// What that is, as code writes it: `event.body`.
    pub source_name: String,
    /// Where it passes through, in order, and what happens there.
    pub steps: Vec<Seen<String>>,
    /// Where it arrives.
    pub sink: Place,
    /// What that is: `child_process.exec`.
    pub sink_name: String,
    /// One sentence about it.
    pub message: String,
}

/// What event data reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowKind {
    /// A shell.
    CommandInjection,
    /// An interpreter of code.
    CodeInjection,
    /// A database that is handed text.
    SqlInjection,
    /// A path of the file system.
    PathTraversal,
    /// A format that makes objects.
    UnsafeDeserialization,
    /// An answer that carries the stack of an error, or the text of whatever error came. Its source is where the error is taken, not the event.
    VerboseErrors,
}

impl FlowKind {
    /// The id of the rule that speaks of it.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::CommandInjection => "command-injection",
            Self::CodeInjection => "code-injection",
            Self::SqlInjection => "sql-injection",
            Self::PathTraversal => "path-traversal",
            Self::UnsafeDeserialization => "unsafe-deserialization",
            Self::VerboseErrors => "verbose-errors",
        }
    }
}

/// A protection that code switches off, or a habit that does harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Switch {
    /// What.
    pub kind: SwitchKind,
    /// How sure.
    pub certainty: Certainty,
    /// Where.
    pub place: Place,
    /// One sentence about it.
    pub message: String,
    /// The header of the request that it is about, in small letters, where that is known.
    pub header: Option<String>,
}

/// What is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchKind {
    /// Certificates are not checked.
    TlsVerification,
    /// Signatures of tokens are not checked.
    SignatureVerification,
    /// Event data outlives the call.
    StateBetweenCalls,
    /// A framework shows its insides to callers.
    DebugMode,
    /// Pages of every origin may call with credentials.
    CorsCredentials,
    /// The key of tokens stands in the code, at the switch's place.
    KeyInSource,
}

impl SwitchKind {
    /// The id of the rule that speaks of it.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::TlsVerification => "tls-verification-off",
            Self::SignatureVerification => "signature-verification-off",
            Self::StateBetweenCalls => "state-between-calls",
            Self::DebugMode => "verbose-errors",
            Self::CorsCredentials => "cors-credentials",
            Self::KeyInSource => "secret-in-source",
        }
    }
}

/// Reads the functions of one tree, and each file only once.
#[derive(Debug)]
pub struct Reader<'t> {
    tree: &'t SourceTree,
    index: imports::Index,
    programs: Mutex<BTreeMap<FileId, Result<Arc<Program>, &'static str>>>,
}

impl<'t> Reader<'t> {
    /// A reader of a tree.
    #[must_use]
    pub fn new(tree: &'t SourceTree) -> Self {
        Self { tree, index: imports::Index::new(tree), programs: Mutex::new(BTreeMap::new()) }
    }

    /// The tree.
    #[must_use]
    pub fn tree(&self) -> &'t SourceTree {
        self.tree
    }

    /// What a function's code does.
    #[must_use]
    pub fn read(&self, app: &App, function: &Function) -> Reading {
        machine::read(self, app, function)
    }

    /// A file in the small language, or why it cannot be read.
    fn program(&self, file: FileId) -> Result<Arc<Program>, &'static str> {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.entry(file).or_insert_with(|| syntax::program(self.tree, file).map(Arc::new)).clone()
    }
}

/// What a function's code does. For more than one function of a tree, a [`Reader`] reads shared files once.
#[must_use]
pub fn read(tree: &SourceTree, app: &App, function: &Function) -> Reading {
    Reader::new(tree).read(app, function)
}

#[cfg(test)]
mod tests;

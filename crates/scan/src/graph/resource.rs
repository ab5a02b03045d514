//! Where data is, where secrets are, what networks let in, and everything else by name.

use serde::Serialize;

use super::Statement;
use crate::known::{Known, Name, Setting, Text};
use crate::source::Place;

/// A bucket, table, queue, topic …
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Store {
    /// Its logical name.
    pub name: Name,
    /// Where it is declared.
    pub place: Place,
    /// What it is.
    pub kind: StoreKind,
    /// The name that it will have, where that is written.
    pub physical: Option<Text>,
    /// How it is encrypted; `None`: not written.
    pub encryption: Option<Setting<Encryption>>,
    /// Who may use it beside roles: its resource policy.
    pub policy: Vec<Statement>,
    /// What opens it to everyone or keeps it closed, for buckets and databases.
    pub public: PublicAccess,
    /// Whether it says that it is a website.
    pub website: bool,
    /// Whether old versions or points in time can be restored.
    pub recovery: Option<Setting<bool>>,
    /// Whether a table has a change stream.
    pub stream: bool,
}

/// What kind of store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// Objects (S3).
    Bucket,
    /// Rows (DynamoDB).
    Table,
    /// Messages (SQS).
    Queue,
    /// Notifications (SNS).
    Topic,
    /// Records (Kinesis, Firehose).
    Stream,
    /// Topics of records (Kafka: MSK).
    KafkaCluster,
    /// Queues and topics of a broker's own (Amazon MQ).
    Broker,
    /// A relational or document database, a cache, a search index; which.
    Database(String),
    /// Files (EFS).
    FileSystem,
    /// An event bus.
    EventBus,
    /// A state machine.
    StateMachine,
    /// Users (Cognito).
    UserPool,
    /// An encryption key (KMS).
    Key,
    /// Container images (ECR).
    Registry,
    /// Log lines (CloudWatch Logs).
    Logs,
}

/// How data at rest is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Not at all: said so.
    Off,
    /// With a key of the provider.
    Provider,
    /// With a key of the customer.
    Customer(String),
}

/// What opens a store to everyone.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PublicAccess {
    /// The access list, such as `PublicRead`.
    pub acl: Option<Setting<String>>,
    /// Whether lists that open it are refused (the provider's default since April 2023: yes).
    pub block_acls: Option<Setting<bool>>,
    /// Whether policies that open it are refused (the provider's default since April 2023: yes).
    pub block_policy: Option<Setting<bool>>,
    /// Whether a database has an address on the internet.
    pub reachable: Option<Setting<bool>>,
}

/// A managed secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Secret {
    /// Its logical name.
    pub name: Name,
    /// Where it is declared.
    pub place: Place,
    /// Where it is kept.
    pub kind: SecretKind,
    /// The name that it will have.
    pub physical: Option<Text>,
    /// Its value, when that stands in the file.
    pub value: Option<Text>,
    /// Who may read it beside roles.
    pub policy: Vec<Statement>,
    /// Whether it is changed by itself from time to time.
    pub rotated: bool,
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// Secrets Manager.
    SecretsManager,
    /// A parameter that is encrypted.
    SecureParameter,
    /// A parameter in clear text.
    PlainParameter,
}

/// A network place: a security group, or what stands for one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Network {
    /// Its logical name.
    pub name: Name,
    /// Where it is declared.
    pub place: Place,
    /// What it lets in.
    pub inward: Vec<Opening>,
    /// What it lets out.
    pub outward: Vec<Opening>,
}

/// What a network lets through.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Opening {
    /// Where it is declared.
    pub place: Place,
    /// Addresses: `0.0.0.0/0`, or another group.
    pub peer: Text,
    /// The first and the last port; `None` is all of them.
    pub ports: Option<(u16, u16)>,
    /// `tcp`, `udp`, `-1` for all.
    pub protocol: Known<String>,
}

/// A parameter or variable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// What it is if nobody says otherwise.
    pub default: Option<Text>,
    /// Whether it is marked as secret (`NoEcho`, `sensitive`).
    pub secret: bool,
}

/// A password with which a store is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Login {
    /// The store that it opens.
    pub of: Name,
    /// The password.
    #[serde(skip)]
    pub password: Text,
}

/// The oldest protocol that something with an address of its own accepts: a domain, a search cluster, a distribution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Protocol {
    /// What accepts it.
    pub of: Name,
    /// As the provider calls it: `TLS_1_0`, `Policy-Min-TLS-1-0-2019-07`, `TLSv1`.
    pub oldest: Setting<String>,
}

/// A resource that no rule knows, kept so that references lead somewhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OtherResource {
    /// Its logical name.
    pub name: Name,
    /// Where it is declared.
    pub place: Place,
    /// Its type, as the format spells it.
    pub kind: String,
}

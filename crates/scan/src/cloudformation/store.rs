//! Buckets, tables, queues, topics, streams, databases, keys and the policies on them.
//!
//! Invariant: a setting that is not written stays `None`, so that the provider's default can be told from a choice. Not here: secrets.

use super::policy::statements;
use super::stack::Resource;
use super::value::{str_at, string, switch, text};
use super::writer::Writer;
use crate::document::{Node, NodeKind};
use crate::graph::{Encryption, Login, PublicAccess, Store, StoreKind};
use crate::known::{Known, Setting, Text};

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    let Some((kind, physical)) = kind_of(resource) else { return false };
    let properties = &resource.properties;
    let mut store = Store {
        name: resource.name.clone(),
        place: resource.place,
        kind,
        physical: properties.get(physical).map(text),
        encryption: None,
        policy: Vec::new(),
        public: PublicAccess::default(),
        website: false,
        recovery: None,
        stream: false,
    };
    match &store.kind {
        StoreKind::Bucket => bucket(&mut store, properties),
        StoreKind::Table => table(&mut store, properties),
        _ => other(&mut store, resource),
    }
    if let Some(document) = properties.get("KeyPolicy").or_else(|| properties.get("RepositoryPolicyText")) {
        store.policy = statements(document);
    }
    if let Some(document) = properties.get("AccessPolicies").or_else(|| properties.get("FileSystemPolicy")) {
        store.policy = statements(document);
    }
    if resource.deployed.is(&false) {
        writer.other(resource);
    } else {
        let password = ["MasterUserPassword", "AuthToken"].into_iter().find_map(|key| properties.get(key));
        let login = password.map(|password| Login { of: store.name.clone(), password: text(password) });
        writer.app.logins.extend(login);
        writer.add_store(store);
    }
    writer.note_condition(resource);
    true
}

/// What it is, and the property that names it.
fn kind_of(resource: &Resource) -> Option<(StoreKind, &'static str)> {
    let database = |which: &str| StoreKind::Database(which.to_owned());
    Some(match resource.kind.as_str() {
        "AWS::S3::Bucket" => (StoreKind::Bucket, "BucketName"),
        "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" | "AWS::Serverless::SimpleTable" => {
            (StoreKind::Table, "TableName")
        }
        "AWS::SQS::Queue" => (StoreKind::Queue, "QueueName"),
        "AWS::SNS::Topic" => (StoreKind::Topic, "TopicName"),
        "AWS::Kinesis::Stream" => (StoreKind::Stream, "Name"),
        "AWS::KinesisFirehose::DeliveryStream" => (StoreKind::Stream, "DeliveryStreamName"),
        "AWS::MSK::Cluster" | "AWS::MSK::ServerlessCluster" => (StoreKind::KafkaCluster, "ClusterName"),
        "AWS::AmazonMQ::Broker" => (StoreKind::Broker, "BrokerName"),
        "AWS::RDS::DBInstance" => (database("RDS"), "DBInstanceIdentifier"),
        "AWS::RDS::DBCluster" => (database("RDS"), "DBClusterIdentifier"),
        "AWS::DocDB::DBCluster" => (database("DocumentDB"), "DBClusterIdentifier"),
        "AWS::Neptune::DBCluster" => (database("Neptune"), "DBClusterIdentifier"),
        "AWS::Redshift::Cluster" => (database("Redshift"), "ClusterIdentifier"),
        "AWS::ElastiCache::CacheCluster" => (database("ElastiCache"), "ClusterName"),
        "AWS::ElastiCache::ReplicationGroup" => (database("ElastiCache"), "ReplicationGroupId"),
        "AWS::ElastiCache::ServerlessCache" => (database("ElastiCache Serverless"), "ServerlessCacheName"),
        "AWS::OpenSearchService::Domain" => (database("OpenSearch"), "DomainName"),
        "AWS::Elasticsearch::Domain" => (database("Elasticsearch"), "DomainName"),
        "AWS::DAX::Cluster" => (database("DAX"), "ClusterName"),
        "AWS::EFS::FileSystem" => (StoreKind::FileSystem, "FileSystemTags"),
        "AWS::Events::EventBus" => (StoreKind::EventBus, "Name"),
        "AWS::Cognito::UserPool" => (StoreKind::UserPool, "UserPoolName"),
        "AWS::KMS::Key" => (StoreKind::Key, "KeyAlias"),
        "AWS::ECR::Repository" => (StoreKind::Registry, "RepositoryName"),
        "AWS::Logs::LogGroup" => (StoreKind::Logs, "LogGroupName"),
        _ => return None,
    })
}

fn bucket(store: &mut Store, properties: &Node) {
    let rules = properties.at(&["BucketEncryption", "ServerSideEncryptionConfiguration"]);
    let rule = rules.and_then(|rules| rules.one_or_many().first());
    store.encryption = rule.and_then(|rule| rule.get("ServerSideEncryptionByDefault")).map(|rule| {
        let key = rule.get("KMSMasterKeyID").map(text);
        let kind = match key {
            Some(key) => Encryption::Customer(key.to_string()),
            None => Encryption::Provider,
        };
        Setting::new(rule.place, kind)
    });
    store.public.acl = properties.get("AccessControl").map(string);
    if let Some(block) = properties.get("PublicAccessBlockConfiguration") {
        let part = |key: &str| match block.get(key) {
            Some(node) => Some(switch(node)),
            // What a block that is written does not name is off.
            None => Some(match block.why_open() {
                Some(why) => Setting::unknown(block.place, why),
                None => Setting::new(block.place, false),
            }),
        };
        store.public.block_acls = part("BlockPublicAcls");
        let ignores = block.get("IgnorePublicAcls").map(switch);
        if ignores.is_some_and(|setting| setting.known() == Some(&true)) {
            store.public.block_acls = Some(Setting::new(block.place, true));
        }
        store.public.block_policy = part("BlockPublicPolicy");
        let restricts = block.get("RestrictPublicBuckets").map(switch);
        if restricts.is_some_and(|setting| setting.known() == Some(&true)) {
            store.public.block_policy = Some(Setting::new(block.place, true));
        }
    }
    store.website = properties.get("WebsiteConfiguration").is_some();
    store.recovery =
        properties.at(&["VersioningConfiguration", "Status"]).map(|node| match string(node).value {
            Known::Value(word) => Setting::new(node.place, word == "Enabled"),
            Known::Unknown(why) => Setting::unknown(node.place, why),
        });
}

fn table(store: &mut Store, properties: &Node) {
    store.stream = properties.get("StreamSpecification").is_some();
    store.encryption = properties.get("SSESpecification").and_then(|sse| {
        let on = switch(sse.get("SSEEnabled")?);
        let key = sse.get("KMSMasterKeyId").map(text);
        Some(match (on.value, key) {
            (Known::Unknown(why), _) => Setting::unknown(sse.place, why),
            (Known::Value(true), Some(key)) => Setting::new(sse.place, Encryption::Customer(key.to_string())),
            // Without a key of one's own the table is encrypted with one of the provider, in any case.
            (Known::Value(_), _) => Setting::new(sse.place, Encryption::Provider),
        })
    });
    let recovery = properties.get("PointInTimeRecoverySpecification").or_else(|| {
        let replica = properties.get("Replicas")?.items().first()?;
        replica.get("PointInTimeRecoverySpecification")
    });
    store.recovery = recovery.and_then(|node| node.get("PointInTimeRecoveryEnabled")).map(switch);
    if let Some(document) = properties.at(&["ResourcePolicy", "PolicyDocument"]) {
        store.policy = statements(document);
    }
}

fn other(store: &mut Store, resource: &Resource) {
    let properties = &resource.properties;
    store.encryption = match resource.kind.as_str() {
        "AWS::SQS::Queue" => {
            keyed(properties, "KmsMasterKeyId").or_else(|| flag(properties, "SqsManagedSseEnabled"))
        }
        "AWS::SNS::Topic" => keyed(properties, "KmsMasterKeyId"),
        "AWS::Kinesis::Stream" => properties.get("StreamEncryption").map(|node| match node.get("KeyId") {
            Some(key) => Setting::new(node.place, Encryption::Customer(text(key).to_string())),
            None => Setting::new(node.place, Encryption::Provider),
        }),
        "AWS::KinesisFirehose::DeliveryStream" => properties
            .get("DeliveryStreamEncryptionConfigurationInput")
            .map(|node| match node.get("KeyARN") {
                Some(key) => Setting::new(node.place, Encryption::Customer(text(key).to_string())),
                None => Setting::new(node.place, Encryption::Provider),
            }),
        "AWS::EFS::FileSystem" => encrypted(properties, "Encrypted"),
        "AWS::ElastiCache::ReplicationGroup" => encrypted(properties, "AtRestEncryptionEnabled"),
        "AWS::ElastiCache::ServerlessCache" => keyed(properties, "KmsKeyId"),
        "AWS::OpenSearchService::Domain" | "AWS::Elasticsearch::Domain" => {
            properties.get("EncryptionAtRestOptions").and_then(|node| encrypted(node, "Enabled"))
        }
        "AWS::DAX::Cluster" => properties.get("SSESpecification").and_then(|node| flag(node, "SSEEnabled")),
        "AWS::Redshift::Cluster" => encrypted(properties, "Encrypted"),
        "AWS::Logs::LogGroup" | "AWS::Events::EventBus" => {
            keyed(properties, "KmsKeyId").or_else(|| keyed(properties, "KmsKeyIdentifier"))
        }
        "AWS::ECR::Repository" => {
            properties.get("EncryptionConfiguration").and_then(|node| keyed(node, "KmsKey"))
        }
        _ => encrypted(properties, "StorageEncrypted"),
    };
    store.public.reachable = properties.get("PubliclyAccessible").map(switch);
    if matches!(store.kind, StoreKind::Database(_)) {
        store.recovery = properties.get("BackupRetentionPeriod").map(|node| match node.as_u64() {
            Some(days) => Setting::new(node.place, days > 0),
            None => Setting::unknown(node.place, "how long backups are kept cannot be told"),
        });
    }
    let inline = properties.get("Policy").or_else(|| properties.get("ResourcePolicy"));
    if let Some(document) = inline.filter(|node| matches!(node.kind, NodeKind::Map(_))) {
        store.policy = statements(document);
    }
    if resource.kind == "AWS::OpenSearchService::Domain" || resource.kind == "AWS::Elasticsearch::Domain" {
        let private = properties.get("VPCOptions").map(|node| Setting::new(node.place, false));
        store.public.reachable = store.public.reachable.take().or(private);
    }
}

/// A key that is named: one of the customer, unless it is the provider's own by alias.
fn keyed(properties: &Node, key: &str) -> Option<Setting<Encryption>> {
    let node = properties.get(key)?;
    let name = text(node);
    Some(match (name.why_unknown(), name.as_literal()) {
        (Some(why), _) => Setting::unknown(node.place, why),
        (None, Some("")) => return None,
        (None, Some(alias)) if alias.contains("alias/aws/") => Setting::new(node.place, Encryption::Provider),
        _ => Setting::new(node.place, Encryption::Customer(name.to_string())),
    })
}

fn flag(properties: &Node, key: &str) -> Option<Setting<Encryption>> {
    let node = properties.get(key)?;
    let on = switch(node).value.map(|on| if on { Encryption::Provider } else { Encryption::Off });
    Some(Setting { place: node.place, value: on })
}

/// A switch, with the customer's key beside it where there is one.
fn encrypted(properties: &Node, key: &str) -> Option<Setting<Encryption>> {
    let found = flag(properties, key)?;
    match (found.known(), keyed(properties, "KmsKeyId")) {
        (Some(Encryption::Provider), Some(customer)) => Some(customer),
        _ => Some(found),
    }
}

/// Policies that stand beside what they speak of.
pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let (document, targets) = match resource.kind.as_str() {
        "AWS::S3::BucketPolicy" => ("PolicyDocument", "Bucket"),
        "AWS::SQS::QueuePolicy" => ("PolicyDocument", "Queues"),
        "AWS::SQS::QueueInlinePolicy" => ("PolicyDocument", "Queue"),
        "AWS::SNS::TopicPolicy" => ("PolicyDocument", "Topics"),
        "AWS::SNS::TopicInlinePolicy" => ("PolicyDocument", "TopicArn"),
        "AWS::Kinesis::ResourcePolicy" => ("ResourcePolicy", "ResourceArn"),
        "AWS::Events::EventBusPolicy" => return bus_policy(writer, resource),
        "AWS::RDS::DBInstance" => return derived(writer, resource),
        _ => return,
    };
    let made = properties.get(document).map(statements).unwrap_or_default();
    for target in properties.get(targets).map(Node::one_or_many).unwrap_or_default() {
        writer.add_policy(&text(target), &made, resource.place);
    }
}

/// A database of a cluster is encrypted as the cluster is, a copy as what it was made of: that is judged there.
fn derived(writer: &mut Writer<'_, '_>, resource: &Resource) {
    const FROM: [(&str, bool); 4] = [
        ("DBClusterIdentifier", true),
        ("SourceDBInstanceIdentifier", true),
        ("DBSnapshotIdentifier", false),
        ("DBClusterSnapshotIdentifier", false),
    ];
    let from = FROM.iter().find_map(|(key, always)| Some((text(resource.properties.get(key)?), *always)));
    let Some((from, always)) = from else { return };
    let own = from.references().next().cloned().is_some_and(|name| writer.store(&name).is_some());
    let Some(store) = writer.store(&resource.name).filter(|it| always || it.encryption.is_none()) else {
        return;
    };
    store.encryption = Some(match own {
        true => Setting::new(from.place, Encryption::Provider),
        false => {
            Setting::unknown(from.place, format!("it is as `{from}` is, which is not among these files"))
        }
    });
}

fn bus_policy(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let mut made: Vec<_> = properties.get("Statement").map(super::policy::statement).into_iter().collect();
    if let Some(principal) = properties.get("Principal") {
        let mut statement = super::policy::statement(properties);
        statement.effect = Known::Value(crate::graph::Effect::Allow);
        statement.principals = super::policy::principals(principal);
        if let Some(condition) = properties.get("Condition") {
            statement.conditions = vec![crate::graph::Condition {
                operator: str_at(condition, "Type").unwrap_or("StringEquals").to_owned(),
                key: str_at(condition, "Key").unwrap_or_default().to_owned(),
                values: condition.get("Value").map(super::value::texts).unwrap_or_default(),
            }];
        }
        made.push(statement);
    }
    let is_default =
        |bus: &Text| bus.as_literal() == Some("default") || bus.to_string().ends_with(":event-bus/default");
    match properties.get("EventBusName").map(text) {
        Some(bus) if !is_default(&bus) => writer.add_policy(&bus, &made, resource.place),
        // The bus that every account has is declared nowhere: it stands where it is opened.
        _ => writer.add_store(Store {
            name: resource.name.clone(),
            place: resource.place,
            kind: StoreKind::EventBus,
            physical: Some(Text::literal("default", resource.place)),
            encryption: None,
            policy: made,
            public: PublicAccess::default(),
            website: false,
            recovery: None,
            stream: false,
        }),
    }
}

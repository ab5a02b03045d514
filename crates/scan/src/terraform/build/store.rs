//! Where data is: buckets, tables, queues, topics, databases and their kin, with what opens or encrypts them.

use std::collections::HashMap;

use super::Builder;
use crate::graph::{Encryption, Login, PublicAccess, Store, StoreKind};
use crate::known::{Known, Name, Piece, Setting, Text};
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

/// A kind of resource, the attribute that is its name, and what it is in the graph.
type Kind = (&'static str, &'static str, fn() -> StoreKind);

/// Kinds of stores.
const KINDS: [Kind; 34] = [
    ("aws_s3_bucket", "bucket", || StoreKind::Bucket),
    ("aws_dynamodb_table", "name", || StoreKind::Table),
    ("aws_sqs_queue", "name", || StoreKind::Queue),
    ("aws_sns_topic", "name", || StoreKind::Topic),
    ("aws_kinesis_stream", "name", || StoreKind::Stream),
    ("aws_kinesis_firehose_delivery_stream", "name", || StoreKind::Stream),
    ("aws_msk_cluster", "cluster_name", || StoreKind::KafkaCluster),
    ("aws_msk_serverless_cluster", "cluster_name", || StoreKind::KafkaCluster),
    ("aws_mq_broker", "broker_name", || StoreKind::Broker),
    ("aws_db_instance", "identifier", || database("rds")),
    ("aws_rds_cluster", "cluster_identifier", || database("rds")),
    ("aws_rds_cluster_instance", "identifier", || database("rds")),
    ("aws_docdb_cluster", "cluster_identifier", || database("docdb")),
    ("aws_neptune_cluster", "cluster_identifier", || database("neptune")),
    ("aws_redshift_cluster", "cluster_identifier", || database("redshift")),
    ("aws_redshiftserverless_workgroup", "workgroup_name", || database("redshift")),
    ("aws_elasticache_cluster", "cluster_id", || database("elasticache")),
    ("aws_elasticache_replication_group", "replication_group_id", || database("elasticache")),
    ("aws_elasticache_serverless_cache", "name", || database("elasticache")),
    ("aws_dax_cluster", "cluster_name", || database("dax")),
    ("aws_memorydb_cluster", "name", || database("memorydb")),
    ("aws_opensearch_domain", "domain_name", || database("opensearch")),
    ("aws_elasticsearch_domain", "domain_name", || database("opensearch")),
    ("aws_opensearchserverless_collection", "name", || database("opensearch")),
    ("aws_timestreamwrite_table", "table_name", || database("timestream")),
    ("aws_efs_file_system", "creation_token", || StoreKind::FileSystem),
    ("aws_cloudwatch_event_bus", "name", || StoreKind::EventBus),
    ("aws_sfn_state_machine", "name", || StoreKind::StateMachine),
    ("aws_cognito_user_pool", "name", || StoreKind::UserPool),
    ("aws_kms_key", "alias", || StoreKind::Key),
    ("aws_kms_replica_key", "alias", || StoreKind::Key),
    ("aws_ecr_repository", "name", || StoreKind::Registry),
    ("aws_ecrpublic_repository", "repository_name", || StoreKind::Registry),
    ("aws_cloudwatch_log_group", "name", || StoreKind::Logs),
];

fn database(kind: &str) -> StoreKind {
    StoreKind::Database(kind.to_owned())
}

/// Resources that set something about a store: their kind, the attribute that names the store, and the store's kind and name.
const PARTS: [(&str, &str, &str, &str); 21] = [
    ("aws_s3_bucket_policy", "bucket", "aws_s3_bucket", "bucket"),
    ("aws_s3_bucket_acl", "bucket", "aws_s3_bucket", "bucket"),
    ("aws_s3_bucket_public_access_block", "bucket", "aws_s3_bucket", "bucket"),
    ("aws_s3_bucket_server_side_encryption_configuration", "bucket", "aws_s3_bucket", "bucket"),
    ("aws_s3_bucket_versioning", "bucket", "aws_s3_bucket", "bucket"),
    ("aws_s3_bucket_website_configuration", "bucket", "aws_s3_bucket", "bucket"),
    ("aws_sqs_queue_policy", "queue_url", "aws_sqs_queue", "name"),
    ("aws_sns_topic_policy", "arn", "aws_sns_topic", "name"),
    ("aws_dynamodb_resource_policy", "resource_arn", "aws_dynamodb_table", "name"),
    ("aws_kinesis_resource_policy", "resource_arn", "aws_kinesis_stream", "name"),
    ("aws_cloudwatch_event_bus_policy", "event_bus_name", "aws_cloudwatch_event_bus", "name"),
    ("aws_cloudwatch_event_permission", "event_bus_name", "aws_cloudwatch_event_bus", "name"),
    ("aws_kms_key_policy", "key_id", "aws_kms_key", "alias"),
    ("aws_ecr_repository_policy", "repository", "aws_ecr_repository", "name"),
    ("aws_ecrpublic_repository_policy", "repository_name", "aws_ecrpublic_repository", "repository_name"),
    ("aws_efs_file_system_policy", "file_system_id", "aws_efs_file_system", "creation_token"),
    ("aws_efs_backup_policy", "file_system_id", "aws_efs_file_system", "creation_token"),
    ("aws_opensearch_domain_policy", "domain_name", "aws_opensearch_domain", "domain_name"),
    ("aws_elasticsearch_domain_policy", "domain_name", "aws_elasticsearch_domain", "domain_name"),
    ("aws_rds_cluster_instance", "cluster_identifier", "aws_rds_cluster", "cluster_identifier"),
    ("aws_kms_alias", "target_key_id", "aws_kms_key", "alias"),
];

impl Builder<'_> {
    pub(super) fn stores(&mut self) {
        let mut stores: Vec<Store> = Vec::new();
        let mut index: HashMap<Name, usize> = HashMap::new();
        for (kind, named, what) in KINDS {
            for resource in self.of_kind(kind) {
                let store = self.store(resource, named, what());
                let password = ["password", "master_password", "auth_token"].into_iter();
                let password = password.filter_map(|key| resource.body.text_of(key)).next();
                let login = password.map(|password| Login { of: store.name.clone(), password });
                self.app.logins.extend(login);
                index.insert(store.name.clone(), stores.len());
                stores.push(store);
            }
        }
        for (kind, attribute, of, named) in PARTS {
            for part in self.of_kind(kind) {
                let found = self.named(part.body.get(attribute), of, named);
                if of == "aws_cloudwatch_event_bus" && self.is_default_bus(part) {
                    stores.extend(self.default_bus(part));
                    continue;
                }
                let Some(at) = found.and_then(|found| index.get(&found.name)) else {
                    self.lost_part(part, part.body.get(attribute));
                    continue;
                };
                if let Some(store) = stores.get_mut(*at) {
                    self.part(part, store);
                }
            }
        }
        self.app.stores.extend(stores);
    }

    /// What opens or closes a store of which nobody can tell which it is.
    fn lost_part(&mut self, part: &Resource, named: Option<&Value>) {
        let opens = part.kind.ends_with("_policy")
            || part.kind.ends_with("_permission")
            || part.kind.ends_with("_acl");
        let Some(named) = named.filter(|_| opens) else { return };
        let why = match named.to_text() {
            text if self.may_name(named) || text.as_literal().is_none() => named.why_not(),
            text => format!("`{text}` is not among these files"),
        };
        let why = format!("what `{}` belongs to cannot be told: {why}", part.name);
        self.app.unknown(Some(&part.name), named.place, why);
    }

    fn is_default_bus(&self, part: &Resource) -> bool {
        let bus = part.body.get("event_bus_name").filter(|bus| !bus.is_null());
        bus.is_none_or(|bus| {
            let bus = self.followed(bus, "aws_cloudwatch_event_bus", "name").as_literal();
            bus.is_some_and(|bus| bus == "default" || bus.ends_with(":event-bus/default"))
        })
    }

    /// The bus that every account has is declared nowhere: it stands where it is opened.
    fn default_bus(&mut self, part: &Resource) -> Option<Store> {
        Some(Store {
            name: part.name.clone(),
            place: part.place,
            kind: StoreKind::EventBus,
            physical: Some(Text::literal("default", part.place)),
            encryption: None,
            policy: match part.kind.as_str() {
                "aws_cloudwatch_event_permission" => vec![event_permission(part)?],
                _ => self.policy_of(part.body.get("policy"), &part.name),
            },
            public: PublicAccess::default(),
            website: false,
            recovery: None,
            stream: false,
        })
    }

    fn store(&mut self, resource: &Resource, named: &str, kind: StoreKind) -> Store {
        let body = &resource.body;
        let policy = ["policy", "access_policies"].iter().find_map(|key| body.get(key));
        let mut store = Store {
            name: resource.name.clone(),
            place: resource.place,
            physical: body.text_of(named).or_else(|| {
                let mut prefix = body.text_of(&format!("{named}_prefix"))?;
                prefix.push(Piece::Unknown("the provider makes the end of the name".to_owned()));
                Some(prefix)
            }),
            encryption: self.derived(resource).or_else(|| encryption(resource)),
            policy: self.policy_of(policy, &resource.name),
            public: PublicAccess::default(),
            website: !body.blocks("website").is_empty(),
            recovery: recovery(resource),
            stream: body.get("stream_enabled").and_then(Value::as_bool).unwrap_or(false),
            kind,
        };
        store.public.acl = body.get("acl").map(acl).or_else(|| grants(body));
        store.public.reachable = body.bool_of("publicly_accessible");
        store
    }

    /// A database of a cluster is encrypted as the cluster is, a copy as what it was made of: that is judged there.
    fn derived(&self, resource: &Resource) -> Option<Setting<Encryption>> {
        const FROM: [(&str, &str, &str, &str); 4] = [
            ("aws_rds_cluster_instance", "cluster_identifier", "aws_rds_cluster", "cluster_identifier"),
            ("aws_db_instance", "replicate_source_db", "aws_db_instance", "identifier"),
            ("aws_rds_cluster", "replication_source_identifier", "aws_rds_cluster", "cluster_identifier"),
            (
                "aws_elasticache_cluster",
                "replication_group_id",
                "aws_elasticache_replication_group",
                "replication_group_id",
            ),
        ];
        let body = &resource.body;
        let written = |key: &str| body.get(key).filter(|value| !value.is_null());
        let of_kind = FROM.iter().filter(|(kind, ..)| *kind == resource.kind);
        let from = of_kind.filter_map(|(_, key, of, named)| Some((written(key)?, *of, *named))).next();
        if let Some((from, of, named)) = from {
            let own = self.named(Some(from), of, named).is_some();
            let why = || format!("it is as `{}` is, which is not among these files", from.to_text());
            return Some(match own {
                true => Setting::new(from.place, Encryption::Provider),
                false => Setting::unknown(from.place, why()),
            });
        }
        let copied = written("snapshot_identifier").or_else(|| written("restore_to_point_in_time"))?;
        let says = written("storage_encrypted").is_some() || resource.kind == "aws_redshift_cluster";
        (!says).then(|| Setting::unknown(copied.place, "it is as what it is restored from"))
    }

    /// What a resource of its own says about a store.
    fn part(&mut self, part: &Resource, store: &mut Store) {
        let body = &part.body;
        match part.kind.as_str() {
            "aws_s3_bucket_acl" => {
                store.public.acl =
                    body.get("acl").map(acl).or_else(|| grants(body)).or(store.public.acl.take());
            }
            "aws_s3_bucket_public_access_block" => {
                // What is not written in the block is off; one of two is enough: what is refused is never there, what is ignored has no effect.
                let either = |keys: [&str; 2]| {
                    let mut written: Vec<Setting<bool>> =
                        keys.into_iter().filter_map(|key| body.bool_of(key)).collect();
                    written.sort_by_key(|setting| match setting.value {
                        Known::Value(true) => 0,
                        Known::Unknown(_) => 1,
                        Known::Value(false) => 2,
                    });
                    Some(written.into_iter().next().unwrap_or_else(|| Setting::new(part.place, false)))
                };
                store.public.block_acls = either(["block_public_acls", "ignore_public_acls"]);
                store.public.block_policy = either(["block_public_policy", "restrict_public_buckets"]);
            }
            "aws_s3_bucket_server_side_encryption_configuration" => {
                store.encryption = bucket_encryption(body.blocks("rule"))
            }
            "aws_s3_bucket_versioning" => {
                let status = body.at(&["versioning_configuration", "status"]);
                store.recovery =
                    status.map(|status| status.setting(|status| Some(status.as_literal()? == "Enabled")));
            }
            "aws_s3_bucket_website_configuration" => store.website = true,
            "aws_cloudwatch_event_permission" => store.policy.extend(event_permission(part)),
            "aws_rds_cluster_instance" => {
                let reachable = body.bool_of("publicly_accessible");
                store.public.reachable = reachable.or(store.public.reachable.take());
            }
            "aws_kms_alias" => store.physical = body.text_of("name"),
            "aws_efs_backup_policy" => {
                let status = body.at(&["backup_policy", "status"]);
                store.recovery =
                    status.map(|status| status.setting(|status| Some(status.as_literal()? == "ENABLED")));
            }
            _ => {
                let policy = ["policy", "access_policies"].iter().find_map(|key| body.get(key));
                store.policy.extend(self.policy_of(policy, &store.name));
            }
        }
    }
}

/// Whether a permission is one of the bus that every account has.
/// `aws_cloudwatch_event_permission`: one statement of a bus' policy.
fn event_permission(part: &Resource) -> Option<crate::graph::Statement> {
    use crate::graph::{Condition, Origin, Statement};
    let body = &part.body;
    let mut statement = Statement::allow(part.place, Origin::Written);
    statement.principals = vec![super::policy::principal("AWS", body.get("principal")?)];
    statement.actions = vec![super::policy::action(body.get("action"), part.place, "events:PutEvents")];
    for block in body.blocks("condition") {
        statement.conditions.push(Condition {
            operator: block.literal_of("type").unwrap_or_else(|| "?".to_owned()),
            key: block.literal_of("key").unwrap_or_else(|| "?".to_owned()),
            values: block.texts_of("value"),
        });
    }
    Some(statement)
}

/// An access list, in the spelling that the graph has for all formats: `public-read` is `PublicRead`.
fn acl(value: &Value) -> Setting<String> {
    value.setting(|value| {
        let word = value.as_literal()?;
        let raise = |part: &str| {
            let mut letters = part.chars();
            letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        };
        Some(word.split('-').filter_map(raise).collect())
    })
}

/// Access lists that are written out, in a resource of their own or in the bucket: the most that they grant to everyone.
fn grants(body: &Value) -> Option<Setting<String>> {
    let own = body.blocks("access_control_policy").iter().flat_map(|policy| policy.blocks("grant"));
    let mut found: Option<Setting<String>> = None;
    for grant in own.chain(body.blocks("grant")) {
        let Some(uri) = grant.at(&["grantee", "uri"]).or_else(|| grant.get("uri")) else { continue };
        let Some(group) = uri.as_literal() else {
            found = found.or_else(|| Some(Setting::unknown(uri.place, uri.why_not())));
            continue;
        };
        if !(group.ends_with("/AllUsers") || group.ends_with("/AuthenticatedUsers")) {
            continue;
        }
        let words = grant.get("permission").or_else(|| grant.get("permissions"));
        let reads = |word: &Value| matches!(word.as_literal().as_deref(), Some("READ" | "READ_ACP"));
        let write = words.is_some_and(|words| !words.one_or_many().iter().all(reads));
        let word = if write { "PublicReadWrite" } else { "PublicRead" };
        if write || found.as_ref().is_none_or(|found| found.known().is_none()) {
            found = Some(Setting::new(grant.place, word.to_owned()));
        }
    }
    found
}

fn key(value: &Value) -> Setting<Encryption> {
    Setting::new(value.place, Encryption::Customer(value.to_text().to_string()))
}

/// A switch, and the key that goes with it.
fn switched(switch: Option<&Value>, with: Option<&Value>) -> Option<Setting<Encryption>> {
    let Some(switch) = switch else { return with.map(key) };
    match switch.as_bool() {
        Some(true) => Some(with.map_or_else(|| Setting::new(switch.place, Encryption::Provider), key)),
        Some(false) => Some(Setting::new(switch.place, Encryption::Off)),
        None => Some(Setting::unknown(switch.place, switch.why_not())),
    }
}

fn encryption(resource: &Resource) -> Option<Setting<Encryption>> {
    let body = &resource.body;
    let kms = body.get("kms_key_id");
    match resource.kind.as_str() {
        "aws_s3_bucket" => {
            let rules = body.at(&["server_side_encryption_configuration", "rule"]);
            rules.and_then(|rules| bucket_encryption(rules.one_or_many()))
        }
        "aws_dynamodb_table" => {
            let block = body.blocks("server_side_encryption").first()?;
            let with = block.get("kms_key_arn");
            // Switched off means the provider's own key, which is the default.
            let switch = block.get("enabled")?;
            match switch.as_bool() {
                Some(_) => Some(with.map_or_else(|| Setting::new(switch.place, Encryption::Provider), key)),
                None => Some(Setting::unknown(switch.place, switch.why_not())),
            }
        }
        "aws_sqs_queue" => {
            let with =
                body.get("kms_master_key_id").filter(|value| value.as_literal().as_deref() != Some(""));
            with.map(key).or_else(|| switched(body.get("sqs_managed_sse_enabled"), None))
        }
        "aws_sns_topic" => body.get("kms_master_key_id").map(key),
        "aws_kinesis_stream" => match body.literal_of("encryption_type").as_deref() {
            Some("NONE") => Some(Setting::new(body.get("encryption_type")?.place, Encryption::Off)),
            Some("KMS") => Some(kms.map_or_else(|| Setting::new(resource.place, Encryption::Provider), key)),
            _ => None,
        },
        "aws_kinesis_firehose_delivery_stream" => {
            let block = body.blocks("server_side_encryption").first()?;
            switched(block.get("enabled"), block.get("key_arn"))
        }
        "aws_efs_file_system" | "aws_redshift_cluster" => switched(body.get("encrypted"), kms),
        "aws_elasticache_cluster" if body.literal_of("engine").as_deref() == Some("memcached") => {
            Some(Setting::new(resource.place, Encryption::Provider))
        }
        "aws_elasticache_replication_group" | "aws_elasticache_cluster" => {
            switched(body.get("at_rest_encryption_enabled"), kms)
        }
        "aws_opensearch_domain" | "aws_elasticsearch_domain" => {
            let block = body.blocks("encrypt_at_rest").first()?;
            switched(block.get("enabled"), block.get("kms_key_id"))
        }
        "aws_dax_cluster" => {
            let block = body.blocks("server_side_encryption").first()?;
            switched(block.get("enabled"), None)
        }
        // These are never anything else, or have nothing at rest.
        "aws_redshiftserverless_workgroup"
        | "aws_elasticache_serverless_cache"
        | "aws_opensearchserverless_collection" => Some(Setting::new(resource.place, Encryption::Provider)),
        "aws_cloudwatch_event_bus" => body.get("kms_key_identifier").map(key),
        "aws_msk_cluster" => body.at(&["encryption_info", "encryption_at_rest_kms_key_arn"]).map(key),
        "aws_ecr_repository" => body.at(&["encryption_configuration", "kms_key"]).map(key),
        _ => switched(body.get("storage_encrypted"), kms),
    }
}

fn bucket_encryption(rules: &[Value]) -> Option<Setting<Encryption>> {
    let default = rules.first()?.blocks("apply_server_side_encryption_by_default").first()?;
    if let Some(with) = default.get("kms_master_key_id") {
        return Some(key(with));
    }
    let algorithm = default.get("sse_algorithm")?;
    Some(algorithm.setting(|algorithm| algorithm.as_literal().map(|_| Encryption::Provider)))
}

/// Whether old versions or points in time can be restored.
fn recovery(resource: &Resource) -> Option<Setting<bool>> {
    let body = &resource.body;
    match resource.kind.as_str() {
        "aws_dynamodb_table" => body.at(&["point_in_time_recovery", "enabled"]),
        "aws_s3_bucket" => body.at(&["versioning", "enabled"]),
        "aws_db_instance" | "aws_rds_cluster" => {
            let kept = body.get("backup_retention_period")?;
            return Some(kept.setting(|kept| kept.as_number().map(|days| days > 0.0)));
        }
        _ => None,
    }
    .map(|value| value.setting(Value::as_bool))
}

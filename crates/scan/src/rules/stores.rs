//! Data that strangers get at, and data that is not encrypted.
//!
//! Not here: services that may send to a queue on anyone's behalf (`permissions`), what roles may do to stores (`roles`).

use std::collections::BTreeSet;

use super::opening::open_statements;
use super::words::{by_format, list};
use super::{Sight, Verdict, catalogue};
use crate::facts;
use crate::finding::{Finding, Remedy, Severity};
use crate::graph::{App, Encryption, Network, Statement, Store, StoreKind};
use crate::iam::{Deed, deed};
use crate::known::{Known, Name, Setting, Text};
use crate::source::Place;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    for store in &sight.app.stores {
        open_store(sight, store, verdict);
        public_database(sight.app, store, verdict);
        unencrypted(sight.app, store, verdict);
    }
    for secret in &sight.app.secrets {
        open_by_policy(sight, &secret.name, "secret", &secret.policy, secret.place, verdict);
    }
    for network in &sight.app.networks {
        open_network(sight, network, verdict);
    }
    old_protocols(sight, verdict);
}

/// What readers call a store.
pub(super) fn word(kind: &StoreKind) -> &str {
    match kind {
        StoreKind::Bucket => "bucket",
        StoreKind::Table => "table",
        StoreKind::Queue => "queue",
        StoreKind::Topic => "topic",
        StoreKind::Stream => "stream",
        StoreKind::KafkaCluster => "Kafka cluster",
        StoreKind::Broker => "message broker",
        StoreKind::Database(_) => "database",
        StoreKind::FileSystem => "file system",
        StoreKind::EventBus => "event bus",
        StoreKind::StateMachine => "state machine",
        StoreKind::UserPool => "user pool",
        StoreKind::Key => "key",
        StoreKind::Registry => "image registry",
        StoreKind::Logs => "log group",
    }
}

fn is_true(setting: Option<&Setting<bool>>) -> bool {
    setting.and_then(Setting::known) == Some(&true)
}

fn open_store(sight: &Sight<'_>, store: &Store, verdict: &mut Verdict) {
    let bucket = store.kind == StoreKind::Bucket;
    if bucket {
        open_list(store, verdict);
        if is_true(store.public.block_policy.as_ref()) {
            return;
        }
    }
    let policy: Vec<Statement> =
        store.policy.iter().filter(|statement| !(store.website && only_shows(statement))).cloned().collect();
    let before = verdict.findings.len();
    open_by_policy(sight, &store.name, word(&store.kind), &policy, store.place, verdict);
    // A bucket made since April 2023 refuses such a policy, unless the block is said to be off.
    let said_off = store.public.block_policy.as_ref().and_then(Setting::known) == Some(&false);
    if let Some(found) = verdict.findings.get_mut(before).filter(|_| bucket && !said_off) {
        found.confidence = crate::finding::Confidence::Likely;
    }
}

/// Showing objects, as a website does.
fn only_shows(statement: &Statement) -> bool {
    !statement.not_actions
        && statement.actions.iter().all(|action| {
            let shown = |action: &String| {
                action.eq_ignore_ascii_case("s3:GetObject")
                    || action.eq_ignore_ascii_case("s3:GetObjectVersion")
            };
            action.known().is_some_and(shown)
        })
}

fn open_list(store: &Store, verdict: &mut Verdict) {
    let Some(acl) = &store.public.acl else { return };
    if is_true(store.public.block_acls.as_ref()) {
        return;
    }
    let list = match &acl.value {
        Known::Value(list) => list,
        Known::Unknown(why) => {
            let why = format!("whom the access list of `{}` lets in cannot be told: {why}", store.name);
            verdict.unknown(Some(&store.name), acl.place, why);
            return;
        }
    };
    let plain: String = list.chars().filter(char::is_ascii_alphanumeric).collect();
    let (who, what, severity) = match plain.to_ascii_lowercase().as_str() {
        "publicreadwrite" => ("Anyone on the internet", "list, read, write and delete", Severity::Critical),
        // A website shows its objects; which there are it need not tell.
        "publicread" if store.website => ("Anyone on the internet", "list", Severity::Medium),
        "publicread" => ("Anyone on the internet", "list and read", Severity::High),
        "authenticatedread" => ("Every account of the provider", "list and read", Severity::High),
        _ => return,
    };
    let said_off = store.public.block_acls.as_ref().and_then(Setting::known) == Some(&false);
    let since = if said_off {
        ""
    } else {
        " Buckets that were made since April 2023 refuse such a list unless they are told to take it."
    };
    let message = format!(
        "{who} may {what} what is in the bucket `{}`: its access list is `{list}`.{since}",
        store.name
    );
    let cause = format!("access list of {}", store.name);
    let found = Finding::new(&catalogue::OPEN_STORE, cause, acl.place, message)
        .touching([&store.name])
        .severity(severity)
        .advice("Remove the access list and switch on all four settings that block public access.");
    verdict.report(if said_off { found } else { found.likely() });
}

fn known_actions(statement: &Statement) -> impl Iterator<Item = &String> {
    statement.actions.iter().filter_map(Setting::known)
}

fn open_by_policy(
    sight: &Sight<'_>,
    name: &Name,
    kind: &str,
    policy: &[Statement],
    place: Place,
    verdict: &mut Verdict,
) {
    let (open, unknown) = open_statements(policy);
    let changes_it = |statement: &Statement| {
        statement.not_actions || known_actions(statement).any(|action| changes(action))
    };
    // What lets change it weighs most, and the first of those stands for all.
    let Some(statement) = open.iter().find(|statement| changes_it(statement)).or(open.first()).copied()
    else {
        if let Some(why) = unknown {
            let why = format!("whom the policy of the {kind} `{name}` lets in cannot be told: {why}");
            verdict.unknown(Some(name), policy.first().map_or(place, |statement| statement.place), why);
        }
        return;
    };
    let mut actions: Vec<&String> = Vec::new();
    for action in open.iter().flat_map(|statement| known_actions(statement)) {
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    let nearly_all = open.iter().any(|statement| statement.not_actions);
    let may = match (nearly_all, actions.as_slice()) {
        (true, _) => "nearly every action on".to_owned(),
        (false, []) => "something that cannot be told with".to_owned(),
        (false, actions) => format!("{} on", list(actions)),
    };
    let how = match open.iter().all(|statement| statement.conditions.is_empty()) {
        true => "names no principal and no condition",
        false => "names no principal, and its conditions keep nobody out",
    };
    let message = format!("Anyone may use {may} the {kind} `{name}`: its policy {how}.");
    // Who reads or listens starts nothing.
    let sends = nearly_all || actions.iter().any(|action| puts_in(action));
    let readers = if sends { starts(sight, name) } else { Vec::new() };
    let message = if readers.is_empty() {
        message
    } else {
        format!("{message} Whatever is sent there runs {}.", list(readers.iter().map(|name| name.as_str())))
    };
    let cause = format!("policy of {name}");
    let mut found = Finding::new(&catalogue::OPEN_STORE, cause, statement.place, message);
    for other in open.iter().filter(|other| other.place != statement.place) {
        found = found.seen_at(other.place, "this statement is open too");
    }
    let severity = if changes_it(statement) && kind != "topic" { Severity::Critical } else { Severity::High };
    verdict.report(found.touching([name]).touching(readers).severity(severity).advice(
        "Name the principal, or add a condition on `aws:SourceArn`, `aws:SourceAccount` or `aws:PrincipalOrgID`.",
    ));
}

/// Whether an action takes data out for good or puts some in.
fn changes(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name).to_ascii_lowercase();
    name.starts_with('*')
        || ["put", "delete", "purge", "update", "set", "schedule"].iter().any(|w| name.starts_with(w))
}

/// Whether an action, or one that a pattern covers, puts something in.
fn puts_in(pattern: &str) -> bool {
    facts::actions_matching(pattern)
        .any(|fact| matches!(deed(fact), Some(Deed::Sends | Deed::Starts | Deed::Changes)))
}

/// The functions that a store starts.
fn starts<'a>(sight: &Sight<'a>, name: &Name) -> Vec<&'a Name> {
    let triggers = sight.app.triggers.iter();
    triggers
        .filter(|trigger| trigger.source.references().any(|source| source == name))
        .filter_map(|trigger| trigger.function.value())
        .collect()
}

fn public_database(app: &App, store: &Store, verdict: &mut Verdict) {
    let Some(reachable) = &store.public.reachable else { return };
    match &reachable.value {
        Known::Value(true) => {
            let message = format!(
                "The {} `{}` has an address on the internet: only its security group and its passwords stand between it and everyone.",
                word(&store.kind),
                store.name
            );
            let cause = format!("reach of {}", store.name);
            verdict.report(
                Finding::new(&catalogue::PUBLIC_DATABASE, cause, reachable.place, message)
                    .touching([&store.name])
                    .advice(by_format(
                        app,
                        "`PubliclyAccessible: false`, in subnets without a way to the internet.",
                        "`PubliclyAccessible: false`, in subnets without a way to the internet.",
                        "`PubliclyAccessible: false`, in subnets without a way to the internet.",
                        "`publicly_accessible = false`, in subnets without a way to the internet.",
                    ))
                    .mended_by(vec![Remedy::Replace {
                        at: reachable.place,
                        from: "true".to_owned(),
                        to: "false".to_owned(),
                    }]),
            );
        }
        Known::Value(false) => {}
        Known::Unknown(why) => {
            let why =
                format!("whether `{}` has an address on the internet cannot be told: {why}", store.name);
            verdict.unknown(Some(&store.name), reachable.place, why);
        }
    }
}

fn unencrypted(app: &App, store: &Store, verdict: &mut Verdict) {
    // What the provider always encrypts is not listed.
    let asks = match &store.kind {
        StoreKind::Database(kind) => !is_always_encrypted(kind),
        StoreKind::FileSystem | StoreKind::Stream => true,
        // The provider does by itself, unless it is told not to.
        StoreKind::Queue => store.encryption.as_ref().is_some_and(|it| it.value.is(&Encryption::Off)),
        _ => false,
    };
    if !asks {
        return;
    }
    let (place, how) = match &store.encryption {
        // New clusters of Redshift are encrypted since January 2025, unless that is switched off.
        None if matches!(&store.kind, StoreKind::Database(kind) if kind.to_ascii_lowercase().contains("redshift")) =>
        {
            return;
        }
        None => (
            store.place,
            "nothing asks for encryption, and the provider does not encrypt this kind by itself",
        ),
        Some(setting) => match &setting.value {
            Known::Value(Encryption::Off) => (setting.place, "encryption is switched off"),
            Known::Value(_) => return,
            Known::Unknown(why) => {
                let why = format!("whether `{}` is encrypted cannot be told: {why}", store.name);
                verdict.unknown(Some(&store.name), setting.place, why);
                return;
            }
        },
    };
    let message = format!("The {} `{}` keeps its data in clear: {how}.", word(&store.kind), store.name);
    let cause = format!("encryption of {}", store.name);
    let found = Finding::new(&catalogue::UNENCRYPTED_STORE, cause, place, message);
    verdict.report(found.touching([&store.name]).advice(encrypting(app, &store.kind)));
}

/// How a kind of store is encrypted.
fn encrypting(app: &App, kind: &StoreKind) -> &'static str {
    let (template, terraform) = match kind {
        StoreKind::Stream => (
            "`StreamEncryption: { EncryptionType: KMS, KeyId: alias/aws/kinesis }`.",
            "`encryption_type = \"KMS\"` and `kms_key_id = \"alias/aws/kinesis\"`.",
        ),
        StoreKind::FileSystem => (
            "`Encrypted: true`; the file system is made anew, so copy its files first.",
            "`encrypted = true`; the file system is made anew, so copy its files first.",
        ),
        StoreKind::Queue => ("`SqsManagedSseEnabled: true`.", "`sqs_managed_sse_enabled = true`."),
        StoreKind::Database(kind) if kind.eq_ignore_ascii_case("dax") => (
            "`SSESpecification: { SSEEnabled: true }`; the cache is made anew.",
            "`server_side_encryption { enabled = true }`; the cache is made anew.",
        ),
        _ => (
            "`StorageEncrypted: true`, for caches `AtRestEncryptionEnabled`; it is made anew, so restore it from a snapshot that is encrypted.",
            "`storage_encrypted = true`, for caches `at_rest_encryption_enabled`; it is made anew, so restore it from a snapshot that is encrypted.",
        ),
    };
    by_format(app, template, template, template, terraform)
}

/// Databases that the provider encrypts without being asked.
fn is_always_encrypted(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    [
        "dsql",
        "keyspaces",
        "cassandra",
        "timestream",
        "memorydb",
        "qldb",
        "serverless cache",
        "aoss",
        "opensearchserverless",
    ]
    .iter()
    .any(|known| kind.replace([' ', '-', '_'], "").contains(&known.replace(' ', "")))
}

/// Ports on which databases, caches and file systems listen.
const DATA_PORTS: [u16; 12] = [1433, 1521, 2049, 3306, 5432, 5439, 6379, 8182, 9200, 11211, 27017, 9042];

fn open_network(sight: &Sight<'_>, network: &Network, verdict: &mut Verdict) {
    let app = sight.app;
    let everyone = |peer: &Text| matches!(peer.as_literal(), Some("0.0.0.0/0" | "::/0"));
    // Pings have no ports, and what is written for them is a type.
    let pings = |protocol: &String| matches!(protocol.as_str(), "icmp" | "icmpv6" | "1" | "58");
    let inward = || network.inward.iter().filter(|opening| !opening.protocol.value().is_some_and(pings));
    let open: Vec<_> = inward().filter(|opening| everyone(&opening.peer)).collect();
    let functions: Vec<&Name> = app
        .functions
        .iter()
        .filter(|function| {
            let groups = function.network.as_ref().and_then(Setting::known);
            groups.is_some_and(|groups| {
                groups.iter().flat_map(Text::references).any(|name| *name == network.name)
            })
        })
        .map(|function| &function.name)
        .collect();
    let data: Vec<&Store> = app
        .stores
        .iter()
        .filter(|store| matches!(store.kind, StoreKind::Database(_) | StoreKind::FileSystem))
        .collect();
    let to_data = |ports: Option<(u16, u16)>| {
        ports.is_none_or(|(first, last)| DATA_PORTS.iter().any(|port| (first..=last).contains(port)))
    };
    let used =
        open.iter().find(|opening| !functions.is_empty() || (!data.is_empty() && to_data(opening.ports)));
    let Some(opening) = used else {
        let untold = inward().find_map(|opening| Some((opening.place, opening.peer.why_unknown()?)));
        if let Some((place, why)) = untold.filter(|_| !functions.is_empty() || !data.is_empty()) {
            let why = format!("whether `{}` lets everyone in cannot be told: {why}", network.name);
            verdict.unknown(Some(&network.name), place, why);
        }
        return;
    };
    let ports = match opening.ports {
        None => "every port".to_owned(),
        Some((first, last)) if first == last => format!("port {first}"),
        Some((first, last)) => format!("the ports {first} to {last}"),
    };
    let whose = if functions.is_empty() {
        format!("and this app has {}", list(data.iter().map(|store| store.name.as_str())))
    } else {
        format!("and {} runs in it", list(functions.iter().map(|name| name.as_str())))
    };
    let message =
        format!("The security group `{}` admits the whole internet on {ports}, {whose}.", network.name);
    let cause = format!("inward of {}", network.name);
    let found = Finding::new(&catalogue::OPEN_NETWORK, cause, opening.place, message);
    let severity = if functions.is_empty() { Severity::High } else { Severity::Medium };
    verdict.report(found.touching([&network.name]).touching(functions).severity(severity).advice(
        "Name the callers' security group instead of `0.0.0.0/0`; a function needs no way in at all.",
    ));
}

fn old_protocols(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    let of_apis = app.apis.iter().filter_map(|api| Some((&api.name, true, api.minimum_tls.as_ref()?)));
    let own = app.protocols.iter().map(|protocol| (&protocol.of, false, &protocol.oldest));
    // A domain that leads to an interface is told of with the interface.
    let mut told = BTreeSet::new();
    for (name, is_api, minimum) in of_apis.chain(own) {
        if !told.insert(minimum.place) {
            continue;
        }
        let Some(version) = minimum.known().filter(|version| is_old(version)) else { continue };
        let whose = if is_api { "The domain of " } else { "" };
        let message = format!("{whose}`{name}` accepts `{version}`, which can be broken.");
        let cause = format!("protocol of {name}");
        let found = Finding::new(&catalogue::OLD_TLS, cause, minimum.place, message).touching([name]);
        let to = newer(app, version);
        let advice = match to {
            "TLS_1_2" | "tls_1_2" => by_format(
                app,
                "`SecurityPolicy: TLS_1_2`.",
                "`SecurityPolicy: TLS_1_2`.",
                "`securityPolicy: tls_1_2`.",
                "`security_policy = \"TLS_1_2\"`.",
            )
            .to_owned(),
            to => format!("`{to}` in its place."),
        };
        let newer = Remedy::Replace { at: minimum.place, from: version.clone(), to: to.to_owned() };
        verdict.report(found.advice(advice).mended_by(vec![newer]));
    }
}

/// Whether what accepts this accepts protocols older than TLS 1.2.
fn is_old(version: &str) -> bool {
    let plain: String = version.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    // What is set beside the version is a date: `TLSv1_2016`, `Policy-Min-TLS-1-0-2019-07`.
    ["tls10", "tlsv1", "tlsv10", "tls11", "tlsv11", "sslv3", "tlsv12016", "tlsv112016"]
        .contains(&plain.as_str())
        || plain.starts_with("policymintls10")
}

/// What is accepted by all clients of today, as whoever accepts a version calls it.
fn newer(app: &App, version: &str) -> &'static str {
    match version {
        search if search.starts_with("Policy-") => "Policy-Min-TLS-1-2-2019-07",
        distribution if distribution.starts_with("TLSv") || distribution.starts_with("SSL") => "TLSv1.2_2021",
        _ => by_format(app, "TLS_1_2", "TLS_1_2", "tls_1_2", "TLS_1_2"),
    }
}

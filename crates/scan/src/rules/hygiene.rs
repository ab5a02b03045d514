//! Advice that no attacker cares about; only when asked for.
//!
//! Invariant: one finding for each kind of advice, which lists what it touches. Not here: anything that does harm by itself.

use super::words::{by_format, count, list};
use super::{Sight, Verdict, catalogue};
use crate::finding::{Finding, Rule};
use crate::graph::{App, Encryption, Function, StoreKind, TriggerKind};
use crate::known::{Name, Setting};
use crate::source::Place;

/// What an advice touches.
type Touched<'a> = Vec<(&'a Name, Place)>;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    let functions = |wanted: &dyn Fn(&Function) -> bool| -> Touched<'_> {
        let deployed = app.functions.iter().filter(|function| !function.deployed.is(&false));
        deployed
            .filter(|function| wanted(function))
            .map(|function| (&function.name, function.place))
            .collect()
    };
    let mut say = |rule: &'static Rule, touched: Touched<'_>, what: &str, advice: &str| {
        if let Some((_, place)) = touched.first() {
            let names = list(touched.iter().map(|(name, _)| name.as_str()));
            let number = count(touched.len(), "thing", "things");
            let mut found =
                Finding::new(rule, "advice", *place, format!("{what} ({number}): {names}.")).advice(advice);
            for (name, place) in touched.iter().skip(1) {
                found = found.seen_at(*place, name.as_str());
            }
            verdict.report(found.touching(touched.iter().map(|(name, _)| *name)));
        }
    };
    say(
        &catalogue::NO_DEAD_LETTER_QUEUE,
        functions(&|function| function.dead_letter.is_none() && is_asynchronous(app, function)),
        "Events that fail after all retries are lost",
        "A dead-letter queue or a failure destination.",
    );
    say(
        &catalogue::NO_PRIVATE_NETWORK,
        functions(&|function| function.network.is_none()),
        "Not in a private network",
        "Subnets and a security group, where private data or control of outgoing traffic asks for it.",
    );
    say(
        &catalogue::NO_CONCURRENCY_LIMIT,
        functions(&|function| function.concurrency.is_none()),
        "May use up the account's concurrency",
        by_format(
            app,
            "`ReservedConcurrentExecutions`, a little above the usual peak.",
            "`ReservedConcurrentExecutions`, a little above the usual peak.",
            "`reservedConcurrency`, a little above the usual peak.",
            "`reserved_concurrent_executions`, a little above the usual peak.",
        ),
    );
    say(
        &catalogue::NO_CUSTOMER_KEY,
        functions(&|function| function.environment_key.is_none() && !function.environment.is_empty()),
        "The environment is encrypted with a key of the provider",
        by_format(
            app,
            "`KmsKeyArn` with a key of your own.",
            "`KmsKeyArn` with a key of your own.",
            "`kmsKeyArn` with a key of your own.",
            "`kms_key_arn` with a key of your own.",
        ),
    );
    say(
        &catalogue::NO_TRACING,
        functions(&|function| !is_on(function.tracing.as_ref())),
        "Calls are not traced",
        by_format(
            app,
            "`Tracing: Active`.",
            "`TracingConfig: { Mode: Active }`.",
            "`tracing: { lambda: true }` of the provider.",
            "`tracing_config { mode = \"Active\" }`.",
        ),
    );
    say(
        &catalogue::NO_ACCESS_LOG,
        app.apis
            .iter()
            .filter(|api| !is_on(api.access_log.as_ref()))
            .map(|api| (&api.name, api.place))
            .collect(),
        "Who called what is not recorded",
        "An access log for each stage.",
    );
    let kept = |kind: &StoreKind| matches!(kind, StoreKind::Table | StoreKind::Bucket);
    say(
        &catalogue::NO_RECOVERY,
        app.stores
            .iter()
            .filter(|store| kept(&store.kind) && !is_on(store.recovery.as_ref()))
            .map(|store| (&store.name, store.place))
            .collect(),
        "Deleted data cannot be brought back",
        "Point-in-time recovery for tables, versions for buckets.",
    );
    say(
        &catalogue::UNENCRYPTED_TOPIC,
        app.stores
            .iter()
            .filter(|store| store.kind == StoreKind::Topic)
            .filter(|store| match &store.encryption {
                None => true,
                Some(encryption) => encryption.known() == Some(&Encryption::Off),
            })
            .map(|store| (&store.name, store.place))
            .collect(),
        "Messages are stored without encryption",
        by_format(
            app,
            "`KmsMasterKeyId: alias/aws/sns`, or a key of your own.",
            "`KmsMasterKeyId: alias/aws/sns`, or a key of your own.",
            "`KmsMasterKeyId: alias/aws/sns`, or a key of your own.",
            "`kms_master_key_id = \"alias/aws/sns\"`, or a key of your own.",
        ),
    );
}

/// Switched on, or not to be told: advice is for what is known to be missing.
fn is_on(setting: Option<&Setting<bool>>) -> bool {
    setting.is_some_and(|setting| setting.known() != Some(&false))
}

/// Started by something that does not wait for an answer and does not keep the event itself.
fn is_asynchronous(app: &App, function: &Function) -> bool {
    app.triggers_of(&function.name).any(|trigger| {
        matches!(
            trigger.kind,
            TriggerKind::Schedule | TriggerKind::Topic | TriggerKind::Bucket | TriggerKind::EventBus
        )
    })
}

//! The rules as data: ids, severities, where each stands in the field's lists, and what it means.
//!
//! Invariants: ids are stable, in words, and unique; every rule has an explanation, in a file of its own under `explain/`. Not here: how
//! each rule looks (`rules::access` and its neighbours).
//!
//! Numbers: `sas` is the list of twelve serverless risks (PureSec 2018, CSA 2019), `owasp` the serverless interpretation of 2018, `attack`
//! MITRE ATT&CK, the last one CWE.

use crate::finding::{Rule, Severity};

macro_rules! rules {
    ($($name:ident: $id:literal, $title:literal, $severity:ident, $sas:expr, $owasp:expr, $attack:expr, $cwe:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: Rule = Rule {
                id: $id,
                title: $title,
                severity: Severity::$severity,
                sas: &$sas,
                owasp: &$owasp,
                attack: &$attack,
                cwe: $cwe,
                explanation: include_str!(concat!("explain/", $id, ".md")),
            };
        )*

        /// All rules.
        pub static ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    OPEN_ROUTE: "open-route", "A route that anyone can call", Medium, [2], [2, 5], [], 306;
    OPEN_FUNCTION_URL: "open-function-url", "A function URL that anyone can call", Medium, [2], [2, 5], [], 306;
    OPEN_WEBSOCKET: "open-websocket", "A websocket that anyone can connect to", Medium, [2], [2, 5], [], 306;
    UNUSED_AUTHORIZER: "unused-authorizer", "An authorizer that is attached to nothing", Medium, [2, 11], [2, 6], [], 862;
    API_KEY_ONLY: "api-key-only", "Routes that only ask for an API key", Medium, [2], [2], [], 1390;
    CORS_CREDENTIALS: "cors-credentials", "Any website may call with the visitor's credentials", High, [3], [5, 6], [], 942;
    OPEN_PERMISSION: "open-permission", "A function or interface that every account may use", High, [2, 3], [5, 6], ["T1648"], 732;
    CONFUSED_DEPUTY: "confused-deputy", "A service may act for strangers", Medium, [2, 3], [5], ["T1648"], 441;
    OPEN_STORE: "open-store", "Data that is open to everyone", High, [3], [3, 5], [], 732;
    PUBLIC_DATABASE: "public-database", "A database with an address on the internet", High, [3], [3, 6], [], 668;
    UNENCRYPTED_STORE: "unencrypted-store", "Data that is not encrypted at rest", Medium, [3], [3], [], 311;
    OPEN_NETWORK: "open-network", "A private network that lets everyone in", Medium, [3], [6], [], 668;
    ADMIN_ROLE: "admin-role", "A role that may do everything", Critical, [4], [5], ["T1648"], 250;
    WILDCARD_ACTION: "wildcard-action", "A role with every action of a service", Medium, [4], [5], ["T1648"], 250;
    WILDCARD_RESOURCE: "wildcard-resource", "A role that reaches every resource of a kind", Medium, [4], [5], [], 732;
    PRIVILEGE_ESCALATION: "privilege-escalation", "A role that can make itself stronger", High, [4], [5], ["T1648"], 269;
    ALL_SECRETS_READABLE: "all-secrets-readable", "A role that reads every secret", High, [4, 7], [3, 5], [], 522;
    OPEN_TRUST: "open-trust", "A role that anyone may take on", Critical, [2, 4], [2, 5], [], 284;
    SHARED_ROLE: "shared-role", "One role for functions with different needs", Medium, [4], [5], [], 653;
    UNNEEDED_PERMISSION: "unneeded-permission", "Permissions that the code does not use", Low, [4], [5], [], 272;
    SECRET_IN_ENVIRONMENT: "secret-in-environment", "A secret in a function's environment", High, [7], [3], [], 526;
    SECRET_IN_TEMPLATE: "secret-in-template", "A secret in an infrastructure file", High, [7], [3], [], 798;
    SECRET_IN_SOURCE: "secret-in-source", "A secret in source code", High, [7], [3], [], 798;
    UNMASKED_PARAMETER: "unmasked-parameter", "A secret parameter that is shown", Low, [7], [3], [], 532;
    TLS_VERIFICATION_OFF: "tls-verification-off", "Certificates are not checked", High, [3], [3, 6], [], 295;
    SIGNATURE_VERIFICATION_OFF: "signature-verification-off", "Signatures of tokens are not checked", High, [2], [2], [], 347;
    OLD_TLS: "old-tls", "Old protocol versions are accepted", Low, [3], [3, 6], [], 326;
    RETIRED_RUNTIME: "retired-runtime", "A runtime that gets no more security fixes", Medium, [6], [9], [], 1104;
    UNBOUNDED_PUBLIC_FUNCTION: "unbounded-public-function", "Anyone can run up the bill", Medium, [8], [6], [], 770;
    TRIGGER_LOOP: "trigger-loop", "A function that starts itself", High, [8, 9], [6], [], 835;
    VERBOSE_ERRORS: "verbose-errors", "Errors show the inside", Low, [10], [6], [], 209;
    COMMAND_INJECTION: "command-injection", "Event data reaches a shell", High, [1], [1], ["T1059"], 78;
    CODE_INJECTION: "code-injection", "Event data is run as code", High, [1], [1], ["T1059"], 94;
    SQL_INJECTION: "sql-injection", "Event data becomes part of a query", High, [1], [1], [], 89;
    PATH_TRAVERSAL: "path-traversal", "Event data becomes part of a path", Medium, [1], [1, 5], [], 22;
    UNSAFE_DESERIALIZATION: "unsafe-deserialization", "Event data makes objects", High, [1], [8], [], 502;
    UNLOGGED_FUNCTION: "unlogged-function", "A function that leaves no logs", Medium, [5], [10], [], 778;
    DEAD_TRIGGER: "dead-trigger", "A trigger that is switched off or leads nowhere", Low, [11], [6], [], 1164;
    UNUSED_FUNCTION: "unused-function", "A function that nothing starts", Low, [11], [9], [], 1164;
    STATE_BETWEEN_CALLS: "state-between-calls", "Data of one caller outlives the call", Medium, [12], [3], [], 488;
    VULNERABLE_DEPENDENCY: "vulnerable-dependency", "A package with a known fault", Medium, [6], [9], [], 1395;
    NO_DEAD_LETTER_QUEUE: "no-dead-letter-queue", "Failed events are lost", Hygiene, [5], [10], [], 778;
    NO_PRIVATE_NETWORK: "no-private-network", "The function does not run in a private network", Hygiene, [3], [6], [], 668;
    NO_CONCURRENCY_LIMIT: "no-concurrency-limit", "No limit of concurrency", Hygiene, [8], [6], [], 770;
    NO_CUSTOMER_KEY: "no-customer-key", "No key of one's own", Hygiene, [3], [3], [], 311;
    NO_TRACING: "no-tracing", "Calls are not traced", Hygiene, [5], [10], [], 778;
    NO_ACCESS_LOG: "no-access-log", "The interface keeps no access log", Hygiene, [5], [10], [], 778;
    NO_RECOVERY: "no-recovery", "Deleted data cannot be brought back", Hygiene, [3], [6], [], 693;
    UNENCRYPTED_TOPIC: "unencrypted-topic", "A topic that is not encrypted", Hygiene, [3], [3], [], 311;
    INVALID_SUPPRESSION: "invalid-suppression", "A suppression that does not hold", Low, [3], [6], [], 1127;
}

/// A rule by id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_everything_is_explained() {
        let ids: BTreeSet<_> = ALL.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), ALL.len());
        for found in ALL {
            assert!(found.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", found.id);
            assert!(found.sas.iter().all(|number| (1..=12).contains(number)), "{}", found.id);
            assert!(found.owasp.iter().all(|number| (1..=10).contains(number)), "{}", found.id);
            assert!(!found.sas.is_empty() && !found.owasp.is_empty() && found.cwe > 0, "{}", found.id);
            assert!(found.explanation.contains("How to mend it: "), "{}", found.id);
            assert_eq!(rule(found.id), Some(*found));
        }
        // Each of the twelve risks has a rule.
        let risks: BTreeSet<u8> = ALL.iter().flat_map(|rule| rule.sas.iter().copied()).collect();
        assert_eq!(risks, (1..=12).collect());
    }
}

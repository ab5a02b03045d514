//! What policies may know of a request, as Cedar values. Typed, never built from JSON, and only what is read.

use casemate_core::{Actor, Entry, Method, Principal, Timestamp};
use cedar_policy::{Context, RestrictedExpression};

use crate::reads::Reads;
use crate::words;

/// What a request shows, apart from principal, action and resource.
pub(crate) struct Circumstances<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) now: Timestamp,
    /// Whose authentication counts: the actor's, or that of the caller for whom a function acts.
    pub(crate) caller: &'a Actor,
    /// The caller for whom a function acts.
    pub(crate) on_behalf_of: Option<&'a Principal>,
}

impl Circumstances<'_> {
    /// The context, as far as it is read. `imagined`: as if the caller had just used this method, too.
    pub(crate) fn context(&self, reads: Reads, imagined: Option<Method>) -> Result<Context, String> {
        let http = &self.entry.opened().http;
        let mut pairs = Vec::with_capacity(10);
        let mut add = |attribute: Reads, name: &str, value: &dyn Fn() -> RestrictedExpression| {
            if reads.has(attribute) {
                pairs.push((name.to_owned(), value()));
            }
        };
        // SECURITY: an IPv4 address that came in over an IPv6 socket must meet the ranges written for IPv4.
        add(Reads::IP, "ip", &|| RestrictedExpression::new_ip(http.src_endpoint.to_canonical().to_string()));
        add(Reads::TIME, "time", &|| RestrictedExpression::new_datetime(self.now.to_string()));
        add(Reads::METHOD, "method", &|| RestrictedExpression::new_string(http.http_method.clone()));
        add(Reads::PATH, "path", &|| RestrictedExpression::new_string(http.path.clone()));
        add(Reads::TLS, "tls", &|| RestrictedExpression::new_bool(http.tls));
        add(Reads::AUTH_METHODS, "auth_methods", &|| {
            let methods = self.caller.authentication.methods.iter().copied().chain(imagined);
            RestrictedExpression::new_set(
                methods.map(|method| RestrictedExpression::new_string(method.as_str().to_owned())),
            )
        });
        add(Reads::AUTH_AGE, "auth_age_seconds", &|| {
            let age = self.now.since(self.caller.authentication.at).as_secs();
            let age = if imagined.is_some() { 0 } else { i64::try_from(age).unwrap_or(i64::MAX) };
            RestrictedExpression::new_long(age)
        });
        if let Some(caller) = self.on_behalf_of {
            let uid = || RestrictedExpression::new_entity_uid(words::principal_uid(caller));
            match caller {
                Principal::User(_) => add(Reads::USER, "user", &uid),
                Principal::Service(_) => add(Reads::SERVICE, "service", &uid),
                Principal::External(_) => add(Reads::EXTERNAL, "external", &uid),
                Principal::Function(_) | Principal::Anonymous | Principal::Setup | Principal::System => {}
            }
        }
        Context::from_pairs(pairs).map_err(|error| error.to_string())
    }
}

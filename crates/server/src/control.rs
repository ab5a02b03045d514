//! The control API: parse the call, authenticate, authorize, do it. See `docs/control-api.md`.
//!
//! Invariant: every call is one row of the action table; [`Call`] is closed, and each of its arms spends a permit. The path
//! is the same as for functions: entry, authenticate, authorize, act, complete.

mod accounts;
mod apps;
mod ledger;
mod policies;

use std::sync::Arc;
use std::time::Instant;

#[cfg(test)]
use casemate_core::Action;
use casemate_core::action::Audience;
use casemate_core::action::operation::{ControlSignIn, SetupClaim};
use casemate_core::resource::PlatformPart;
use casemate_core::{Actor, AppId, Digest, Entry, Operation, RequestId, RoleName};
use casemate_identity::SignInPermit;
use casemate_policy::Permit;
use http::{Method, StatusCode, header};
use serde::Deserialize;

use crate::body::{self, Secret};
use crate::edge::{Admitted, Door, Refused, ReplyBody, Wall};
use crate::platform::Platform;
use crate::reply::{self, Problem};
use crate::{request, sign_in};

/// What a control call wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Setup,
    SignIn,
    Users,
    CreateUser,
    UpdateUser(String),
    Services,
    CreateService,
    RevokeService(String),
    Members(AppId),
    GrantRole(AppId, RoleName, String),
    RevokeRole(AppId, RoleName, String),
    UploadComponent(Digest),
    Deploy(AppId),
    Apps,
    App(AppId),
    IssueToken(AppId),
    Logs(AppId),
    Policies,
    PutPolicy(String),
    RemovePolicy(String),
    Explain(RequestId),
    Prove(RequestId),
    RotateKeys,
}

impl Call {
    /// Reads a call from a method and a normalised path.
    fn parse(method: &Method, path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix("/v1/")?.split('/').collect();
        let app = |name: &str| AppId::parse(name).ok();
        match (method.as_str(), segments.as_slice()) {
            ("POST", ["setup"]) => Some(Self::Setup),
            ("POST", ["sign-in" | "sign-out"]) => Some(Self::SignIn),
            ("GET", ["users"]) => Some(Self::Users),
            ("POST", ["users"]) => Some(Self::CreateUser),
            ("PATCH", ["users", name]) => Some(Self::UpdateUser((*name).to_owned())),
            ("GET", ["services"]) => Some(Self::Services),
            ("POST", ["services"]) => Some(Self::CreateService),
            ("DELETE", ["services", name]) => Some(Self::RevokeService((*name).to_owned())),
            ("GET", ["apps", name, "roles"]) => Some(Self::Members(app(name)?)),
            ("PUT", ["apps", name, "roles", role, member]) => {
                Some(Self::GrantRole(app(name)?, RoleName::parse(role).ok()?, (*member).to_owned()))
            }
            ("DELETE", ["apps", name, "roles", role, member]) => {
                Some(Self::RevokeRole(app(name)?, RoleName::parse(role).ok()?, (*member).to_owned()))
            }
            ("PUT", ["components", digest]) => Some(Self::UploadComponent(Digest::parse(digest).ok()?)),
            ("POST", ["apps", name, "revisions"]) => Some(Self::Deploy(app(name)?)),
            ("GET", ["apps"]) => Some(Self::Apps),
            ("GET", ["apps", name]) => Some(Self::App(app(name)?)),
            ("POST", ["apps", name, "token"]) => Some(Self::IssueToken(app(name)?)),
            ("GET", ["apps", name, "logs"]) => Some(Self::Logs(app(name)?)),
            ("GET", ["policies"]) => Some(Self::Policies),
            ("PUT", ["policies", name]) => Some(Self::PutPolicy((*name).to_owned())),
            ("DELETE", ["policies", name]) => Some(Self::RemovePolicy((*name).to_owned())),
            ("GET", ["requests", id]) => Some(Self::Explain(RequestId::parse(id).ok()?)),
            ("GET", ["requests", id, "proof"]) => Some(Self::Prove(RequestId::parse(id).ok()?)),
            ("POST", ["keys", "rotate"]) => Some(Self::RotateKeys),
            _ => None,
        }
    }

    /// The row of the action table that the call passes through.
    #[cfg(test)]
    fn action(&self) -> Action {
        match self {
            Self::Setup => Action::SetupClaim,
            Self::SignIn => Action::ControlSignIn,
            Self::Users | Self::Services => Action::UserRead,
            Self::CreateUser | Self::UpdateUser(_) => Action::UserWrite,
            Self::CreateService | Self::RevokeService(_) => Action::ServiceWrite,
            Self::Members(_) => Action::RoleRead,
            Self::GrantRole(..) | Self::RevokeRole(..) => Action::RoleWrite,
            Self::UploadComponent(_) => Action::ComponentUpload,
            Self::Deploy(_) => Action::AppDeploy,
            Self::Apps => Action::AppList,
            Self::App(_) => Action::AppRead,
            Self::IssueToken(_) => Action::TokenIssue,
            Self::Logs(_) => Action::LogsRead,
            Self::Policies => Action::PolicyRead,
            Self::PutPolicy(_) | Self::RemovePolicy(_) => Action::PolicyWrite,
            Self::Explain(_) | Self::Prove(_) => Action::LedgerRead,
            Self::RotateKeys => Action::KeyRotate,
        }
    }
}

/// One authenticated call and all that it needs.
pub(crate) struct Caller<'a> {
    platform: &'a Arc<Platform>,
    entry: &'a Arc<Entry>,
    actor: Arc<Actor>,
}

impl Caller<'_> {
    /// Asks the one question, and waits for the disk where the action table says so.
    async fn permit<A: Operation>(&self, target: A::Target) -> Result<Permit<A>, Problem> {
        let permit = self
            .platform
            .guard
            .authorize::<A>(self.entry, &self.actor, target)
            .map_err(|refusal| Problem::refused(&refusal, self.actor.principal.is_signed_in()))?;
        if permit.class() == casemate_core::LedgerClass::Durable {
            self.platform.durable.durable(permit.seq()).await.map_err(|error| Problem::of(&error))?;
        }
        Ok(permit)
    }
}

/// Answers one control request.
pub(crate) async fn handle(platform: Arc<Platform>, admitted: Admitted) -> http::Response<ReplyBody> {
    // Both come before the entry, so that neither a flood nor a web page fills the ledger; they are counted.
    if let Err(refused) = sign_in::same_site(&admitted) {
        platform.counters.note(&refused, admitted.source);
        return Problem::forbidden().into_response();
    }
    if let Err(error) = platform.rates.arrive(Door::Control, admitted.source, Instant::now()) {
        platform.counters.note(&Refused::new(Wall::Rate, error.key()), admitted.source);
        return Problem::of(&error).into_response();
    }
    let entry = match request::begin(&platform, &admitted, Audience::Control) {
        Ok(entry) => Arc::new(entry),
        Err(problem) => return problem.into_response(),
    };
    let source = admitted.source;
    let served = serve(&platform, &entry, admitted).await;
    // Whoever was allowed something is no flood of strangers.
    if served.is_ok() {
        platform.rates.take_back(Door::Control, source);
    }
    request::finish(&entry, served.map(|response| sign_in::answered(&entry, response)))
}

async fn serve(
    platform: &Arc<Platform>,
    entry: &Arc<Entry>,
    admitted: Admitted,
) -> Result<http::Response<ReplyBody>, Problem> {
    let call = Call::parse(&admitted.method, &admitted.path);
    match call {
        Some(Call::Setup) => return setup(platform, entry, admitted).await,
        Some(Call::SignIn) => return control_sign_in(platform, entry, admitted).await,
        _ => {}
    }
    let authorization = admitted.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    let actor = platform
        .identity
        .authenticate(authorization, &AppId::platform())
        .map_err(|error| Problem::bad_credential(&error.to_string()))?;
    let signed_in = actor.principal.is_signed_in();
    match call {
        Some(call) if signed_in => dispatch(Caller { platform, entry, actor }, call, admitted).await,
        // Nothing on this listener is public: without a credential every path is alike.
        _ if !signed_in => Err(Problem::unauthenticated()),
        _ => Err(Problem::hidden("no such call")),
    }
}

async fn dispatch(
    caller: Caller<'_>,
    call: Call,
    admitted: Admitted,
) -> Result<http::Response<ReplyBody>, Problem> {
    match call {
        Call::Setup | Call::SignIn => Err(Problem::hidden("no such call")),
        Call::Users => accounts::users(caller).await,
        Call::CreateUser => accounts::create_user(caller, admitted).await,
        Call::UpdateUser(name) => accounts::update_user(caller, name, admitted).await,
        Call::Services => accounts::services(caller).await,
        Call::CreateService => accounts::create_service(caller, admitted).await,
        Call::RevokeService(name) => accounts::revoke_service(caller, name).await,
        Call::Members(app) => accounts::members(caller, app).await,
        Call::GrantRole(app, role, member) => accounts::grant_role(caller, app, role, &member).await,
        Call::RevokeRole(app, role, member) => accounts::revoke_role(caller, app, role, &member).await,
        Call::UploadComponent(digest) => apps::upload(caller, digest, admitted).await,
        Call::Deploy(app) => apps::deploy(caller, app, admitted).await,
        Call::Apps => apps::list(caller).await,
        Call::App(app) => apps::show(caller, app).await,
        Call::IssueToken(app) => apps::issue_token(caller, app, admitted).await,
        Call::Logs(app) => ledger::logs(caller, app, &admitted).await,
        Call::Policies => policies::list(caller).await,
        Call::PutPolicy(name) => policies::put(caller, name, admitted).await,
        Call::RemovePolicy(name) => policies::remove(caller, name).await,
        Call::Explain(request) => ledger::explain(caller, request).await,
        Call::Prove(request) => ledger::prove(caller, request).await,
        Call::RotateKeys => accounts::rotate_keys(caller).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetupBody {
    code: Secret,
    username: String,
    password: Secret,
}

/// The first administrator: whoever holds the code that the first start printed.
async fn setup(
    platform: &Arc<Platform>,
    entry: &Arc<Entry>,
    admitted: Admitted,
) -> Result<http::Response<ReplyBody>, Problem> {
    let given: SetupBody = body::json(admitted, body::SMALL).await?;
    let actor = platform
        .identity
        .check_setup_code(&given.code.0)
        .map_err(|error| Problem::sign_in_failed(&error.to_string()))?;
    let caller = Caller { platform, entry, actor };
    let permit = caller.permit::<SetupClaim>(PlatformPart(Some(given.username.clone()))).await?;
    let user = platform
        .identity
        .claim_setup(permit, &given.code.0, &given.username, &given.password.0)
        .await
        .map_err(|error| Problem::of(&error))?;
    platform.refresh_directory().map_err(|error| Problem::of(&error))?;
    Ok(reply::json(StatusCode::CREATED, &serde_json::json!({ "user": user })))
}

async fn control_sign_in(
    platform: &Arc<Platform>,
    entry: &Arc<Entry>,
    admitted: Admitted,
) -> Result<http::Response<ReplyBody>, Problem> {
    let caller = Caller { platform, entry, actor: Arc::new(Actor::anonymous()) };
    let permit = caller.permit::<ControlSignIn>(PlatformPart(None)).await?;
    let path = admitted.path.clone();
    let credentials = body::json(admitted, body::SMALL).await?;
    sign_in::answer(platform, entry, SignInPermit::Control(permit), &path, credentials).await
}

#[cfg(test)]
mod tests;

//! Control calls on accounts, services, roles and keys. Each asks for its permit and hands it to `identity`, which reads the
//! target from it.

use casemate_core::action::operation::{KeyRotate, RoleRead, RoleWrite, ServiceWrite, UserRead, UserWrite};
use casemate_core::resource::{Membership, PlatformPart};
use casemate_core::{AppId, Principal, RoleName};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::Caller;
use crate::body::{self, Secret};
use crate::edge::{Admitted, ReplyBody};
use crate::reply::{self, Problem};

type Answer = Result<http::Response<ReplyBody>, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: String,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserChange {
    enabled: Option<bool>,
    password: Option<Secret>,
    #[serde(default)]
    unlock: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewService {
    name: String,
    app: AppId,
}

pub(super) async fn users(caller: Caller<'_>) -> Answer {
    let permit = caller.permit::<UserRead>(PlatformPart(None)).await?;
    let users = caller.platform.identity.list_users(permit).map_err(|error| Problem::of(&error))?;
    Ok(reply::json(StatusCode::OK, &json!({ "users": users })))
}

pub(super) async fn create_user(caller: Caller<'_>, admitted: Admitted) -> Answer {
    let given: NewUser = body::json(admitted, body::SMALL).await?;
    let permit = caller.permit::<UserWrite>(PlatformPart(Some(given.name.clone()))).await?;
    let created = caller.platform.identity.create_user(permit, &given.name, &given.password.0).await;
    let id = created.map_err(|error| Problem::of(&error))?;
    Ok(reply::json(StatusCode::CREATED, &json!({ "id": id })))
}

pub(super) async fn update_user(caller: Caller<'_>, name: String, admitted: Admitted) -> Answer {
    let change: UserChange = body::json(admitted, body::SMALL).await?;
    let identity = &caller.platform.identity;
    // One permit for each change: each is an authority change of its own in the ledger.
    if let Some(password) = change.password {
        let permit = caller.permit::<UserWrite>(PlatformPart(Some(name.clone()))).await?;
        identity.set_password(permit, &name, &password.0).await.map_err(|error| Problem::of(&error))?;
    }
    if change.unlock {
        let permit = caller.permit::<UserWrite>(PlatformPart(Some(name.clone()))).await?;
        identity.unlock_user(permit, &name).await.map_err(|error| Problem::of(&error))?;
    }
    match change.enabled {
        Some(true) => {
            let permit = caller.permit::<UserWrite>(PlatformPart(Some(name.clone()))).await?;
            identity.enable_user(permit, &name).await.map_err(|error| Problem::of(&error))?;
        }
        Some(false) => {
            let permit = caller.permit::<UserWrite>(PlatformPart(Some(name.clone()))).await?;
            identity.disable_user(permit, &name).await.map_err(|error| Problem::of(&error))?;
        }
        None => {}
    }
    caller.platform.refresh_directory().map_err(|error| Problem::of(&error))?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn services(caller: Caller<'_>) -> Answer {
    let permit = caller.permit::<UserRead>(PlatformPart(None)).await?;
    let services = caller.platform.identity.list_services(permit).map_err(|error| Problem::of(&error))?;
    Ok(reply::json(StatusCode::OK, &json!({ "services": services })))
}

pub(super) async fn create_service(caller: Caller<'_>, admitted: Admitted) -> Answer {
    let given: NewService = body::json(admitted, body::SMALL).await?;
    let permit = caller.permit::<ServiceWrite>(PlatformPart(Some(given.name.clone()))).await?;
    let created = caller.platform.identity.create_service(permit, &given.name, given.app).await;
    let (id, api_key) = created.map_err(|error| Problem::of(&error))?;
    Ok(reply::json(StatusCode::CREATED, &json!({ "id": id, "api_key": api_key.as_str() })))
}

pub(super) async fn revoke_service(caller: Caller<'_>, name: String) -> Answer {
    let permit = caller.permit::<ServiceWrite>(PlatformPart(Some(name.clone()))).await?;
    caller.platform.identity.revoke_service(permit, &name).await.map_err(|error| Problem::of(&error))?;
    caller.platform.refresh_directory().map_err(|error| Problem::of(&error))?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn members(caller: Caller<'_>, app: AppId) -> Answer {
    let permit = caller.permit::<RoleRead>(app).await?;
    let members = caller.platform.identity.members(permit).map_err(|error| Problem::of(&error))?;
    Ok(reply::json(StatusCode::OK, &json!({ "members": members })))
}

/// The target of a role change. An unknown member is looked up only after the caller is known to be signed in, and the
/// answer for it comes after the decision, so that names cannot be probed without the right.
fn membership(caller: &Caller<'_>, app: AppId, role: RoleName, member: &str) -> (Membership, bool) {
    let found = caller.platform.identity.principal_named(member);
    let known = found.is_some();
    (Membership { app, role, member: found.unwrap_or(Principal::Anonymous) }, known)
}

pub(super) async fn grant_role(caller: Caller<'_>, app: AppId, role: RoleName, member: &str) -> Answer {
    let (target, known) = membership(&caller, app.clone(), role.clone(), member);
    let permit = caller.permit::<RoleWrite>(target).await?;
    if !known {
        return Err(Problem::caller(format!("there is no user or service `{member}`"))
            .with_help(format!("casemate user create {member}")));
    }
    caller.platform.identity.grant_role(permit).await.map_err(|error| Problem::of(&error))?;
    caller.platform.refresh_directory().map_err(|error| Problem::of(&error))?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn revoke_role(caller: Caller<'_>, app: AppId, role: RoleName, member: &str) -> Answer {
    let (target, known) = membership(&caller, app, role, member);
    let permit = caller.permit::<RoleWrite>(target).await?;
    if !known {
        return Err(Problem::caller(format!("there is no user or service `{member}`")));
    }
    caller.platform.identity.revoke_role(permit).await.map_err(|error| Problem::of(&error))?;
    caller.platform.refresh_directory().map_err(|error| Problem::of(&error))?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn rotate_keys(caller: Caller<'_>) -> Answer {
    let permit = caller.permit::<KeyRotate>(PlatformPart(None)).await?;
    let active = caller.platform.identity.rotate_keys(permit).await.map_err(|error| Problem::of(&error))?;
    Ok(reply::json(StatusCode::OK, &json!({ "active": active })))
}

//! Control calls on written policies.

use casemate_core::action::operation::{PolicyRead, PolicyWrite};
use casemate_core::resource::PlatformPart;
use http::StatusCode;
use serde_json::json;

use super::Caller;
use crate::body;
use crate::edge::{Admitted, ReplyBody};
use crate::reply::{self, Problem};

type Answer = Result<http::Response<ReplyBody>, Problem>;

/// The largest policy text, in bytes.
const POLICY: body::Bounds = body::Bounds { bytes: 64 << 10, time: std::time::Duration::from_secs(30) };

pub(super) async fn list(caller: Caller<'_>) -> Answer {
    let _permit = caller.permit::<PolicyRead>(PlatformPart(None)).await?;
    let written = caller.platform.registry.policies().map_err(|error| Problem::of(&error))?;
    let policies: Vec<_> =
        written.iter().map(|policy| json!({ "name": policy.name, "text": policy.text })).collect();
    Ok(reply::json(
        StatusCode::OK,
        &json!({ "policies": policies, "version": caller.platform.guard.version() }),
    ))
}

pub(super) async fn put(caller: Caller<'_>, name: String, admitted: Admitted) -> Answer {
    let text = body::text(admitted, POLICY).await?;
    let permit = caller.permit::<PolicyWrite>(PlatformPart(Some(name.clone()))).await?;
    caller.platform.write_policy(permit, &name, Some(text)).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn remove(caller: Caller<'_>, name: String) -> Answer {
    let permit = caller.permit::<PolicyWrite>(PlatformPart(Some(name.clone()))).await?;
    caller.platform.write_policy(permit, &name, None).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

//! Control calls on components, apps and revisions.

use std::collections::BTreeMap;

use casemate_core::action::operation::{AppDeploy, AppList, AppRead, ComponentUpload, TokenIssue};
use casemate_core::resource::{Deployment, PlatformPart};
use casemate_core::{AppId, Digest, FunctionName};
use http::StatusCode;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::json;

use super::Caller;
use crate::body::{self, BodyError};
use crate::edge::{self, Admitted, ReplyBody};
use crate::reply::{self, Problem};

type Answer = Result<http::Response<ReplyBody>, Problem>;

/// What a token for an app may be asked to be: shorter-lived than usual, never longer.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct TokenWish {
    lifetime_secs: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRevision {
    manifest: String,
    components: BTreeMap<FunctionName, Digest>,
}

pub(super) async fn upload(caller: Caller<'_>, digest: Digest, admitted: Admitted) -> Answer {
    let permit = caller.permit::<ComponentUpload>(PlatformPart(Some(digest.to_string()))).await?;
    let max = caller.platform.settings.component_max_bytes;
    let mut upload =
        caller.platform.registry.begin_component(permit, max).map_err(|error| Problem::of(&error))?;
    let mut body = admitted.body;
    while let Some(frame) = body.frame().await {
        // A broken connection ends the upload here; dropping it removes what was written.
        let frame = frame.map_err(|error| match error {
            edge::BodyError::TooLarge(limit) => {
                Problem::of(&BodyError::TooLarge(usize::try_from(limit).unwrap_or(usize::MAX)))
            }
            _ => Problem::of(&BodyError::Broken),
        })?;
        if let Some(data) = frame.data_ref() {
            upload.write(data).map_err(|error| Problem::of(&error))?;
        }
    }
    upload.finish().map_err(|error| Problem::of(&error))?;
    let report = caller.platform.prepare_component(&digest).await?;
    Ok(reply::json(StatusCode::OK, &report))
}

pub(super) async fn deploy(caller: Caller<'_>, app: AppId, admitted: Admitted) -> Answer {
    let given: NewRevision = body::json(admitted, body::MANIFEST).await?;
    let manifest = casemate_vault::sha256(given.manifest.as_bytes());
    let permit = caller.permit::<AppDeploy>(Deployment { app, manifest }).await?;
    let revision = caller.platform.deploy(permit, &given.manifest, given.components).await?;
    Ok(reply::json(StatusCode::CREATED, &revision))
}

pub(super) async fn list(caller: Caller<'_>) -> Answer {
    let _permit = caller.permit::<AppList>(PlatformPart(None)).await?;
    let deployed = caller.platform.registry.apps().map_err(|error| Problem::of(&error))?;
    let apps: Vec<_> = deployed
        .iter()
        .map(|deployed| {
            json!({
                "app": deployed.app, "revision": deployed.revision, "deployed_at": deployed.at.to_string(),
                "functions": deployed.components.len(), "url": caller.platform.url_of(deployed.app.as_str()),
            })
        })
        .collect();
    Ok(reply::json(StatusCode::OK, &json!({ "apps": apps })))
}

pub(super) async fn show(caller: Caller<'_>, app: AppId) -> Answer {
    let _permit = caller.permit::<AppRead>(app.clone()).await?;
    let found = caller.platform.registry.current(&app).map_err(|error| Problem::of(&error))?;
    let (Some(deployed), Some(live)) = (found, caller.platform.functions.app(&app)) else {
        return Err(Problem::hidden("no such app"));
    };
    let described =
        caller.platform.describe(&live.manifest, deployed.revision, deployed.at, &deployed.components)?;
    Ok(reply::json(StatusCode::OK, &described))
}

pub(super) async fn issue_token(caller: Caller<'_>, app: AppId, admitted: Admitted) -> Answer {
    let wish: TokenWish = if admitted.body.announced() == Some(0) {
        TokenWish::default()
    } else {
        body::json(admitted, body::SMALL).await?
    };
    let lifetime = wish.lifetime_secs.map(std::time::Duration::from_secs);
    let permit = caller.permit::<TokenIssue>(app.clone()).await?;
    if caller.platform.functions.app(&app).is_none() {
        return Err(Problem::hidden("no such app"));
    }
    let issued =
        caller.platform.identity.issue_for_app(permit, lifetime).map_err(|error| Problem::of(&error))?;
    let mut answer = serde_json::to_value(&issued).unwrap_or_default();
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("url".to_owned(), json!(caller.platform.url_of(app.as_str())));
    }
    Ok(reply::json(StatusCode::OK, &answer))
}

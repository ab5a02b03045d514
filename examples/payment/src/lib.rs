//! Sends a charge to the payment provider.
//!
//! The provider's address comes from the request: a classic hole (server-side request forgery, CWE-918), made here on
//! purpose. The wall is not in this page: the manifest grants one origin, and the host refuses every other.

use guest::{Outgoing, Request, Response, fetch, log};
use serde_json::{Value, json};

guest::export!(handle);

async fn handle(mut request: Request) -> Response {
    let charge: Value = match request.body().await.map(|body| serde_json::from_slice(&body)) {
        Ok(Ok(charge)) => charge,
        _ => return Response::json(json!({ "error": "the body is no JSON" })).with_status(400),
    };
    let (Some(provider), Some(amount)) = (charge["provider"].as_str(), charge["amount_cents"].as_u64())
    else {
        let why = "send { \"provider\": \"https://…/charge\", \"amount_cents\": 3900 }";
        return Response::json(json!({ "error": why })).with_status(400);
    };
    match fetch(Outgoing::post_json(provider, json!({ "amount_cents": amount }))).await {
        Ok(reply) => {
            log::info(&format!("the provider answered {} to {amount} cents", reply.status));
            let said = String::from_utf8_lossy(&reply.body).into_owned();
            Response::json(json!({ "status": reply.status, "provider": said }))
        }
        Err(why) => {
            log::error(&format!("the charge was not sent: {why}"));
            Response::json(json!({ "error": why })).with_status(502)
        }
    }
}

//! Customers order, and see their own orders.
//!
//! No line here keeps customers apart: the store `orders` is partitioned by caller, so what one customer wrote is not
//! there for another. The caller's name is used for display only.

use guest::{Request, Response, kv, log};
use serde_json::{Value, json};

guest::export!(handle);

async fn handle(mut request: Request) -> Response {
    let answer = match (request.method().as_str(), request.path().strip_prefix("/orders/")) {
        ("POST", None) => create(&mut request).await,
        ("GET", None) => list(),
        ("GET", Some(id)) => read(id),
        _ => Ok(error(405, "use GET or POST")),
    };
    answer.unwrap_or_else(|why| {
        log::error(&why);
        error(500, &why)
    })
}

async fn create(request: &mut Request) -> Result<Response, String> {
    let Ok(wish) = serde_json::from_slice::<Value>(&request.body().await?) else {
        return Ok(error(400, "the body is no JSON"));
    };
    let (Some(item), Some(quantity @ 1..=100)) = (wish["item"].as_str(), wish["quantity"].as_i64()) else {
        return Ok(error(400, "send { \"item\": \"rope\", \"quantity\": 1 to 100 }"));
    };
    let orders = kv::open("orders")?;
    let id = orders.increment("last-id", 1)?;
    let order = json!({ "id": id, "item": item, "quantity": quantity, "customer": request.caller_name() });
    orders.set(&format!("order/{id}"), order.to_string().as_bytes())?;

    let totals = kv::open("totals")?;
    totals.increment("orders", 1)?;
    totals.increment("pieces", quantity)?;
    log::info(&format!("order {id}: {quantity} × {item}"));
    Ok(Response::json(order).with_status(201))
}

fn list() -> Result<Response, String> {
    let orders = kv::open("orders")?;
    let mut keys = orders.keys()?;
    keys.retain(|key| key.starts_with("order/"));
    let found: Vec<Value> = orders
        .get_many(&keys)?
        .iter()
        .flatten()
        .filter_map(|order| serde_json::from_slice(order).ok())
        .collect();
    Ok(Response::json(json!(found)))
}

fn read(id: &str) -> Result<Response, String> {
    let order = kv::open("orders")?.get(&format!("order/{id}"))?;
    Ok(match order {
        Some(order) => Response::json(String::from_utf8_lossy(&order)),
        None => error(404, "no such order"),
    })
}

fn error(status: u16, why: &str) -> Response {
    Response::json(json!({ "error": why })).with_status(status)
}

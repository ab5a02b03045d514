//! How the shop is doing, for managers: totals only. It may read the store `totals` and nothing else, so no order of any
//! customer can leak from here.

use guest::{Request, Response, kv};
use serde_json::json;

guest::export!(handle);

async fn handle(_request: Request) -> Response {
    match totals() {
        Ok((orders, pieces)) => Response::json(json!({ "orders": orders, "pieces": pieces })),
        Err(why) => Response::json(json!({ "error": why })).with_status(500),
    }
}

fn totals() -> Result<(i64, i64), String> {
    let totals = kv::open("totals")?;
    Ok((number(totals.get("orders")?), number(totals.get("pieces")?)))
}

/// A counter as the host keeps it: its digits as text.
fn number(value: Option<Vec<u8>>) -> i64 {
    value.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.parse().ok()).unwrap_or(0)
}

//! The shop's goods, for everyone: it needs no sign-in, no store and no network, and was granted none.

use guest::{Request, Response};

guest::export!(handle);

const GOODS: &str = r#"[
  { "item": "lantern", "price_cents": 3900 },
  { "item": "rope",    "price_cents": 1250 },
  { "item": "compass", "price_cents": 8400 }
]
"#;

async fn handle(_request: Request) -> Response {
    Response::json(GOODS)
}

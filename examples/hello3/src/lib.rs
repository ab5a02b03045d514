//! The smallest function again, for WASI 0.3 (`wasi:http/service`): only the crate's name differs.

use guest3::{Request, Response};

guest3::export!(handle);

async fn handle(_request: Request) -> Response {
    Response::text("Hello, world!\n")
}

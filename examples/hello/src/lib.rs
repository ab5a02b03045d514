//! The smallest function: it answers every request with one line. WASI 0.2 (`wasi:http/proxy`).

use guest::{Request, Response};

guest::export!(handle);

async fn handle(_request: Request) -> Response {
    Response::text("Hello, world!\n")
}

//! A function: it answers a request with a greeting.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Function;

wasip2::http::proxy::export!(Function);

impl Guest for Function {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (status, text) = answer(&request);
        let headers = Fields::new();
        let _ = headers.append("content-type", b"text/plain; charset=utf-8");
        let response = OutgoingResponse::new(headers);
        let _ = response.set_status_code(status);
        let Ok(body) = response.body() else { return };
        ResponseOutparam::set(out, Ok(response));
        // One write takes up to 4096 bytes. If it fails, the caller has left.
        if let Ok(stream) = body.write() {
            for piece in text.as_bytes().chunks(4096) {
                let _ = stream.blocking_write_and_flush(piece);
            }
        }
        let _ = OutgoingBody::finish(body, None);
    }
}

/// The answer's status and text.
fn answer(request: &IncomingRequest) -> (u16, String) {
    let path = request.path_with_query().unwrap_or_default();
    // Who calls: the host says it, and nobody outside can set this header.
    let caller = request.headers().get("casemate-caller-name").into_iter().next().unwrap_or_default();
    (200, format!("Hello, {}! You asked for {path}.\n", String::from_utf8_lossy(&caller)))
}

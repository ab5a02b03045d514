//! What a Casemate function needs, in one small crate: a request comes in, a response goes out, and between them it may
//! use key-value stores, log lines and outgoing requests, as far as its manifest grants them.
//!
//! This crate speaks WASI 0.2 (`wasi:http/proxy`); its twin `guest3` has the same words for WASI 0.3
//! (`wasi:http/service`), so that a function moves from one to the other by changing one line of its `Cargo.toml`.
//! Functions are `async` for that reason; under WASI 0.2 every wait simply blocks.
//!
//! ```ignore
//! use guest::{Request, Response};
//!
//! guest::export!(handle);
//!
//! async fn handle(_request: Request) -> Response {
//!     Response::text("Hello, world!\n")
//! }
//! ```
//!
//! Not here: any check of what a function may do. The host decides that, on every call.

pub mod kv;
pub mod log;
mod message;
mod request;
mod send;
mod serve;

pub use message::{Body, Headers, Outgoing, Reply, Response, query};
pub use request::Request;
pub use send::fetch;
pub use serve::{run, serve, sleep};

pub use wasip2;
/// A set of header fields as the host keeps it: the cheapest handle that a guest can open.
pub use wasip2::http::types::Fields;

pub(crate) mod bindings {
    //! Bindings for what Casemate offers beyond `wasi:http`, made from the platform's own `wit` folder.
    wit_bindgen::generate!({ path: "../../wit", world: "casemate:guest/capabilities", generate_all });
}

/// Makes an `async fn(Request) -> Response` the function of this component.
#[macro_export]
macro_rules! export {
    ($handle:path) => {
        struct Function;

        impl $crate::wasip2::exports::http::incoming_handler::Guest for Function {
            fn handle(
                request: $crate::wasip2::http::types::IncomingRequest,
                out: $crate::wasip2::http::types::ResponseOutparam,
            ) {
                $crate::run($crate::serve(request, out, $handle));
            }
        }

        $crate::wasip2::http::proxy::export!(Function with_types_in $crate::wasip2);
    };
}

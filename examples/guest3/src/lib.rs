//! The twin of `guest` for WASI 0.3 (`wasi:http/service`): the same words, and waits that really wait, so that one
//! instance could do other things meanwhile.
//!
//! What does not depend on the version of WASI comes from `guest` unchanged; its WASI 0.2 half is not linked, because
//! nothing here calls it.

mod request;
mod send;
mod serve;

pub use guest::{Body, Headers, Outgoing, Reply, Response, kv, log, query};
pub use request::Request;
pub use send::fetch;
pub use serve::{serve, sleep};

pub use wasip3;
/// A set of header fields as the host keeps it: the cheapest handle that a guest can open.
pub use wasip3::http::types::Fields;

/// Makes an `async fn(Request) -> Response` the function of this component.
#[macro_export]
macro_rules! export {
    ($handle:path) => {
        struct Function;

        impl $crate::wasip3::exports::http::handler::Guest for Function {
            async fn handle(
                request: $crate::wasip3::http::types::Request,
            ) -> Result<$crate::wasip3::http::types::Response, $crate::wasip3::http::types::ErrorCode> {
                Ok($crate::serve(request, $handle).await)
            }
        }

        $crate::wasip3::http::service::export!(Function with_types_in $crate::wasip3);
    };
}

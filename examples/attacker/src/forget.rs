//! The function's entrance, and an answer that is begun and then forgotten: `/forget` writes its first half and returns without
//! finishing or dropping the body. The guests' own crates cannot do that, so this file speaks to each version of WASI itself.

const HALF: &[u8] = b"the first half\n";

#[cfg(not(feature = "wasi3"))]
mod entrance {
    use guest::wasip2::exports::http::incoming_handler::Guest;
    use guest::wasip2::http::types::{Fields, IncomingRequest, OutgoingResponse, ResponseOutparam};

    struct Function;

    impl Guest for Function {
        fn handle(request: IncomingRequest, out: ResponseOutparam) {
            if request.path_with_query().as_deref() == Some("/forget") {
                forget(out);
            } else {
                guest::run(guest::serve(request, out, crate::handle));
            }
        }
    }

    fn forget(out: ResponseOutparam) {
        let response = OutgoingResponse::new(Fields::new());
        let Ok(body) = response.body() else { return };
        ResponseOutparam::set(out, Ok(response));
        if let Ok(stream) = body.write() {
            let _ = stream.blocking_write_and_flush(super::HALF);
        }
        std::mem::forget(body);
    }

    guest::wasip2::http::proxy::export!(Function with_types_in guest::wasip2);
}

#[cfg(feature = "wasi3")]
mod entrance {
    use guest::wasip3::exports::http::handler::Guest;
    use guest::wasip3::http::types::{ErrorCode, Fields, Request, Response};

    struct Function;

    impl Guest for Function {
        async fn handle(request: Request) -> Result<Response, ErrorCode> {
            if request.get_path_with_query().as_deref() == Some("/forget") {
                return Ok(forget());
            }
            Ok(guest::serve(request, crate::handle).await)
        }
    }

    fn forget() -> Response {
        let (mut writer, reader) = guest::wasip3::wit_stream::new();
        guest::wasip3::spawn_local(async move {
            writer.write_all(super::HALF.to_vec()).await;
            std::mem::forget(writer);
        });
        let trailers = guest::wasip3::wit_future::new(|| Ok(None)).1;
        Response::new(Fields::new(), Some(reader), trailers).0
    }

    guest::wasip3::http::service::export!(Function with_types_in guest::wasip3);
}

//! Opens a socket past the egress wall. It never runs: Casemate offers no sockets, so its deploy is refused, by name.

use std::net::TcpStream;

use guest::{Request, Response};

guest::export!(handle);

async fn handle(_request: Request) -> Response {
    match TcpStream::connect("127.0.0.1:80") {
        Ok(_) => Response::text("nothing stopped the socket\n"),
        Err(error) => Response::text(format!("{error}\n")).with_status(502),
    }
}

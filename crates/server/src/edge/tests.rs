//! The edge over real sockets: what it lets in, what it refuses, and that it goes on serving.

mod good;
mod h2;
mod listening;
mod smuggling;
mod support;
mod time;
mod tls;
mod walls;

//! What passes through the two bodies, without a guest.

use std::convert::Infallible;
use std::time::Duration;

use http::HeaderMap;
use http_body_util::{BodyExt, StreamBody};

use super::*;
use crate::testbed::World;

/// A body whose trailers speak in the platform's name.
fn with_trailers<E: Send + 'static>() -> impl Body<Data = Bytes, Error = E> + Send + 'static {
    let mut trailers = HeaderMap::new();
    trailers.insert("casemate-caller", "User root".parse().unwrap());
    let frames = [Frame::data(Bytes::from_static(b"the body")), Frame::trailers(trailers)];
    StreamBody::new(futures_util::stream::iter(frames.map(Ok)))
}

#[tokio::test]
async fn no_trailers_pass_in_either_direction() {
    let control = with_trailers::<Infallible>().collect().await.unwrap();
    assert!(control.trailers().is_some(), "control");
    let world = World::new();
    let hello = world.deploy("hello", "").await.unwrap();

    let state = RunState::of_nobody(&world, &hello);
    let task = tokio::spawn(async {}).abort_handle();
    let deadline = Instant::now() + Duration::from_secs(60);
    let answer = RunBody::new(with_trailers().boxed_unsync(), state, task, deadline, None, false);
    let came = answer.collect().await.unwrap();
    assert!(came.trailers().is_none());
    assert_eq!(came.to_bytes(), "the body");

    let state = RunState::of_nobody(&world, &hello);
    let came = Bounded::new(with_trailers::<Infallible>(), state).collect().await.unwrap();
    assert!(came.trailers().is_none());
    assert_eq!(came.to_bytes(), "the body");
}

//! What a guest can make the host keep.

use wasmtime_wasi_http::p2::bindings::http::types::{HostFields, HostOutgoingBody, HostOutgoingRequest};

use super::*;
use crate::testbed::World;

/// Fills requests that are never sent, as a guest of WASI 0.2 does it, until the table of handles is full.
#[tokio::test]
async fn bodies_and_fields_that_are_never_sent_are_no_second_memory() {
    let world = World::new();
    let function = world.deploy("attacker", "limits = { resources = 60 }").await.unwrap();
    let state = RunState::of_nobody(&world, &function);
    let mut store = store(function.engine(), &state);
    let mut kept = 0;
    let mut requests = 0;
    while let Some(bytes) = fill_one(store.data_mut()) {
        kept += bytes;
        requests += 1;
    }
    assert!(requests > 50, "a request that was filled takes one handle: {requests}");
    assert!(kept > requests * CHUNK_BYTES, "control: it keeps something: {kept}");
    assert!(kept <= requests * KEPT_BYTES, "{kept} bytes in {requests} requests");
    let limits = state.limits();
    assert_eq!(limits.memory_bytes, Limits::DEFAULT.memory_bytes);
    let all = u64::try_from(kept / requests).unwrap() * u64::from(Limits::DEFAULT.resources);
    assert!(all <= limits.memory_bytes, "{all} bytes with the default limits");
}

/// One request with as many fields, bytes and trailers as the host takes; `None` when the table is full.
fn fill_one(guest: &mut Guest) -> Option<usize> {
    let mut http = guest.http();
    let (fields, mut kept) = fill_fields(&mut http)?;
    let request = HostOutgoingRequest::new(&mut http, fields).unwrap();
    let body = HostOutgoingRequest::body(&mut http, wasmtime::component::Resource::new_own(request.rep()))
        .ok()?
        .unwrap();
    let borrowed = wasmtime::component::Resource::new_borrow(body.rep());
    let stream = HostOutgoingBody::write(&mut http, borrowed).ok()?.unwrap();
    let mut writer = http.table.delete(stream).unwrap();
    while let Ok(room @ 1..) = writer.check_write() {
        writer.write(vec![b'x'; room].into()).unwrap();
        kept += room;
    }
    drop(writer);
    let trailers = fill_fields(&mut http);
    kept += trailers.as_ref().map_or(0, |(_, bytes)| *bytes);
    HostOutgoingBody::finish(&mut http, body, trailers.map(|(fields, _)| fields)).ok()?;
    Some(kept)
}

type Fields = wasmtime::component::Resource<wasmtime_wasi_http::FieldMap>;

fn fill_fields(http: &mut WasiHttpCtxView<'_>) -> Option<(Fields, usize)> {
    let fields = HostFields::new(http).ok()?;
    let mut bytes = 0;
    for number in 0.. {
        let borrowed = wasmtime::component::Resource::new_borrow(fields.rep());
        let value = vec![b'x'; 1_000];
        match HostFields::append(http, borrowed, format!("x-{number}"), value) {
            Ok(()) => bytes += 1_000,
            Err(_) => break,
        }
    }
    Some((fields, bytes))
}

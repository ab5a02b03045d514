//! Bindings of our own WIT, made at compile time. They translate into host calls and do nothing else.

#![allow(unreachable_pub, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "casemate:guest/capabilities",
    imports: { default: async | trappable },
    require_store_data_send: true,
    with: {
        "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket,
        "wasi:keyvalue/atomics.cas": crate::keyvalue::Cas,
    },
});

//! Key-value stores: `wasi:keyvalue` over the storage room.
//!
//! Opening a store reads nothing and grants nothing; each operation is decided on by itself, a batch as one that lists its
//! keys. Not here: sealing, partitions and limits of keys and values (`storage`).

use std::sync::Arc;

use casemate_core::action::operation::{KvDelete, KvGet, KvList, KvSet};
use casemate_core::manifest::Partition;
use casemate_core::resource::KvKeys;
use casemate_core::{Operation, StoreId, StoreName};
use casemate_policy::Permit;
use casemate_storage::{KvError, StorageError};
use wasmtime::component::{Resource, ResourceTableError};

use crate::bindings::wasi::keyvalue::{atomics, batch, store};
use crate::error::Limit;
use crate::guest::Guest;
use crate::host_call::{CallError, HostCall, host_call};
use crate::state::{RunState, thread_cpu_ns};

/// Keys that are read on the run's own thread.
const FEW_KEYS: usize = 1;
/// Keys on one page of a listing.
const PAGE_KEYS: usize = 500;

/// A store that a guest named.
#[expect(unreachable_pub, reason = "the generated bindings name it in public")]
#[derive(Debug, Clone)]
pub struct Bucket {
    store: StoreId,
    partition: Partition,
}

/// A key as it was read once.
#[expect(unreachable_pub, reason = "the generated bindings name it in public")]
#[derive(Debug, Clone)]
pub struct Cas {
    bucket: Bucket,
    key: String,
    value: Option<Vec<u8>>,
}

/// Keys of one store, on their way to the door.
struct Keys {
    bucket: Bucket,
    keys: Vec<String>,
}

impl Keys {
    fn one(bucket: Bucket, key: String) -> Self {
        Self { bucket, keys: vec![key] }
    }
    fn take(&mut self, state: &RunState) -> KvKeys {
        // As the manifest in force partitions it, which is not always the one that this run was started under.
        let StoreId { app, name } = &self.bucket.store;
        let manifest = state.services.guard.manifest(app);
        let now = manifest.as_ref().and_then(|manifest| manifest.stores.get(name));
        KvKeys {
            store: self.bucket.store.clone(),
            partition: now.map_or(self.bucket.partition, |store| store.partition),
            keys: std::mem::take(&mut self.keys),
        }
    }
}

/// A host call on keys: what it is called, what it answers, how the storage room performs it.
macro_rules! calls {
    ($( $(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* } $action:ty => $answer:ty,
        |$call:ident, $permit:ident, $state:ident| $perform:expr; )*) => {
        $(
            $(#[$doc])*
            struct $name { keys: Keys, $($field: $type),* }

            impl HostCall for $name {
                type Action = $action;
                type Answer = $answer;
                type Error = KvError;

                fn target(&mut self, state: &RunState) -> <$action as Operation>::Target {
                    self.keys.take(state)
                }
                fn count(&self) -> u64 {
                    u64::try_from(self.keys.keys.len()).unwrap_or(u64::MAX)
                }
                async fn perform(self, $permit: Permit<$action>, $state: &RunState) -> Result<$answer, KvError> {
                    let $call = self;
                    $perform
                }
            }
        )*
    };
}

calls! {
    /// Reads values.
    Get {} KvGet => Vec<Option<Vec<u8>>>, |_call, permit, state| read(permit, state).await;
    /// Asks for a value's existence.
    Exists {} KvGet => bool, |_call, permit, state| state.services.stores.exists(permit);
    /// Writes values.
    Set { values: Vec<Vec<u8>> } KvSet => (), |call, permit, state| state.services.stores.set(permit, call.values).await;
    /// Adds to a number.
    Increment { delta: i64 } KvSet => i64,
        |call, permit, state| state.services.stores.increment(permit, call.delta).await;
    /// Writes a value if the old one is as it was read.
    Swap { expected: Option<Vec<u8>>, value: Vec<u8> } KvSet => bool,
        |call, permit, state| state.services.stores.compare_and_swap(permit, call.expected, call.value).await;
    /// Deletes values.
    Delete {} KvDelete => (), |_call, permit, state| state.services.stores.delete(permit).await;
    /// Lists keys.
    List { cursor: Option<String> } KvList => casemate_storage::KvPage,
        |call, permit, state| state.services.stores.list(permit, call.cursor, PAGE_KEYS);
}

/// Reads what a permit names, at most as much as one call may copy.
async fn read(permit: Permit<KvGet>, state: &RunState) -> Result<Vec<Option<Vec<u8>>>, KvError> {
    let most = state.limits().host_call_bytes;
    let stores = Arc::clone(&state.services.stores);
    if permit.target().keys.len() <= FEW_KEYS {
        return stores.get(permit, most);
    }
    // WHY: up to a thousand keys and `host_call_bytes` take milliseconds, in which this thread serves others. The function
    // pays for the time as if it had passed here.
    let reading = tokio::task::spawn_blocking(move || {
        let since = thread_cpu_ns();
        (stores.get(permit, most), thread_cpu_ns().saturating_sub(since))
    });
    let (values, cpu_ns) = reading.await.map_err(|_| StorageError::Abandoned)?;
    state.meter.charge(cpu_ns);
    values
}

type Reply<T> = wasmtime::Result<Result<T, store::Error>>;

/// Passes a call through the door; what ends the run traps, everything else is the guest's to handle.
async fn ask<C: HostCall<Error = KvError>>(state: &RunState, call: C) -> Reply<C::Answer> {
    match host_call(state, call).await {
        Ok(answer) => Ok(Ok(answer)),
        Err(CallError::Denied) => Ok(Err(store::Error::AccessDenied)),
        Err(CallError::Ended(reason)) => Err(wasmtime::Error::new(reason)),
        Err(CallError::Failed(KvError::TooMuchAtOnce(_))) => {
            Err(wasmtime::Error::new(state.hit(Limit::HostCallBytes)))
        }
        // An anonymous caller has no partition of its own: to the guest that is a refusal, not a fault.
        Err(CallError::Failed(KvError::NoCaller(_))) => Ok(Err(store::Error::AccessDenied)),
        Err(CallError::Failed(KvError::Storage(error))) => {
            tracing::error!(%error, function = %state.function.id(), "a store failed");
            Ok(Err(store::Error::Other("the store failed".to_owned())))
        }
        Err(CallError::Failed(error)) => Ok(Err(store::Error::Other(error.to_string()))),
    }
}

impl Guest {
    fn bucket(&self, handle: &Resource<Bucket>) -> Result<Bucket, ResourceTableError> {
        self.table.get(handle).cloned()
    }
}

impl store::Host for Guest {
    async fn open(&mut self, identifier: String) -> Reply<Resource<Bucket>> {
        let function = &self.state.function;
        let declared = StoreName::parse(&identifier).ok().and_then(|name| {
            let partition = function.stores().get(&name)?.partition;
            Some(Bucket { store: StoreId { app: function.id().app.clone(), name }, partition })
        });
        match declared {
            Some(bucket) => Ok(Ok(self.table.push(bucket)?)),
            None => Ok(Err(store::Error::NoSuchStore)),
        }
    }
}

impl store::HostBucket for Guest {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Reply<Option<Vec<u8>>> {
        let keys = Keys::one(self.bucket(&bucket)?, key);
        let values = ask(&self.state, Get { keys }).await?;
        Ok(values.map(|values| values.into_iter().next().flatten()))
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Reply<()> {
        let keys = Keys::one(self.bucket(&bucket)?, key);
        ask(&self.state, Set { keys, values: vec![value] }).await
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Reply<()> {
        let keys = Keys::one(self.bucket(&bucket)?, key);
        ask(&self.state, Delete { keys }).await
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Reply<bool> {
        let keys = Keys::one(self.bucket(&bucket)?, key);
        ask(&self.state, Exists { keys }).await
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Reply<store::KeyResponse> {
        let keys = Keys { bucket: self.bucket(&bucket)?, keys: Vec::new() };
        let page = ask(&self.state, List { keys, cursor }).await?;
        Ok(page.map(|page| store::KeyResponse { keys: page.keys, cursor: page.cursor }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

fn bytes_of(value: &Option<Vec<u8>>) -> u64 {
    u64::try_from(value.as_ref().map_or(0, Vec::len)).unwrap_or(u64::MAX)
}

impl Guest {
    /// SECURITY: what handles keep alive in the host is bounded as what one call may copy into it.
    fn keep(&mut self, value: &Option<Vec<u8>>) -> wasmtime::Result<()> {
        self.kept_bytes = self.kept_bytes.saturating_add(bytes_of(value));
        if self.kept_bytes > self.state.limits().host_call_bytes {
            return Err(wasmtime::Error::new(self.state.hit(Limit::HostCallBytes)));
        }
        Ok(())
    }

    fn forget(&mut self, cas: Resource<Cas>) -> wasmtime::Result<Cas> {
        let cas = self.table.delete(cas)?;
        self.kept_bytes = self.kept_bytes.saturating_sub(bytes_of(&cas.value));
        Ok(cas)
    }

    async fn read_for_swap(&mut self, bucket: Bucket, key: String) -> Reply<Resource<Cas>> {
        let keys = Keys::one(bucket.clone(), key.clone());
        match ask(&self.state, Get { keys }).await? {
            Ok(values) => {
                let value = values.into_iter().next().flatten();
                self.keep(&value)?;
                Ok(Ok(self.table.push(Cas { bucket, key, value })?))
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

impl atomics::HostCas for Guest {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Reply<Resource<Cas>> {
        let bucket = self.bucket(&bucket)?;
        self.read_for_swap(bucket, key).await
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Reply<Option<Vec<u8>>> {
        Ok(Ok(self.table.get(&cas)?.value.clone()))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.forget(cas).map(drop)
    }
}

impl atomics::Host for Guest {
    async fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: i64) -> Reply<i64> {
        let keys = Keys::one(self.bucket(&bucket)?, key);
        ask(&self.state, Increment { keys, delta }).await
    }

    async fn swap(
        &mut self,
        cas: Resource<Cas>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let Cas { bucket, key, value: expected } = self.forget(cas)?;
        let keys = Keys::one(bucket.clone(), key.clone());
        let failed = match ask(&self.state, Swap { keys, expected, value }).await? {
            Ok(true) => return Ok(Ok(())),
            Ok(false) => match self.read_for_swap(bucket, key).await? {
                Ok(anew) => atomics::CasError::CasFailed(anew),
                Err(error) => atomics::CasError::StoreError(error),
            },
            Err(error) => atomics::CasError::StoreError(error),
        };
        Ok(Err(failed))
    }
}

impl batch::Host for Guest {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Reply<Vec<(String, Option<Vec<u8>>)>> {
        let asked = Keys { bucket: self.bucket(&bucket)?, keys: keys.clone() };
        let values = ask(&self.state, Get { keys: asked }).await?;
        Ok(values.map(|values| keys.into_iter().zip(values).collect()))
    }

    async fn set_many(&mut self, bucket: Resource<Bucket>, pairs: Vec<(String, Vec<u8>)>) -> Reply<()> {
        let (keys, values) = pairs.into_iter().unzip();
        let keys = Keys { bucket: self.bucket(&bucket)?, keys };
        ask(&self.state, Set { keys, values }).await
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Reply<()> {
        let keys = Keys { bucket: self.bucket(&bucket)?, keys };
        ask(&self.state, Delete { keys }).await
    }
}

#[cfg(test)]
mod tests;

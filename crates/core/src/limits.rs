//! The limits of a function. Every one has a default and a ceiling, and every one is enforced by the room that its
//! documentation names; an answer that hits one names it by its manifest key.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A token-bucket rate: so many a second, and as many at once as one second allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rate {
    /// Requests a second to the function, from everyone together. (`edge`)
    pub function: u32,
    /// Requests a second to the function from one signed-in principal. (`edge`)
    pub caller: u32,
    /// Requests a second to the function from one address (IPv6: one /64). (`edge`)
    pub address: u32,
}

impl Rate {
    const DEFAULT: Self = Self { function: 2_000, caller: 100, address: 200 };
}

impl Default for Rate {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What one function may consume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Linear memory of one instance, all its memories together, in bytes. (`sandbox`)
    pub memory_bytes: u64,
    /// CPU time of one request, in milliseconds. (`sandbox`)
    pub cpu_ms: u64,
    /// Wall time of one request until its last byte is sent, in milliseconds. (`sandbox`)
    pub wall_ms: u64,
    /// Requests that run at once. (`sandbox`)
    pub concurrency: u32,
    /// Requests that wait for a place; the next one gets 503 and `Retry-After`. (`sandbox`)
    pub queue: u32,
    /// Bytes of one request's body. (`sandbox`)
    pub request_body_bytes: u64,
    /// Bytes of one response's body. (`sandbox`)
    pub response_body_bytes: u64,
    /// Units of host calls in one request; the action table names each call's cost. (`sandbox`)
    pub host_call_units: u32,
    /// Bytes that one host call may copy into the host, or read from a store. (`sandbox`)
    pub host_call_bytes: u64,
    /// Elements in an instance's tables, together. (`sandbox`)
    pub table_elements: u32,
    /// Handles (streams, bodies, stores …) that one request may hold at once. (`sandbox`)
    pub resources: u32,
    /// Bytes of all answers to outgoing requests of one request together. (`sandbox`)
    pub egress_bytes: u64,
    /// Requests a second. (`edge`)
    pub rate: Rate,
}

const MIB: u64 = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    /// What a manifest that says nothing gets.
    pub const DEFAULT: Self = Self {
        memory_bytes: 64 * MIB,
        cpu_ms: 500,
        wall_ms: 10_000,
        concurrency: 64,
        queue: 128,
        request_body_bytes: MIB,
        response_body_bytes: 8 * MIB,
        host_call_units: 10_000,
        host_call_bytes: 2 * MIB,
        table_elements: 20_000,
        resources: 1_000,
        egress_bytes: 8 * MIB,
        rate: Rate::DEFAULT,
    };

    /// The largest values that a manifest may ask for.
    pub const CEILING: Self = Self {
        memory_bytes: 512 * MIB,
        cpu_ms: 60_000,
        wall_ms: 300_000,
        concurrency: 1_000,
        queue: 10_000,
        request_body_bytes: 64 * MIB,
        response_body_bytes: 256 * MIB,
        host_call_units: 10_000_000,
        host_call_bytes: 64 * MIB,
        table_elements: 200_000,
        resources: 8_000,
        egress_bytes: 256 * MIB,
        rate: Rate { function: 1_000_000, caller: 1_000_000, address: 1_000_000 },
    };

    /// The first limit that is zero (except `queue`) or above its ceiling: its key, the ceiling.
    #[must_use]
    pub fn out_of_range(&self) -> Option<(&'static str, u64)> {
        let pairs = self.pairs();
        let ceilings = Self::CEILING.pairs();
        pairs.iter().zip(ceilings).find_map(|(&(key, value), (_, ceiling))| {
            (value > ceiling || value == 0 && key != "queue").then_some((key, ceiling))
        })
    }

    /// Every limit by its manifest key.
    #[must_use]
    pub fn pairs(&self) -> [(&'static str, u64); 15] {
        [
            ("memory_bytes", self.memory_bytes),
            ("cpu_ms", self.cpu_ms),
            ("wall_ms", self.wall_ms),
            ("concurrency", self.concurrency.into()),
            ("queue", self.queue.into()),
            ("request_body_bytes", self.request_body_bytes),
            ("response_body_bytes", self.response_body_bytes),
            ("host_call_units", self.host_call_units.into()),
            ("host_call_bytes", self.host_call_bytes),
            ("table_elements", self.table_elements.into()),
            ("resources", self.resources.into()),
            ("egress_bytes", self.egress_bytes),
            ("rate.function", self.rate.function.into()),
            ("rate.caller", self.rate.caller.into()),
            ("rate.address", self.rate.address.into()),
        ]
    }

    /// CPU time of one request.
    #[must_use]
    pub const fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms)
    }

    /// Wall time of one request.
    #[must_use]
    pub const fn wall(&self) -> Duration {
        Duration::from_millis(self.wall_ms)
    }
}

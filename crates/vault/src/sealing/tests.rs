//! Tests of `sealing`.

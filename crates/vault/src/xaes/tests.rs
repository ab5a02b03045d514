//! Tests of `xaes`.

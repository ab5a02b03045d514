//! Forged tokens: good ones with one thing changed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::failure::Failure;

fn parts(token: &str) -> Result<[&str; 3], Failure> {
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(claims), Some(signature), None) => Ok([header, claims, signature]),
        _ => Err(Failure::failed("the token has not three parts")),
    }
}

fn edited(part: &str, edit: impl FnOnce(&mut Value)) -> Result<String, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|error| Failure::failed(error.to_string()))?;
    let mut value: Value =
        serde_json::from_slice(&bytes).map_err(|error| Failure::failed(error.to_string()))?;
    edit(&mut value);
    Ok(URL_SAFE_NO_PAD.encode(value.to_string()))
}

pub(super) fn with_header(token: &str, edit: impl FnOnce(&mut Value)) -> Result<String, Failure> {
    let [header, claims, signature] = parts(token)?;
    Ok(format!("{}.{claims}.{signature}", edited(header, edit)?))
}

/// The token with the subject of another one.
pub(super) fn with_subject(token: &str, other: &str) -> Result<String, Failure> {
    let [header, claims, signature] = parts(token)?;
    let [_, others, _] = parts(other)?;
    let mut subject = Value::Null;
    edited(others, |claims| subject = claims["sub"].clone())?;
    let claims = edited(claims, |claims| claims["sub"] = subject)?;
    Ok(format!("{header}.{claims}.{signature}"))
}

pub(super) fn with_signature(token: &str) -> Result<String, Failure> {
    let [header, claims, signature] = parts(token)?;
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).map_err(|error| Failure::failed(error.to_string()))?;
    if let Some(byte) = bytes.get_mut(7) {
        *byte ^= 1;
    }
    Ok(format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(bytes)))
}

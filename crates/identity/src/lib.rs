//! The room that turns proof into an [`Actor`](casemate_core::Actor): passwords, sessions, access tokens, API keys.
//!
//! Owns: what a credential looks like and when it is good. Invariant: nobody becomes an actor with a principal other than
//! `Anonymous` except through [`Identity::authenticate`] or [`Identity::check_setup_code`], and a revocation is seen by
//! the next request. Not here: what an actor may do (`policy`), where accounts are kept (`storage`), key bytes (`vault`),
//! cookies, headers and addresses (`server`).
//!
//! Read first: [`authenticate`](Identity::authenticate), then [`sign_in`](Identity::sign_in).

mod api_key;
mod authenticate;
mod base32;
mod cache;
mod claims;
mod error;
mod identity;
mod jws;
mod keys;
mod name;
mod password;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod roles;
mod services;
mod settings;
mod setup;
mod sign_in;
mod standing;
mod users;

pub use casemate_storage::accounts::LockRule;
pub use claims::ClaimFault;
pub use error::{AccountError, AuthenticateError, CredentialFault, OpenIdentityError, SignInError};
pub use identity::{Identity, RoleDirectory};
pub use jws::JwsFault;
pub use name::{AccountName, NameRefused};
pub use password::PasswordRefused;
pub use password::pool::HashCost;
pub use roles::Member;
pub use services::Service;
pub use settings::IdentitySettings;
pub use sign_in::{IssuedToken, SignInPermit, SignedIn};
pub use users::{Lock, User};

#[cfg(test)]
mod tests;

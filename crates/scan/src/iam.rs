//! What a role may do: how actions and ARNs are compared.
//!
//! Not here: the tables (`facts`), what is wrong with a role (`rules`).

pub mod wildcard;

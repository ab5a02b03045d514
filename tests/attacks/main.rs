//! One file for each attack, named as the attack, each with a positive control: something that shows that the attack would work
//! where the defence is off or does not apply.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests say what they expect by panicking"
)]

#[path = "../harness.rs"]
mod harness;

mod deploy_race;
mod descriptor_exhaustion;
mod edited_database;
mod edited_image;
mod edited_ledger;
mod every_endpoint;
mod every_host_call;
mod floods;
mod forged_identity_header;
mod forged_token;
mod hostile_repository;
mod ledger_flood;
mod limits_exceeded;
mod lockout_as_a_weapon;
mod log_injection;
mod login_from_another_site;
mod metadata_address;
mod older_ledger;
mod other_users_data;
mod password_guessing;
mod path_confusion;
mod remembering_instance;
mod request_smuggling;
mod revoked_reader;
mod setup_code_reuse;
mod stalled_body;
mod stolen_disk;
mod ungranted_store;

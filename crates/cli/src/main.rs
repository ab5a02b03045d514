//! The binary `casemate`: one file for each verb.
//!
//! Invariant: `serve`, `demo` and the offline verbs call into the rooms; every other verb speaks the control API like any
//! other client. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not signed in or not allowed, 4 no such thing, 5 server not
//! reachable, 6 a check found something (`audit verify`, `policy check`, `demo`, `scan`).

mod advisories;
mod client;
mod credentials;
mod failure;
mod output;
mod verb;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::Output;

/// A secure serverless platform in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "casemate",
    version,
    propagate_version = true,
    max_term_width = 110,
    arg_required_else_help = true
)]
#[command(after_help = "\
Examples:
  casemate demo                         deploy a small shop, use it, attack it, see what held
  casemate serve                        start a server; the first start prints a setup code
  casemate setup --username NAME        become its first administrator, with that code
  casemate new hello && cd hello        a new function
  casemate deploy                       put it live
  casemate invoke hello                 call it

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not signed in or not allowed, 4 no such thing,
            5 server not reachable, 6 a check found something")]
struct Arguments {
    /// Print JSON for programs.
    #[arg(long, global = true)]
    json: bool,
    /// Colours: auto follows the terminal and NO_COLOR.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: clap::ColorChoice,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Deploy a small shop, use it, attack it, and show which wall stopped what.
    Demo(verb::demo::Arguments),
    /// Run a server.
    Serve(verb::serve::Arguments),
    /// Become the first administrator of a new server.
    Setup(verb::setup::Arguments),
    /// Sign in to a server.
    Login(verb::login::Arguments),
    /// Sign out and forget the session.
    Logout(verb::logout::Arguments),
    /// Make a new function from a template.
    New(verb::new::Arguments),
    /// Put an app live.
    Deploy(verb::deploy::Arguments),
    /// Call a function.
    Invoke(verb::invoke::Arguments),
    /// Show the apps, or the functions of one.
    List(verb::list::Arguments),
    /// Show what functions logged and what was decided for them.
    Logs(verb::logs::Arguments),
    /// Manage people's accounts.
    User(verb::user::Arguments),
    /// Manage service accounts and their API keys.
    Service(verb::service::Arguments),
    /// Give roles and take them away.
    Role(verb::role::Arguments),
    /// Check, write and remove policies.
    Policy(verb::policy::Arguments),
    /// Say who asked for what, what was decided, and which line would change it.
    Explain(verb::explain::Arguments),
    /// Find what is open in existing serverless apps, offline.
    Scan(verb::scan::Arguments),
    /// Verify the ledger, offline.
    Audit(verb::audit::Arguments),
    /// Manage token signing keys.
    Keys(verb::keys::Arguments),
    /// Keep known vulnerabilities of packages on this machine.
    Db(verb::db::Arguments),
    /// Compile a component from standard input to standard output (the server's own child process).
    #[command(hide = true)]
    CompileComponent {
        /// Memory in bytes, CPU time in seconds.
        #[arg(allow_hyphen_values = true)]
        limits: Vec<String>,
    },
}

/// A request makes some hundreds of short-lived allocations on one of several threads: the C library's allocator took a tenth of its
/// time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json, arguments.color);
    let ended = match arguments.verb {
        // First, because the child must not start anything that the compiler does not need. It reads hostile input.
        Verb::CompileComponent { .. } => {
            return match casemate_server::confine::confine_compiler() {
                Ok(()) => casemate_sandbox::compile_child(),
                Err(error) => {
                    output.note(&error.to_string());
                    ExitCode::FAILURE
                }
            };
        }
        Verb::Demo(arguments) => verb::demo::run(arguments, &output),
        Verb::Serve(arguments) => verb::serve::run(arguments, &output),
        Verb::Setup(arguments) => verb::setup::run(arguments, &output),
        Verb::Login(arguments) => verb::login::run(arguments, &output),
        Verb::Logout(arguments) => verb::logout::run(arguments, &output),
        Verb::New(arguments) => verb::new::run(arguments, &output),
        Verb::Deploy(arguments) => verb::deploy::run(arguments, &output),
        Verb::Invoke(arguments) => verb::invoke::run(arguments, &output),
        Verb::List(arguments) => verb::list::run(arguments, &output),
        Verb::Logs(arguments) => verb::logs::run(arguments, &output),
        Verb::User(arguments) => verb::user::run(arguments, &output),
        Verb::Service(arguments) => verb::service::run(arguments, &output),
        Verb::Role(arguments) => verb::role::run(arguments, &output),
        Verb::Policy(arguments) => verb::policy::run(arguments, &output),
        Verb::Explain(arguments) => verb::explain::run(arguments, &output),
        Verb::Scan(arguments) => verb::scan::run(arguments, &output),
        Verb::Audit(arguments) => verb::audit::run(arguments, &output),
        Verb::Keys(arguments) => verb::keys::run(arguments, &output),
        Verb::Db(arguments) => verb::db::run(arguments, &output),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

//! What a credential costs a request, in nanoseconds each: issuing a token, verifying it for the first time, and again.
//!
//! A plain timing loop: `cargo bench -p casemate-identity`. Every result is checked. "first time" is a signature check and
//! one read of the session; "again" is what every later request of the same token pays. Not here: password hashing, which
//! is meant to be slow.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casemate_core::resource::PlatformPart;
use casemate_core::testing::MemoryLedger;
use casemate_core::{Actor, AppId, Clock, Entropy, Principal, SystemClock};
use casemate_identity::{HashCost, Identity, IdentitySettings, SignInPermit};
use casemate_policy::{Directory, Guard};
use casemate_storage::Storage;
use casemate_vault::{RootKeySource, SystemEntropy, Vault};
use zeroize::Zeroizing;

const TOKENS: usize = 2000;

#[expect(clippy::print_stdout, reason = "the numbers are what a benchmark is for")]
fn report(what: &str, spent: Duration, times: usize) {
    println!("{what:<28}{:>12.0} ns/op", spent.as_nanos() as f64 / times as f64);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (data, keys) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let vault = Arc::new(Vault::open(&RootKeySource::File(keys.path().join("root.key")), true)?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let handles = Storage::open(data.path(), Arc::clone(&vault), Arc::clone(&clock))?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let hash_cost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };
    let settings = IdentitySettings { hash_cost, ..IdentitySettings::default() };
    let identity = Identity::open(handles.accounts, vault, clock, entropy, settings).await?;
    let (guard, ledger) = (Guard::new(), MemoryLedger::new());
    let (name, password) = ("root", "violet teapot on a hill");

    let code = identity.setup_code().await?.ok_or("no setup code")?;
    let setup = identity.check_setup_code(&code)?;
    let permit = guard.authorize(&ledger.entry()?, &setup, PlatformPart(Some(name.to_owned())))?;
    let user = identity.claim_setup(permit, &code, name, password).await?;
    guard.update_directory(Directory { memberships: identity.directory()?.memberships });

    let entry = ledger.entry()?;
    let permit = guard.authorize(&entry, &Arc::new(Actor::anonymous()), PlatformPart(None))?;
    let password = Zeroizing::new(password.to_owned());
    let signed_in = identity.sign_in(&entry, SignInPermit::Control(permit), name, password).await?;
    let control = format!("Bearer {}", *signed_in.token.access_token);
    let actor = identity.authenticate(Some(control.as_bytes()), &AppId::platform())?;
    let shop = AppId::parse("shop")?;
    let permits: Vec<_> =
        (0..TOKENS).map(|_| guard.authorize(&entry, &actor, shop.clone())).collect::<Result<_, _>>()?;
    let mut tokens = Vec::with_capacity(TOKENS);
    let begun = Instant::now();
    for permit in permits {
        tokens.push(format!("Bearer {}", *identity.issue_for_app(permit, None)?.access_token));
    }
    report("issue (sign, one read)", begun.elapsed(), TOKENS);

    let expect = Principal::User(user);
    let verify_all = || -> Result<Duration, Box<dyn Error>> {
        let begun = Instant::now();
        for token in &tokens {
            let actor = identity.authenticate(Some(black_box(token.as_bytes())), &shop)?;
            assert_eq!(actor.principal, expect);
        }
        Ok(begun.elapsed())
    };
    report("token, first time", verify_all()?, TOKENS);
    report("token, again (2000 tokens)", verify_all()?, TOKENS);

    let token = tokens.first().ok_or("no token")?.as_bytes();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        for _ in 0..100_000 {
            let actor = identity.authenticate(Some(black_box(token)), &shop);
            assert!(actor.is_ok());
        }
        best = best.min(begun.elapsed());
    }
    report("token, again (one token)", best, 100_000);

    let forged = [token, b"A"].concat();
    let begun = Instant::now();
    for _ in 0..100_000 {
        assert!(identity.authenticate(Some(black_box(&forged)), &shop).is_err());
    }
    report("malformed token", begun.elapsed(), 100_000);
    let begun = Instant::now();
    for _ in 0..1_000_000 {
        assert!(identity.authenticate(black_box(None), &shop).is_ok());
    }
    report("no credential", begun.elapsed(), 1_000_000);
    Ok(())
}

//! What the vault's operations cost, in nanoseconds each: seal and open by size, MAC, sign and verify.
//!
//! A plain timing loop: `cargo bench -p casemate-vault`. Every operation's result is checked before it is timed. Not here:
//! what a request spends in the vault (the server's benchmark).

use std::hint::black_box;
use std::time::{Duration, Instant};

use casemate_core::AppId;
use casemate_vault::{
    Binding, KeyScope, MacPurpose, RootKeySource, SEALED_OVERHEAD, SignatureAlgorithm, Vault, sha256,
};

/// Long enough that the clock and a stray interrupt do not matter.
const LEAST: Duration = Duration::from_millis(300);

/// Best of five runs: the others were disturbed.
fn time(what: &str, mut operation: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begun = Instant::now();
        let mut rounds = 0_u32;
        while begun.elapsed() < LEAST / 5 {
            for _ in 0..32 {
                operation();
            }
            rounds += 32;
        }
        best = best.min(begun.elapsed().as_nanos() as f64 / f64::from(rounds));
    }
    #[expect(clippy::print_stdout, reason = "the numbers are what a benchmark is for")]
    {
        println!("{what:<28}{best:>12.0} ns/op");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let vault = Vault::open(&RootKeySource::File(folder.path().join("root.key")), true)?;
    let scope = KeyScope::App(AppId::parse("shop")?);
    vault.create_data_key(&scope)?;
    let binding = Binding { scope: &scope, parts: &[b"kv", b"orders", b"usr_0123456789abcdef", b"order-17"] };

    for (name, size) in [("300 B", 300), ("1 KiB", 1024), ("64 KiB", 65_536)] {
        let plaintext = vec![0x5a; size];
        let sealed = vault.seal(&binding, &plaintext)?;
        assert_eq!(sealed.len(), size + SEALED_OVERHEAD);
        assert_eq!(*vault.open_sealed(&binding, &sealed)?, plaintext);
        let mut out = Vec::with_capacity(sealed.len());
        time(&format!("seal {name}"), || {
            out.clear();
            assert!(vault.seal_into(&binding, black_box(&plaintext), &mut out).is_ok());
        });
        time(&format!("open {name}"), || {
            assert!(vault.open_sealed(&binding, black_box(&sealed)).is_ok());
        });
        let mut opened = Vec::with_capacity(sealed.len());
        time(&format!("open {name}, not wiped"), || {
            opened.clear();
            assert!(vault.open_into(&binding, black_box(&sealed), &mut opened).is_ok());
        });
        assert_eq!(opened, plaintext);
    }

    time("mac, 3 parts of 16 B", || {
        black_box(vault.mac(MacPurpose::RowKey, black_box(&[&[1; 16], &[2; 16], &[3; 16]])));
    });
    time("sha256 of 1 KiB", || {
        black_box(sha256(black_box(&[7; 1024])));
    });

    for (name, algorithm) in
        [("ES256", SignatureAlgorithm::EcdsaP256), ("Ed25519", SignatureAlgorithm::Ed25519)]
    {
        let (id, public, _) = vault.create_signing_key(algorithm)?;
        let message = [0x42; 300];
        let signature = vault.sign(&id, &message)?;
        assert!(public.verify(&message, &signature) && !public.verify(b"another", &signature));
        time(&format!("sign {name}"), || assert!(vault.sign(&id, black_box(&message)).is_ok()));
        time(&format!("verify {name}"), || assert!(public.verify(black_box(&message), &signature)));
    }
    Ok(())
}

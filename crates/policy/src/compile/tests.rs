use casemate_core::Manifest;
use proptest::prelude::*;

use super::compile;
use crate::fixture::SHOP;
use crate::{PolicyOrigin, Rules};

#[test]
fn every_line_becomes_one_policy_with_a_readable_id() {
    let compiled = compile(&Manifest::parse(SHOP).unwrap());
    let all: Vec<_> = compiled
        .iter()
        .map(|one| {
            let PolicyOrigin::Manifest { table, line, .. } = &one.origin else { panic!("{one:?}") };
            format!("# {}\n# {table} {line}\n{}\n", one.id, one.text)
        })
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_is_not_written_is_not_compiled() {
    let compiled =
        compile(&Manifest::parse("app = \"a\"\n[functions.f]\ncomponent = \"f\"\n[stores.s]\n").unwrap());
    let ids: Vec<_> = compiled.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["a#members-token"]);
    let empty = "app = \"a\"\n[stores.s]\n[functions.f]\ncomponent = \"f\"\ngrants.kv = { s = [] }\n";
    assert_eq!(compile(&Manifest::parse(empty).unwrap()).len(), 1);
}

proptest! {
    /// Whatever a manifest calls its things, each policy stays one policy about exactly these things.
    #[test]
    fn no_name_breaks_out_of_its_policy(
        app in "[a-z][a-z0-9-]{0,8}[a-z0-9]",
        name in "[a-z][a-z0-9-]{0,8}[a-z0-9]",
        role in "\\PC{1,12}",
        origin in "https?://[\\PC]{1,16}(:[0-9]{1,5})?",
    ) {
        let text = format!(
            "app = {app:?}\n[stores.{name}]\n[functions.{name}]\ncomponent = \"c\"\naccess = {{ roles = [{}] }}\n\
             grants.kv = {{ {name} = [\"get\"] }}\ngrants.egress = [{}]\n",
            toml_string(&role), toml_string(&origin),
        );
        // Most hostile names do not come this far.
        if let Ok(manifest) = Manifest::parse(&text) {
            let compiled = compile(&manifest);
            for one in &compiled {
                let set: cedar_policy::PolicySet = one.text.parse().unwrap();
                prop_assert_eq!(set.num_of_policies(), 1);
            }
            let rules = Rules { apps: vec![std::sync::Arc::new(manifest)], written: vec![] };
            prop_assert!(crate::Guard::new().install(rules).is_ok());
        }
    }

    /// The entities of any outside subject are written so that Cedar reads back the same.
    #[test]
    fn no_identifier_breaks_out_of_its_literal(issuer in "\\PC{0,20}|[\"\\\\\n\r\t\0) ;]{0,20}", subject in ".{0,20}") {
        let principal = casemate_core::Principal::External(casemate_core::actor::ExternalId {
            issuer: issuer.into(),
            subject: subject.into(),
        });
        let uid = crate::words::principal_uid(&principal);
        let id: &str = uid.id().unescaped();
        prop_assert_eq!(id, principal.uid());
        let text = format!("permit(principal == {uid}, action, resource);");
        let set: cedar_policy::PolicySet = text.parse().unwrap();
        prop_assert_eq!(set.num_of_policies(), 1);
        let policy = set.policies().next().unwrap();
        prop_assert_eq!(policy.principal_constraint(), cedar_policy::PrincipalConstraint::Eq(uid));
    }
}

fn toml_string(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| {
            if c.is_control() || c == '"' || c == '\\' {
                format!("\\u{:04X}", u32::from(c))
            } else {
                c.to_string()
            }
        })
        .collect();
    format!("\"{escaped}\"")
}

use super::*;
use crate::packages::read;
use crate::source::SourceTree;

fn lock_of(path: &str, text: String) -> Lock {
    let mut tree = SourceTree::new();
    let file = tree.add(path, text.into_bytes());
    read(&tree, file).unwrap().unwrap()
}

fn said(lock: &Lock) -> Vec<&str> {
    lock.unread.iter().map(|unread| unread.why.as_str()).collect()
}

#[test]
fn long_names_and_versions_are_left_out() {
    let (name, version) =
        ("n".repeat(MAX_NAME_BYTES + 1), format!("1.0.0-{}", "a".repeat(MAX_VERSION_BYTES)));
    let entry = |name: &str, version: &str, needs: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+x\"\ndependencies = [{needs}]\n"
        )
    };
    let needs = format!("\"{name}\", \"c\"");
    let text = [entry(&name, "1.0.0", "\"c\""), entry("b", &version, &needs), entry("c", "1.0.0", "\"b\"")];
    let lock = lock_of("Cargo.lock", text.concat());
    let shown: Vec<_> = lock
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.version.value(), &package.needs))
        .collect();
    assert_eq!(shown, [("b", None, &vec![1]), ("c", Some(&"1.0.0".to_owned()), &vec![0])]);
    assert_eq!(lock.packages[0].purl(), "pkg:cargo/b");
    assert_eq!(said(&lock), ["the name of a package is longer than 512 bytes: it is left out"]);
}

#[test]
fn dependencies_that_stand_for_many_are_counted() {
    // Each of the names stands for 64 packages.
    let mut text = String::new();
    for version in 0..64 {
        text += &format!("[[package]]\nname = \"a\"\nversion = \"{version}\"\nsource = \"registry+x\"\n");
    }
    text += "[[package]]\nname = \"b\"\nversion = \"1\"\nsource = \"registry+x\"\ndependencies = [";
    text += &"\"a\",".repeat(20_000);
    text +=
        "]\n[[package]]\nname = \"c\"\nversion = \"1\"\nsource = \"registry+x\"\ndependencies = [\"b\"]\n";
    let lock = lock_of("Cargo.lock", text);
    let needs: Vec<usize> = lock.packages.iter().map(|package| package.needs.len()).collect();
    assert_eq!(&needs[63..], [0, 64, 0], "one of a name counts once, and what is over is left out");
    assert_eq!(said(&lock), ["its packages have more than 1000000 dependencies: the rest is left out"]);
}

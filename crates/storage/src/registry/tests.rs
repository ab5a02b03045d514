//! Uploads, images, revisions, policies and settings, also after somebody edited the files.

use std::collections::BTreeMap;

use casemate_core::action::operation::{AppDeploy, ComponentUpload, KvSet, PolicyWrite};
use casemate_core::resource::{Deployment, PlatformPart};
use casemate_core::{Digest, Fault, Faulty, FunctionName, Revision};
use casemate_policy::WrittenPolicy;
use casemate_vault::sha256;

use super::*;
use crate::testing::{House, app, manifest, user};

impl House {
    fn registry(&self) -> &Registry {
        &self.handles().registry
    }

    fn policy(&self, name: &str) -> casemate_policy::Permit<PolicyWrite> {
        self.admin(PlatformPart(Some(name.to_owned())))
    }
}

fn main_is(digest: Digest) -> BTreeMap<FunctionName, Digest> {
    BTreeMap::from([(FunctionName::parse("main").unwrap(), digest)])
}

#[tokio::test]
async fn an_upload_is_there_only_whole() {
    let house = House::new().await;
    let digest = house.upload(b"component").unwrap();
    assert!(house.registry().has_component(&digest));
    assert_eq!(house.registry().component(&digest).unwrap(), b"component");

    let announced = sha256(b"another component");
    let begin = |max| {
        let permit = house.admin::<ComponentUpload>(PlatformPart(Some(announced.to_string())));
        house.registry().begin_component(permit, max).unwrap()
    };
    let mut cut = begin(100);
    cut.write(b"another comp").unwrap();
    let error = cut.finish().unwrap_err();
    assert!(matches!(error, UploadError::Digest { bytes: 12, .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Caller);
    let mut dropped = begin(100);
    dropped.write(b"another component").unwrap();
    drop(dropped);
    let mut long = begin(16);
    assert!(matches!(long.write(b"another component"), Err(UploadError::TooLarge(16))));
    drop(long);
    assert!(!house.registry().has_component(&announced));
    assert!(matches!(house.registry().component(&announced), Err(ComponentError::Missing(_))));
    assert!(
        !house.files().iter().any(|(path, _)| path.to_string_lossy().contains(crate::folder::BESIDE_PREFIX)),
        "something was left in the making"
    );
    let mut exact = begin(17);
    exact.write(b"another component").unwrap();
    exact.finish().unwrap();

    for named in [None, Some("sha256:abc"), Some("../../casemate.db")] {
        let permit = house.admin::<ComponentUpload>(PlatformPart(named.map(str::to_owned)));
        let result = house.registry().begin_component(permit, 10);
        assert!(matches!(result, Err(UploadError::NoDigest)), "{named:?}");
    }
}

#[tokio::test]
async fn an_edited_component_is_refused_and_can_be_uploaded_again() {
    let house = House::new().await;
    let digest = house.upload(b"component").unwrap();
    let path = house.data.path().join("components").join(digest.to_hex());
    std::fs::write(&path, b"c0mponent").unwrap();
    let error = house.registry().component(&digest).unwrap_err();
    assert!(matches!(error, ComponentError::Tampered(_)), "{error:?}");
    house.upload(b"component").unwrap();
    assert_eq!(house.registry().component(&digest).unwrap(), b"component");
}

#[tokio::test]
async fn an_edited_image_is_refused_and_removed() {
    let mut house = House::new().await;
    let (key, other) = (sha256(b"key"), sha256(b"other"));
    let images = house.data.path().join("images");
    let (at, at_other) = (images.join(key.to_hex()), images.join(other.to_hex()));
    let image = b"machine code".as_slice();
    house.registry().put_image(&key, image).unwrap();
    house.reopen();
    assert_eq!(house.registry().image(&key).unwrap().as_deref(), Some(image));
    assert_eq!(house.registry().image(&other).unwrap(), None);

    let good = std::fs::read(&at).unwrap();
    let mut edits: Vec<(String, Vec<u8>)> = (0..good.len())
        .map(|place| {
            let mut edited = good.clone();
            edited[place] ^= 0x80;
            (format!("byte {place}"), edited)
        })
        .collect();
    edits.push(("cut".to_owned(), good[..good.len() - 1].to_vec()));
    edits.push(("longer".to_owned(), [good.as_slice(), b"x"].concat()));
    edits.push(("empty".to_owned(), Vec::new()));
    edits.push(("shorter than a MAC".to_owned(), vec![0; 31]));
    for (what, edited) in edits {
        std::fs::write(&at, edited).unwrap();
        let result = house.registry().image(&key);
        assert!(matches!(result, Err(ImageError::Tampered(_))), "{what}: {result:?}");
        assert!(!at.exists(), "{what}");
        assert_eq!(house.registry().image(&key).unwrap(), None, "{what}");
    }
    // An authentic image of another component under this one's name is no better.
    std::fs::write(&at_other, &good).unwrap();
    assert!(matches!(house.registry().image(&other), Err(ImageError::Tampered(_))));
    std::fs::write(&at, &good).unwrap();
    assert_eq!(house.registry().image(&key).unwrap().as_deref(), Some(image));
}

#[tokio::test]
async fn revisions_count_up_and_are_kept_as_they_were() {
    let mut house = House::closed();
    house.handles = Some(house.open().unwrap());
    assert_eq!(house.registry().apps().unwrap(), []);
    assert_eq!(house.registry().current(&app("shop")).unwrap(), None);
    let second = format!("{}\n# the second", manifest("shop"));
    assert_eq!(house.deploy("shop", &manifest("shop")).await, Revision(1));
    assert_eq!(house.deploy("blog", &manifest("blog")).await, Revision(1));
    assert_eq!(house.deploy("shop", &second).await, Revision(2));
    house.reopen();
    let current = house.registry().current(&app("shop")).unwrap().unwrap();
    assert_eq!((current.revision, current.manifest.as_str()), (Revision(2), second.as_str()));
    assert_eq!(current.by, user(0xad));
    assert_eq!(current.components.len(), 1);
    let live: Vec<_> =
        house.registry().apps().unwrap().into_iter().map(|live| (live.app, live.revision)).collect();
    assert_eq!(live, [(app("blog"), Revision(1)), (app("shop"), Revision(2))]);
    assert_eq!(live.len(), 2);
    let all = house.registry().revisions(&app("shop"), 10).unwrap();
    assert_eq!(all.iter().map(|one| one.revision.0).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(all[0], current);
    assert_eq!(house.registry().revisions(&app("shop"), 1).unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_was_allowed_and_is_complete_is_deployed() {
    let house = House::new().await;
    let text = manifest("shop");
    let here = house.upload(b"main").unwrap();
    let deploy = |app_name: &str, allowed: &str, text: String, components| {
        let target = Deployment { app: app(app_name), manifest: sha256(allowed.as_bytes()) };
        let permit = house.admin::<AppDeploy>(target);
        let registry = house.registry();
        async move { registry.deploy(permit, &text, components).await.unwrap_err() }
    };
    let error = deploy("shop", "another text", text.clone(), main_is(here)).await;
    assert!(matches!(error, DeployError::OtherManifest), "{error:?}");
    let error = deploy("blog", &text, text.clone(), main_is(here)).await;
    assert!(matches!(error, DeployError::OtherManifest), "{error:?}");
    let error = deploy("shop", "app = 1", "app = 1".to_owned(), main_is(here)).await;
    assert!(matches!(error, DeployError::Manifest(_)), "{error:?}");
    let error = deploy("shop", &text, text.clone(), BTreeMap::new()).await;
    assert!(matches!(error, DeployError::NoComponent(_)), "{error:?}");
    let mut more = main_is(here);
    more.insert(FunctionName::parse("more").unwrap(), here);
    let error = deploy("shop", &text, text.clone(), more).await;
    assert!(matches!(error, DeployError::NoFunction(_)), "{error:?}");
    let error = deploy("shop", &text, text.clone(), main_is(sha256(b"never uploaded"))).await;
    assert!(matches!(error, DeployError::MissingComponent { .. }), "{error:?}");
    assert_eq!(house.registry().current(&app("shop")).unwrap().unwrap().revision, Revision(1));
    house.deploy("shop", &text).await;
}

#[tokio::test]
async fn concurrent_first_deploys_share_one_data_key() {
    let mut house = House::closed();
    house.handles = Some(house.open().unwrap());
    let mut house = Arc::new(house);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let house = Arc::clone(&house);
        tasks.spawn(async move { house.deploy("shop", &manifest("shop")).await.0 });
    }
    let mut revisions = tasks.join_all().await;
    revisions.sort_unstable();
    assert_eq!(revisions, (1..=16).collect::<Vec<_>>());
    let keys: i64 = house
        .raw()
        .query_row("SELECT count(*) FROM data_keys WHERE scope = 'app:shop'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(keys, 1);
    Arc::get_mut(&mut house).unwrap().reopen();
    assert_eq!(house.registry().revisions(&app("shop"), 100).unwrap().len(), 16);
}

#[tokio::test]
async fn policies_are_replaced_removed_and_sorted() {
    let mut house = House::new().await;
    house.registry().put_policy(house.policy("b"), "permit b").await.unwrap();
    house.registry().put_policy(house.policy("a"), "permit a").await.unwrap();
    house.registry().put_policy(house.policy("b"), "forbid b").await.unwrap();
    house.reopen();
    let written = |name: &str, text: &str| WrittenPolicy { name: name.to_owned(), text: text.to_owned() };
    assert_eq!(house.registry().policies().unwrap(), [written("a", "permit a"), written("b", "forbid b")]);
    assert!(house.registry().remove_policy(house.policy("a")).await.unwrap());
    assert!(!house.registry().remove_policy(house.policy("a")).await.unwrap());
    assert_eq!(house.registry().policies().unwrap(), [written("b", "forbid b")]);

    let error = house.registry().put_policy(house.admin(PlatformPart(None)), "x").await.unwrap_err();
    assert!(matches!(error, PolicyStoreError::NoName), "{error:?}");
    let error =
        house.registry().put_policy(house.policy("c"), &"x".repeat((64 << 10) + 1)).await.unwrap_err();
    assert!(matches!(error, PolicyStoreError::TooLarge(_)), "{error:?}");
    assert_eq!(error.fault(), Fault::Exhausted);
}

#[tokio::test]
async fn settings_and_the_tls_identity_are_kept() {
    let mut house = House::new().await;
    assert_eq!(house.registry().setting("issuer").unwrap(), None);
    house.registry().put_setting("issuer", b"one").await.unwrap();
    house.registry().put_setting("issuer", b"two").await.unwrap();
    assert!(house.registry().tls_identity().unwrap().is_none());
    let (_, wrapped) = house.vault().tls_identity(None, &["localhost".to_owned()]).unwrap();
    house.registry().put_tls_identity(&wrapped).await.unwrap();
    house.reopen();
    assert_eq!(house.registry().setting("issuer").unwrap().as_deref(), Some(b"two".as_slice()));
    assert_eq!(house.registry().tls_identity().unwrap().unwrap().as_bytes(), wrapped.as_bytes());
    let error = house.registry().put_setting("big", &vec![0; (64 << 10) + 1]).await.unwrap_err();
    assert!(matches!(error, StorageError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn records_moved_in_the_file_are_refused() {
    let house = House::new().await;
    house.deploy("shop", &format!("{}# two", manifest("shop"))).await;
    house.registry().put_policy(house.policy("a"), "forbid").await.unwrap();
    house.registry().put_policy(house.policy("b"), "permit").await.unwrap();
    house.registry().put_setting("one", b"1").await.unwrap();
    house.registry().put_setting("two", b"2").await.unwrap();
    let edit = |sql: &str| assert_eq!(house.raw().execute(sql, []).unwrap(), 1, "{sql}");

    edit("UPDATE settings SET sealed = (SELECT sealed FROM settings WHERE name = 'one') WHERE name = 'two'");
    assert!(matches!(house.registry().setting("two"), Err(StorageError::Tampered("setting"))));
    assert!(house.registry().setting("one").is_ok());

    // An older revision under the newest number, and another app's revision.
    edit("UPDATE revisions SET revision = 3 WHERE app = 'shop' AND revision = 1");
    assert!(matches!(house.registry().current(&app("shop")), Err(StorageError::Tampered("revision"))));
    edit("UPDATE revisions SET revision = 1 WHERE app = 'shop' AND revision = 3");
    assert!(house.registry().current(&app("shop")).is_ok());
    edit("UPDATE revisions SET app = 'shop', revision = 9 WHERE app = 'blog'");
    assert!(matches!(house.registry().current(&app("shop")), Err(StorageError::Tampered("revision"))));
    assert!(matches!(house.registry().apps(), Err(StorageError::Tampered("revision"))));

    edit(
        "UPDATE policies SET sealed = (SELECT sealed FROM policies ORDER BY name_mac LIMIT 1)
         WHERE name_mac = (SELECT max(name_mac) FROM policies)",
    );
    assert!(matches!(house.registry().policies(), Err(StorageError::Tampered("policy"))));
}

#[tokio::test]
async fn a_deleted_or_older_row_of_what_stands_is_noticed() {
    let house = House::new().await;
    house.registry().check_standing().unwrap();
    house.deploy("shop", &format!("{}# two", manifest("shop"))).await;
    house.registry().put_policy(house.policy("a"), "permit").await.unwrap();
    let old: Vec<u8> = house.raw().query_row("SELECT sealed FROM policies", [], |row| row.get(0)).unwrap();
    house.registry().put_policy(house.policy("a"), "forbid").await.unwrap();
    house.registry().check_standing().unwrap();
    let edits = [
        "DELETE FROM policies",
        "DELETE FROM revisions WHERE app = 'shop' AND revision = (SELECT max(revision) FROM revisions WHERE app = 'shop')",
        "DELETE FROM settings WHERE name = 'standing'",
    ];
    for edit in edits {
        let raw = house.raw();
        raw.execute_batch("CREATE TABLE kept_p AS SELECT * FROM policies; CREATE TABLE kept_r AS SELECT * FROM revisions; CREATE TABLE kept_s AS SELECT * FROM settings").unwrap();
        assert!(raw.execute(edit, []).unwrap() > 0, "{edit}");
        let noticed = house.registry().check_standing();
        assert!(matches!(noticed, Err(StorageError::Tampered(_))), "{edit}: {noticed:?}");
        raw.execute_batch(
            "DELETE FROM policies; DELETE FROM revisions; DELETE FROM settings;
             INSERT INTO policies SELECT * FROM kept_p; INSERT INTO revisions SELECT * FROM kept_r;
             INSERT INTO settings SELECT * FROM kept_s; DROP TABLE kept_p; DROP TABLE kept_r; DROP TABLE kept_s",
        )
        .unwrap();
        house.registry().check_standing().unwrap();
    }
    // The older text of the same policy opens where it stands; only the digest tells.
    house.raw().execute("UPDATE policies SET sealed = ?1", [old]).unwrap();
    assert_eq!(
        house.registry().policies().unwrap().first().map(|policy| policy.text.as_str()),
        Some("permit")
    );
    assert!(matches!(house.registry().check_standing(), Err(StorageError::Tampered(_))));
}

#[tokio::test]
async fn an_edited_data_key_stops_the_start() {
    let mut house = House::new().await;
    house.handles = None;
    let swap = "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE scope = 'platform')
                WHERE scope = 'app:shop'";
    assert_eq!(house.raw().execute(swap, []).unwrap(), 1);
    let error = house.open().unwrap_err();
    assert!(
        matches!(error, crate::OpenStorageError::Storage(StorageError::Tampered("data key"))),
        "{error:?}"
    );
}

#[tokio::test]
async fn no_planted_plaintext_is_in_any_file() {
    let mut house = House::new().await;
    const PLANT: &str = "PLANTED-plaintext";
    let plant = |what: &str| format!("{PLANT}-{what}-{}", "x".repeat(64));
    let key = plant("key");
    let (orders, cart) = ("shop/orders", "shop/cart");
    let guest = &house.handles().guest;
    // More than the WAL keeps before a checkpoint, so that the database file itself is reached as well.
    for number in 0..40 {
        let keys = [key.as_str(), &format!("{key}{number}")];
        let permit = house.kv::<KvSet>(user(1), orders, &keys);
        let values = vec![plant("value").into_bytes(), plant("big").repeat(2_000).into_bytes()];
        guest.set(permit, values).await.unwrap();
    }
    guest.compare_and_swap(house.kv(user(1), cart, &[&key]), None, plant("swap").into_bytes()).await.unwrap();
    guest.delete(house.kv(user(1), orders, &[&key])).await.unwrap();
    guest.increment(house.kv(user(1), cart, &[&plant("counter")]), 1).await.unwrap();
    let text = format!("{}# {}", manifest("shop"), plant("manifest"));
    house.deploy("shop", &text).await;
    house.registry().put_policy(house.policy(&plant("name")), &plant("policy")).await.unwrap();
    house.registry().put_setting("instance", plant("setting").as_bytes()).await.unwrap();
    // The control: components lie in clear, as documented, so the search below does find what is there to be found.
    house.upload(b"CONTROL-in-clear").unwrap();

    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for open in [true, false] {
        let files = house.files();
        for (path, bytes) in &files {
            assert!(!holds(bytes, PLANT), "`{}` holds planted plaintext (open: {open})", path.display());
            assert!(!path.to_string_lossy().contains(PLANT));
        }
        assert!(files.iter().any(|(_, bytes)| holds(bytes, "CONTROL-in-clear")));
        assert_eq!(
            open,
            files.iter().any(|(path, bytes)| path.ends_with("casemate.db-wal") && !bytes.is_empty())
        );
        house.handles = None;
    }
}

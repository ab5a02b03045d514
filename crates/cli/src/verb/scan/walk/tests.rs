use super::*;

const TEMPLATE: &str = "Resources:\n  T:\n    Type: AWS::SNS::Topic\n";
const CACHE: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# made by a tool\n";

/// What is read of a folder with these files, and what is said to be left out.
fn taken(files: &[(&str, &str)], exclude: &[&str]) -> (Vec<String>, Vec<(String, String)>) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let exclude: Vec<String> = exclude.iter().map(|glob| (*glob).to_owned()).collect();
    let taken = take_in(folder.path(), &exclude).unwrap();
    let read = taken.tree.files().map(|(_, file)| file.path.clone()).collect();
    (read, taken.left_out.into_iter().map(|one| (one.path, one.why)).collect())
}

#[test]
fn a_mark_counts_only_where_it_says_what_the_tool_writes() {
    let check = |mark: (&str, &str), folder: &str, read: bool| {
        let template = format!("{folder}/template.yaml");
        let (found, left_out) = taken(&[mark, (&template, TEMPLATE)], &[]);
        assert_eq!(found.contains(&template), read, "{mark:?}");
        let said = left_out.iter().any(|(path, why)| path == folder && why.contains(&template));
        assert_eq!(said, !read, "{mark:?}: {left_out:?}");
    };
    check((".venv/pyvenv.cfg", ""), ".venv", true);
    check((".venv/pyvenv.cfg", "home =\n"), ".venv", true);
    check(("venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.13.1\n"), "venv", false);
    check(("target/CACHEDIR.TAG", ""), "target", true);
    check(("target/CACHEDIR.TAG", CACHE), "target", false);
    check(("pom.xml", "<project/>"), "target", false);
    check(("a.txt", ""), "node_modules", false);
    check(("a.txt", ""), "deep/site-packages", false);
    check(("a.txt", ""), ".aws-sam", false);
}

#[test]
fn only_what_looks_like_an_app_is_said_once_for_each_folder() {
    let (_, left_out) = taken(
        &[
            ("node_modules/a/package.json", "{\"Resources\": {\"T\": {\"Type\": \"AWS::SNS::Topic\"}}}"),
            (
                "node_modules/a/schema.json",
                "{\"typeName\": \"AWS::SNS::Topic\", \"Resources\": [\"AWS::X::Y\"]}",
            ),
            ("node_modules/a/readme.md", TEMPLATE),
            ("node_modules/a/ci.yml", "services:\n  name: aws\n"),
            ("a/node_modules/b/main.tf", "resource \"aws_sqs_queue\" \"q\" {}\n"),
            ("a/node_modules/b/stack.json", "{\"Resources\": {\"T\": {\"Type\": \"AWS::SNS::Topic\"}}}"),
            ("b/node_modules/c/serverless.yml", "provider:\n  name: aws\n"),
        ],
        &[],
    );
    let why =
        |first: &str| format!("taken for what a tool made or fetched, and `{first} in it looks like an app");
    let expect = [
        ("a/node_modules", why("a/node_modules/b/main.tf` and 1 more")),
        ("b/node_modules", why("b/node_modules/c/serverless.yml`")),
    ];
    assert_eq!(left_out, expect.map(|(path, why)| (path.to_owned(), why)));
}

#[test]
fn where_looking_ended_early_is_said_once() {
    let names: Vec<String> = (0..2_000).map(|at| format!("a/node_modules/b/{at:04}.yml")).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "- 1\n")).collect();
    assert_eq!(taken(&files, &[]).1, []);
    files.extend([("a/node_modules/b/z.yml", TEMPLATE), ("z/node_modules/z.yml", TEMPLATE)]);
    let left_out = taken(&files, &[]).1;
    let [(folder, why)] = left_out.as_slice() else { panic!("{left_out:?}") };
    assert!(folder == "a/node_modules" && why.contains("too much"), "{folder}: {why}");
}

#[test]
fn what_the_repository_ignores_or_the_caller_names_is_not_said() {
    let files =
        [(".git/HEAD", ""), (".gitignore", "node_modules\n"), ("node_modules/a/template.yaml", TEMPLATE)];
    assert_eq!(taken(&files, &[]).1, []);
    assert_eq!(taken(&files[..1], &[]).1, []);
    let said = taken(&files[2..], &[]).1;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(taken(&files[2..], &["node_modules/**"]).1, []);
    // Git never takes in what stands in its own folder.
    assert_eq!(taken(&[(".git/template.yaml", TEMPLATE)], &[]).1, []);
}

#[test]
fn what_describes_an_app_and_cannot_be_read_is_said_to_be_unread() {
    let folder = tempfile::tempdir().unwrap();
    let large = std::fs::File::create(folder.path().join("template.yaml")).unwrap();
    large.set_len(MAX_FILE_BYTES + 1).unwrap();
    std::fs::File::create(folder.path().join("data.json")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    let taken = take_in(folder.path(), &[]).unwrap();
    let unread: Vec<_> =
        taken.unread.iter().map(|one| (taken.tree.path(one.place.file), one.why.as_str())).collect();
    assert_eq!(unread, [("template.yaml", "it cannot be read: it is larger than 16 MB")]);
    assert_eq!(taken.left_out.len(), 1, "{:?}", taken.left_out);
    let excluded = take_in(folder.path(), &["template.yaml".to_owned()]).unwrap();
    assert_eq!(excluded.unread, []);
    // A folder that cannot be listed is named, and so is what went wrong.
    let gone = folder.path().join("gone");
    let errors: Vec<_> = WalkBuilder::new(&gone).build().filter_map(Result::err).collect();
    let said: Vec<_> = errors.iter().map(|error| (path_of(error), cause_of(error))).collect();
    assert!(
        matches!(said.as_slice(), [(Some(path), why)] if *path == gone && !why.contains("gone")),
        "{said:?}"
    );
}

use super::*;

/// Reads the first file as a lock file, the others beside it, and compares a line for each package:
/// `purl flags needs`, where flags are `d` direct, `i` indirect, `?` not told, and `D` for development.
fn check(files: &[(&str, &str)], expect: &str) {
    let mut tree = SourceTree::new();
    let ids: Vec<_> = files.iter().map(|(path, text)| tree.add(path, text.as_bytes().to_vec())).collect();
    let lock = read(&tree, ids[0]).expect("it is a lock file").expect("it can be read");
    let mut lines: Vec<String> = lock.packages.iter().map(|package| show(&lock, package)).collect();
    lines.sort();
    let mut expected: Vec<&str> = expect.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    expected.sort_unstable();
    assert_eq!(lines.join("\n"), expected.join("\n"), "{}", files[0].0);
    for package in &lock.packages {
        let text = tree.file(package.place.file).unwrap().text().unwrap();
        let place = text.get(package.place.start as usize..package.place.end as usize).unwrap();
        let artifact = package.name.rsplit([':', '/']).next().unwrap();
        let named = Ecosystem::PyPi.normalise(place).contains(&Ecosystem::PyPi.normalise(artifact));
        assert!(named || lock.kind == LockKind::Maven || !place.is_empty(), "{place:?} is not {artifact}");
    }
}

fn show(lock: &Lock, package: &Package) -> String {
    let direct = package.direct.map_or("?", |direct| if direct { "d" } else { "i" });
    let dev = if package.dev { "D" } else { "" };
    let mut needs: Vec<&str> = package.needs.iter().map(|need| lock.packages[*need].name.as_str()).collect();
    needs.sort_unstable();
    let why = package.version.why().map(|why| format!(" ({why})")).unwrap_or_default();
    let licence = package.licence.as_ref().map(|licence| format!(" {licence}")).unwrap_or_default();
    let needs = if needs.is_empty() { String::new() } else { format!(" -> {}", needs.join(" ")) };
    format!("{} {direct}{dev}{licence}{needs}{why}", package.purl())
}

/// A file that cannot be read says why.
fn refused(path: &str, bytes: &[u8], why: &str) {
    let mut tree = SourceTree::new();
    let file = tree.add(path, bytes.to_vec());
    let found = read(&tree, file).expect("it is a lock file").expect_err("it cannot be read");
    assert!(found.why.contains(why), "{path}: {}", found.why);
}

#[test]
fn lock_files_by_name() {
    let check = |path: &str, kind: Option<LockKind>| assert_eq!(kind_of(path), kind, "{path}");
    check("a/package-lock.json", Some(LockKind::Npm));
    check("node_modules/a/package-lock.json", None);
    check("requirements.txt", Some(LockKind::Pip));
    check("requirements-dev.txt", Some(LockKind::Pip));
    check("dev-requirements.txt", Some(LockKind::Pip));
    check("requirements/prod.txt", Some(LockKind::Pip));
    check("notes.txt", None);
    check("gradle/dependency-locks/compileClasspath.lockfile", Some(LockKind::Gradle));
    check("compileClasspath.lockfile", None);
    check("go.sum", Some(LockKind::Go));
    check("vendor/a/go.mod", None);
    check("pom.xml", Some(LockKind::Maven));
    check("", None);
}

#[test]
fn npm_of_today() {
    check(
        &[(
            "app/package-lock.json",
            r#"{"name":"shop","lockfileVersion":3,"packages":{
            "":{"name":"shop","dependencies":{"a":"^1.0.0","alias":"npm:true@1"},"devDependencies":{"t":"1"}},
            "node_modules/a":{"version":"1.0.1","resolved":"x","license":"MIT","dependencies":{"b":"^2.0.0"}},
            "node_modules/b":{"version":"1.0.0","license":"(MIT OR Apache-2.0)"},
            "node_modules/a/node_modules/b":{"version":"2.0.0","peerDependencies":{"@s/c":"*"}},
            "node_modules/@s/c":{"version":"3.0.0-rc.1","license":{"type":"ISC"}},
            "node_modules/t":{"version":"1.0.0","dev":true,"dependencies":{"b":"1"}},
            "node_modules/alias":{"name":"true","version":"1.0.0"},
            "packages/w":{"version":"0.0.0","dependencies":{"b":"2"}},
            "packages/w/node_modules/b":{"version":"2.0.1"},
            "node_modules/w":{"resolved":"packages/w","link":true},
            "node_modules/g":{"version":"git+ssh://git@example.com/g.git#1","extraneous":true}}}"#,
        )],
        "pkg:npm/%40s/c@3.0.0-rc.1 i ISC
         pkg:npm/a@1.0.1 d MIT -> b
         pkg:npm/b@1.0.0 iD (MIT OR Apache-2.0)
         pkg:npm/b@2.0.0 i -> @s/c
         pkg:npm/b@2.0.1 d
         pkg:npm/g i (it does not come from the registry)
         pkg:npm/t@1.0.0 dD -> b
         pkg:npm/true@1.0.0 d",
    );
}

#[test]
fn npm_of_old() {
    let lock = r#"{"name":"shop","lockfileVersion":1,"requires":true,"dependencies":{
        "a":{"version":"1.0.1","requires":{"b":"^2.0.0"},"dependencies":{"b":{"version":"2.0.0"}}},
        "b":{"version":"1.0.0","dev":true},
        "c":{"version":"npm:@true/c@3.0.0"},
        "f":{"version":"file:../f"}}}"#;
    check(
        &[
            ("package-lock.json", lock),
            ("package.json", r#"{"dependencies":{"a":"1","c":"npm:@true/c@3"},"devDependencies":{"b":"1"}}"#),
        ],
        "pkg:npm/%40true/c@3.0.0 d
         pkg:npm/a@1.0.1 d -> b
         pkg:npm/b@1.0.0 dD
         pkg:npm/b@2.0.0 i
         pkg:npm/f i (it does not come from the registry)",
    );
    check(
        &[("npm-shrinkwrap.json", lock), ("package-lock.json", "{}")],
        "pkg:npm/%40true/c@3.0.0 ?
         pkg:npm/a@1.0.1 ? -> b
         pkg:npm/b@1.0.0 ?D
         pkg:npm/b@2.0.0 ?
         pkg:npm/f ? (it does not come from the registry)",
    );
    let mut tree = SourceTree::new();
    tree.add("npm-shrinkwrap.json", lock.as_bytes().to_vec());
    let spoken_for = tree.add("package-lock.json", lock.as_bytes().to_vec());
    assert_eq!(read(&tree, spoken_for), None);
}

#[test]
fn yarn_of_the_first_generation() {
    check(
        &[
            (
                "yarn.lock",
                "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n\
                \"@s/a@^1.0.0\", \"@s/a@^1.2.0\":\n  version \"1.2.3\"\n  resolved \"https://r.example/a.tgz#1\"\n  integrity sha512-x==\n  dependencies:\n    b \"^2.0.0\"\n    \"@s/c\" \"~3\"\n\n\
                b@^2.0.0:\n  version \"2.1.0\"\n\n\
                \"@s/c@~3\":\n  version \"3.0.0\"\n  optionalDependencies:\n    b \"^2.0.0\"\n\n\
                \"old@npm:new@^1\":\n  version \"1.0.0\"\n\n\
                t@1:\n  version \"1.0.0\"\n  dependencies:\n    u \"1\"\n\nu@1:\n  version \"1.0.1\"\n",
            ),
            (
                "package.json",
                r#"{"dependencies":{"@s/a":"^1.2.0","old":"npm:new@^1"},"devDependencies":{"t":"1"}}"#,
            ),
        ],
        "pkg:npm/%40s/a@1.2.3 d -> @s/c b
         pkg:npm/%40s/c@3.0.0 i -> b
         pkg:npm/b@2.1.0 i
         pkg:npm/new@1.0.0 d
         pkg:npm/t@1.0.0 dD -> u
         pkg:npm/u@1.0.1 iD",
    );
}

#[test]
fn yarn_of_the_second_generation() {
    let lock = "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n\
        \"@s/a@npm:^1.0.0, @s/a@npm:^1.2.0\":\n  version: 1.2.3\n  resolution: \"@s/a@npm:1.2.3\"\n  dependencies:\n    b: \"npm:^2.0.0\"\n  languageName: node\n  linkType: hard\n\n\
        \"b@npm:^2.0.0\":\n  version: 2.1.0\n  resolution: \"b@npm:2.1.0\"\n\n\
        \"p@patch:p@npm%3A1.0.0#./p.patch\":\n  version: 1.0.0\n  resolution: \"p@patch:p@npm%3A1.0.0#./p.patch::version=1.0.0\"\n\n\
        \"t@npm:1\":\n  version: 1.0.0\n  resolution: \"t@npm:1.0.0\"\n\n\
        \"shop@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"shop@workspace:.\"\n  dependencies:\n    \"@s/a\": \"npm:^1.2.0\"\n    p: \"patch:p@npm%3A1.0.0#./p.patch\"\n    t: \"npm:1\"\n  linkType: soft\n";
    check(
        &[("yarn.lock", lock)],
        "pkg:npm/%40s/a@1.2.3 d -> b
         pkg:npm/b@2.1.0 i
         pkg:npm/p@1.0.0 d
         pkg:npm/t@1.0.0 d",
    );
    check(
        &[
            ("yarn.lock", lock),
            (
                "package.json",
                r#"{"dependencies":{"@s/a":"^1.2.0"},"devDependencies":{"t":"1","p":"patch:p@npm%3A1.0.0#./p.patch"}}"#,
            ),
        ],
        "pkg:npm/%40s/a@1.2.3 d -> b
         pkg:npm/b@2.1.0 i
         pkg:npm/p@1.0.0 dD
         pkg:npm/t@1.0.0 dD",
    );
}

#[test]
fn pnpm_of_all_versions() {
    let expect = "pkg:npm/%40s/a@1.0.0 d -> b
         pkg:npm/b@2.0.0 i
         pkg:npm/t@1.0.0 dD -> u
         pkg:npm/u@1.0.1 iD";
    check(
        &[(
            "pnpm-lock.yaml",
            "lockfileVersion: 5.4\nspecifiers:\n  '@s/a': ^1.0.0\n  t: '1'\ndependencies:\n  '@s/a': 1.0.0_b@2.0.0\ndevDependencies:\n  t: 1.0.0\npackages:\n\n  /@s/a/1.0.0_b@2.0.0:\n    resolution: {integrity: x}\n    dependencies:\n      b: 2.0.0\n    dev: false\n\n  /b/2.0.0:\n    resolution: {integrity: x}\n    dev: false\n\n  /t/1.0.0:\n    dependencies:\n      u: 1.0.1\n    dev: true\n\n  /u/1.0.1:\n    dev: true\n",
        )],
        expect,
    );
    check(
        &[(
            "pnpm-lock.yaml",
            "lockfileVersion: '6.0'\nimporters:\n  .:\n    dependencies:\n      '@s/a':\n        specifier: ^1.0.0\n        version: 1.0.0(b@2.0.0)\n  web:\n    devDependencies:\n      t:\n        specifier: '1'\n        version: 1.0.0\npackages:\n  /@s/a@1.0.0(b@2.0.0):\n    dependencies:\n      b: 2.0.0\n    dev: false\n  /b@2.0.0:\n    dev: false\n  /t@1.0.0:\n    dependencies: {u: 1.0.1}\n    dev: true\n  /u@1.0.1:\n    dev: true\n",
        )],
        expect,
    );
    check(
        &[(
            "pnpm-lock.yaml",
            "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      alias:\n        specifier: npm:@s/a@^1\n        version: '@s/a@1.0.0(b@2.0.0)'\n      local:\n        specifier: workspace:*\n        version: link:packages/local\n    devDependencies:\n      t:\n        specifier: '1'\n        version: 1.0.0\npackages:\n  '@s/a@1.0.0':\n    resolution: {integrity: x}\n  b@2.0.0:\n    resolution: {integrity: x}\n  t@1.0.0: {}\n  u@1.0.1: {}\nsnapshots:\n  '@s/a@1.0.0(b@2.0.0)':\n    dependencies:\n      b: 2.0.0\n  b@2.0.0: {}\n  t@1.0.0:\n    dependencies:\n      u: 1.0.1\n  u@1.0.1: {}\n",
        )],
        expect,
    );
}

#[test]
fn requirements() {
    check(
        &[
            (
                "requirements.txt",
                "# pinned\nFlask==2.0.1 ; python_version >= \"3.6\"\nrequests[socks,security] == 2.25.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n\
                -r more/base.txt\n-c constraints.txt\n--index-url https://r.example/simple\n-e .\n./local\nboto3>=1.20  # open\nurllib3\n\
                zope.interface===5.4.0\nDjango==3.*\nmine @ https://example.com/mine-1.0.zip\n-e git+https://example.com/y.git@v1#egg=y\nidna==3.1,!=3.2\n(\n",
            ),
            (
                "more/base.txt",
                "Jinja2==3.0.0\n-r ../more/base.txt\n-r ../requirements.txt\n-r ../../outside.txt\n",
            ),
            ("constraints.txt", "urllib3==1.26.4\nunused==1.0\n"),
        ],
        "pkg:pypi/flask@2.0.1 ?
         pkg:pypi/requests@2.25.1 ?
         pkg:pypi/boto3 ? (it is not pinned to one version)
         pkg:pypi/urllib3@1.26.4 ?
         pkg:pypi/zope-interface@5.4.0 ?
         pkg:pypi/django ? (it is not pinned to one version)
         pkg:pypi/mine ? (it comes from an address, not from the registry)
         pkg:pypi/y ? (it comes from an address, not from the registry)
         pkg:pypi/idna@3.1 ?
         pkg:pypi/jinja2@3.0.0 ?",
    );
    check(
        &[
            ("requirements-dev.txt", "pytest==7.0.0\n-r requirements.txt\n"),
            ("requirements.txt", "flask==1.0"),
        ],
        "pkg:pypi/pytest@7.0.0 ?D",
    );
    check(&[("requirements.txt", "\u{feff}# nothing\n\\\n")], "");
}

#[test]
fn python_lock_files() {
    check(
        &[
            (
                "Pipfile.lock",
                r#"{"_meta":{},"default":{"Flask":{"hashes":[],"index":"pypi","version":"==2.0.1"},"jinja2":{"version":"==3.0.0","markers":"x"},"mine":{"git":"x","ref":"y"}},"develop":{"pytest":{"version":"==7.0.0"},"jinja2":{"version":"==3.0.0"}}}"#,
            ),
            ("Pipfile", "[packages]\nflask = \"*\"\n[dev-packages]\npytest = \"*\"\n"),
        ],
        "pkg:pypi/flask@2.0.1 d
         pkg:pypi/jinja2@3.0.0 i
         pkg:pypi/mine i (it does not come from the registry)
         pkg:pypi/pytest@7.0.0 dD",
    );
    check(
        &[
            (
                "poetry.lock",
                "[[package]]\nname = \"flask\"\nversion = \"2.0.1\"\noptional = false\n[package.dependencies]\nJinja2 = \">=3.0\"\n\n[[package]]\nname = \"jinja2\"\nversion = \"3.0.0\"\n\n[[package]]\nname = \"pytest\"\nversion = \"7.0.0\"\n[package.dependencies]\njinja2 = {version = \"*\"}\npluggy = \"*\"\n\n[[package]]\nname = \"pluggy\"\nversion = \"1.0\"\n\n[[package]]\nname = \"forked\"\nversion = \"1.0\"\n[package.source]\ntype = \"git\"\nurl = \"x\"\n[metadata]\nlock-version = \"2.0\"\n",
            ),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\npython = \"^3.9\"\nFlask = \"^2\"\n[tool.poetry.group.dev.dependencies]\npytest = \"*\"\n",
            ),
        ],
        "pkg:pypi/flask@2.0.1 d -> jinja2
         pkg:pypi/forked i (it does not come from the registry)
         pkg:pypi/jinja2@3.0.0 i
         pkg:pypi/pluggy@1.0 iD
         pkg:pypi/pytest@7.0.0 dD -> jinja2 pluggy",
    );
    check(
        &[(
            "poetry.lock",
            "[[package]]\nname = \"a\"\nversion = \"1\"\ncategory = \"dev\"\n[[package]]\nname = \"b\"\nversion = \"1\"\ngroups = [\"main\", \"dev\"]\n[[package]]\nname = \"c\"\nversion = \"1\"\ngroups = [\"dev\"]\n",
        )],
        "pkg:pypi/a@1 ?D\npkg:pypi/b@1 ?\npkg:pypi/c@1 ?D",
    );
    check(
        &[(
            "uv.lock",
            "version = 1\nrequires-python = \">=3.9\"\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\ndependencies = [ { name = \"flask\" }, { name = \"numpy\", version = \"2.0.0\", source = { registry = \"r\" } } ]\n[package.dev-dependencies]\ndev = [ { name = \"pytest\" } ]\n\n[[package]]\nname = \"flask\"\nversion = \"2.0.1\"\nsource = { registry = \"r\" }\ndependencies = [ { name = \"jinja2\", marker = \"x\" } ]\n[[package]]\nname = \"jinja2\"\nversion = \"3.0.0\"\nsource = { registry = \"r\" }\n[[package]]\nname = \"numpy\"\nversion = \"1.26.0\"\nsource = { registry = \"r\" }\n[[package]]\nname = \"numpy\"\nversion = \"2.0.0\"\nsource = { registry = \"r\" }\n[[package]]\nname = \"pytest\"\nversion = \"7.0.0\"\nsource = { registry = \"r\" }\n[[package]]\nname = \"forked\"\nversion = \"1.0\"\nsource = { git = \"x\" }\n",
        )],
        "pkg:pypi/flask@2.0.1 d -> jinja2
         pkg:pypi/forked i (it does not come from the registry)
         pkg:pypi/jinja2@3.0.0 i
         pkg:pypi/numpy@1.26.0 i
         pkg:pypi/numpy@2.0.0 d
         pkg:pypi/pytest@7.0.0 dD",
    );
}

#[test]
fn cargo_lock_files() {
    check(
        &[(
            "Cargo.lock",
            "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n \"b 2.0.0\",\n]\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://r.example/index\"\nchecksum = \"x\"\ndependencies = [\"b 1.0.0 (registry+https://r.example/index)\"]\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"registry+https://r.example/index\"\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"registry+https://r.example/index\"\n[[package]]\nname = \"g\"\nversion = \"1.0.0\"\nsource = \"git+https://example.com/g#1\"\n",
        )],
        "pkg:cargo/a@1.0.0 d -> b
         pkg:cargo/b@1.0.0 i
         pkg:cargo/b@2.0.0 d
         pkg:cargo/g i (it does not come from the registry)",
    );
}

#[test]
fn go_modules() {
    check(
        &[
            (
                "go.mod",
                "module example.com/shop\n\ngo 1.21\n\ntoolchain go1.21.5\n\nrequire (\n\tgithub.com/a/b v1.2.3\n\tgithub.com/c/d/v2 v2.0.0 // indirect\n\tgopkg.in/yaml.v2 v2.2.1 // indirect; why\n)\nrequire github.com/e/f v0.0.0-20200101000000-abcdefabcdef\nrequire github.com/local/l v1.0.0\nrequire github.com/x/y v1.0.0\nreplace (\n\tgithub.com/a/b => github.com/fork/b v1.2.4\n\tgithub.com/x/y v9.9.9 => github.com/x/z v1.0.0\n)\nreplace github.com/local/l => ../l\nexclude github.com/e/f v1.0.0\n",
            ),
            ("go.sum", "github.com/never/built v1.0.0 h1:x=\n"),
        ],
        "pkg:golang/github.com/c/d/v2@v2.0.0 i
         pkg:golang/github.com/e/f@v0.0.0-20200101000000-abcdefabcdef d
         pkg:golang/github.com/fork/b@v1.2.4 d
         pkg:golang/github.com/local/l d (a folder takes the place of the module)
         pkg:golang/github.com/x/y@v1.0.0 d
         pkg:golang/gopkg.in/yaml.v2@v2.2.1 i",
    );
    check(
        &[
            ("go.mod", "module m\ngo 1.16\nrequire github.com/a/b v1.2.3\n"),
            (
                "go.sum",
                "github.com/a/b v1.2.3 h1:x=\ngithub.com/a/b v1.2.3/go.mod h1:x=\ngithub.com/c/d v1.9.0 h1:x=\ngithub.com/c/d v1.10.0 h1:x=\ngithub.com/only/mod v3.0.0/go.mod h1:x=\n",
            ),
        ],
        "pkg:golang/github.com/a/b@v1.2.3 d
         pkg:golang/github.com/c/d@v1.10.0 i",
    );
    check(&[("go.sum", "github.com/a/b v1.2.3 h1:x=\nnonsense\n")], "pkg:golang/github.com/a/b@v1.2.3 ?");
}

#[test]
fn maven_and_gradle() {
    check(
        &[
            (
                "app/pom.xml",
                "<?xml version=\"1.0\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><parent><groupId>g</groupId><artifactId>parent</artifactId><version>7</version></parent><artifactId>app</artifactId>\n<properties><log.version>2.14.1</log.version><twice>${log.version}</twice><round>${round}</round></properties>\n<dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>managed</artifactId><version>1.1</version><scope>test</scope></dependency><dependency><groupId>b</groupId><artifactId>bom</artifactId><version>1</version><type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement>\n<dependencies>\n<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>${twice}</version></dependency>\n<dependency><groupId>m</groupId><artifactId>managed</artifactId></dependency>\n<dependency><groupId>${project.groupId}</groupId><artifactId>sibling</artifactId><version>${project.version}</version></dependency>\n<dependency><groupId>m</groupId><artifactId>above</artifactId></dependency>\n<dependency><groupId>m</groupId><artifactId>elsewhere</artifactId></dependency>\n<dependency><groupId>m</groupId><artifactId>unset</artifactId><version>${unset}</version></dependency>\n<dependency><groupId>m</groupId><artifactId>round</artifactId><version>${round}</version></dependency>\n<dependency><groupId>m</groupId><artifactId>range</artifactId><version>[1.0,2.0)</version></dependency>\n</dependencies>\n<profiles><profile><dependencies><dependency><groupId>m</groupId><artifactId>profiled</artifactId><version>1</version></dependency></dependencies></profile></profiles></project>",
            ),
            (
                "pom.xml",
                "<project><groupId>g</groupId><artifactId>parent</artifactId><version>7</version><properties><v>3.2.1</v></properties><dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>above</artifactId><version>${v}</version></dependency></dependencies></dependencyManagement></project>",
            ),
        ],
        "pkg:maven/g/sibling@7 d
         pkg:maven/m/above@3.2.1 d
         pkg:maven/m/elsewhere d (its version stands in a parent or an imported list that is not here)
         pkg:maven/m/managed@1.1 dD
         pkg:maven/m/profiled@1 d
         pkg:maven/m/range d (`[1.0,2.0)` is a range)
         pkg:maven/m/round d (its properties name each other in a circle)
         pkg:maven/m/unset d (the property `unset` is not set in files that are here)
         pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1 d",
    );
    check(
        &[(
            "gradle.lockfile",
            "# This is a Gradle generated file\norg.a:b:1.2.3=compileClasspath,runtimeClasspath\njunit:junit:4.12=testCompileClasspath,testRuntimeClasspath\nnonsense\nempty=annotationProcessor\n",
        )],
        "pkg:maven/junit/junit@4.12 ?D
         pkg:maven/org.a/b@1.2.3 ?",
    );
    check(
        &[("gradle/dependency-locks/testCompileClasspath.lockfile", "junit:junit:4.12\n")],
        "pkg:maven/junit/junit@4.12 ?D",
    );
}

#[test]
fn hostile_files_are_refused_or_harmless() {
    refused("package-lock.json", b"{}", "neither");
    refused("package-lock.json", b"[1", "JSON");
    refused("yarn.lock", b"hello\n", "no entry");
    refused("pnpm-lock.yaml", b"a: b", "lockfileVersion");
    refused("Cargo.lock", b"a = ", "TOML");
    refused("Cargo.lock", &[b"a.".repeat(100_000), b"b = 1".to_vec()].concat(), "too deep");
    refused("uv.lock", &[b"a = ".to_vec(), b"[".repeat(100_000)].concat(), "TOML");
    refused("pom.xml", b"<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>", "XML");
    refused("pom.xml", b"<project>", "XML");
    refused("requirements.txt", &[0xff, 0xfe], "UTF-8");
    refused("gradle.lockfile", &vec![b'a'; 17 << 20], "16 MB");
    refused("Pipfile.lock", b"{\"a\":1}", "neither");
    let nested = format!("{{\"lockfileVersion\":1,{}", "\"dependencies\":{\"a\":{".repeat(100_000));
    refused("package-lock.json", nested.as_bytes(), "deep");
    let deep = "<a>".repeat(200_000);
    let mut tree = SourceTree::new();
    let file = tree.add("pom.xml", format!("{deep}{}", "</a>".repeat(200_000)).into_bytes());
    let _ = read(&tree, file);
    let attributes: String = (0..200_000).map(|at| format!(" a{at}=''")).collect();
    refused("pom.xml", format!("<project{attributes}/>").as_bytes(), "long tags");
    refused("pom.xml", "<a xmlns='b'>".repeat(20_000).as_bytes(), "namespaces");
    let long = "x".repeat(4 << 20);
    let uses =
        "<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${p}</version></dependency>";
    let pom = format!(
        "<project><properties><p>{long}</p></properties><dependencies>{}</dependencies></project>",
        uses.repeat(20_000)
    );
    let file = tree.add("long/pom.xml", pom.into_bytes());
    assert_eq!(read(&tree, file).unwrap().unwrap().packages.len(), 20_000);
    let same =
        "[[package]]\nname='a'\nversion='1.0.0'\nsource='registry+r'\ndependencies=['a']\n".repeat(30_000);
    let file = tree.add("Cargo.lock", same.into_bytes());
    assert_eq!(read(&tree, file).unwrap().unwrap().packages.len(), 30_000);
    // A package that is installed very deep, and looks for one that is nowhere.
    let path = "node_modules/a/".repeat(20_000);
    let lock = format!(
        "{{\"packages\":{{\"{path}node_modules/b\":{{\"version\":\"1.0.0\",\"dependencies\":{{\"c\":\"1\",\"d\":\"1\"}}}}}}}}"
    );
    let file = tree.add("package-lock.json", lock.into_bytes());
    assert_eq!(read(&tree, file).unwrap().unwrap().packages.len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([ -~\n]|=|==|\"|\\$\\{|\n  |<dependency>|@|/|:){0,200}") {
        let names = ["package-lock.json", "yarn.lock", "pnpm-lock.yaml", "requirements.txt", "Pipfile.lock", "poetry.lock", "uv.lock", "Cargo.lock", "go.mod", "go.sum", "pom.xml", "gradle.lockfile"];
        for name in names {
            let mut tree = SourceTree::new();
            tree.add(name, text.clone().into_bytes());
            let (locks, _) = read_all(&tree);
            for package in locks.iter().flat_map(|lock| &lock.packages) {
                let _ = (package.purl(), tree.locate(package.place));
            }
        }
    }
}

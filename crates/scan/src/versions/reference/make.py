#!/usr/bin/env python3
"""Writes the tables beside this file: what the ecosystems' own programs say about the order of versions.

Usage: make.py NODE_MODULES MAVEN_ARTIFACT_JAR
Needs: node with npm's `semver` below NODE_MODULES, the Python package `packaging`, Java 11 or newer, Maven's library `maven-artifact`.

A table has a line for each set of equal versions, in ascending order, so it holds the order of every pair. Lines that begin with
`pair` are for versions that the program does not order transitively: they hold for those two alone.
"""

import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent

NODE_ORDER = """
const semver = require(process.argv[1] + '/semver')
const all = JSON.parse(require('fs').readFileSync(0)).filter(v => semver.valid(v, {loose: true}))
const rows = all.map(a => all.map(b => semver.compare(a, b, {loose: true})))
console.log(JSON.stringify([all, rows, require(process.argv[1] + '/semver/package.json').version]))
"""

NODE_RANGES = """
const semver = require(process.argv[1] + '/semver')
const [ranges, versions] = JSON.parse(require('fs').readFileSync(0))
const option = {loose: true, includePrerelease: true}
console.log(JSON.stringify(ranges.map(r => semver.validRange(r, option) === null ? null
  : versions.map(v => semver.satisfies(v, r, option)))))
"""

JAVA_ORDER = """
import org.apache.maven.artifact.versioning.ComparableVersion;
public class Order {
  public static void main(String[] arguments) throws Exception {
    var all = new String(System.in.readAllBytes(), "UTF-8").split("\\n");
    var out = new StringBuilder();
    for (var a : all) {
      for (var b : all) {
        int order = new ComparableVersion(a).compareTo(new ComparableVersion(b));
        out.append(order < 0 ? '<' : order > 0 ? '>' : '=');
      }
      out.append('\\n');
    }
    System.out.print(out);
  }
}
"""

SEMANTIC = """0.0.0 0.0.1 0.0.2 0.1.0 0.1.1 0.2.0 0.9.0 0.10.0 1.0.0 v1.0.0 =1.0.0 1.0.0+build 1.0.0+a.b-c 1.0.1 1.1.0 1.2.0 1.2.3 1.2.4
1.2.10 1.10.2 2.0.0 10.0.0 99999.0.0 99999.99999.99999 9007199254740991.0.0 1.0.0-0 1.0.0-1 1.0.0-2 1.0.0-10 1.0.0-11 1.0.0-a 1.0.0-A 1.0.0-a.b
1.0.0-a.1 1.0.0-a.10 1.0.0-a.2 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1
1.0.0-rc1 1.0.0-rc2 1.0.0-rc10 1.0.0--1 1.0.0--- 1.0.0-x-y-z 1.0.0-alpha-1 1.0.0-0.3.7 1.0.0-20200101.abc 1.2.3beta 1.2.3-beta 1.2.3-beta.0
1.2.3-r100 1.2.3-r2 1.2.3-r2d2 1.2.3-5 1.2.3-5-foo 1.2.3-4 1.2.3-4-foo 1.2.3-a.b.c.10.d.5 1.2.3-a.b.c.5.d.100 1.2.3-a.5 1.2.3-a.100 1.2.3-a.b
1.2.3-pre 3.0.0-next.20200101 3.0.0-next.3 3.0.0-canary-1a2b3c 3.0.0-9007199254740991 3.0.0-9007199254740990
2.0.0-rc.1+build.123 2.0.0-rc.1 2.0.0-pre-alpha.2 0.0.0-experimental-4c2e457c7-20230522 18.3.0-canary-1d5667a12-20240102 4.17.20 4.17.21 4.17.4
0.0.1-security 0.0.1-alpha 1.0.0-BETA 1.0.0-Beta 1.0.0-b.e.t.a 7.0.0-bridge.0 7.0.0-rc.4 7.0.0-beta.55 5.0.0-insiders.20230101""".split()

RANGES = [
    "*", "", "x", "X", "1", "1.x", "1.x.x", "1.2", "1.2.x", "1.2.*", "1.2.3", "=1.2.3", "v1.2.3", ">1", ">1.2", ">1.2.3", ">=1", ">=1.2", ">=1.2.3",
    "<1", "<1.2", "<1.2.3", "<=1", "<=1.2", "<=1.2.3", "<=0.7.x", ">0.x", "^1", "^1.2", "^1.2.3", "^0", "^0.0", "^0.0.1", "^0.1", "^0.1.1", "^0.x", "^1.x",
    "^1.2.3-beta", "^0.0.1-beta", "^0.1.1-beta.2", "~1", "~1.2", "~1.2.3", "~0", "~0.1", "~0.1.1", "~>1.2.3", "~1.2.3-beta", "~ 1.2.3", "> 1.2.3", ">= 1.0.0 < 2.0.0",
    ">=1.0.0 <2.0.0", ">1.0.0 <=1.2.3", "1.0.0 - 2.0.0", "1.0 - 2.0", "1 - 2", "1.2.3-alpha - 1.2.3-beta", "1.0.0 - 1.x", "<1.0.0 || >=2.0.0", "1.0.0 || 1.2.3 || 2.0.0",
    "<=2.4.23 || >=3.0.0 <3.0.1", ">=2.0.0 <1.0.0", "<0.0.0", "<0.0.0-0", ">*", "<*", ">=*", "<=*", "<=99.999.99999", ">=1.0.0-alpha <1.0.0-rc.1", "=1.0.0-beta", "1.2.3-beta",
    "<1.2.3-beta", ">1.2.3-beta", "<=1.2.3-beta", "<2.0.0-0", ">=0.0.0", "^2.0.0 || ^1.2.0", "1.x || >=2.5.0 || 5.0.0 - 7.2.3", "~1.2.x", "^1.2.x", ">=1.x", "<1.x", ">1.x", "<=1.x",
    "~0.0.1", "^0.0.0", ">=1.2.3 <1.2.4", "1.2.3+build", ">=1.2.3+build", "||", "1.2.3 ||", "<3.0.0-next.3", "~>0", "~>1.2", "= 1.2.3", ">=v1.2.3", "not a range", "1.2.3.4", "^", "1.y",
]

RANGE_VERSIONS = """0.0.0-0 0.0.0 0.0.1-beta 0.0.1 0.0.2 0.1.0 0.1.1-beta.1 0.1.1-beta.2 0.1.1 0.1.2 0.2.0-0 0.2.0 0.7.3 0.8.0 1.0.0-0 1.0.0-alpha 1.0.0-beta 1.0.0-rc.1 1.0.0 1.0.1 1.1.0
1.2.0-0 1.2.0 1.2.2 1.2.3-alpha 1.2.3-beta 1.2.3-beta.2 1.2.3 1.2.4-0 1.2.4 1.2.10 1.3.0-0 1.3.0 1.9.9 2.0.0-0 2.0.0-alpha 2.0.0 2.0.1 2.1.0-0 2.4.23 2.5.0 3.0.0-0 3.0.0-next.2 3.0.0-next.3 3.0.0 3.0.1
5.0.0-0 5.0.0 7.2.3 7.2.4-0 7.2.4 99.999.99999 100.0.0""".split()

PYTHON = """0 0.0 0.0.0 0.1 0.9 0.10 1 1.0 1.0.0 1.00 01.0 v1.0 V1.0 1.0.0.0.0 1.0.1 1.1 1.1.0 1.2 1.2.3 1.10 1.2.10 2 2.0 2020.1.1 2020.01.01 20200101 1.0a 1.0a0 1.0a1 1.0.a1 1.0-a1 1.0_a1
1.0a.1 1.0a-1 1.0alpha1 1.0ALPHA1 1.0-Alpha.1 1.0a2 1.0a10 1.0b 1.0b1 1.0beta1 1.0.beta-1 1.0b2 1.0c1 1.0rc1 1.0pre1 1.0preview1 1.0.RC.1 1.0-rc-1 1.0rc 1.0rc2 1.0rc10 1.0.post1 1.0-1 1.0-post1 1.0post1 1.0.rev1 1.0r1 1.0-r1
1.0.post 1.0.post0 1.0.post2 1.0.post10 1.0.dev 1.0.dev0 1.0.dev1 1.0dev1 1.0-dev1 1.0_dev.1 1.0.dev2 1.0.dev10 1.0a1.dev1 1.0a1.dev2 1.0a1.post1 1.0a1.post1.dev1 1.0b1.post2.dev3 1.0rc1.dev5 1.0.post1.dev1 1.0.post1.dev2 1.0.post1.dev10
1.0+local 1.0+1 1.0+2 1.0+10 1.0+abc 1.0+abd 1.0+abc.1 1.0+abc.10 1.0+abc-2 1.0+abc_2 1.0+1.abc 1.0+1.2 1.0+ubuntu.1 1.0+ubuntu1 1.0+ABC 1.0.post1+local 1.0a1+local 1.0.dev1+local 1.0.dev1+1 1!0 1!1.0 1!0.5 2!0.1 0!1.0 1!1.0.dev1 1!2a1.post3.dev4+x.5
1.0.dev456 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0.post456.dev34 1.0.post456 1.1.dev1 1.2+123abc 1.2+123abc456 1.2+abc123def 1.2+1234.abc 1.2.r32 1.2.rev33+123456
99999999999999999999 99999999999999999999.1 100000000000000000000 1.99999999999999999999 3.2.1 3.2.20 4.2b1 4.2rc1 1.26.5 2.0.0a1 2.31.0 2024.2.2 2023.7.22 38.0.4 41.0.0 3.11.0rc2
1.0.0-beta 1.0- 1.0. 1..0 a1 1.0x 1.0+ 1.0+a..b 1.0.post1.post2 1.0a1b1 1-1-1 1.0dev1a1 .1 1! !1 1.0+a+b""".split()

MAVEN = """0 0.1 1 1.0 1.0.0 1.0.0.0 1.1 1.1.0 1.2 1.10 1.2.3 01 1.01 2 2.0 10 1-0 1- 1.-1 1.-0 1-1 1-2 1-1.1 1-1-1 1-10 1.0-1 1.0.0-1 1.1-1 1.a 1-a 1a 1.0a 1-a1 1-a-1 1-a10 1a1 1a2 1-alpha 1-alpha-1 1-alpha1 1.alpha 1.0-alpha 1.0-alpha-1
1.0-alpha-2 1.0-alpha-10 1.0alpha1 1-ALPHA 1-b1 1-beta 1.0-beta-1 1.0-beta-2 1-beta-2 1-m1 1-m2 1-milestone-1 1.0-M1 1.0-M10 1-rc 1-rc1 1-cr 1-cr1 1.0-RC1 1.0-RC2 1.0.RC2 1.0-rc-1 1-snapshot 1-SNAPSHOT 1.0-SNAPSHOT 1.0-alpha-1-SNAPSHOT 1.0-RC1-SNAPSHOT 1.0-beta-1-SNAPSHOT
1-ga 1-final 1-release 1.ga 1.final 1.Final 1.0.Final 1.0.0.Final 1.0.GA 1.0-RELEASE 1.0.RELEASE 2.0.0.RELEASE 5.3.18 5.3.20.RELEASE 5.3.2.RELEASE 1-sp 1-sp1 1-sp-1 1.0.SP1 1.0-SP2 1-x 1-xyz 1-abc 1-abcd 1.xyz 1.0.xyz 1-foo2 1-foo10 1-foo-2 1-foo-10 1x 1.0.1x 1.0.0x
1-1.alpha 1-alpha.1 1-alpha.2 1-1.foo-bar1baz-.1 1..1 1...1 1.0..0 1--1 1-.1 .1 -1 a ab alpha ga 1.0.1-android 31.1-jre 31.1-android 30.0-jre 32.0.0-jre 20231013 20070611 2.9.10.8 2.9.10 2.10.0.pr1 2.13.4.2 2.14.0-rc1 2.15.0 2.17.1 2.3.2 2.12.2 2.16.0
4.1.100.Final 4.1.42.Final 4.1.94.Final 4.0.0.Alpha1 4.0.0.Beta3 4.0.0.CR1 9.4.41.v20210516 9.4.50.v20221201 10.0.0-M1 10.0.0.M1 9.0.0.M27 9.0.71 1.2.17 1.2.17-cp1 3.2.1.redhat-1 3.2.1.redhat-00002 3.2.1.redhat-00010 1.0b3 1.0b3-dev 2.0-m1 2.0-rc-3
9223372036854775807 9223372036854775808 99999999999999999999 1.99999999999999999999 1.123456789 1.1234567890 1.12345678901234567890 1.0.0-20200101.120000-1 1.0-20200101.120000-2 1_1 1+1 1.0+build 1.0_1 2.6.0-b1 2.6.0.b1 1.0.0.RC1 1.0.0-RC1 1.0.0RC1
1-0.alpha 1-0.beta 1-0-0 1-0.0 1.0-ga-1 1-ga-1 1-sp.1 1-final.1 1.0.x 1-1x 1-1x1 1-2x 1-rc.1 1-rc-1.1 1.0-rc1.1 0.0.1-alpha.1 0.0.0-20200101 1-SNAPSHOT-1 1-snapshot.1 1.a1 1.b1 1.m1 1.rc1 1.cr1 1.a.1 1-m 1m 1-cr-1""".split()


def run(command, text):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def node_order(modules):
    versions, rows, release = json.loads(run(["node", "-e", NODE_ORDER, modules], json.dumps(SEMANTIC)))
    return versions, rows, f"npm package semver {release}"


def python_order():
    import packaging
    from packaging.version import InvalidVersion, Version

    versions = []
    for text in PYTHON:
        try:
            versions.append((text, Version(text)))
        except InvalidVersion:
            pass
    rows = [[(a > b) - (a < b) for _, b in versions] for _, a in versions]
    return [text for text, _ in versions], rows, f"PyPI package packaging {packaging.__version__}"


def maven_release(jar):
    facts = zipfile.ZipFile(jar).read("META-INF/maven/org.apache.maven/maven-artifact/pom.properties").decode()
    return next(line.partition("=")[2].strip() for line in facts.splitlines() if line.startswith("version="))


def maven_order(jar):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "Order.java"
        source.write_text(JAVA_ORDER)
        out = run(["java", "-cp", jar, str(source)], "\n".join(MAVEN))
    rows = [["<=>".index(sign) - 1 for sign in line] for line in out.splitlines()]
    return MAVEN, rows, f"ComparableVersion of maven-artifact {maven_release(jar)}"


def table(name, versions, rows, source, beside=()):
    """Writes the longest chain that a simple choice finds, and pairs for what does not fit in."""
    left = list(range(len(versions)))
    odd = []
    while True:
        chain = sorted(left, key=lambda one: sum(rows[one][other] for other in left))
        wrong = dict.fromkeys(left, 0)
        level = {}
        for at, one in enumerate(chain):
            before = chain[at - 1] if at else one
            level[one] = level.get(before, 0) + (1 if at and rows[before][one] != 0 else 0)
        for a, b in itertools.combinations(chain, 2):
            expected = (level[a] > level[b]) - (level[a] < level[b])
            if rows[a][b] != expected:
                wrong[a] += 1
                wrong[b] += 1
        worst = max(left, key=lambda one: wrong[one])
        if wrong[worst] == 0:
            break
        left.remove(worst)
        odd.append(worst)
    lines = [f"# Ascending; equal versions share a line. Source: {source}; written by make.py."]
    for _, group in itertools.groupby(chain, key=lambda one: level[one]):
        lines.append(" ".join(versions[one] for one in group))
    for one in odd:
        for other in range(len(versions)):
            if other != one:
                lines.append(f"pair {versions[one]} {'<=>'[rows[one][other] + 1]} {versions[other]}")
    lines += [f"none {text}" for text in beside]
    (HERE / name).write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(chain)} versions in the chain, {len(odd)} in pairs")


def ranges(modules):
    answers = json.loads(run(["node", "-e", NODE_RANGES, modules], json.dumps([RANGES, RANGE_VERSIONS])))
    lines = ["# Range, a tab, the versions of the first line that it holds (1) or does not (0); written by make.py.", " ".join(RANGE_VERSIONS)]
    for text, answer in zip(RANGES, answers):
        lines.append(f"{text}\t{'none' if answer is None else ''.join('01'[holds] for holds in answer)}")
    (HERE / "npm-ranges.txt").write_text("\n".join(lines) + "\n")


def main():
    modules, jar = sys.argv[1:]
    versions, rows, source = node_order(modules)
    table("npm.txt", versions, rows, source)
    ranges(modules)
    versions, rows, source = python_order()
    table("pypi.txt", versions, rows, source, [text for text in PYTHON if text not in versions])
    table("maven.txt", *maven_order(jar))


main()

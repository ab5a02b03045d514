//! Expressions and what they come to.

use super::*;
use crate::terraform::module::Tool;
use crate::terraform::value::Kind;

/// Evaluates a local value of a module with some files beside it, and shows it as JSON would.
fn shown(expression: &str) -> String {
    let mut tree = SourceTree::new();
    let text = format!(
        r#"
variable "open" {{}}
variable "set" {{ default = "given" }}
variable "map" {{ default = {{ a = "1", b = "2" }} }}
locals {{
  list = ["x", "y", "z"]
  a    = {expression}
}}
data "aws_region" "here" {{}}
resource "aws_sqs_queue" "many" {{ count = 2 }}
resource "aws_sqs_queue" "keyed" {{ for_each = {{ one = "1" }} }}
resource "aws_sqs_queue" "one" {{ name = "q" }}
resource "aws_sqs_queue" "maybe" {{ count = var.open }}
"#
    );
    tree.add("m/main.tf", text.into_bytes());
    tree.add("m/file.txt", b"content".to_vec());
    tree.add("m/data.json", br#"{"k": ["v"]}"#.to_vec());
    tree.add("m/template.tpl", b"hello ${name}%{ for x in list ~} ${x}%{ endfor ~}".to_vec());
    tree.add("m/src/a.py", Vec::new());
    tree.add("m/src/deep/b.py", Vec::new());
    let mut unread = Vec::new();
    let modules = Modules::read(&tree, Tool::OpenTofu, &mut unread);
    assert_eq!(unread, [], "{expression}");
    let root = modules.find("m").expect("the module");
    let evaluator = Evaluator::new(&tree, &modules, &root, BUDGET);
    let scope = evaluator.root().expect("its scope");
    let value = evaluator.local(&scope, "a", Place::whole(root.files[0]));
    match &value.kind {
        Kind::Unknown(why) => format!("unknown: {why}"),
        Kind::List(_) | Kind::Map(_) => Value::json(value.place, value.clone()).to_text().to_string(),
        Kind::Null => "null".to_owned(),
        _ => value.to_text().to_string(),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (expression, wanted) in cases {
        assert_eq!(shown(expression), *wanted, "{expression}");
    }
}

#[test]
fn operators_and_conditions() {
    check(&[
        ("1 + 2 * 3", "7"),
        ("10 / 4", "2.5"),
        ("!false", "true"),
        ("-(1)", "-1"),
        ("1 == 1 && 2 > 3", "false"),
        ("false && var.open", "false"),
        ("true || var.open", "true"),
        ("var.open == 1", "unknown: the variable `open` has no default"),
        ("var.open ? 1 : 2", "unknown: the variable `open` has no default"),
        ("var.open ? \"same\" : \"same\"", "same"),
        ("var.set == \"given\" ? \"yes\" : \"no\"", "yes"),
        ("aws_sqs_queue.one.arn != \"\"", "true"),
        ("aws_sqs_queue.one.arn == null", "false"),
        ("null == null", "true"),
        ("[] == []", "true"),
        ("\"1\" == 1", "true"),
    ]);
}

#[test]
fn paths_and_templates() {
    check(&[
        ("\"a-${var.set}-${var.open}\"", "a-given-${open}"),
        ("\"${local.list}\"", "[\"x\",\"y\",\"z\"]"),
        ("local.list[1]", "y"),
        ("local.list.1", "y"),
        ("var.map.a", "1"),
        ("var.map[\"b\"]", "2"),
        ("var.open.inner[\"x\"]", "${open.inner.x}"),
        ("aws_sqs_queue.one.arn", "${aws_sqs_queue.one.Arn}"),
        ("aws_sqs_queue.one.url", "${aws_sqs_queue.one.Url}"),
        ("aws_sqs_queue.one.id", "${aws_sqs_queue.one.Url}"),
        ("aws_sqs_queue.many[1].arn", "${aws_sqs_queue.many[1].Arn}"),
        ("aws_sqs_queue.many[*].arn", "[\"${aws_sqs_queue.many[0].Arn}\",\"${aws_sqs_queue.many[1].Arn}\"]"),
        ("aws_sqs_queue.many.*.arn[0]", "${aws_sqs_queue.many[0].Arn}"),
        ("aws_sqs_queue.keyed[\"one\"].arn", "${aws_sqs_queue.keyed[\"one\"].Arn}"),
        ("values(aws_sqs_queue.keyed)[*].arn", "[\"${aws_sqs_queue.keyed[\"one\"].Arn}\"]"),
        ("aws_sqs_queue.maybe[0].arn", "${aws_sqs_queue.maybe.Arn}"),
        ("one(aws_sqs_queue.maybe[*].arn)", "${aws_sqs_queue.maybe.Arn}"),
        ("aws_sqs_queue.gone.arn", "unknown: there is no resource `aws_sqs_queue.gone` in these files"),
        ("data.aws_region.here.name", "${AWS::Region}"),
        ("path.module", "."),
        ("terraform.workspace", "${terraform.workspace}"),
        ("\"%{ if var.set == \"given\" }in%{ else }out%{ endif }\"", "in"),
        ("\"%{ for x in local.list }<${x}>%{ endfor }\"", "<x><y><z>"),
        ("<<-E\n    two\n      lines\n  E\n", "    two\n      lines\n"),
    ]);
}

#[test]
fn collections() {
    check(&[
        ("[for x in local.list : upper(x) if x != \"y\"]", "[\"X\",\"Z\"]"),
        ("{ for k, v in var.map : v => k }", "{\"1\":\"a\",\"2\":\"b\"}"),
        ("{ for x in [\"a1\", \"a2\"] : substr(x, 0, 1) => x... }", "{\"a\":[\"a1\",\"a2\"]}"),
        ("concat([1], local.list)", "[1,\"x\",\"y\",\"z\"]"),
        ("concat([\"a\"], var.open)", "[\"a\",\"${?}\"]"),
        ("merge({ a = 1, b = 1 }, { b = 2 }, null)", "{\"a\":1,\"b\":2}"),
        ("merge({ a = 1 }, var.open).a", "1"),
        ("merge({ a = 1 }, var.open).b", "unknown: the variable `open` has no default"),
        ("flatten([[1, [2]], 3])", "[1,2,3]"),
        ("element(local.list, 4)", "y"),
        ("lookup(var.map, \"c\", \"default\")", "default"),
        ("length(local.list)", "3"),
        ("contains(local.list, \"z\")", "true"),
        ("keys(var.map)", "[\"a\",\"b\"]"),
        ("distinct([1, 1, 2])", "[1,2]"),
        ("compact([\"a\", \"\", null])", "[\"a\"]"),
        ("zipmap([\"a\"], [1])", "{\"a\":1}"),
        ("slice(local.list, 1, 2)", "[\"y\"]"),
        ("range(3)", "[0,1,2]"),
        ("reverse(local.list)", "[\"z\",\"y\",\"x\"]"),
        ("setproduct([1], [2, 3])", "[[1,2],[1,3]]"),
        ("setsubtract(local.list, [\"x\"])", "[\"y\",\"z\"]"),
        ("try(var.map.gone, \"instead\")", "instead"),
        ("try(\"${var.map.gone}.x\", \"instead\")", "instead"),
        ("try(tobool(\"no bool\"), lower(var.map.gone), local.list[9], \"last\")", "last"),
        (
            "try(aws_sqs_queue.gone.arn, \"instead\")",
            "unknown: there is no resource `aws_sqs_queue.gone` in these files",
        ),
        ("can(var.map.gone)", "false"),
        ("can(var.map.a)", "true"),
        ("{} == var.map", "false"),
        ("coalesce(\"\", null, \"x\")", "x"),
        ("tolist(toset(local.list))", "[\"x\",\"y\",\"z\"]"),
        ("max(1, 3, 2)", "3"),
        ("cidrsubnet(\"10.0.0.0/8\", 8, 1)", "unknown: what `cidrsubnet` gives is not worked out here"),
    ]);
}

#[test]
fn texts_and_files() {
    check(&[
        ("format(\"%s-%03d-%%-%q\", \"a\", 7, \"b\")", "a-007-%-\"b\""),
        ("format(\"arn:%s\", aws_sqs_queue.one.arn)", "arn:${aws_sqs_queue.one.Arn}"),
        ("formatlist(\"%s!\", local.list)", "[\"x!\",\"y!\",\"z!\"]"),
        ("join(\",\", local.list)", "x,y,z"),
        ("split(\",\", \"a,b\")", "[\"a\",\"b\"]"),
        ("replace(\"a-b\", \"-\", \"_\")", "a_b"),
        ("replace(\"a1\", \"/[0-9]/\", \"_\")", "unknown: it replaces by a pattern"),
        ("trimsuffix(\"a.zip\", \".zip\")", "a"),
        ("title(\"two words\")", "Two Words"),
        ("jsonencode({ a = [1, true, null] })", "{\"a\":[1,true,null]}"),
        ("jsondecode(\"{\\\"a\\\": [1]}\").a[0]", "1"),
        ("jsondecode(file(\"${path.module}/data.json\")).k[0]", "v"),
        ("file(\"file.txt\")", "content"),
        ("file(\"gone.txt\")", "unknown: the file `gone.txt` is not in the tree"),
        ("file(\"../../outside\")", "unknown: the file `../../outside` is not in the tree"),
        ("templatefile(\"template.tpl\", { name = var.set, list = [1, 2] })", "hello given12"),
        ("fileexists(\"file.txt\")", "true"),
        ("fileset(\"src\", \"*.py\")", "[\"a.py\"]"),
        ("fileset(path.module, \"src/**/*.py\")", "[\"src/a.py\",\"src/deep/b.py\"]"),
        ("basename(\"a/b.zip\")", "b.zip"),
        ("nonsensitive(var.set)", "given"),
    ]);
}

//! Exports as bundlers and compilers write them, and what cannot be told of them.

use super::{calls, gaps, read_code};

/// What esbuild puts before a module of CommonJS.
const HEAD: &str = r#""use strict";
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __commonJS = (cb, mod) => function __require() {
  return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
};
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);
"#;

fn check(code: &str, expect: &[&str]) {
    let reading = read_code("app.js", code);
    assert_eq!(calls(&reading), expect, "{code}\n{:?}", reading.unknowns);
    assert_eq!(gaps(&reading), Vec::<&str>::new(), "{code}");
    assert!(reading.entry.is_some(), "{code}");
}

#[test]
fn exports_that_are_given_when_they_are_asked_for() {
    let get = "async (event) => new import_client_dynamodb.DynamoDBClient({}).send(new import_client_dynamodb.GetItemCommand({ TableName: process.env.TABLE }))";
    let exports =
        "var app_exports = {}; __export(app_exports, { other: () => other, handler: () => handler });";
    let body = format!(
        "var import_client_dynamodb = require('@aws-sdk/client-dynamodb'); var handler = {get}; var other = async () => new import_client_dynamodb.DynamoDBClient({{}}).send(new import_client_dynamodb.ScanCommand({{ TableName: 'B' }}));"
    );
    let expect = ["dynamodb:GetItem ${env.TABLE}"];
    // With and without what esbuild writes for Node at the end; with and without the copy.
    for (exported, end) in [
        ("module.exports = __toCommonJS(app_exports);", "0 && (module.exports = { handler, other });"),
        ("module.exports = __toCommonJS(app_exports);", ""),
        ("module.exports = app_exports;", ""),
    ] {
        check(&format!("{HEAD}{exports} {exported} {body} {end}"), &expect);
    }
    // The same, made small.
    check(
        &format!(
            "var d=Object.defineProperty,n=Object.getOwnPropertyNames,h=Object.prototype.hasOwnProperty;var x=(t,e)=>{{for(var r in e)d(t,r,{{get:e[r],enumerable:!0}})}},c=(t,e,r,o)=>{{if(e&&typeof e==\"object\")for(let a of n(e))!h.call(t,a)&&a!==r&&d(t,a,{{get:()=>e[a],enumerable:!0}});return t}};var m=t=>c(d({{}},\"__esModule\",{{value:!0}}),t);var s={{}};x(s,{{handler:()=>handler,other:()=>other}});module.exports=m(s);{body}"
        ),
        &expect,
    );
    // What TypeScript writes for an export of another file's, and Webpack for its own.
    check(
        &format!(
            "Object.defineProperty(exports, '__esModule', {{ value: true }}); {body} var main = {{ handler }}; Object.defineProperty(exports, 'handler', {{ enumerable: true, get: function () {{ return main.handler; }} }});"
        ),
        &expect,
    );
    check(
        &format!(
            "var w = {{ d: (exports, definition) => {{ for (var key in definition) {{ Object.defineProperty(exports, key, {{ enumerable: true, get: definition[key] }}); }} }} }}; var found = {{}}; w.d(found, {{ other: () => other, handler: () => handler }}); {body} module.exports = found;"
        ),
        &expect,
    );
}

#[test]
fn packages_that_are_wrapped() {
    check(
        &format!(
            "{HEAD}var app_exports = {{}}; __export(app_exports, {{ handler: () => handler }}); module.exports = __toCommonJS(app_exports); var import_aws = __toESM(require('aws-sdk')); var s3 = new import_aws.default.S3(); var handler = async () => s3.getObject({{ Bucket: process.env.B, Key: 'a' }}).promise();"
        ),
        &["s3:GetObject ${env.B}"],
    );
    check(
        &format!(
            "{HEAD}var require_db = __commonJS({{ 'src/db.js'(exports, module) {{ var {{ S3 }} = require('aws-sdk'); var s3 = new S3(); module.exports.read = () => s3.getObject({{ Bucket: process.env.B }}).promise(); }} }}); var db = __toESM(require_db()); exports.handler = async () => db.read();"
        ),
        &["s3:GetObject ${env.B}"],
    );
}

#[test]
fn a_handler_that_is_not_found_is_not_one_that_does_nothing() {
    for exported in ["module.exports = wrap({ handler })", "module.exports = load()[1]"] {
        let code = format!(
            "const wrap = (all) => all.deep; const load = () => []; const handler = async () => 1; {exported};"
        );
        let reading = read_code("app.js", &code);
        assert_eq!(gaps(&reading), ["the handler `handler` was not found in `app.js`"], "{code}");
    }
}

#[test]
fn a_call_through_a_bundle_s_comma_may_be_waited_for() {
    let code = format!(
        r#"{HEAD}
var app_exports = {{}};
__export(app_exports, {{ handler: () => handler }});
module.exports = __toCommonJS(app_exports);
var import_client_s3 = require("@aws-sdk/client-s3");
var s3 = new import_client_s3.S3Client({{}});
var handler = async () => {{
  const found = await (0, import_client_s3.waitUntilObjectExists)({{ client: s3 }}, {{ Bucket: "b", Key: "k" }});
  return await (0, s3.send)(new import_client_s3.GetObjectCommand({{ Bucket: "b", Key: "k" }}));
}};
"#
    );
    let reading = read_code("app.js", &code);
    assert!(
        calls(&reading).iter().any(|call| call == "s3:GetObject b"),
        "{:?} {:?}",
        calls(&reading),
        gaps(&reading)
    );
    assert!(!gaps(&reading).iter().any(|gap| gap.contains("await")), "{:?}", gaps(&reading));
}

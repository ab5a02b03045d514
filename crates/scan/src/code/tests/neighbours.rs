//! What a function's files hold beside what it uses: left out where nothing that runs speaks of it, kept where something may call it.

use super::{calls, gaps, read_files};

/// The calls of a handler (`app.js` or `app.py`) beside a library of the tree.
fn check(files: &[(&str, &str)], expect: &[&str]) {
    let reading = read_files(files, &[]).1;
    assert_eq!(calls(&reading), expect, "{files:?}\n{:?}", reading.unknowns);
    assert_eq!(gaps(&reading), Vec::<&str>::new(), "{files:?}");
}

const LIBRARY: &str =
    "import { DynamoDBDocumentClient, GetCommand, PutCommand, DeleteCommand } from '@aws-sdk/lib-dynamodb';
    const client = DynamoDBDocumentClient.from({});
    export async function put(Item) { await client.send(new PutCommand({ TableName: 'T', Item })); }
    export const load = async (id) => client.send(new GetCommand({ TableName: 'T', Key: { id } }));
    export function purge() { return client.send(new DeleteCommand({ TableName: 'T', Key: {} })); }";

const COMMON: &str = "const AWS = require('aws-sdk'); const db = new AWS.DynamoDB.DocumentClient();
    const put = (Item) => db.put({ TableName: 'T', Item }).promise();
    async function load(Key) { return db.get({ TableName: 'T', Key }).promise(); }
    exports.purge = () => db.delete({ TableName: 'T', Key: {} }).promise();
    module.exports = { put, load, purge: exports.purge };";

const PYTHON: &str = "import boto3
__all__ = ['put', 'load', 'purge']
table = boto3.resource('dynamodb').Table('T')
def put(item):
    table.put_item(Item=item)
def load(key):
    return table.get_item(Key=key)
def purge():
    table.delete_item(Key={})
";

#[test]
fn what_nothing_speaks_of_is_not_used() {
    for handler in [
        "import { load } from './db'; export const handler = async (event) => load(event.id);",
        "import { load as read } from './db'; export const handler = async (event) => read(event.id);",
        "import * as db from './db'; export const handler = async (event) => db.load(event.id);",
        "import { load } from './all'; export const handler = async (event) => load(event.id);",
        "export const handler = async (event) => { const { load } = await import('./db'); return load(event.id); };",
    ] {
        let all = "export * from './db';";
        check(&[("app.mjs", handler), ("db.js", LIBRARY), ("all.js", all)], &["dynamodb:GetItem T"]);
    }
    for handler in [
        "const { load } = require('./db'); exports.handler = async (event) => load(event.id);",
        "const db = require('./db'); exports.handler = async (event) => db.load(event.id);",
        "exports.handler = async (event) => require('./db').load(event.id);",
    ] {
        check(&[("app.js", handler), ("db.js", COMMON)], &["dynamodb:GetItem T"]);
    }
    for handler in [
        "from db import load\ndef handler(event, context):\n    return load(event['id'])\n",
        "import db\ndef handler(event, context):\n    return db.load(event['id'])\n",
        "from db import *\ndef handler(event, context):\n    return load(event['id'])\n",
    ] {
        check(&[("app.py", handler), ("db.py", PYTHON)], &["dynamodb:GetItem T"]);
    }
}

#[test]
fn what_may_be_called_by_a_name_is_possible() {
    let all = ["dynamodb:DeleteItem T", "dynamodb:GetItem T", "dynamodb:PutItem T"];
    // A name in a text, behind something that cannot be followed.
    check(
        &[
            (
                "app.mjs",
                "import * as db from './db'; export const handler = async (event) => globalThis.later('purge', event);",
            ),
            ("db.js", LIBRARY),
        ],
        &["dynamodb:DeleteItem T ?"],
    );
    // The module as a whole goes where names do not show.
    let reading = read_files(
        &[
            (
                "app.js",
                "const db = require('./db'); exports.handler = async (event) => globalThis.bus.serve(db);",
            ),
            ("db.js", COMMON),
        ],
        &[],
    )
    .1;
    let found = calls(&reading);
    assert!(all.iter().all(|call| found.iter().any(|found| found.starts_with(call))), "{found:?}");
    // Marked functions are called by whoever marks them.
    check(
        &[
            (
                "app.py",
                "import db\ndef handler(event, context):\n    return db.app.resolve(event, context)\n",
            ),
            (
                "db.py",
                "import boto3\nfrom somewhere import App\napp = App()\ntable = boto3.resource('dynamodb').Table('T')\n@app.on_start\ndef begin():\n    table.scan()\n",
            ),
        ],
        &["dynamodb:Scan T ?"],
    );
    // What only a function speaks of that is itself possible.
    check(
        &[
            (
                "app.mjs",
                "import { first } from './db'; export const handler = async (event) => globalThis.later(`${first}`, event);",
            ),
            (
                "db.js",
                "import { DynamoDB } from '@aws-sdk/client-dynamodb'; const db = new DynamoDB({});
                 export function first() { return globalThis.other('second'); }
                 export function second() { return db.scan({ TableName: 'T' }); }
                 export function third() { return db.deleteItem({ TableName: 'T', Key: {} }); }",
            ),
        ],
        &["dynamodb:Scan T ?"],
    );
}

#[test]
fn methods_are_walked_with_the_objects_that_there_are() {
    let store = "import { DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
        export class Notes {
          constructor(client = DynamoDBDocumentClient.from({}), table = process.env.NOTES) { this.client = client; this.table = table; }
          load(id) { return this.client.send(new GetCommand({ TableName: this.table, Key: { id } })); }
          save(Item) { return this.client.send(new PutCommand({ TableName: this.table, Item })); }
          all() { return this.client.send(new ScanCommand({ TableName: this.table })); }
        }
        export class Unused { go() { return new Notes().all(); } }";
    let handler = |rest: &str| {
        format!(
            "import {{ Notes }} from './notes'; const notes = new Notes(); export const handler = async (event) => {rest};"
        )
    };
    let files = |text: &str| read_files(&[("app.mjs", text), ("notes.js", store)], &["NOTES"]).1;
    assert_eq!(calls(&files(&handler("notes.load(event.id)"))), ["dynamodb:GetItem ${env.NOTES}"]);
    assert_eq!(
        calls(&files(&handler("globalThis.later('save', notes.load(event.id))"))),
        ["dynamodb:GetItem ${env.NOTES}", "dynamodb:PutItem ${env.NOTES} ?"]
    );
    // Handed to somebody else's code: any of its methods.
    assert_eq!(calls(&files(&handler("globalThis.serve(notes)"))).len(), 3);
}

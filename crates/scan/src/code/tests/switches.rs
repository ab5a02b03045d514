//! What is switched off, and what outlives a call.

use super::{SwitchKind, read_code};

fn check(path: &str, code: &str, expect: &[SwitchKind]) {
    let reading = read_code(path, code);
    let found: Vec<SwitchKind> = reading.switches.iter().map(|switch| switch.kind).collect();
    assert_eq!(found, expect, "{code}\n{:?}", reading.switches);
}

#[test]
fn certificates_that_are_not_checked() {
    let off = [
        (
            "app.js",
            "const https = require('https'); const agent = new https.Agent({ rejectUnauthorized: false }); exports.handler = async () => 1;",
        ),
        ("app.js", "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; exports.handler = async () => 1;"),
        ("app.js", "process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = 0; exports.handler = async () => 1;"),
        (
            "app.js",
            "const axios = require('axios'); exports.handler = async () => axios.get('https://x', { httpsAgent: new (require('https').Agent)({ rejectUnauthorized: false }) });",
        ),
        (
            "app.py",
            "import requests\ndef handler(event, context):\n    return requests.get('https://x', verify=False).text\n",
        ),
        (
            "app.py",
            "import requests\nsession = requests.Session()\nsession.verify = False\ndef handler(event, context):\n    return 1\n",
        ),
        (
            "app.py",
            "import ssl, urllib.request\ndef handler(event, context):\n    return urllib.request.urlopen('https://x', context=ssl._create_unverified_context())\n",
        ),
        (
            "app.py",
            "import ssl\nctx = ssl.create_default_context()\nctx.check_hostname = False\ndef handler(event, context):\n    return 1\n",
        ),
        (
            "app.py",
            "import urllib3\nhttp = urllib3.PoolManager(cert_reqs='CERT_NONE')\ndef handler(event, context):\n    return 1\n",
        ),
    ];
    for (path, code) in off {
        check(path, code, &[SwitchKind::TlsVerification]);
    }
    let on = [
        (
            "app.js",
            "const https = require('https'); const agent = new https.Agent({ rejectUnauthorized: true }); exports.handler = async () => 1;",
        ),
        (
            "app.js",
            "const a = { rejectUnauthorized: process.env.STAGE !== 'dev' }; exports.handler = async () => a;",
        ),
        (
            "app.js",
            "// rejectUnauthorized: false\nexports.handler = async () => 'rejectUnauthorized: false';",
        ),
        (
            "app.py",
            "import requests\ndef handler(event, context):\n    return requests.get('https://x', verify='/opt/ca.pem')\n",
        ),
        (
            "app.py",
            "def check(verify=True):\n    return verify\ndef handler(event, context):\n    return check(verify=False)\n",
        ),
    ];
    for (path, code) in on {
        check(path, code, &[]);
    }
}

#[test]
fn tokens_that_are_not_checked() {
    let off = [
        (
            "app.py",
            "import jwt\ndef handler(event, context):\n    return jwt.decode(event['t'], options={'verify_signature': False})\n",
        ),
        (
            "app.py",
            "import jwt\ndef handler(event, context):\n    return jwt.decode(event['t'], verify=False)\n",
        ),
        (
            "app.py",
            "import jwt\ndef handler(event, context):\n    return jwt.decode(event['t'], 'k', algorithms=['none', 'HS256'])\n",
        ),
        (
            "app.js",
            "const jwt = require('jsonwebtoken'); exports.handler = async (e) => jwt.decode(e.headers.authorization).role === 'admin';",
        ),
        (
            "app.js",
            "const jwt = require('jsonwebtoken'); exports.handler = async (e) => jwt.verify(e.t, 'k', { algorithms: ['none'] });",
        ),
        (
            "app.js",
            "const jwt = require('jsonwebtoken'); exports.handler = async (e) => jwt.verify(e.t, 'k', { ignoreExpiration: true });",
        ),
        (
            "app.mjs",
            "import { jwtDecode } from 'jwt-decode'; export const handler = async (e) => jwtDecode(e.headers.authorization);",
        ),
    ];
    for (path, code) in off {
        check(path, code, &[SwitchKind::SignatureVerification]);
    }
    let on = [
        (
            "app.py",
            "import jwt\ndef handler(event, context):\n    return jwt.decode(event['t'], 'key', algorithms=['RS256'])\n",
        ),
        (
            "app.js",
            "const jwt = require('jsonwebtoken'); exports.handler = async (e) => jwt.verify(e.t, 'k', { algorithms: ['RS256'] });",
        ),
        (
            "app.js",
            "const jwt = require('jsonwebtoken'); exports.handler = async (e) => { const { header } = jwt.decode(e.t, { complete: true }); return jwt.verify(e.t, await key(header.kid)); };",
        ),
        ("app.js", "exports.handler = async (e) => Buffer.from(e.body, 'base64').toString();"),
    ];
    for (path, code) in on {
        check(path, code, &[]);
    }
}

#[test]
fn event_data_that_outlives_a_call() {
    let kept = [
        (
            "app.js",
            "let user; exports.handler = async (event) => { user = JSON.parse(event.body); return user.id; };",
        ),
        (
            "app.js",
            "const seen = []; exports.handler = async (event) => { seen.push(event.body); return seen; };",
        ),
        ("app.js", "const cache = {}; exports.handler = async (event) => { cache[event.id] = event.body; };"),
        (
            "app.js",
            "const fs = require('fs'); exports.handler = async (event) => { fs.writeFileSync('/tmp/upload.bin', event.body); };",
        ),
        ("app.py", "last = None\ndef handler(event, context):\n    global last\n    last = event['body']\n"),
        (
            "app.py",
            "items = []\ndef handler(event, context):\n    items.append(event['body'])\n    return items\n",
        ),
        (
            "app.py",
            "user = None\ndef handler(event, context):\n    global user\n    user = event['requestContext']['authorizer']['claims']['sub']\n",
        ),
    ];
    for (path, code) in kept {
        check(path, code, &[SwitchKind::StateBetweenCalls]);
    }
    let fresh = [
        (
            "app.js",
            "let connection; exports.handler = async (event) => { connection = connection || await require('pg').connect(); return event.body; };",
        ),
        (
            "app.js",
            "const cache = {}; exports.handler = async (event) => { cache[event.id] = await load(1); };",
        ),
        (
            "app.js",
            "exports.handler = async (event) => { const list = []; let user; user = event.body; list.push(user); return list; };",
        ),
        (
            "app.js",
            "const fs = require('fs'); exports.handler = async (event) => { fs.writeFileSync('/tmp/x', event.body); fs.unlinkSync('/tmp/x'); };",
        ),
        ("app.py", "last = None\ndef handler(event, context):\n    last = event['body']\n    return last\n"),
        (
            "app.py",
            "import json\ndef handler(event, context):\n    items = []\n    for r in event['Records']:\n        items.append(json.loads(r['body']))\n    return items\n",
        ),
    ];
    for (path, code) in fresh {
        check(path, code, &[]);
    }
}

#[test]
fn frameworks_that_show_their_insides() {
    let code = "from flask import Flask\napp = Flask(__name__)\napp.debug = True\nhandler = app\n";
    check("app.py", code, &[SwitchKind::DebugMode]);
    check(
        "app.py",
        "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run(debug=False)\nhandler = app\n",
        &[],
    );
}

#[test]
fn what_outlives_a_call_is_named() {
    let cases = [
        ("let cart = []; exports.handler = async (event) => { cart.push(event.body); };", "`cart`"),
        ("const seen = {}; exports.handler = async (event) => { seen[event.id] = event.body; };", "`seen`"),
        ("const a = { b: [] }; exports.handler = async (event) => { a.b.push(event.body); };", "`a.b`"),
    ];
    for (code, name) in cases {
        let reading = read_code("app.js", code);
        let found: Vec<bool> = reading.switches.iter().map(|it| it.message.contains(name)).collect();
        assert_eq!(found, [true], "{code} {:?}", reading.switches);
    }
}

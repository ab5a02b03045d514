//! Ways by which event data reaches something dangerous without being handed to it in plain sight, and look-alikes that are harmless.

use super::{FlowKind, read_code, read_files};
use crate::code::SwitchKind;

const SCRIPT: &str = "const cp = require('child_process'); const fs = require('fs');";
const PYTHON: &str = "import os, json, base64, functools, subprocess\nimport jsonpickle, ruamel.yaml, psycopg2, psycopg\nfrom psycopg2 import sql\nfrom ruamel.yaml import YAML\n";

fn handler(path: &str, body: &str) -> String {
    if path.ends_with(".py") {
        let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
        return format!("{PYTHON}def handler(event, context):\n{body}");
    }
    format!("{SCRIPT} exports.handler = async (event) => {{ {body} }};")
}

/// Bodies of handlers, each of which lets callers in by `kind`, or by nothing.
fn all(path: &str, kind: Option<FlowKind>, bodies: &[&str]) {
    let mut wrong = Vec::new();
    for body in bodies {
        let found: Vec<FlowKind> =
            read_code(path, &handler(path, body)).flows.iter().map(|flow| flow.kind).collect();
        if found != kind.into_iter().collect::<Vec<_>>() {
            wrong.push((*body, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn scripts_that_call_by_another_name() {
    let commands = [
        "cp.exec.call(null, event.x);",
        "cp.exec.apply(cp, [event.x]);",
        "const args = [event.x]; cp.execSync.apply(null, args);",
        "cp.exec.apply(null, event.list);",
        "cp.exec.bind(cp)(event.x);",
        "const run = cp.exec.bind(null, event.x); run();",
        "Reflect.apply(cp.exec, null, [event.x]);",
        "function run(c) { cp.exec(c); } run.call(this, event.x);",
        "const run = (a, c) => cp.exec(c); run.bind(null, 1)(event.x);",
        "Promise.resolve(event.x).then(cp.exec);",
        "event.list.forEach(cp.execSync);",
        "[event.x].map(cp.exec);",
        "event.list.map(cp.exec.bind(cp));",
        "require('lodash').forEach(event.list, cp.exec);",
        "require('lodash').map(event.list, (c) => cp.exec(c));",
        "setTimeout(cp.exec, 10, event.x);",
        "process.nextTick((c) => cp.exec(c), event.x);",
        "const m = new Map(); m.set('c', event.x); cp.exec(m.get('c'));",
        "const m = new Map(); m.set(context.k, event.x); cp.exec(m.get('c'));",
        "const m = new Map([['a', 'ls'], ['c', event.x]]); cp.exec(m.get('c'));",
        "const m = new Map(Object.entries(event)); cp.exec(m.get('c'));",
        "require('module').createRequire(__filename)('child_process').exec(event.x);",
        "process.mainModule.require('child_process').exec(event.x);",
        "process.getBuiltinModule('child_process').exec(event.x);",
        "process.getBuiltinModule('node:child_process').exec(event.x);",
        "module.require('child_process').exec(event.x);",
        "global.process.mainModule.require('child_process').exec(event.x);",
        "cmd = event.x; go(); function go() { cp.exec(cmd); }",
        "const c = await new Promise((resolve) => resolve(event.x)); cp.exec(c);",
        "new Promise((resolve) => setTimeout(() => resolve(event.x), 1)).then((c) => cp.exec(c));",
        "import('child_process').then((m) => m.exec(event.x));",
        "const x = { ...cp }; x.exec(event.x);",
        "const x = { ...cp }; const { exec } = x; exec(event.x);",
        "new Proxy(cp, {}).exec(event.x);",
        "class A { constructor(c) { this.c = c; } get cmd() { return this.c; } go() { cp.exec(this.cmd); } } new A(event.x).go();",
        "class A { set c(v) { cp.exec(v); } } const a = new A(); a.c = event.x;",
        "class A { get c() { return this.d; } set c(v) { this.d = v; } } const a = new A(); a.c = event.x; cp.exec(a.c);",
        "(function () { cp.exec(arguments[0]); })(event.x);",
        "(function () { cp.exec.apply(cp, arguments); })(event.x);",
        "Array.from(event.list, (c) => cp.exec(c));",
        "process.env.C = event.x; cp.exec(process.env.C);",
        "globalThis.c = event.x; cp.exec(global.c);",
    ];
    all("app.js", Some(FlowKind::CommandInjection), &commands);
    let code = [
        "globalThis['eval'](event.x);",
        "global['eval'](event.x);",
        "global.eval(event.x);",
        "(0, eval)(event.x);",
        "eval.call(null, event.x);",
        "(() => {}).constructor(event.x)();",
        "Reflect.construct(Function, [event.x])();",
        "Reflect.get(globalThis, 'eval')(event.x);",
    ];
    all("app.js", Some(FlowKind::CodeInjection), &code);
    let harmless = [
        "cp.exec.call(null, 'ls', event.x);",
        "cp.exec.bind(null, 'ls')();",
        "cp.execFile.call(null, 'convert', ['--', event.x]);",
        "event.list.map(Number).map((n) => cp.exec('head -n ' + n));",
        "event.list.map(String).forEach(console.log);",
        "const m = new Map([['a', 'ls']]); m.set('b', event.x); cp.exec(m.get('a'));",
        "const m = new Map([['a', 'ls'], ['b', 'df']]); cp.exec(m.get(event.x));",
        "const s = new Set(['a']); if (!s.has(event.x)) return; cp.exec(event.x);",
        "setTimeout(cp.exec, event.x, 'ls');",
        "Promise.resolve(event.x).then(console.log);",
        "const c = await new Promise((resolve) => resolve('ls')); cp.exec(c); console.log(event.x);",
        "const x = { ...cp }; x.execFile('convert', ['--', event.x]);",
        "class A { get cmd() { return 'ls'; } } cp.exec(new A(event.x).cmd);",
        "process.env.C = event.x; cp.exec(process.env.D);",
    ];
    all("app.js", None, &harmless);
}

#[test]
fn python_that_calls_by_another_name() {
    let commands = [
        "functools.partial(os.system)(event['x'])",
        "functools.partial(os.system, event['x'])()",
        "run = functools.partial(subprocess.run, shell=True)\nrun(event['x'])",
        "list(map(os.system, event['list']))",
        "import threading\nthreading.Thread(target=os.system, args=(event['x'],)).start()",
        "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor().submit(os.system, event['x'])",
        "d = {}\nd.setdefault('c', event['x'])\nos.system(d['c'])",
        "d = {}\nd.update(c=event['x'])\nos.system(d['c'])",
        "d = {}\nd.update({'c': event['x']})\nos.system(d['c'])",
        "match event:\n    case {'cmd': c}:\n        os.system(c)",
        "os.system('{x}'.format(**event))",
        "def go(x):\n    os.system(x)\ngo(**event)",
        "def go(**named):\n    os.system(named['x'])\ngo(**event)",
        "os.system(' '.join(event.values()))",
        "from dataclasses import dataclass\n@dataclass\nclass Job:\n    c: str\nos.system(Job(event['x']).c)",
        "from collections import namedtuple\nJob = namedtuple('Job', 'c')\nos.system(Job(event['x']).c)",
        "from types import SimpleNamespace\nos.system(SimpleNamespace(**event).x)",
        "os.environ['C'] = event['x']\nos.system(os.environ['C'])",
        "os.system(functools.reduce(lambda a, b: a + b, event['list']))",
        "from string import Template\nos.system(Template('ls $d').substitute(d=event['x']))",
        "match event['list']:\n    case [first, *rest]:\n        os.system(rest[0])",
        "match event:\n    case {'cmd': str(c), **rest}:\n        os.system(c)",
        "match event:\n    case {'a': 1} as whole:\n        os.system(whole['x'])",
        "match event:\n    case {'do': {'cmd': c} | [c]}:\n        os.system(c)",
        "match event['a'], event['x']:\n    case 'run', c:\n        os.system(c)",
        "match json.loads(event['body']):\n    case {'cmd': c} if c:\n        os.system(c)",
        "match event['x']:\n    case other:\n        os.system(other)",
    ];
    all("app.py", Some(FlowKind::CommandInjection), &commands);
    let objects = [
        "return YAML(typ='unsafe').load(event['x'])",
        "y = ruamel.yaml.YAML(typ=['unsafe'])\nreturn y.load(event['x'])",
        "return ruamel.yaml.load(event['x'], Loader=ruamel.yaml.UnsafeLoader)",
        "return jsonpickle.decode(event['x'])",
        "return jsonpickle.unpickler.decode(event['x'])",
    ];
    all("app.py", Some(FlowKind::UnsafeDeserialization), &objects);
    let queries = [
        "psycopg2.connect().cursor().execute(sql.SQL(event['x']))",
        "psycopg.connect().execute(psycopg.sql.SQL(f\"SELECT * FROM t WHERE n = '{event['x']}'\"))",
        "q = sql.SQL('SELECT {} FROM t').format(sql.SQL(event['x']))\npsycopg2.connect().cursor().execute(q)",
        "q = sql.SQL(', ').join([sql.SQL(event['x'])])\npsycopg2.connect().cursor().execute(q)",
        "q = sql.SQL('SELECT ') + sql.SQL(event['x'])\npsycopg2.connect().cursor().execute(q)",
    ];
    all("app.py", Some(FlowKind::SqlInjection), &queries);
    let harmless = [
        "functools.partial(subprocess.run, ['ls'])(event['x'])",
        "def go(x, n):\n    os.system('ls')\ngo(**event)",
        "os.system(' '.join(['ls', 'df']))\nprint(event['x'])",
        "os.system(max(int(n) for n in event['list']))",
        "list(map(int, event['list']))",
        "match event['x']:\n    case 'ls' | 'df':\n        os.system(event['x'])",
        "match event:\n    case {'n': int(n)}:\n        os.system(f'head -n {n}')",
        "match event:\n    case {'cmd': c} if c in ('ls', 'df'):\n        os.system(c)",
        "return YAML(typ='safe').load(event['x'])",
        "return YAML().load(event['x'])",
        "q = sql.SQL('SELECT {} FROM t').format(sql.Identifier(event['x']))\npsycopg2.connect().cursor().execute(q)",
        "q = sql.SQL('SELECT * FROM t WHERE n = {}').format(sql.Literal(event['x']))\npsycopg2.connect().cursor().execute(q)",
        "q = psycopg.sql.SQL('SELECT * FROM t WHERE n = {}').format(event['x'])\npsycopg.connect().execute(q)",
        "q = sql.SQL(', ').join([sql.Identifier(n) for n in event['x']])\npsycopg2.connect().cursor().execute(q)",
        "psycopg2.connect().cursor().execute(sql.SQL('SELECT %s'), [event['x']])",
    ];
    all("app.py", None, &harmless);
}

#[test]
fn names_that_come_from_elsewhere() {
    let kinds = |files: &[(&str, &str)]| -> Vec<FlowKind> {
        read_files(files, &[]).1.flows.iter().map(|flow| flow.kind).collect()
    };
    let run = "def handler(event, context):\n    system(event['x'])\n";
    let star = format!("from os import *\n{run}");
    assert_eq!(kinds(&[("app.py", &star)]), [FlowKind::CommandInjection]);
    let own = format!("from lib import *\n{run}");
    let lib = "import os\ndef system(c):\n    os.system(c)\n";
    assert_eq!(kinds(&[("app.py", &own), ("lib.py", lib)]), [FlowKind::CommandInjection]);
    assert_eq!(kinds(&[("app.py", &own), ("lib.py", "from os import *\n")]), [FlowKind::CommandInjection]);
    let through = "import lib\ndef handler(event, context):\n    lib.system(event['x'])\n";
    assert_eq!(kinds(&[("app.py", through), ("lib.py", "from os import *\n")]), [FlowKind::CommandInjection]);
    let several = format!("from json import *\nfrom os import *\nfrom os.path import *\n{run}");
    assert_eq!(kinds(&[("app.py", &several)]), [FlowKind::CommandInjection]);
    // A name that the language brings along is no other module's.
    let exported = "import * as lib from './lib'; export const handler = async (event) => lib.exec(event.x);";
    let lib = "export * from 'child_process';";
    assert_eq!(kinds(&[("app.js", exported), ("lib.js", lib)]), [FlowKind::CommandInjection]);
    let built_in = "from os import *\ndef handler(event, context):\n    system('x %d' % int(event['x']))\n    print(len(event['x']))\n";
    assert_eq!(kinds(&[("app.py", built_in)]), []);
    let global = |first: &str| {
        format!(
            "import os\n{first}\ndef take(event):\n    global CMD\n    CMD = event['x']\ndef run():\n    os.system(CMD)\ndef handler(event, context):\n    take(event)\n    run()\n"
        )
    };
    assert_eq!(kinds(&[("app.py", &global(""))]), [FlowKind::CommandInjection]);
    assert_eq!(kinds(&[("app.py", &global("CMD = None"))]), [FlowKind::CommandInjection]);
}

#[test]
fn tokens_that_are_taken_apart_by_hand() {
    let off = |path: &str, body: &str| {
        let reading = read_code(path, &handler(path, body));
        reading.switches.iter().filter(|switch| switch.kind == SwitchKind::SignatureVerification).count()
    };
    let shown = [
        (
            "app.js",
            "const token = event.headers.Authorization.replace('Bearer ', ''); const user = JSON.parse(Buffer.from(token.split('.')[1], 'base64').toString()); return user.sub;",
        ),
        (
            "app.js",
            "const [, payload] = event.headers.authorization.split(' ')[1].split('.'); return JSON.parse(atob(payload)).sub;",
        ),
        (
            "app.js",
            "const claims = (t) => JSON.parse(Buffer.from(t.split('.')[1].replace(/-/g, '+'), 'base64url')); return claims(event.headers.authorization).sub;",
        ),
        (
            "app.py",
            "token = event['headers']['authorization'].split(' ')[1]\nclaims = json.loads(base64.urlsafe_b64decode(token.split('.')[1] + '=='))\nreturn claims['sub']",
        ),
        (
            "app.py",
            "head, payload, end = event['headers']['authorization'].split('.')\nreturn json.loads(base64.b64decode(payload).decode())['sub']",
        ),
    ];
    for (path, body) in shown {
        assert_eq!(off(path, body), 1, "{body}");
    }
    let quiet = [
        ("app.js", "return JSON.parse(Buffer.from(event.body, 'base64').toString());"),
        ("app.js", "return JSON.parse(event.name.split('.')[1]);"),
        (
            "app.js",
            "const t = event.headers.authorization; require('jsonwebtoken').verify(t, process.env.KEY); return JSON.parse(Buffer.from(t.split('.')[1], 'base64'));",
        ),
        (
            "app.js",
            "const [h, p, s] = event.headers.authorization.split('.'); const mac = require('crypto').createHmac('sha256', process.env.KEY).update(h + '.' + p).digest('base64url'); if (mac !== s) throw new Error('no'); return JSON.parse(Buffer.from(p, 'base64'));",
        ),
        (
            "app.js",
            "const t = event.headers.authorization; await require('axios').get('https://id/userinfo', { headers: { authorization: t } }); return JSON.parse(Buffer.from(t.split('.')[1], 'base64'));",
        ),
        (
            "app.js",
            "const h = JSON.parse(Buffer.from(event.headers.authorization.split('.')[0], 'base64')); return h.kid;",
        ),
        ("app.py", "return json.loads(base64.b64decode(event['body']))"),
        ("app.py", "return json.loads(base64.b64decode(os.environ['CONFIG'].split('.')[1]))"),
    ];
    for (path, body) in quiet {
        assert_eq!(off(path, body), 0, "{body}");
    }
}

#[test]
fn answers_that_show_the_text_of_any_error() {
    let python = |caught: &str, answer: &str| {
        format!(
            "import json, traceback\nclass Refused(Exception):\n    pass\ndef answer(code, text):\n    return {{'statusCode': code, 'body': text}}\ndef handler(event, context):\n    try:\n        go()\n    except {caught}:\n        return {answer}\n"
        )
    };
    let found = |caught: &str, answer: &str| {
        let reading = read_code("app.py", &python(caught, answer));
        reading.flows.iter().filter(|flow| flow.kind == FlowKind::VerboseErrors).count()
    };
    for (caught, answer) in [
        ("Exception as e", "answer(500, str(e))"),
        ("Exception as e", "answer(500, repr(e))"),
        ("Exception as e", "{'statusCode': 500, 'body': json.dumps({'error': f'failed: {e}'})}"),
        ("Exception as e", "answer(500, e.args[0])"),
        ("BaseException as e", "answer(500, 'no: {}'.format(e))"),
        ("(KeyError, Exception) as e", "answer(500, str(e))"),
        ("Exception", "answer(500, repr(traceback.format_exc()))"),
        ("Exception", "answer(500, str(sys.exc_info()))"),
    ] {
        let answer = answer.replace("sys.", "__import__('sys').");
        assert_eq!(found(caught, &answer), 1, "{caught}: {answer}");
    }
    for (caught, answer) in [
        ("Refused as e", "answer(400, str(e))"),
        ("(Refused, ValueError) as e", "answer(400, str(e))"),
        ("Exception as e", "answer(500, type(e).__name__)"),
        ("Exception as e", "print(e) or answer(500, 'no')"),
        ("Exception as e", "answer(500, context.aws_request_id)"),
    ] {
        assert_eq!(found(caught, answer), 0, "{caught}: {answer}");
    }
}

/// What something is called and what stands behind that name come from different hands.
#[test]
fn names_and_values_are_told_apart() {
    let to = |body: &str| body.replace("LET", "os.system('x ' + ' '.join(f'{k}=%s' for k in fields))");
    let only = "fields = {k: event[k] for k in ('name', 'city') if k in event}";
    let harmless = [
        format!("{only}\nLET"),
        format!("{only}\nfor k in fields:\n    os.system('x ' + k)"),
        format!("{only}\nfor k, v in fields.items():\n    os.system('x ' + k)"),
        format!("{only}\nfor k in fields.keys():\n    os.system('x ' + k)"),
        "fields = {'name': event['name']}\nLET".to_owned(),
        "fields = {}\nfor k in ('name', 'city'):\n    fields[k] = event[k]\nLET".to_owned(),
    ];
    let commands = [
        "fields = {k: 1 for k in event['fields']}\nLET".to_owned(),
        "fields = {k: v for k, v in event.items()}\nLET".to_owned(),
        "fields = dict(event)\nLET".to_owned(),
        "fields = {**event}\nLET".to_owned(),
        "fields = {'name': 'x', **event['more']}\nLET".to_owned(),
        "fields = {}\nfields.update(event['more'])\nLET".to_owned(),
        "fields = {}\nfor k in event:\n    fields[k] = 1\nLET".to_owned(),
        "fields = event['more']\nLET".to_owned(),
        format!("{only}\nfor v in fields.values():\n    os.system('x ' + v)"),
        format!("{only}\nfor k, v in fields.items():\n    os.system('x ' + v)"),
        format!("{only}\nfor k in fields:\n    os.system('x ' + fields[k])"),
        "for k, v in {**event}.items():\n    os.system('x ' + k)".to_owned(),
    ];
    for (kind, bodies) in [(None, &harmless[..]), (Some(FlowKind::CommandInjection), &commands[..])] {
        let bodies: Vec<String> = bodies.iter().map(|body| to(body)).collect();
        all("app.py", kind, &bodies.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let harmless = [
        "const f = { name: event.name }; cp.exec(Object.keys(f).join(' '));",
        "const f = { name: event.name }; for (const [k, v] of Object.entries(f)) cp.exec(k);",
    ];
    all("app.js", None, &harmless);
    let commands = [
        "cp.exec(Object.keys(event.more).join(' '));",
        "cp.exec(Object.keys({ ...event.more }).join(' '));",
        "cp.exec(Object.values({ ...event.more }).join(' '));",
        "for (const [k, v] of Object.entries({ ...event.more })) cp.exec(k);",
        "for (const [k, v] of Object.entries({ ...event.more })) cp.exec(v);",
        "const f = { name: event.name }; for (const [k, v] of Object.entries(f)) cp.exec(v);",
        "const f = {}; for (const k of event.list) f[k] = 1; cp.exec(Object.keys(f).join(' '));",
        "const m = new Map(); m.set(event.k, 1); for (const k of m.keys()) cp.exec(k);",
        "const m = new Map(); m.set('k', event.x); for (const [k, v] of m.entries()) cp.exec(v);",
        "const m = new Map(); m.set('k', event.x); for (const [k, v] of m) cp.exec(v);",
    ];
    all("app.js", Some(FlowKind::CommandInjection), &commands);
}

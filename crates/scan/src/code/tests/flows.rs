//! What event data reaches, and what stops it on the way.

use super::{FlowKind, read_code};

fn kinds(path: &str, code: &str) -> Vec<(FlowKind, String)> {
    let reading = read_code(path, code);
    reading.flows.iter().map(|flow| (flow.kind, flow.source_name.clone())).collect()
}

fn flows(path: &str, body: &str, kind: FlowKind, from: &str) {
    let found = kinds(path, body);
    assert_eq!(found, [(kind, from.to_owned())], "{body}");
}

fn quiet(path: &str, body: &str) {
    assert_eq!(kinds(path, body), [], "{body}");
}

/// A JavaScript handler with this body.
fn script(body: &str) -> String {
    format!(
        "const cp = require('child_process'); const {{ exec, spawn }} = cp; const fs = require('node:fs'); const path = require('path');
         const mysql = require('mysql2/promise'); const {{ Pool }} = require('pg'); const pool = new Pool();
         const ALLOWED = ['a', 'b'];
         exports.handler = async (event, context) => {{ {body} }};"
    )
}

/// A Python handler with this body, one statement a line.
fn python(body: &str) -> String {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "import os, json, subprocess, pickle, yaml, re, shlex, base64, sqlite3, psycopg2, traceback
from pathlib import Path
from urllib.parse import unquote_plus
ALLOWED = ['a', 'b']
def handler(event, context):
{body}"
    )
}

#[test]
fn scripts_that_let_callers_in() {
    use FlowKind::{CodeInjection, CommandInjection, PathTraversal, SqlInjection, UnsafeDeserialization};
    let cases = [
        (
            "exec('ls ' + event.queryStringParameters.dir);",
            CommandInjection,
            "event.queryStringParameters.dir",
        ),
        (
            "const { host } = JSON.parse(event.body); cp.execSync(`ping ${host}`);",
            CommandInjection,
            "event.body.host",
        ),
        (
            "const b = JSON.parse(event.body); const cmd = ['convert', b.file].join(' '); exec(cmd, () => {});",
            CommandInjection,
            "event.body.file",
        ),
        ("spawn('convert ' + event.body, { shell: true });", CommandInjection, "event.body"),
        ("spawn('sh', ['-c', `echo ${event.body}`]);", CommandInjection, "event.body"),
        (
            "for (const record of event.Records) { exec(`x ${record.body}`); }",
            CommandInjection,
            "event.Records.body",
        ),
        (
            "await Promise.all(event.Records.map(async (r) => { const m = JSON.parse(r.Sns.Message); exec('x ' + m.name); }));",
            CommandInjection,
            "event.Records.Sns.Message.name",
        ),
        ("return eval(event.body);", CodeInjection, "event.body"),
        (
            "const f = new Function('x', event.pathParameters.code); return f(1);",
            CodeInjection,
            "event.pathParameters.code",
        ),
        ("require('vm').runInNewContext(event.body, {});", CodeInjection, "event.body"),
        (
            "const id = event.pathParameters.id; await pool.query(`SELECT * FROM users WHERE id = ${id}`);",
            SqlInjection,
            "event.pathParameters.id",
        ),
        (
            "const c = await mysql.createConnection({}); await c.execute(\"DELETE FROM x WHERE n = '\" + event.headers.name + \"'\");",
            SqlInjection,
            "event.headers.name",
        ),
        (
            "let sql = 'SELECT 1 FROM t WHERE 1=1'; if (event.body) { sql += ' AND n = ' + event.body; } await pool.query({ text: sql });",
            SqlInjection,
            "event.body",
        ),
        (
            "fs.readFileSync(path.join('/var/data', event.pathParameters.file));",
            PathTraversal,
            "event.pathParameters.file",
        ),
        (
            "await fs.promises.writeFile('/tmp/' + event.queryStringParameters['name'], 'x');",
            PathTraversal,
            "event.queryStringParameters.name",
        ),
        (
            "require('node-serialize').unserialize(Buffer.from(event.body, 'base64').toString());",
            UnsafeDeserialization,
            "event.body",
        ),
        ("const run = (command) => exec(command); run(`ls ${event.body}`);", CommandInjection, "event.body"),
        (
            "function build(name) { return 'rm ' + name; } exec(build(event.body));",
            CommandInjection,
            "event.body",
        ),
        (
            "const name = event.body || 'x'; if (!name) { return 1; } exec('x ' + name);",
            CommandInjection,
            "event.body",
        ),
        (
            "const name = event.body; if (name !== undefined && name.length > 3) { exec('x ' + name); }",
            CommandInjection,
            "event.body",
        ),
        (
            "const p = require('util').promisify(cp.exec); await p('x ' + event.body);",
            CommandInjection,
            "event.body",
        ),
    ];
    for (body, kind, from) in cases {
        flows("app.js", &script(body), kind, from);
    }
}

#[test]
fn scripts_that_do_not() {
    let cases = [
        "exec('ls /tmp'); console.log(event.body);",
        "spawn('ls', [event.body]);",
        "cp.execFile('convert', ['--', event.body]);",
        "const n = parseInt(event.queryStringParameters.n, 10); exec(`head -n ${n} x`);",
        "const n = Number(event.body); await pool.query('SELECT ' + n);",
        "await pool.query('SELECT * FROM users WHERE id = $1', [event.pathParameters.id]);",
        "await pool.query({ text: 'SELECT * FROM t WHERE id = $1', values: [event.body] });",
        "const c = await mysql.createConnection({}); await c.execute('SELECT ? FROM t', [event.body]);",
        "const c = await mysql.createConnection({}); await c.query('SELECT ' + c.escape(event.body));",
        "const sql = require('postgres')(); await sql`SELECT * FROM t WHERE id = ${event.body}`;",
        "if (!ALLOWED.includes(event.body)) { return { statusCode: 400 }; } exec('x ' + event.body);",
        "const { name } = JSON.parse(event.body); if (!/^[a-z]+$/.test(name)) throw new Error('no'); exec('x ' + name);",
        "const kind = event.body; if (kind !== 'a' && kind !== 'b') return 1; await pool.query('SELECT * FROM ' + kind);",
        "const column = { a: 'x', b: 'y' }[event.body]; await pool.query('SELECT ' + column);",
        "const mode = event.body === 'x' ? 'DESC' : 'ASC'; await pool.query('SELECT 1 ORDER BY a ' + mode);",
        "fs.readFileSync(path.join('/data', path.basename(event.pathParameters.file)));",
        "const full = path.resolve('/data', event.body); if (!full.startsWith('/data/')) { throw new Error('no'); } fs.readFileSync(full);",
        "const { S3 } = require('aws-sdk'); await new S3().getObject({ Bucket: 'b', Key: event.body }).promise();",
        "const name = event.body.replace(/[^a-z0-9]/g, ''); exec('x ' + name);",
        "exec('x ' + event.requestContext.requestId);",
        "const user = await pool.query('SELECT 1'); exec('x ' + user.rows[0].name);",
        "switch (event.body) { case 'a': exec('x ' + event.body); break; default: return 1; }",
        "const x = require('./data.json'); eval(x.code);",
        "/x/.exec(event.body);",
        "const m = new RegExp('a'); m.exec(event.body);",
    ];
    for body in cases {
        quiet("app.js", &script(body));
    }
}

#[test]
fn python_that_lets_callers_in() {
    use FlowKind::{CodeInjection, CommandInjection, PathTraversal, SqlInjection, UnsafeDeserialization};
    let cases = [
        (
            "os.system('ping ' + event['queryStringParameters']['host'])",
            CommandInjection,
            "event.queryStringParameters.host",
        ),
        (
            "body = json.loads(event['body'])\nsubprocess.run(f\"ls {body['dir']}\", shell=True)",
            CommandInjection,
            "event.body.dir",
        ),
        (
            "params = event.get('queryStringParameters') or {}\nos.popen('x %s' % params.get('a'))",
            CommandInjection,
            "event.queryStringParameters.a",
        ),
        (
            "cmd = 'convert {} out'.format(event['file'])\nsubprocess.check_output(cmd, shell=True)",
            CommandInjection,
            "event.file",
        ),
        ("subprocess.Popen(['bash', '-c', 'echo ' + event['x']])", CommandInjection, "event.x"),
        ("return eval(event['expression'])", CodeInjection, "event.expression"),
        ("exec(base64.b64decode(event['body']).decode('utf-8'))", CodeInjection, "event.body"),
        ("return pickle.loads(base64.b64decode(event['body']))", UnsafeDeserialization, "event.body"),
        ("return yaml.load(event['body'])", UnsafeDeserialization, "event.body"),
        ("return yaml.load(event['body'], Loader=yaml.Loader)", UnsafeDeserialization, "event.body"),
        (
            "conn = psycopg2.connect()\ncur = conn.cursor()\ncur.execute(f\"SELECT * FROM users WHERE name = '{event['name']}'\")",
            SqlInjection,
            "event.name",
        ),
        (
            "with sqlite3.connect('x') as c:\n    c.execute('SELECT * FROM t WHERE id = ' + event['id'])",
            SqlInjection,
            "event.id",
        ),
        (
            "q = \"SELECT * FROM t WHERE a = '%s' AND b = %s\" % (event['a'], 1)\npsycopg2.connect().cursor().execute(q)",
            SqlInjection,
            "event.a",
        ),
        (
            "with open('/data/' + event['pathParameters']['name']) as f:\n    return f.read()",
            PathTraversal,
            "event.pathParameters.name",
        ),
        ("return Path('/data', event['name']).read_text()", PathTraversal, "event.name"),
        ("return (Path('/data') / event['name']).read_text()", PathTraversal, "event.name"),
        (
            "for record in event['Records']:\n    os.system(record['body'])",
            CommandInjection,
            "event.Records.body",
        ),
        (
            "names = [r['body'] for r in event['Records']]\nos.system('x ' + ' '.join(names))",
            CommandInjection,
            "event.Records.body",
        ),
        (
            "try:\n    name = event['name']\nexcept KeyError:\n    name = 'x'\nos.system('echo ' + name)",
            CommandInjection,
            "event.name",
        ),
    ];
    for (body, kind, from) in cases {
        flows("app.py", &python(body), kind, from);
    }
    let helpers = "import os\n\ndef run(command, quiet=False):\n    return os.system(command)\n\nclass Tool:\n    def __init__(self, name):\n        self.name = name\n    def go(self):\n        run('tool ' + self.name)\n\ndef handler(event, context):\n    Tool(event['name']).go()\n";
    flows("app.py", helpers, CommandInjection, "event.name");
    let flask = "import os\nfrom flask import Flask, request\napp = Flask(__name__)\n@app.route('/x')\ndef x():\n    os.system('x ' + request.args.get('a'))\n    return 'ok'\nhandler = app\n";
    flows("app.py", flask, CommandInjection, "flask.request.args.a");
}

#[test]
fn python_that_does_not() {
    let cases = [
        "subprocess.run(['ls', event['dir']])",
        "subprocess.run(shlex.split('ls -l'), shell=False)",
        "os.system('x ' + shlex.quote(event['name']))",
        "os.system('x %d' % int(event['n']))",
        "if event['name'] not in ALLOWED:\n    return {'statusCode': 400}\nos.system('x ' + event['name'])",
        "name = event.get('name')\nif not re.match('^[a-z]+$', name):\n    raise ValueError('no')\nos.system('x ' + name)",
        "cur = psycopg2.connect().cursor()\ncur.execute('SELECT * FROM t WHERE id = %s', (event['id'],))",
        "cur = psycopg2.connect().cursor()\ncur.execute('SELECT * FROM t WHERE id = %(id)s', {'id': event['id']})",
        "sqlite3.connect('x').execute('SELECT * FROM t WHERE id = ?', [event['id']])",
        "table = os.environ['TABLE']\nsqlite3.connect('x').execute(f'SELECT * FROM {table} WHERE id = ?', [event['id']])",
        "return yaml.load(event['body'], Loader=yaml.SafeLoader)",
        "return yaml.safe_load(event['body'])",
        "return json.loads(event['body'])",
        "with open('/tmp/' + os.path.basename(event['name']), 'w') as f:\n    f.write('x')",
        "assert event['name'] in ALLOWED\nos.system(event['name'])",
        "commands = {'a': 'ls', 'b': 'df'}\nos.system(commands[event['name']])",
        "pickle.loads(open('/opt/model.bin', 'rb').read())",
        "if event['kind'] == 'list':\n    os.system('ls ' + event['kind'])",
        "name = re.sub(r'[^a-z]', '', event['name'])\nos.system('x ' + name)",
        "from uuid import UUID\nos.system('x ' + str(UUID(event['id'])))",
        "import boto3\nboto3.client('s3').get_object(Bucket='b', Key=event['key'])",
        "print(event['name'])\nos.system('ls')",
    ];
    for body in cases {
        quiet("app.py", &python(body));
    }
}

#[test]
fn a_flow_tells_its_way() {
    let code = "const { exec } = require('child_process');
function run(command) { return exec(command); }
exports.handler = async (event) => {
  const text = `ls ${event.body}`;
  return run(text);
};";
    let (tree, reading) = super::read_files(&[("app.js", code)], &[]);
    let flow = reading.flows.first().expect("a flow");
    assert_eq!(tree.excerpt(flow.source), "event.body");
    assert_eq!(tree.excerpt(flow.sink), "exec(command)");
    assert_eq!(flow.sink_name, "child_process.exec");
    let steps: Vec<&str> = flow.steps.iter().map(|step| step.value.as_str()).collect();
    assert_eq!(steps, ["it becomes part of `text`", "it is handed on as `command`"]);
}

#[test]
fn answers_that_show_the_stack_of_an_error() {
    let shown = [
        (
            "app.js",
            "exports.handler = async (event) => { try { go(); } catch (err) { return { statusCode: 500, body: JSON.stringify({ stack: err.stack }) }; } };",
        ),
        (
            "app.js",
            "exports.handler = (event, context, callback) => { go((error, data) => { if (error) { callback(null, { body: error.stack }); } }); };",
        ),
        (
            "app.js",
            "const app = require('express')(); app.get('/x', (req, res) => { try { go(); } catch (e) { res.status(500).send(e.stack); } }); exports.handler = app;",
        ),
        (
            "app.py",
            "import traceback\ndef handler(event, context):\n    try:\n        go()\n    except Exception as e:\n        return {'statusCode': 500, 'body': traceback.format_exc()}\n",
        ),
    ];
    for (path, code) in shown {
        let found = kinds(path, code);
        assert_eq!(found.len(), 1, "{code}: {found:?}");
        assert_eq!(found[0].0, FlowKind::VerboseErrors, "{code}");
    }
    let hidden = [
        (
            "app.js",
            "exports.handler = async (event) => { try { go(); } catch (err) { console.error(err.stack); return { statusCode: 500, body: 'no' }; } };",
        ),
        (
            "app.js",
            "exports.handler = async (event) => { try { go(); } catch (err) { return { statusCode: 500, body: err.message }; } };",
        ),
        (
            "app.py",
            "import traceback\ndef handler(event, context):\n    try:\n        go()\n    except Exception:\n        print(traceback.format_exc())\n        return {'statusCode': 500}\n",
        ),
    ];
    for (path, code) in hidden {
        quiet(path, code);
    }
}

#[test]
fn checks_that_check_nothing() {
    let found = |path: &str, code: &str, expect: bool| {
        let kinds = kinds(path, code);
        assert_eq!(!kinds.is_empty(), expect, "{kinds:?}: {code}");
    };
    let python = |helper: &str, guard: &str| {
        format!(
            "import os, re\n{helper}\ndef handler(event, context):\n    f = event['f']\n    if not {guard}:\n        return None\n    os.system('touch /tmp/' + f)\n"
        )
    };
    let safe = "def is_safe(s):\n    return s in ('a', 'b')\n";
    found("app.py", &python("def is_safe(s):\n    return True\n", "is_safe(f)"), true);
    found("app.py", &python(safe, "is_safe(f)"), false);
    found("app.py", &python("", "isinstance(f, str)"), true);
    found("app.py", &python("", "isinstance(f, (dict, str))"), true);
    found("app.py", &python("", "isinstance(f, int)"), false);
    found("app.py", &python("", "re.search('a', f)"), true);
    found("app.py", &python("", "re.match('[a-z]+', f)"), true);
    found("app.py", &python("", "re.match('^[a-z]+$', f)"), false);
    found("app.py", &python("", "re.fullmatch('[a-z]+', f)"), false);
    found("app.py", &python("", "re.fullmatch('.*', f)"), true);
    let script = |helper: &str, guard: &str| {
        format!(
            "const cp = require('child_process');\n{helper}\nexports.handler = async (event) => {{ const f = event.f; if (!{guard}) return; cp.execSync('touch ' + f); }};"
        )
    };
    found("app.js", &script("const isSafe = (f) => true;", "isSafe(f)"), true);
    found("app.js", &script("const isSafe = (f) => ['a'].includes(f);", "isSafe(f)"), false);
    found("app.js", &script("", "/a/.test(f)"), true);
    found("app.js", &script("", "/^[a-z]+$/.test(f)"), false);
    found("app.js", &script("", "/^[a-z]+$/i.test(f)"), false);
    found("app.js", &script("", "/^.*$/.test(f)"), true);
}

#[test]
fn programs_and_templates_that_stand_further_off() {
    use FlowKind::{CodeInjection, CommandInjection, UnsafeDeserialization};
    let mut wrong = Vec::new();
    let mut check = |path: &str, code: String, expect: &[FlowKind]| {
        let found: Vec<FlowKind> = kinds(path, &code).into_iter().map(|(kind, _)| kind).collect();
        if found != expect {
            wrong.push((code, found));
        }
    };
    check("app.js", script("spawn('/usr/bin/env', ['sh', '-c', event.x]);"), &[CommandInjection]);
    check("app.js", script("require('v8').deserialize(event.x);"), &[UnsafeDeserialization]);
    check("app.js", script("require('lodash').template(event.x);"), &[CodeInjection]);
    check("app.js", script("require('ejs').render(event.x);"), &[CodeInjection]);
    let whole = "subprocess.run(['/usr/bin/env', 'bash', '-c', event['x']])";
    check("app.py", python(whole), &[CommandInjection]);
    check("app.py", python("os.posix_spawn(event['x'], [], {})"), &[CommandInjection]);
    // The program is the code's own, and no shell.
    check("app.js", script("spawn('/usr/bin/env', ['git', 'log', event.x]);"), &[]);
    check("app.js", script("require('ejs').render('<b></b>', { name: event.x });"), &[]);
    check("app.py", python("subprocess.run(['/usr/bin/env', 'git', 'log', event['x']])"), &[]);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_caller_names_size_or_length_is_data() {
    for field in ["size", "length", "width"] {
        let from = format!("event.queryStringParameters.{field}");
        let whole =
            script(&format!("cp.execSync(`convert -resize ${{event.queryStringParameters.{field}}}`)"));
        flows("app.js", &whole, FlowKind::CommandInjection, &from);
        let taken = script(&format!(
            "const {{ {field} }} = event.queryStringParameters; cp.execSync(`convert ${{{field}}}`)"
        ));
        flows("app.js", &taken, FlowKind::CommandInjection, &from);
        let python = python(&format!("os.system('convert ' + event['queryStringParameters']['{field}'])"));
        flows("app.py", &python, FlowKind::CommandInjection, &from);
    }
    let read = python(
        "os.system('convert ' + json.loads(event['body']).get('length') + json.loads(event['body'])['length'])",
    );
    flows("app.py", &read, FlowKind::CommandInjection, "event.body.length");
    // How long something is, nobody chooses.
    quiet("app.js", &script("cp.execSync(`head -c ${event.queryStringParameters.name.length}`)"));
    quiet("app.js", &script("cp.execSync(`head -c ${event.body.length}`)"));
}

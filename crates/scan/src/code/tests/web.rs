//! What web frameworks are told, keys of tokens, schemas that check nothing, and further sinks.

use super::{FlowKind, SwitchKind, read_code};

fn switches(path: &str, code: &str) -> Vec<SwitchKind> {
    read_code(path, code).switches.iter().map(|switch| switch.kind).collect()
}

fn flows(path: &str, code: &str) -> Vec<FlowKind> {
    read_code(path, code).flows.iter().map(|flow| flow.kind).collect()
}

fn express(body: &str) -> String {
    format!(
        "const express = require('express'), cors = require('cors'); const app = express(); {body} exports.handler = require('serverless-http')(app);"
    )
}

fn script(body: &str) -> String {
    format!(
        "const ALLOWED = ['https://a.b']; exports.handler = async (event) => {{ const origin = event.headers.origin; {body} }};"
    )
}

#[test]
fn origins_that_are_sent_back() {
    let answer = |value: &str| {
        format!(
            "return {{ headers: {{ 'Access-Control-Allow-Origin': {value}, 'Access-Control-Allow-Credentials': 'true' }} }};"
        )
    };
    let open = [
        ("app.js", express("app.use(cors({ origin: true, credentials: true }));")),
        ("app.js", express("app.use((req, res, next) => { res.setHeader('Access-Control-Allow-Origin', req.headers.origin); res.setHeader('Access-Control-Allow-Credentials', 'true'); next(); });")),
        ("app.js", express("app.get('/x', (req, res) => { res.set('access-control-allow-credentials', true); res.header('access-control-allow-origin', req.get('origin') || '*'); });")),
        ("app.js", script(&answer("origin"))),
        ("app.js", script(&answer("origin || '*'"))),
        ("app.py", "def handler(event, context):\n    return {'headers': {'access-control-allow-origin': event['headers'].get('origin'), 'access-control-allow-credentials': 'true'}}\n".to_owned()),
        ("app.js", "const middy = require('@middy/core'), cors = require('@middy/http-cors'); exports.handler = middy(async () => 1).use(cors({ origins: ['*'], credentials: true }));".to_owned()),
        ("app.py", "from fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\napp = FastAPI()\napp.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)\ndef handler(event, context):\n    return 1\n".to_owned()),
        ("app.py", "from flask import Flask\nfrom flask_cors import CORS\napp = Flask(__name__)\nCORS(app, supports_credentials=True)\ndef handler(event, context):\n    return 1\n".to_owned()),
    ];
    for (path, code) in open {
        assert_eq!(switches(path, &code), [SwitchKind::CorsCredentials], "{code}");
    }
    let closed = [
        express("app.use(cors({ origin: true }));"),
        express("app.use(cors({ origin: ['https://a.b'], credentials: true }));"),
        express("app.use(cors({ origin: '*', credentials: true }));"),
        // Browsers refuse this one.
        express(
            "app.use((req, res, next) => { res.setHeader('Access-Control-Allow-Origin', '*'); res.setHeader('Access-Control-Allow-Credentials', 'true'); });",
        ),
        express(
            "app.use((req, res, next) => { res.setHeader('Access-Control-Allow-Origin', req.headers.origin); });",
        ),
        express(
            "app.get('/a', (req, res) => { res.setHeader('Access-Control-Allow-Origin', req.headers.origin); }); app.get('/b', (req, res) => { res.setHeader('Access-Control-Allow-Credentials', 'true'); });",
        ),
        script(&answer("'https://a.b'")),
        script(&answer("process.env.ORIGIN")),
        script(&answer("ALLOWED.includes(origin) ? origin : ALLOWED[0]")),
        script(&answer("origin.endsWith('.a.b') ? origin : 'https://a.b'")),
        script(&answer("/\\.a\\.b$/.test(origin) ? origin : 'https://a.b'")),
        script("return { headers: { 'Access-Control-Allow-Origin': origin } };"),
    ];
    for code in closed {
        assert_eq!(switches("app.js", &code), [], "{code}");
    }
}

#[test]
fn functions_that_answer_errors() {
    let shown = ["res.status(500).json({ error: err.message })", "res.status(500).send(err.stack)"];
    for body in shown {
        let code = express(&format!("app.use((err, req, res, next) => {{ {body}; }});"));
        assert_eq!(flows("app.js", &code), [FlowKind::VerboseErrors], "{code}");
    }
    let fastify = |body: &str| {
        format!(
            "const fastify = require('fastify'); const app = fastify(); app.setErrorHandler((error, request, reply) => {{ {body} }}); exports.handler = require('@fastify/aws-lambda')(app);"
        )
    };
    for (body, expected) in [
        ("reply.status(500).send({ error: error.message });", 1),
        ("reply.code(500).send({ stack: error.stack });", 1),
        ("return { error: error.message };", 1),
        ("request.log.error(error); reply.status(500).send({ error: 'failed' });", 0),
        ("reply.status(error.statusCode || 500).send({ error: error.message });", 0),
    ] {
        assert_eq!(flows("app.js", &fastify(body)).len(), expected, "{body}");
    }
    let hidden = [
        "res.status(500).json({ error: 'failed' })",
        "res.status(err.status || 500).json({ error: err.message })",
        "res.status(500).json({ stack: process.env.NODE_ENV === 'production' ? '' : err.stack })",
    ];
    for body in hidden {
        let code = express(&format!("app.use((err, req, res, next) => {{ {body}; }});"));
        assert_eq!(flows("app.js", &code), [], "{code}");
    }
}

#[test]
fn keys_that_sign_tokens() {
    let cases = [
        ("const KEY = 'market-hs256-9f8e7d6c5b4a39281706';", "verify(event.t, KEY)", true),
        ("", "sign({}, 'market-hs256-9f8e7d6c5b4a39281706')", true),
        ("const KEY = process.env.KEY;", "verify(event.t, KEY)", false),
        ("const KEY = '-----BEGIN PUBLIC KEY-----abcdef1234567890';", "verify(event.t, KEY)", false),
        ("", "verify(event.t, 'changeme')", false),
    ];
    for (head, call, expect) in cases {
        let code = format!(
            "const jwt = require('jsonwebtoken'); {head} exports.handler = async (event) => jwt.{call};"
        );
        let reading = read_code("app.js", &code);
        let found: Vec<&str> = reading
            .switches
            .iter()
            .filter(|switch| switch.kind == SwitchKind::KeyInSource)
            .filter_map(|switch| code.get(switch.place.start as usize..switch.place.end as usize))
            .collect();
        let key = if expect { vec!["market-hs256-9f8e7d6c5b4a39281706"] } else { Vec::new() };
        assert_eq!(found, key, "{code}");
        assert!(!reading.switches.iter().any(|it| it.message.contains("hs256")), "{code}");
    }
}

#[test]
fn schemas_that_take_any_text() {
    let code = |schema: &str, used: &str| {
        format!(
            "const {{ z }} = require('zod'); const fs = require('fs'); const schema = {schema}; exports.handler = async (event) => {{ const found = {used}; fs.readFileSync('/data/' + found); }};"
        )
    };
    let parse = "schema.parse(event.queryStringParameters).f";
    let any = [
        ("z.object({ f: z.string() })", parse),
        ("z.object({ f: z.string().min(1).max(9).optional() }).strict()", parse),
        ("z.object({ f: z.string() })", "schema.safeParse(JSON.parse(event.body)).data.f"),
        ("z.object({ a: z.object({ f: z.string() }) })", "schema.parse(JSON.parse(event.body)).a.f"),
        ("z.object({ f: z.array(z.string()) })", "schema.parse(JSON.parse(event.body)).f[0]"),
        ("z.string()", "schema.parse(event.body)"),
    ];
    for (schema, used) in any {
        assert_eq!(flows("app.js", &code(schema, used)), [FlowKind::PathTraversal], "{schema}");
    }
    let narrow = [
        "z.object({ f: z.enum(['a']) })",
        "z.object({ f: z.string().uuid() })",
        "z.object({ f: z.string().regex(/^[a-z]+$/) })",
        "z.object({ f: z.coerce.number() })",
        "z.object({ g: z.string() })",
    ];
    for schema in narrow {
        assert_eq!(flows("app.js", &code(schema, parse)), [], "{schema}");
    }
}

#[test]
fn further_sinks() {
    use FlowKind::{CodeInjection, CommandInjection, SqlInjection};
    let cases = [
        (
            "app.js",
            "const { DatabaseSync } = require('node:sqlite'); const db = new DatabaseSync(':memory:'); exports.handler = async (event) => db.exec(`delete from a where b = '${event.b}'`);",
            SqlInjection,
        ),
        (
            "app.mjs",
            "import { $ } from 'zx'; export const handler = async (event) => $`sh -c ${event.body}`;",
            CommandInjection,
        ),
        ("app.js", "exports.handler = async (event) => require(event.name);", CodeInjection),
        (
            "app.py",
            "import code\ndef handler(event, context):\n    code.InteractiveInterpreter().runsource(event['body'])\n",
            CodeInjection,
        ),
        (
            "app.py",
            "from sqlalchemy import create_engine, text\nfrom sqlalchemy.orm import Session\nsession = Session(create_engine('x'))\ndef handler(event, context):\n    session.query(User).filter(text(f\"name = '{event['n']}'\"))\n",
            SqlInjection,
        ),
    ];
    for (path, code, kind) in cases {
        assert_eq!(flows(path, code), [kind], "{code}");
    }
    let quiet = [
        ("app.mjs", "import { $ } from 'zx'; export const handler = async (event) => $`ls ${event.body}`;"),
        (
            "app.py",
            "from sqlalchemy.orm import Session\nsession = Session()\ndef handler(event, context):\n    session.query(User).filter(User.name == event['n'])\n",
        ),
    ];
    for (path, code) in quiet {
        assert_eq!(flows(path, code), [], "{code}");
    }
}

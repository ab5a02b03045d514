//! Event data that goes along with errors, listeners, pickers and patterns.

use super::{FlowKind, read_code};

/// How many commands a caller has a hand in.
fn commands(path: &str, code: &str) -> usize {
    let flows = read_code(path, code).flows;
    flows.iter().filter(|flow| flow.kind == FlowKind::CommandInjection).count()
}

fn script(body: &str) -> String {
    format!(
        "const {{ exec }} = require('child_process'); const EventEmitter = require('node:events'); const emitter = new EventEmitter();
         class Failed extends Error {{ constructor(text, code) {{ super(text); this.code = code; }} }}
         class Bus extends EventEmitter {{}}
         function check(event) {{ if (!event.ok) throw new Error('bad ' + event.x); }}
         exports.handler = async (event) => {{ {body} }};"
    )
}

fn python(body: &str) -> String {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "import os, re, operator
PATTERN = re.compile(r'^(.*)-x$')
TAME = re.compile(r'^([a-z]+)-x$')
class Failed(Exception):
    def __init__(self, text, code):
        super().__init__(text)
        self.code = code
def check(event):
    raise ValueError('bad ' + event['x'])
def handler(event, context):
{body}"
    )
}

#[test]
fn errors_carry_what_was_thrown() {
    let scripts = [
        ("try { throw new Error(event.x); } catch (e) { exec(e.message); }", 1),
        ("try { throw new Error(`no ${event.x}`); } catch (e) { exec(`log ${e}`); }", 1),
        ("try { check(event); } catch (e) { exec('log ' + e.message); }", 1),
        ("try { throw new Failed(event.x, 7); } catch (e) { exec('log ' + e.message); }", 1),
        ("try { try { check(event); } finally { context.done(); } } catch (e) { exec(e.message); }", 1),
        ("try { try { check(event); } catch (e) { throw e; } } catch (e) { exec(e.message); }", 1),
        ("try { throw { command: event.x }; } catch (e) { exec(e.command); }", 1),
        ("try { throw new Error('x'); } catch (e) { exec(e.message); }", 0),
        ("try { throw new Error(event.x); } catch (e) { exec('log ' + e.code); }", 0),
        ("try { throw new Failed(event.x, 7); } catch (e) { exec('log ' + e.code); }", 0),
        ("try { check(event); } catch (e) { } try { run(); } catch (e) { exec(e.message); }", 0),
    ];
    for (body, expected) in scripts {
        assert_eq!(commands("app.js", &script(body)), expected, "{body}");
    }
    let pythons = [
        ("try:\n    raise ValueError(event['x'])\nexcept ValueError as e:\n    os.system(str(e))", 1),
        ("try:\n    check(event)\nexcept Exception as e:\n    os.system(f'log {e}')", 1),
        ("try:\n    check(event)\nexcept Exception as e:\n    os.system('log ' + e.args[0])", 1),
        ("try:\n    raise Failed(event['x'], 7)\nexcept Failed as e:\n    os.system('log ' + str(e))", 1),
        ("try:\n    raise Failed(event['x'], 7)\nexcept Failed as e:\n    os.system('log ' + e.code)", 0),
        ("try:\n    raise ValueError('x')\nexcept ValueError as e:\n    os.system(str(e))", 0),
    ];
    for (body, expected) in pythons {
        assert_eq!(commands("app.py", &python(body)), expected, "{body}");
    }
}

#[test]
fn listeners_are_told_what_is_emitted() {
    let cases = [
        ("emitter.on('x', v => exec(v)); emitter.emit('x', event.q);", 1),
        ("emitter.once('x', exec); emitter.emit('x', event.q);", 1),
        ("const bus = new Bus(); bus.on('x', (a, b) => exec(b)); bus.emit('x', 1, event.q);", 1),
        ("emitter.on('x', (a, b) => exec(b)); emitter.emit('x', event.q, 'ls');", 0),
        ("emitter.on('x', v => exec(v)); emitter.emit('y', event.q);", 0),
        ("const a = new EventEmitter(); a.on('x', v => exec(v)); emitter.emit('x', event.q);", 0),
    ];
    for (body, expected) in cases {
        assert_eq!(commands("app.js", &script(body)), expected, "{body}");
    }
}

#[test]
fn parts_that_are_picked_or_found_are_still_the_callers() {
    let pythons = [
        ("os.system(operator.itemgetter('q')(event))", 1),
        ("pick = operator.itemgetter('a', 'b')\na, b = pick(event)\nos.system(b)", 1),
        ("os.system(operator.itemgetter('a')({'a': 'ls', 'b': event['x']}))", 0),
        ("os.system(re.match(r'x (.*)', event['x']).group(1))", 1),
        ("m = re.search(r'(?P<name>.+)$', event['x'])\nif m:\n    os.system(m.group('name'))", 1),
        ("m = PATTERN.match(event['x'])\nos.system(m[1])", 1),
        ("m = TAME.match(event['x'])\nos.system(m[1])", 0),
        ("os.system(re.match(r'([\\w-]+)', event['x']).group(1))", 0),
        ("open(re.match(r'/f/([^/]+)$', event['x']).group(1))", 0),
    ];
    for (body, expected) in pythons {
        assert_eq!(commands("app.py", &python(body)), expected, "{body}");
    }
    let scripts = [
        ("exec(event.x.match(/^a(.*)$/)[1]);", 1),
        ("exec(/^a(?<rest>.*)$/.exec(event.x).groups.rest);", 1),
        ("const [, dir] = new RegExp('(.+)').exec(event.x); exec(dir);", 1),
        ("const m = event.x.match(/^([a-z]+)-([0-9]{2,})$/i); exec(m[1]);", 0),
        ("exec(/^[\\w.-]+/.exec(event.x)[0]);", 0),
    ];
    for (body, expected) in scripts {
        assert_eq!(commands("app.js", &script(body)), expected, "{body}");
    }
}

#[test]
fn a_pattern_guards_only_what_it_holds_whole_and_tame() {
    let scripts = [
        ("if (!/^\\w+$/.test(event.x)) return; exec('ls ' + event.x);", 0),
        ("if (!/^\\w+$/m.test(event.x)) return; exec('ls ' + event.x);", 1),
        ("if (!/^[\\w\\x20-\\x7e]+$/.test(event.x)) return; exec('ls ' + event.x);", 1),
        ("if (!/^[A-z0-9]+$/.test(event.x)) return; exec('ls ' + event.x);", 1),
    ];
    for (body, expected) in scripts {
        assert_eq!(commands("app.js", &script(body)), expected, "{body}");
    }
    let pythons = [
        ("if not re.match(r'^\\w+$', event['x']):\n    return\nos.system('ls ' + event['x'])", 0),
        ("if not re.match(r'^\\w+$', event['x'], re.M):\n    return\nos.system('ls ' + event['x'])", 1),
    ];
    for (body, expected) in pythons {
        assert_eq!(commands("app.py", &python(body)), expected, "{body}");
    }
}

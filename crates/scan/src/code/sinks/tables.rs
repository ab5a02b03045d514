//! The functions that matter, by path.

use crate::code::value::Safe;

/// Run their first argument in a shell.
pub(super) const SHELLS: [&str; 18] = [
    "child_process.exec",
    "child_process.execSync",
    "shelljs.exec",
    "execa.command",
    "execa.commandSync",
    "execa.execaCommand",
    "child-process-promise.exec",
    "os.system",
    "os.popen",
    "os.popen2",
    "os.popen3",
    "commands.getoutput",
    "commands.getstatusoutput",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell",
    "pexpect.run",
    "pexpect.spawn",
];

/// Start a program, in a shell if they are told so.
pub(super) const PROCESSES: [&str; 30] = [
    "child_process.spawn",
    "child_process.spawnSync",
    "child_process.execFile",
    "child_process.execFileSync",
    "execa",
    "execa.execa",
    "cross-spawn",
    "cross-spawn.spawn",
    "cross-spawn.sync",
    "subprocess.run",
    "subprocess.call",
    "subprocess.Popen",
    "subprocess.check_output",
    "subprocess.check_call",
    "os.execv",
    "os.execve",
    "os.execvpe",
    "os.spawnlp",
    "os.spawnvp",
    "os.spawnve",
    "os.posix_spawn",
    "os.posix_spawnp",
    "pty.spawn",
    "os.execl",
    "os.execvp",
    "os.spawnl",
    "os.spawnv",
    "os.execlp",
    "asyncio.create_subprocess_exec",
    "sh.Command",
];

/// Run their argument as code.
pub(super) const INTERPRETERS: [&str; 28] = [
    "eval",
    "Function",
    "code.InteractiveInterpreter().runsource",
    "code.InteractiveInterpreter().runcode",
    "vm.runInNewContext",
    "vm.runInThisContext",
    "vm.runInContext",
    "vm.Script",
    "vm.compileFunction",
    "vm2.VM().run",
    "vm2.NodeVM().run",
    "exec",
    "compile",
    "builtins.eval",
    "builtins.exec",
    "flask.render_template_string",
    "jinja2.Template",
    "jinja2.Environment().from_string",
    "mako.template.Template",
    "safe-eval",
    "static-eval",
    "numexpr.evaluate",
    "globalThis.eval",
    "lodash.template",
    "underscore.template",
    "ejs.render",
    "ejs.compile",
    "pug.render",
];

/// Make objects of bytes, and run what these say.
pub(super) const DESERIALIZERS: [&str; 33] = [
    "jsonpickle.unpickler.decode",
    "jsonpickle.Unpickler().restore",
    "jsonpickle.unpickler.Unpickler().restore",
    "ruamel.yaml.YAML(unsafe).load",
    "ruamel.yaml.YAML(unsafe).load_all",
    "pickle.loads",
    "pickle.load",
    "pickle.Unpickler",
    "cPickle.loads",
    "cPickle.load",
    "_pickle.loads",
    "dill.loads",
    "dill.load",
    "cloudpickle.loads",
    "cloudpickle.load",
    "marshal.loads",
    "marshal.load",
    "shelve.open",
    "jsonpickle.decode",
    "jsonpickle.loads",
    "yaml.unsafe_load",
    "yaml.unsafe_load_all",
    "joblib.load",
    "torch.load",
    "pandas.read_pickle",
    "numpy.load",
    "node-serialize.unserialize",
    "v8.deserialize",
    "ruamel.yaml.unsafe_load",
    "serialize-to-js.deserialize",
    "funcster.deepDeserialize",
    "cryo.parse",
    "php-serialize.unserialize",
];

/// Open, make or remove what their first argument names.
pub(super) const PATHS: [&str; 84] = [
    "fs.readFile",
    "fs.readFileSync",
    "fs.writeFile",
    "fs.writeFileSync",
    "fs.appendFile",
    "fs.appendFileSync",
    "fs.createReadStream",
    "fs.createWriteStream",
    "fs.unlink",
    "fs.unlinkSync",
    "fs.rm",
    "fs.rmSync",
    "fs.rmdir",
    "fs.rmdirSync",
    "fs.readdir",
    "fs.readdirSync",
    "fs.open",
    "fs.openSync",
    "fs.copyFile",
    "fs.copyFileSync",
    "fs.rename",
    "fs.renameSync",
    "fs.mkdir",
    "fs.mkdirSync",
    "fs.promises.readFile",
    "fs.promises.writeFile",
    "fs.promises.appendFile",
    "fs.promises.unlink",
    "fs.promises.rm",
    "fs.promises.readdir",
    "fs.promises.open",
    "fs.promises.copyFile",
    "fs.promises.rename",
    "fs.promises.mkdir",
    "fs.promises.rmdir",
    "fs-extra.readFile",
    "fs-extra.readFileSync",
    "fs-extra.writeFile",
    "fs-extra.writeFileSync",
    "fs-extra.outputFile",
    "fs-extra.remove",
    "fs-extra.readJson",
    "fs-extra.readJsonSync",
    "fs-extra.createReadStream",
    "fs-extra.createWriteStream",
    "fs-extra.copy",
    "fs-extra.move",
    "fs-extra.unlink",
    "graceful-fs.readFile",
    "graceful-fs.readFileSync",
    "open",
    "io.open",
    "codecs.open",
    "aiofiles.open",
    "gzip.open",
    "bz2.open",
    "builtins.open",
    "os.open",
    "os.remove",
    "os.unlink",
    "os.rmdir",
    "os.listdir",
    "os.scandir",
    "os.makedirs",
    "os.mkdir",
    "os.rename",
    "shutil.copy",
    "shutil.copyfile",
    "shutil.copy2",
    "shutil.move",
    "shutil.rmtree",
    "shutil.copytree",
    "flask.send_file",
    "zipfile.ZipFile",
    "tarfile.open",
    "pathlib.Path().open",
    "linecache.getline",
    "os.chmod",
    "fs.chmod",
    "fs.promises.access",
    "PIL.Image.open",
    "numpy.loadtxt",
    "fs.createReadStream.open",
    "fs-extra.ensureDir",
];

/// Methods that send a query.
pub(super) const QUERIES: [&str; 27] = [
    "query",
    "execute",
    "executemany",
    "executescript",
    "raw",
    "$queryRawUnsafe",
    "$executeRawUnsafe",
    "queryRaw",
    "execute_sql",
    "read_sql",
    "read_sql_query",
    "mogrify",
    "run_query",
    "unsafe",
    "rawQuery",
    "whereRaw",
    "havingRaw",
    "orderByRaw",
    "joinRaw",
    "literal",
    "queryObject",
    "simpleQuery",
    "fetch",
    "fetchrow",
    "fetchval",
    "each",
    "prepare",
];

/// Packages of databases: whatever is sent to them by a query's method is a query.
pub(super) const DATABASES: [&str; 26] = [
    "pg.",
    "mysql.",
    "mysql2.",
    "mysql2/promise.",
    "sqlite3.",
    "sqlite.",
    "better-sqlite3",
    "mssql.",
    "tedious.",
    "oracledb.",
    "mariadb.",
    "psycopg2.",
    "psycopg.",
    "pymysql.",
    "MySQLdb.",
    "pyodbc.",
    "asyncpg.",
    "aiomysql.",
    "cx_Oracle.",
    "mysql.connector.",
    "sqlalchemy.",
    "snowflake.",
    "knex",
    "sequelize",
    "Sequelize",
    "serverless-mysql",
];

/// Whether something from outside is what a caller sent, in frameworks that keep it in a global.
pub(crate) fn is_source(path: &str) -> bool {
    const REQUESTS: [&str; 4] = ["flask.request.", "bottle.request.", "quart.request.", "request.get_json"];
    const PARTS: [&str; 14] = [
        "args",
        "form",
        "json",
        "data",
        "values",
        "headers",
        "cookies",
        "get_json",
        "files",
        "query",
        "view_args",
        "query_params",
        "json_body",
        "raw_body",
    ];
    const EVENT: [&str; 9] = [
        "body",
        "json_body",
        "query_string_parameters",
        "headers",
        "get_query_string_value",
        "path_parameters",
        "get_header_value",
        "decoded_body",
        "raw_event",
    ];
    let Some((owner, name)) = path.rsplit_once('.') else { return false };
    let of_request =
        REQUESTS.iter().any(|known| path.strip_prefix(known) == Some(name)) && PARTS.contains(&name);
    let of_event = (owner.ends_with(".current_event") || owner.ends_with(".current_request"))
        && (EVENT.contains(&name) || PARTS.contains(&name));
    of_request || of_event
}

/// Whether something from outside gives the stack of an error.
pub(crate) fn is_stack(path: &str) -> bool {
    const STACKS: [&str; 5] = [
        "sys.exc_info",
        "traceback.format_exc",
        "traceback.format_exception",
        "traceback.format_tb",
        "traceback.format_stack",
    ];
    STACKS.contains(&path)
}

/// What values are safe for in a query that a database's package puts together, by the function that makes a part of it.
pub(crate) fn query_part(path: &str) -> Option<Safe> {
    let (module, name) = path.split_once(".sql.").filter(|(module, _)| module.starts_with("psycopg"))?;
    let _ = module;
    match name {
        "SQL" | "Composed" => Some(Safe::default()),
        "Identifier" | "Literal" | "Placeholder" => Some(Safe::SQL),
        // What is filled in and is no part of a query is written as a value.
        _ if name.starts_with("SQL()") && (name.ends_with(".format") || name.ends_with(".join")) => {
            Some(Safe::SQL)
        }
        _ => None,
    }
}

/// Whether a function's result still is what it was handed, in another form.
pub(crate) fn passes(path: &str) -> bool {
    const PASSES: [&str; 68] = [
        "Buffer.concat",
        "Headers",
        "max",
        "min",
        "itertools.chain",
        "textwrap.dedent",
        "os.path.expandvars",
        "repr",
        "ascii",
        "format",
        "JSON.parse",
        "JSON.stringify",
        "String",
        "Buffer.from",
        "Buffer",
        "decodeURIComponent",
        "decodeURI",
        "unescape",
        "atob",
        "btoa",
        "querystring.parse",
        "qs.parse",
        "url.parse",
        "URL",
        "URLSearchParams",
        "path.join",
        "path.resolve",
        "path.normalize",
        "path.posix.join",
        "util.format",
        "Object.fromEntries",
        "lambda-multipart-parser.parse",
        "json.loads",
        "json.load",
        "json.dumps",
        "ujson.loads",
        "orjson.loads",
        "simplejson.loads",
        "str",
        "bytes",
        "bytearray",
        "base64.b64decode",
        "base64.urlsafe_b64decode",
        "base64.standard_b64decode",
        "base64.decodebytes",
        "base64.b64encode",
        "urllib.parse.unquote",
        "urllib.parse.unquote_plus",
        "urllib.parse.parse_qs",
        "urllib.parse.parse_qsl",
        "urllib.parse.urlparse",
        "urllib.unquote",
        "urllib.unquote_plus",
        "urllib.parse.urlsplit",
        "os.path.join",
        "os.path.normpath",
        "os.path.abspath",
        "os.path.realpath",
        "pathlib.Path",
        "io.BytesIO",
        "io.StringIO",
        "html.unescape",
        "sqlalchemy.text",
        "sqlalchemy.sql.text",
        "codecs.decode",
        "zlib.decompress",
        "gzip.decompress",
        "Object",
    ];
    const ENDS: [&str; 8] = [
        ".namedtuple()",
        ".Template().substitute",
        ".Template().safe_substitute",
        ".get_json",
        "lodash.get",
        "lodash.pick",
        "zlib.gunzipSync",
        "zlib.inflateSync",
    ];
    PASSES.contains(&path) || ENDS.iter().any(|end| path.ends_with(end))
}

/// What a function's result is safe for.
pub(crate) fn cleans(path: &str) -> Safe {
    const NUMBERS: [&str; 24] = [
        "parseInt",
        "parseFloat",
        "Number",
        "Number.parseInt",
        "Number.parseFloat",
        "BigInt",
        "Boolean",
        "Date",
        "int",
        "float",
        "bool",
        "len",
        "decimal.Decimal",
        "Decimal",
        "uuid.UUID",
        "UUID",
        "datetime.datetime",
        "datetime.datetime.strptime",
        "datetime.datetime.fromisoformat",
        "ipaddress.ip_address",
        "hash",
        "ord",
        "Math.floor",
        "Number.isInteger",
    ];
    if NUMBERS.contains(&path) || path.ends_with("createHash()") || path.contains("hashlib.") {
        return Safe::ALL;
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    match last {
        "basename" | "secure_filename" | "sanitize-filename" | "sanitizeFilename" | "slugify"
        | "sanitize_filename" | "safe_join" => Safe::PATH,
        "encodeURIComponent" | "quote_plus" => Safe::PATH.and(Safe::SHELL),
        // `urllib.parse.quote` leaves slashes; `shlex.quote` makes one word of it.
        "quote"
            if path.starts_with("shlex") || path.starts_with("pipes") || path.starts_with("shell-quote") =>
        {
            Safe::SHELL
        }
        "shell-escape" | "shellescape" | "escapeshellarg" => Safe::SHELL,
        "escape" | "escapeId" | "escape_string" | "escapeLiteral" | "escapeIdentifier" | "quote_ident" => {
            let html = path.starts_with("html")
                || path.starts_with("lodash")
                || path.starts_with('_')
                || path.starts_with("he.");
            if html { Safe::default() } else { Safe::SQL }
        }
        "format" if path.contains("sqlstring") || path.contains("mysql") || path.contains("pg-format") => {
            Safe::SQL
        }
        "pg-format" | "quote_literal" => Safe::SQL,
        _ => Safe::default(),
    }
}

/// What a text is safe for once marks that fit a pattern were replaced.
pub(crate) fn stripped(pattern: &str) -> Safe {
    if pattern.contains("[^") || pattern.contains("\\W") || pattern.contains("\\D") {
        return Safe::ALL;
    }
    let mut safe = Safe::default();
    if pattern == "/" || pattern.contains("..") || pattern.contains("\\.\\.") || pattern.contains("\\/") {
        safe = safe.and(Safe::PATH);
    }
    if pattern.contains('\'') {
        safe = safe.and(Safe::SQL);
    }
    safe
}

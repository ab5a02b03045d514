//! `casemate invoke`: call a function with a token for its app.

use std::io::IsTerminal;

use casemate_core::Origin;
use clap::ArgAction;
use serde_json::{Value, json};

use crate::client::{Client, ServerArguments, whole};
use crate::failure::{Failure, Kind};
use crate::output::{DIM, Output, paint, plain, plain_lines};
use crate::verb::segment;

/// Call a function as whoever is signed in.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  casemate invoke hello                        the only app's function `hello`, at its first route
  casemate invoke orders --app shop --path /orders -X POST -d '{\"item\": \"rope\", \"quantity\": 2}'
  curl -H \"authorization: Bearer $(casemate invoke --app shop --token)\" http://shop.localhost:8080/orders/")]
pub(crate) struct Arguments {
    /// The function.
    #[arg(required_unless_present = "token")]
    function: Option<String>,
    /// The app; may be left out while there is only one with such a function.
    #[arg(long)]
    app: Option<String>,
    /// The path; by default the function's first route.
    #[arg(long)]
    path: Option<String>,
    /// The method; by default that of the function's first route, else GET.
    #[arg(short = 'X', long)]
    method: Option<String>,
    /// A header, as `name: value`.
    #[arg(short = 'H', long = "header", action = ArgAction::Append)]
    headers: Vec<String>,
    /// The body.
    #[arg(short, long, default_value = "")]
    data: String,
    /// Print a token for the app instead of calling.
    #[arg(long, requires = "app")]
    token: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let app = match &arguments.app {
        Some(app) => app.clone(),
        None => find_app(&client, arguments.function.as_deref().unwrap_or_default())?,
    };
    let issued = client.call("POST", &format!("/v1/apps/{}/token", segment(&app)?), None)?;
    let text = |key: &str| issued.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if arguments.token {
        output.result(&issued, |_| plain(&text("access_token")));
        return Ok(());
    }
    let function = arguments.function.as_deref().unwrap_or_default();
    let (route_method, path) = match &arguments.path {
        Some(path) => (None, path.clone()),
        None => first_route(&client, &app, function)?,
    };
    let method = arguments.method.clone().or(route_method).unwrap_or_else(|| "GET".to_owned());
    let origin = Origin::parse(&text("url")).map_err(|error| Failure::failed(error.to_string()))?;
    let mut request = http::Request::builder().method(method.as_str()).uri(&path);
    request = request.header(http::header::AUTHORIZATION, format!("Bearer {}", text("access_token")));
    for header in &arguments.headers {
        let (name, value) = header.split_once(':').ok_or_else(|| {
            Failure::new(Kind::Usage, format!("`{header}` is no header")).help("-H 'name: value'")
        })?;
        request = request.header(name.trim(), value.trim());
    }
    let request = request
        .body(whole(arguments.data.clone()))
        .map_err(|error| Failure::new(Kind::Usage, format!("the request cannot be made: {error}")))?;
    let answer = client.reach(&origin, request)?;
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let request_id = answer.request();
    output.note(&paint(
        DIM,
        format!("{} {} · request {}", answer.status, origin, request_id.as_deref().unwrap_or("?")),
    ));
    output.result(&json!({ "status": answer.status, "request": request_id, "body": body }), |_| {
        // A file or another program gets the bytes as they came.
        if std::io::stdout().is_terminal() { plain_lines(&body) } else { body.clone() }
    });
    if (200..400).contains(&answer.status) {
        return Ok(());
    }
    let kind = match answer.status {
        401 | 403 => Kind::Denied,
        404 => Kind::Missing,
        _ => Kind::Failed,
    };
    Err(Failure {
        kind,
        message: format!("the function answered {}", answer.status),
        help: None,
        request: request_id,
    })
}

fn find_app(client: &Client, function: &str) -> Result<String, Failure> {
    let apps = client.call("GET", "/v1/apps", None)?;
    let names = apps.get("apps").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for name in names.iter().filter_map(|app| app.get("app").and_then(Value::as_str)) {
        let app = client.call("GET", &format!("/v1/apps/{}", segment(name)?), None)?;
        let functions = app.get("functions").and_then(Value::as_array).cloned().unwrap_or_default();
        if functions.iter().any(|known| known.get("name").and_then(Value::as_str) == Some(function)) {
            found.push(name.to_owned());
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            Err(Failure::new(Kind::Missing, format!("no app has a function `{function}`"))
                .help("casemate list"))
        }
        several => Err(Failure::new(
            Kind::Usage,
            format!("several apps have a function `{function}`: {}", several.join(", ")),
        )
        .help(format!("casemate invoke {function} --app {}", several.first().map_or("APP", String::as_str)))),
    }
}

/// The method, where the route names one, and the path of a function's first route.
fn first_route(client: &Client, app: &str, function: &str) -> Result<(Option<String>, String), Failure> {
    let answer = client.call("GET", &format!("/v1/apps/{}", segment(app)?), None)?;
    let functions = answer.get("functions").and_then(Value::as_array).cloned().unwrap_or_default();
    let known = functions
        .iter()
        .find(|known| known.get("name").and_then(Value::as_str) == Some(function))
        .ok_or_else(|| {
            Failure::new(Kind::Missing, format!("app `{app}` has no function `{function}`"))
                .help(format!("casemate list {app}"))
        })?;
    let route =
        known.get("routes").and_then(|routes| routes.get(0)).and_then(Value::as_str).ok_or_else(|| {
            Failure::new(Kind::Usage, format!("function `{function}` has no route"))
                .help(format!("routes = [\"/{function}\"]"))
        })?;
    let (method, path) = route.split_once(' ').map_or((None, route), |(method, path)| (Some(method), path));
    Ok((method.map(str::to_owned), path.trim_end_matches('*').to_owned()))
}

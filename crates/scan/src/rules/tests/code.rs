//! What code does, and who can see or use it.

use crate::facts::Day;
use crate::finding::Severity;
use crate::inspect::{Dependencies, Options, inspect};
use crate::report::Entry;
use crate::source::SourceTree;

/// The rules that an app of one function breaks in its code.
fn broken(function: &str, code: &str) -> Vec<&'static str> {
    let template = format!(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Users: {{ Type: AWS::Cognito::UserPool }}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {{ Auth: {{ Authorizers: {{ Users: {{ JwtConfiguration: {{ issuer: x, audience: [y] }}, IdentitySource: $request.header.a }} }} }} }}
  Main:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: app.handler
      Runtime: python3.13
{function}"
    );
    let mut tree = SourceTree::new();
    tree.add("template.yaml", template.into_bytes());
    tree.add("app.py", code.as_bytes());
    let options = Options { today: Day::parse("2026-11-22"), ..Options::default() };
    let report = inspect(&tree, &Dependencies::default(), &options);
    let findings = report.apps.iter().flat_map(|app| &app.findings).map(|finding| finding.rule.id);
    findings.filter(|id| ["verbose-errors", "signature-verification-off"].contains(id)).collect()
}

const ROUTE: &str =
    "      Events: { R: { Type: HttpApi, Properties: { ApiId: !Ref Api, Path: /, Method: get } } }\n";
const GUARDED: &str = "      Events: { R: { Type: HttpApi, Properties: { ApiId: !Ref Api, Path: /, Method: get, Auth: { Authorizer: Users } } } }\n";
const URL: &str = "      FunctionUrlConfig: { AuthType: NONE }\n";
const SIGNED_URL: &str = "      FunctionUrlConfig: { AuthType: AWS_IAM }\n";

#[test]
fn the_text_of_an_error_is_shown_to_those_who_ask_from_outside() {
    let code = "def handler(event, context):\n    try:\n        go()\n    except Exception as e:\n        return {'body': str(e)}\n";
    for (function, expect) in [(ROUTE, 1), (URL, 1), ("", 0)] {
        assert_eq!(broken(function, code), vec!["verbose-errors"; expect], "{function}");
    }
}

#[test]
fn a_token_that_somebody_checked_before_may_be_read() {
    let code = "import base64, json\ndef handler(event, context):\n    token = event['headers']['authorization']\n    return json.loads(base64.urlsafe_b64decode(token.split('.')[1]))['sub']\n";
    for (function, expect) in [(ROUTE, 1), (URL, 1), (GUARDED, 0), (SIGNED_URL, 0)] {
        assert_eq!(broken(function, code), vec!["signature-verification-off"; expect], "{function}");
    }
    // A second token, at which the authorizer does not look.
    let second = code.replace("authorization", "x-staff-token");
    for (function, expect) in [(ROUTE, 1), (GUARDED, 1), (SIGNED_URL, 0)] {
        assert_eq!(broken(function, &second), vec!["signature-verification-off"; expect], "{function}");
    }
    let named = format!("{GUARDED}  # x-staff-token\n");
    assert_eq!(broken(&named, &second), Vec::<&str>::new(), "the description names it");
}

/// A function that is asked looks at what its code names.
#[test]
fn a_token_of_a_header_is_checked_by_an_authorizer_that_reads_it() {
    let told = |authorizer: &str, header: &str| {
        let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Own
        Authorizers: { Own: { FunctionArn: !GetAtt Asked.Arn, AuthorizerPayloadFormatVersion: '2.0', EnableFunctionDefaultPermissions: true } }
  Asked:
    Type: AWS::Serverless::Function
    Properties: { Runtime: nodejs22.x, Handler: asked.handler, CodeUri: . }
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: app.handler
      CodeUri: .
      Events: { R: { Type: HttpApi, Properties: { ApiId: !Ref Api, Path: /, Method: get } } }
";
        let code = format!(
            "const jwt = require('jsonwebtoken');\nexports.handler = async (event) => jwt.decode(event.headers['{header}']).sub;\n"
        );
        let asked = format!(
            "const jwt = require('jsonwebtoken');\nexports.handler = async (event) => ({{ isAuthorized: !!jwt.verify(event.headers['{authorizer}'], process.env.KEY) }});\n"
        );
        let mut tree = SourceTree::new();
        tree.add("template.yaml", template.as_bytes());
        tree.add("app.js", code.into_bytes());
        tree.add("asked.js", asked.into_bytes());
        let report = inspect(&tree, &Dependencies::default(), &Options::default());
        let found =
            report.apps[0].findings.iter().find(|found| found.rule.id == "signature-verification-off");
        found.map(|found| found.message.contains("another header than `x-staff-token`"))
    };
    assert_eq!(told("authorization", "authorization"), None);
    assert_eq!(told("x-staff-token", "X-Staff-Token"), None);
    assert_eq!(told("authorization", "x-staff-token"), Some(true));
}

#[test]
fn an_api_key_is_neither_a_sign_in_nor_nobody() {
    let told = |events: &str| {
        let template = format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: .
      Events: {{ {events} }}
"
        );
        let mut tree = SourceTree::new();
        tree.add("template.yaml", template.into_bytes());
        tree.add("app.py", &b"import os\ndef handler(event, context):\n    os.system(event['body'])\n"[..]);
        let report = inspect(&tree, &Dependencies::default(), &Options::default());
        let app = &report.apps[0];
        let injection = app.findings.iter().find(|found| found.rule.id == "command-injection").unwrap();
        (Entry::count(&app.entries), injection.message.clone())
    };
    let keyed = "A: { Type: Api, Properties: { Path: /a, Method: get, Auth: { ApiKeyRequired: true } } }";
    let open = "B: { Type: Api, Properties: { Path: /b, Method: get } }";
    let (ways, message) = told(keyed);
    assert_eq!(ways, "1 way in, open to whoever has the API key");
    assert!(
        message.ends_with("Anyone who has the API key, which authenticates nobody, can call `F`."),
        "{message}"
    );
    let (ways, message) = told(open);
    assert_eq!(ways, "1 way in, open to anyone");
    assert!(message.ends_with("Anyone can call `F`."), "{message}");
    let (ways, message) = told(&format!("{keyed}, {open}"));
    assert_eq!(ways, "2 ways in, 1 open to anyone, 1 open to whoever has the API key");
    assert!(message.ends_with("Anyone can call `F`."), "{message}");
    let timer = "T: { Type: Schedule, Properties: { Schedule: rate(1 day) } }";
    assert_eq!(told(&format!("{timer}, {keyed}")).0, "2 ways in, 1 open to whoever has the API key");
}

#[test]
fn functions_that_look_at_who_calls_weigh_less_than_those_where_nobody_asks() {
    let told = |events: &str, code: &str| {
        let template = format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  T: {{ Type: AWS::DynamoDB::Table, Properties: {{ TableName: orders }} }}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: .
      Policies: [{{ DynamoDBCrudPolicy: {{ TableName: !Ref T }} }}]
      {events}
"
        );
        let mut tree = SourceTree::new();
        tree.add("template.yaml", template.into_bytes());
        tree.add(
            "app.py",
            format!("import hmac, hashlib, jwt, os\ndef handler(event, context):\n{code}").into_bytes(),
        );
        let report = inspect(&tree, &Dependencies::default(), &Options::default());
        let found = report.apps[0].findings.iter().find(|found| found.rule.id.starts_with("open-")).unwrap();
        (found.severity, found.message.contains("The code of `F` looks at a signature"))
    };
    let route = "Events: { R: { Type: HttpApi, Properties: { Path: /hook, Method: post } } }";
    let checked = [
        "    mine = hmac.new(b'k', event['body'].encode(), hashlib.sha256).hexdigest()\n    if not hmac.compare_digest(mine, event['headers']['x-signature']):\n        return {}\n",
        "    user = jwt.decode(event['headers']['authorization'], KEY, algorithms=['RS256'])\n",
        "    mine = hmac.new(b'k', event['body'].encode(), hashlib.sha256).hexdigest()\n    if event['headers']['x-signature'] != mine:\n        return {}\n",
        "    if event['headers']['authorization'] != 'Bearer ' + os.environ['TOKEN']:\n        return {}\n",
    ];
    let unchecked = [
        "    print(event['body'])\n",
        "    jwt.decode(event['headers']['authorization'], options={'verify_signature': False})\n",
        "    hmac.compare_digest('a', 'b')\n",
        "    if event['headers']['x-signature'] == 'test':\n        return {}\n",
        "    if event['headers']['x-kind'] != os.environ['KIND']:\n        return {}\n",
    ];
    for events in [route, "FunctionUrlConfig: { AuthType: NONE }"] {
        let severities: Vec<_> = checked.map(|code| told(events, code)).into();
        assert_eq!(severities, [(Severity::Medium, true); 4], "{events}");
        let severities: Vec<_> = unchecked.map(|code| told(events, code)).into();
        assert_eq!(severities, [(Severity::High, false); 5], "{events}");
    }
    // One of two is not both.
    let two = format!(
        "Events: {{ R: {{ Type: HttpApi, Properties: {{ Path: /hook, Method: post }} }} }}\n  G:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: python3.13\n      Handler: none.handler\n      CodeUri: .\n      Policies: [{{ DynamoDBCrudPolicy: {{ TableName: !Ref T }} }}]\n      {}",
        route.replace("/hook", "/other")
    );
    assert_eq!(told(&two, checked[0]), (Severity::High, false));
}

//! Who may call what.

use super::check;

/// One function with one event, beside the functions `auth` and `f`.
fn check_event(event: &str, expected: &[&str]) {
    let functions = format!(
        "functions:\n  auth: {{ handler: h.auth }}\n  f:\n    handler: h.f\n    events:\n      - {event}\n\
         resources:\n  Resources:\n    Pool: {{ Type: 'AWS::Cognito::UserPool' }}\n    Auth: {{ Type: 'AWS::ApiGateway::Authorizer' }}\n"
    );
    check(&functions, expected);
}

#[test]
fn rest_routes() {
    let cases: [(&str, &[&str]); 18] = [
        (
            "http: GET /orders/",
            &["ApiGatewayRestApi: GET /orders -> f: anyone", "api ApiGatewayRestApi Public"],
        ),
        ("http: { method: any, path: '{proxy+}' }", &["ApiGatewayRestApi: ANY /{proxy+} -> f: anyone"]),
        (
            "http: { method: get, path: a, private: true }",
            &["ApiGatewayRestApi: GET /a -> f: anyone with key"],
        ),
        ("http: { method: get, path: a, authorizer: aws_iam }", &["ApiGatewayRestApi: GET /a -> f: iam"]),
        (
            "http: { method: get, path: a, authorizer: { type: AWS_IAM } }",
            &["ApiGatewayRestApi: GET /a -> f: iam"],
        ),
        (
            "http: { method: get, path: a, authorizer: auth }",
            &[
                "ApiGatewayRestApi: GET /a -> f: by AuthApiGatewayAuthorizer",
                "authorizer AuthApiGatewayAuthorizer function auth",
            ],
        ),
        (
            "http: { method: get, path: a, authorizer: { name: auth, type: request } }",
            &["authorizer AuthApiGatewayAuthorizer function auth"],
        ),
        (
            "http: { method: get, path: a, authorizer: gone }",
            &["authorizer gone function ?(there is no function `gone`)"],
        ),
        ("http: { method: get, path: a, authorizer: ~ }", &["ApiGatewayRestApi: GET /a -> f: anyone"]),
        (
            "http: { method: get, path: a, authorizer: 'arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_x' }",
            &["authorizer eu-west-1_x pool arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_x"],
        ),
        (
            "http: { method: get, path: a, authorizer: { name: users, type: COGNITO_USER_POOLS, arn: !GetAtt Pool.Arn, scopes: [a/b] } }",
            &[
                "ApiGatewayRestApi: GET /a -> f: by users scopes [\"a/b\"]",
                "authorizer users pool ${Pool.Arn}",
            ],
        ),
        (
            "http: { method: get, path: a, authorizer: { arn: !GetAtt AuthLambdaFunction.Arn, name: x } }",
            &["authorizer x function auth"],
        ),
        (
            "http: { method: get, path: a, authorizer: 'arn:aws:lambda:eu-west-1:1:function:x' }",
            &[
                "ApiGatewayRestApi: GET /a -> f: outside the authorizer `arn:aws:lambda:eu-west-1:1:function:x`",
            ],
        ),
        (
            "http: { method: get, path: a, authorizer: { type: CUSTOM, authorizerId: !Ref Auth } }",
            &["ApiGatewayRestApi: GET /a -> f: by Auth"],
        ),
        (
            "http: { method: get, path: a, authorizer: { type: CUSTOM, authorizerId: abc } }",
            &["ApiGatewayRestApi: GET /a -> f: outside the authorizer `abc`"],
        ),
        (
            "http: { method: get, path: a, authorizer: \"${env:AUTH}\" }",
            &["ApiGatewayRestApi: GET /a -> f: outside the authorizer `${env:AUTH}`"],
        ),
        (
            "http: { method: get, path: \"${opt:path}\", authorizer: aws_iam }",
            &["ApiGatewayRestApi: GET ?(`opt:path` is given by whoever deploys) -> f: iam"],
        ),
        ("{ http: , path: a, method: get }", &["ApiGatewayRestApi: GET /a -> f: anyone"]),
    ];
    for (event, expected) in cases {
        check_event(event, expected);
    }
}

#[test]
fn rest_cors_is_as_open_as_the_widest_route() {
    let cases = [
        ("cors: true", "api ApiGatewayRestApi cors * credentials -"),
        (
            "cors: { origin: 'https://a', allowCredentials: true }",
            "api ApiGatewayRestApi cors https://a credentials true",
        ),
        (
            "cors: { origins: ['https://a', '*'], allowCredentials: true }",
            "api ApiGatewayRestApi cors https://a * credentials true",
        ),
        ("cors: { allowCredentials: true }", "api ApiGatewayRestApi cors * credentials true"),
        ("cors: false", "!api ApiGatewayRestApi cors"),
    ];
    for (cors, expected) in cases {
        check_event(&format!("http: {{ method: get, path: a, {cors} }}"), &[expected]);
    }
    // Origins of one route and credentials of another do not add up.
    check(
        "functions: { f: { handler: h.f, events: [{ http: { method: get, path: a, cors: true } }, { http: { method: get, path: b, cors: { origin: 'https://a', allowCredentials: true } } }] } }",
        &["api ApiGatewayRestApi cors * credentials -"],
    );
}

#[test]
fn rest_settings() {
    let functions = "functions: { f: { handler: h.f, events: [{ http: GET / }] } }";
    let cases: [(&str, &[&str]); 5] = [
        ("endpointType: PRIVATE", &["api ApiGatewayRestApi Private"]),
        ("endpointType: regional", &["api ApiGatewayRestApi Public"]),
        (
            "logs: { restApi: true }",
            &["api ApiGatewayRestApi access log true", "api ApiGatewayRestApi data trace true"],
        ),
        (
            "logs: { restApi: { accessLogging: false, fullExecutionData: false } }, tracing: { apiGateway: true }",
            &[
                "api ApiGatewayRestApi access log false",
                "api ApiGatewayRestApi data trace false",
                "api ApiGatewayRestApi tracing true",
            ],
        ),
        (
            "apiGateway: { restApiId: abc, resourcePolicy: [{ Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*', Condition: { IpAddress: { 'aws:SourceIp': [1.2.3.4] } } }] }",
            &[
                "api ApiGatewayRestApi policy allow execute-api:Invoke on execute-api:/* to anyone if aws:SourceIp IpAddress 1.2.3.4",
                "unknown the REST API `abc` is not made here: its resource policy and stages are unknown",
            ],
        ),
    ];
    for (settings, expected) in cases {
        check(&format!("provider: {{ name: aws, {settings} }}\n{functions}"), expected);
    }
    check(
        &format!(
            "plugins: [serverless-domain-manager]\nprovider: {{ name: aws }}\ncustom: {{ customDomain: {{ securityPolicy: tls_1_0 }} }}\n{functions}"
        ),
        &["api ApiGatewayRestApi tls TLS_1_0"],
    );
}

#[test]
fn http_routes() {
    let provider = "provider:\n  name: aws\n  httpApi:\n    cors: true\n    authorizers:\n      jwt: { issuerUrl: 'https://i', audience: [a, b] }\n      own: { type: request, functionName: auth }\n";
    let cases: [(&str, &[&str]); 12] = [
        ("'*'", &["HttpApi: ANY $default -> f: anyone"]),
        ("GET /a", &["HttpApi: GET /a -> f: anyone", "api HttpApi cors * credentials -"]),
        ("post /a", &["HttpApi: POST /a -> f: anyone"]),
        ("{ path: /a }", &["HttpApi: ANY /a -> f: anyone"]),
        ("{ method: '*', path: '*' }", &["HttpApi: ANY $default -> f: anyone"]),
        (
            "{ method: get, path: /a, authorizer: jwt }",
            &["HttpApi: GET /a -> f: by jwt", "authorizer jwt jwt https://i for a b"],
        ),
        (
            "{ method: get, path: /a, authorizer: { name: jwt, scopes: [x] } }",
            &["HttpApi: GET /a -> f: by jwt scopes [\"x\"]"],
        ),
        (
            "{ method: get, path: /a, authorizer: own }",
            &["HttpApi: GET /a -> f: by own", "authorizer own function auth"],
        ),
        ("{ method: get, path: /a, authorizer: { type: aws_iam } }", &["HttpApi: GET /a -> f: iam"]),
        (
            "{ method: get, path: /a, authorizer: { id: abc, type: jwt } }",
            &["HttpApi: GET /a -> f: outside the authorizer `abc`"],
        ),
        (
            "{ method: get, path: /a, authorizer: gone }",
            &["HttpApi: GET /a -> f: ?(`provider.httpApi.authorizers` has no `gone`)"],
        ),
        (
            "\"${self:custom.no}\"",
            &[
                "HttpApi: ?(there is no `self:custom.no`) ?(there is no `self:custom.no`) -> f: ?(there is no `self:custom.no`)",
            ],
        ),
    ];
    for (event, expected) in cases {
        let functions = format!(
            "functions:\n  auth: {{ handler: h.auth }}\n  f:\n    handler: h.f\n    events:\n      - httpApi: {event}\n"
        );
        check(&format!("{provider}{functions}"), expected);
    }
    // Declared, attached to nothing, and still there.
    check(
        &format!("{provider}functions: {{ f: {{ handler: h.f }}, auth: {{ handler: h.a }} }}"),
        &["authorizer jwt jwt https://i for a b", "api HttpApi Public"],
    );
}

#[test]
fn http_cors() {
    let functions = "functions: { f: { handler: h.f, events: [{ httpApi: '*' }] } }";
    let cases = [
        (
            "cors: { allowedOrigins: ['https://a'], allowCredentials: true }",
            "api HttpApi cors https://a credentials true",
        ),
        ("cors: { allowCredentials: true }", "api HttpApi cors * credentials true"),
        (
            "cors: { allowedOrigins: \"${env:O}\" }",
            "api HttpApi cors ?(`env:O` is given by whoever deploys) credentials -",
        ),
        ("payload: '2.0'", "!api HttpApi cors"),
    ];
    for (settings, expected) in cases {
        check(&format!("provider: {{ name: aws, httpApi: {{ {settings} }} }}\n{functions}"), &[expected]);
    }
}

#[test]
fn websocket_routes_ask_at_connection_only() {
    let service = |connect: &str| {
        format!(
            "functions:\n  auth: {{ handler: h.auth }}\n  f:\n    handler: h.f\n    events:\n      - websocket: {connect}\n      - websocket: {{ route: send }}\n"
        )
    };
    check(
        &service("$connect"),
        &["WebsocketsApi: $connect  -> f: anyone", "WebsocketsApi: send  -> f: anyone"],
    );
    check(
        &service("{ route: $connect, authorizer: auth }"),
        &[
            "WebsocketsApi: $connect  -> f: by AuthWebsocketsAuthorizer",
            "WebsocketsApi: send  -> f: by AuthWebsocketsAuthorizer",
            "authorizer AuthWebsocketsAuthorizer function auth",
        ],
    );
    check(
        &service("{ route: $connect, authorizer: { name: auth, identitySource: [x] } }"),
        &["authorizer AuthWebsocketsAuthorizer function auth"],
    );
    check(
        &service("{ route: $connect, authorizer: 'arn:aws:lambda:eu-west-1:1:function:x' }"),
        &["WebsocketsApi: $connect  -> f: outside the authorizer `arn:aws:lambda:eu-west-1:1:function:x`"],
    );
    check(&service("{ route: $connect, authorizer: aws_iam }"), &["WebsocketsApi: $connect  -> f: iam"]);
}

#[test]
fn load_balancers() {
    let provider = "provider:\n  name: aws\n  alb:\n    authorizers:\n      users: { type: cognito, userPoolArn: arn:p }\n      lax: { type: oidc, issuer: 'https://i', clientId: c, onUnauthenticatedRequest: allow }\n";
    let cases = [
        ("conditions: { path: /a, method: [GET, POST] }", "LoadBalancer1: POST /a -> f: anyone"),
        ("conditions: { host: x }", "LoadBalancer1: ANY /* -> f: anyone"),
        ("conditions: { path: /a }, authorizer: users", "LoadBalancer1: ANY /a -> f: by users"),
        ("conditions: { path: /a }, authorizer: [lax]", "LoadBalancer1: ANY /a -> f: anyone"),
        (
            "conditions: { path: /a }, authorizer: gone",
            "LoadBalancer1: ANY /a -> f: ?(`provider.alb.authorizers` has no such authorizer)",
        ),
    ];
    for (event, expected) in cases {
        check(
            &format!(
                "{provider}functions: {{ f: {{ handler: h.f, events: [{{ alb: {{ listenerArn: arn:l, {event} }} }}] }} }}"
            ),
            &[expected, "api LoadBalancer1 ?(the load balancer is not described by the event)"],
        );
    }
}

#[test]
fn function_urls() {
    let cases: [(&str, &[&str]); 6] = [
        ("true", &["f url anyone"]),
        ("false", &["!f url"]),
        ("{ authorizer: aws_iam }", &["f url iam"]),
        ("{ authorizer: none, cors: true }", &["f url anyone", "f url cors * credentials -"]),
        (
            "{ cors: { allowedOrigins: ['https://a'], allowCredentials: true } }",
            &["f url anyone", "f url cors https://a credentials true"],
        ),
        ("\"${env:URL}\"", &["f url ?(`env:URL` is given by whoever deploys)"]),
    ];
    for (url, expected) in cases {
        check(&format!("functions: {{ f: {{ handler: h.f, url: {url} }} }}"), expected);
    }
}

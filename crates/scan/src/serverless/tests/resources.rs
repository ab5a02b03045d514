//! The CloudFormation part, and what plugins read.

use super::{check, read_app, show, tree};
use crate::known::Name;

#[test]
fn resources_are_read() {
    check(
        "functions: { f: { handler: h.f } }\nresources: { Resources: { Data: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'x-${sls:stage}' } } } }",
        &["Bucket Data x-dev"],
    );
    check(
        "functions: { f: { handler: h.f } }\nresources:\n - Resources: { A: { Type: 'AWS::SQS::Queue' } }\n - { Resources: { B: { Type: 'AWS::SNS::Topic' } }, Outputs: { O: { Value: 1 } } }\n",
        &["Queue A", "Topic B"],
    );
    check(
        "functions: { f: { handler: h.f } }\nresources: [\"${file(gone.js)}\"]",
        &["unknown a part of `resources` is not known: there is no file `gone.js`"],
    );
}

#[test]
fn included_templates_are_no_apps_of_their_own() {
    let files = [
        ("serverless.yml", "service: s\nprovider: { name: aws }\nresources: [\"${file(data.yml)}\"]\n"),
        ("data.yml", "Resources: { Data: { Type: 'AWS::S3::Bucket' } }\n"),
    ];
    let app = read_app(&files);
    let data = tree(&files).find("data.yml").unwrap();
    assert_eq!(app.includes, [data]);
    assert_eq!(app.stores[0].place.file, data);
}

#[test]
fn resources_and_functions_refer_to_one_another() {
    check(
        "functions: { f: { handler: h.f } }\nresources: { Resources: { Q: { Type: 'AWS::SQS::Queue' }, M: { Type: 'AWS::Lambda::EventSourceMapping', Properties: { FunctionName: !Ref FLambdaFunction, EventSourceArn: !GetAtt Q.Arn } } } }",
        &["Queue ${Q.Arn} -> f on"],
    );
    check(
        "functions: { f: { handler: h.f } }\nresources: { Resources: { P: { Type: 'AWS::Lambda::Permission', Properties: { FunctionName: shop-dev-f, Action: 'lambda:InvokeFunction', Principal: '*' } } } }",
        &["f permission allow lambda:InvokeFunction on shop-dev-f to anyone"],
    );
    let app = read_app(&[(
        "serverless.yml",
        "service: s\nprovider: { name: aws }\nfunctions: { f: { handler: h.f } }\nresources: { Outputs: { O: { Value: !GetAtt FLambdaFunction.Arn } } }",
    )]);
    assert!(app.mentioned.contains(&Name::from("f")));
}

#[test]
fn a_resource_of_the_same_name_keeps_it() {
    check(
        "functions: { Orders: { handler: h.f } }\nresources: { Resources: { Orders: { Type: 'AWS::SQS::Queue' } } }",
        &["function OrdersLambdaFunction h.f", "Queue Orders"],
    );
}

#[test]
fn what_the_framework_makes_can_be_changed() {
    check(
        "functions: { f: { handler: h.f } }\nresources: { extensions: { IamRoleLambdaExecution: { Properties: { Policies: [{ PolicyDocument: { Statement: [{ Effect: Allow, Action: 'a:B', Resource: x }] } }] } } } }",
        &["IamRoleLambdaExecution allow a:B on x"],
    );
    check(
        "functions: { f: { handler: h.f, events: [{ http: GET / }] } }\nresources: { Resources: { ApiGatewayRestApi: { Type: 'AWS::ApiGateway::RestApi', Properties: { Policy: { Statement: [{ Effect: Deny, Principal: '*', Action: 'a:B' }] } } } } }",
        &["api ApiGatewayRestApi policy deny a:B to anyone"],
    );
    check(
        "functions: { f: { handler: h.f } }\nresources: { Resources: { FLambdaFunction: { Type: 'AWS::Lambda::Function', Properties: { Timeout: 1 } } } }",
        &[
            "!function FLambdaFunction",
            "unknown `FLambdaFunction` is made by the framework; what is changed of it here is not read",
        ],
    );
}

#[test]
fn routes_that_the_framework_makes_can_be_changed() {
    let signed = "{ httpApi: { method: get, path: '/x-y/{orderId}', authorizer: { type: aws_iam } } }, \
                  { http: { method: post, path: 'a/{id+}', authorizer: aws_iam } }, \
                  { websocket: { route: $connect, authorizer: aws_iam } }, { websocket: say }";
    let service = |resources: &str| {
        format!(
            "functions: {{ f: {{ handler: h.f, url: {{ authorizer: aws_iam }}, events: [{signed}] }} }}\nresources: {{ {resources} }}"
        )
    };
    let (http, rest) = ("HttpApiRouteGetXDashyOrderidVar", "ApiGatewayMethodAIdVarPost");
    let untouched = [
        "HttpApi: GET /x-y/{orderId} -> f: iam",
        "ApiGatewayRestApi: POST /a/{id+} -> f: iam",
        "WebsocketsApi: $connect  -> f: iam",
        "WebsocketsApi: say  -> f: iam",
        "f url iam",
        "!unknown",
    ];
    check(&service("Outputs: {}"), &untouched);
    // However it is written: beside the service's own, with a type or without one, or as an extension.
    for entry in [
        "Resources: { NAME: { Type: T, PROPERTIES } }",
        "Resources: { NAME: { PROPERTIES } }",
        "extensions: { NAME: { PROPERTIES } }",
    ] {
        let changed = |name: &str, properties: &str, expected: &[&str]| {
            let entry = entry.replace("NAME", name);
            check(
                &service(&entry.replace("PROPERTIES", &format!("Properties: {{ {properties} }}"))),
                expected,
            );
        };
        let open = "AuthorizationType: NONE";
        changed(
            http,
            open,
            &["HttpApi: GET /x-y/{orderId} -> f: anyone", "f url iam", "!HttpApi: ?", "!unknown"],
        );
        changed(
            rest,
            "AuthorizationType: NONE, ApiKeyRequired: true",
            &["ApiGatewayRestApi: POST /a/{id+} -> f: anyone with key", "!unknown"],
        );
        changed(
            "SconnectWebsocketsRoute",
            open,
            &["WebsocketsApi: $connect  -> f: anyone", "WebsocketsApi: say  -> f: anyone", "!unknown"],
        );
        changed("FLambdaFunctionUrl", "AuthType: NONE", &["f url anyone", "!unknown"]);
        changed(http, "AuthorizationType: AWS_IAM", &["HttpApi: GET /x-y/{orderId} -> f: iam", "!unknown"]);
        changed(
            http,
            "Target: elsewhere",
            &[
                "HttpApi: GET /x-y/{orderId} -> f: iam",
                "unknown `HttpApiRouteGetXDashyOrderidVar` (`GET /x-y/{orderId}`) is made by the framework; what is changed of it here is not read",
            ],
        );
        changed(
            http,
            "AuthorizationType: JWT",
            &[
                "unknown `HttpApiRouteGetXDashyOrderidVar` (`GET /x-y/{orderId}`) is made by the framework; what is changed of it here is not read",
            ],
        );
        changed(
            "IamRoleLambdaExecution",
            "PermissionsBoundary: b",
            &[
                "unknown `IamRoleLambdaExecution` is made by the framework; what is changed of it here is not read",
            ],
        );
    }
    check(
        &service("Resources: { HttpApiStage: { Properties: { ClientCertificateId: c } } }"),
        &["unknown `HttpApiStage` is made by the framework; what is changed of it here is not read"],
    );
}

#[test]
fn an_address_that_the_framework_does_not_make_is_one_of_its_own() {
    check(
        "functions: { f: { handler: h.f } }\nresources: { Resources: { FLambdaFunctionUrl: { Type: 'AWS::Lambda::Url', Properties: { AuthType: NONE, TargetFunctionArn: !Ref FLambdaFunction } } } }",
        &["f url anyone", "!unknown"],
    );
}

#[test]
fn interfaces_that_plugins_make_are_not_known() {
    let proxies = "[{ s3: { path: /s3, method: delete, action: DeleteObject, bucket: b, key: k } }]";
    let graph = "{ authentication: { type: API_KEY }, dataSources: { d: { config: { functionName: f } } } }";
    let said = |plugin: &str, part: &str| {
        format!("unknown which interface the plugin `{plugin}` makes of `{part}`, and who may call it")
    };
    let (of_proxies, of_graph) = (
        said("serverless-apigateway-service-proxy", "apiGatewayServiceProxies"),
        said("serverless-appsync-plugin", "appSync"),
    );
    let function = "functions: { f: { handler: h.f } }";
    check(&format!("custom: {{ apiGatewayServiceProxies: {proxies} }}\n{function}"), &[&of_proxies]);
    check(&format!("custom: {{ appSync: {graph} }}\n{function}"), &[&of_graph]);
    check(&format!("appSync: {graph}\n{function}"), &[&of_graph]);
    check(&format!("custom: {{ other: {proxies} }}\n{function}"), &["!unknown"]);
}

#[test]
fn a_fixed_answer_runs_nothing() {
    let event = |integration: &str| {
        format!(
            "functions: {{ f: {{ handler: h.f, events: [{{ http: {{ method: post, path: m, {integration} }} }}] }} }}"
        )
    };
    for integration in ["integration: mock", "integration: MOCK"] {
        check(&event(integration), &["ApiGatewayRestApi: POST /m -> ?(a fixed answer, no function): anyone"]);
    }
    check(
        &event("integration: http_proxy, request: { uri: 'https://x' }"),
        &["ApiGatewayRestApi: POST /m -> ?(what answers is `https://x`, no function): anyone"],
    );
    for integration in ["integration: lambda", "integration: aws_proxy", "private: false"] {
        check(&event(integration), &["ApiGatewayRestApi: POST /m -> f: anyone"]);
    }
}

#[test]
fn conditions_decide_what_is_deployed() {
    let resources = "resources: { Conditions: { Prod: !Equals ['${sls:stage}', prod] } }";
    check(
        &format!("functions: {{ f: {{ handler: h.f, condition: Prod }} }}\n{resources}"),
        &["f deployed false"],
    );
}

#[test]
fn what_plugins_name_is_used() {
    let app = read_app(&[(
        "serverless.yml",
        "service: s\nprovider: { name: aws }\nfunctions: { f: { handler: h.f }, g: { handler: h.g }, k: { handler: h.k } }\n\
         stepFunctions: { stateMachines: { flow: { definition: { States: { A: { Resource: !GetAtt [f, Arn] } } } } } }\n\
         appSync: { dataSources: [{ functionName: g }] }\n",
    )]);
    let lines = show(&app);
    assert!(
        lines.contains(&"StateMachine ${FlowStepFunctionsStateMachine.Arn} -> f on".to_owned()),
        "{lines:#?}"
    );
    assert!(app.mentioned.contains(&Name::from("g")));
    assert!(!app.mentioned.contains(&Name::from("k")));
}

#[test]
fn destinations_start_functions() {
    check(
        "functions: { f: { handler: h.f, destinations: { onFailure: g } }, g: { handler: h.g } }",
        &["Other(\"destination\") ${f.Arn} -> g on"],
    );
}

#[test]
fn managed_policies_of_the_template_are_known() {
    check(
        "provider: { name: aws, iam: { role: { managedPolicies: [!Ref P] } } }\nfunctions: { f: { handler: h.f } }\nresources: { Resources: { P: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: { Statement: { Effect: Allow, Action: 'a:B', Resource: x } } } } } }",
        &["IamRoleLambdaExecution allow a:B on x", "IamRoleLambdaExecution managed ${P.Arn}"],
    );
}

/// A service that uses serverless-lift, with this after `constructs:`.
fn lifted(constructs: &str, rest: &str) -> String {
    format!("plugins: [serverless-lift]\nconstructs: {{ {constructs} }}\n{rest}")
}

#[test]
fn a_queue_construct_is_a_queue_with_its_worker() {
    check(
        &lifted(
            "jobs: { type: queue, worker: { handler: w.run, timeout: 5 } }",
            "functions: { send: { handler: h.send, environment: { URL: '${construct:jobs.queueUrl}', NAME: 'a-${construct:jobs.queueArn}' } } }",
        ),
        &[
            "Queue jobsQueue",
            "Queue jobsDlq",
            "function jobsWorker w.run",
            "Queue ${jobsQueue.Arn} -> jobsWorker on",
            "send env URL=${jobsQueue.Url}",
            "send env NAME=a-${jobsQueue.Arn}",
            "IamRoleLambdaExecution allow sqs:SendMessage on ${jobsQueue.Arn}",
            "!unknown",
        ],
    );
}

#[test]
fn storage_and_tables_are_open_to_the_functions_of_the_service_only() {
    let constructs = "pictures: { type: storage }, my-data: { type: database/dynamodb-single-table }";
    let functions = "functions: { f: { handler: h.f, events: [{ s3: { bucket: '${construct:pictures.bucketName}', existing: true } }, { stream: { type: dynamodb, arn: '${construct:my-data.tableStreamArn}' } }] } }";
    let found = super::lines(&lifted(constructs, functions));
    let has = |line: &str| found.iter().any(|found| found.starts_with(line));
    assert!(has("Bucket picturesBucket") && has("Table mydataTable"), "{found:#?}");
    assert!(
        has("IamRoleLambdaExecution allow s3:PutObject s3:GetObject s3:DeleteObject s3:ListBucket"),
        "{found:#?}"
    );
    assert!(has("IamRoleLambdaExecution allow dynamodb:GetItem"), "{found:#?}");
    assert!(has("TableStream ${mydataTable.StreamArn} -> f on"), "{found:#?}");
    assert!(!has("unknown"), "{found:#?}");

    let held =
        super::lines(&format!("lift: {{ automaticPermissions: false }}\n{}", lifted(constructs, functions)));
    assert!(!held.iter().any(|line| line.contains("s3:PutObject")), "{held:#?}");
}

#[test]
fn a_webhook_asks_its_authorizer_or_nobody() {
    let functions = "functions: { f: { handler: h.f } }";
    let webhook = |rest: &str| lifted(&format!("hook: {{ type: webhook, path: /in, {rest} }}"), functions);
    let answered = |text: &str| {
        super::lines(text).into_iter().find(|line| line.starts_with("hookHttpApi: POST /in -> ")).unwrap()
    };
    assert!(answered(&webhook("insecure: true")).ends_with(": anyone"));
    let asked = webhook("authorizer: { handler: a.check }");
    assert!(answered(&asked).ends_with(": by hookAccess"), "{}", answered(&asked));
    check(&asked, &["function hookAuthorizer a.check"]);
}

#[test]
fn a_construct_that_is_not_known_is_said() {
    check(
        &lifted("net: { type: vpc }", "functions: { f: { handler: h.f } }"),
        &["unknown what the construct `net` makes, and what functions may do with it"],
    );
    check(
        "constructs: { jobs: { type: queue } }\nfunctions: { f: { handler: h.f } }",
        &["unknown what `constructs` make: no plugin is named that reads them", "!Queue jobsQueue"],
    );
}

#[test]
fn what_has_the_framework_s_name_may_be_the_service_s_own() {
    let resources = |provider: &str, name: &str, kind: &str, properties: &str| {
        let text = format!(
            "service: s\nprovider: {{ name: aws, runtime: nodejs22.x, {provider} }}\nfunctions:\n  f: {{ handler: f.h }}\nresources:\n  Resources:\n    {name}: {{ Type: '{kind}', Properties: {{ {properties} }} }}\n"
        );
        read_app(&[("serverless.yml", &text)])
    };
    let statement = "Policies: [{ PolicyName: p, PolicyDocument: { Statement: [{ Effect: Allow, Action: 'a:B', Resource: '*' }] } }]";
    let trust = "AssumeRolePolicyDocument: { Statement: [{ Effect: Allow, Action: 'sts:AssumeRole', Principal: { Service: lambda.amazonaws.com } }] }";
    for given in
        ["role: !GetAtt IamRoleLambdaExecution.Arn", "iam: { role: !GetAtt IamRoleLambdaExecution.Arn }"]
    {
        let app =
            resources(given, "IamRoleLambdaExecution", "AWS::IAM::Role", &format!("{trust}, {statement}"));
        assert_eq!(app.roles.len(), 1, "{given}");
        assert_eq!((app.roles[0].statements.len(), app.roles[0].trust.len()), (1, 1), "{given}");
        assert_eq!(app.unknowns, [], "{given}");
    }
    let app = resources(
        "httpApi: { id: !Ref HttpApi }",
        "HttpApi",
        "AWS::ApiGatewayV2::Api",
        "Name: own, ProtocolType: HTTP, Target: !GetAtt FLambdaFunction.Arn",
    );
    assert_eq!(app.apis.len(), 1);
    assert_eq!(app.routes.len(), 1, "its own target is a route: {:?}", show(&app));
}

#[test]
fn a_change_in_two_parts_is_one() {
    let text = "service: s
provider: { name: aws, runtime: nodejs22.x }
functions:
  f: { handler: f.h, events: [{ httpApi: { path: /x, method: get, authorizer: { type: aws_iam } } }] }
resources:
  - extensions: { HttpApiRouteGetX: { Properties: { AuthorizationType: JWT, AuthorizationScopes: [a, b] } } }
  - extensions: { HttpApiRouteGetX: { Properties: { AuthorizationType: NONE, AuthorizationScopes: [c] } } }
  - Resources: { Q: { Type: 'AWS::SQS::Queue', Properties: { QueueName: one } } }
  - Resources: { Q: { Properties: { SqsManagedSseEnabled: false } } }
";
    let app = read_app(&[("serverless.yml", text)]);
    assert_eq!(app.routes[0].access.known(), Some(&crate::graph::Access::Anyone));
    assert_eq!(app.routes[0].scopes, ["c", "b"]);
    assert_eq!(app.stores.len(), 1);
    assert!(app.stores[0].encryption.is_some() && app.stores[0].physical.is_some());
    assert_eq!(app.unknowns, []);
}

#[test]
fn a_change_may_call_a_route_something_else() {
    let change = |event: &str, name: &str, properties: &str| {
        let text = format!(
            "service: s\nprovider: {{ name: aws, runtime: nodejs22.x }}\nfunctions:\n  f: {{ handler: f.h, events: [{event}] }}\nresources:\n  extensions: {{ {name}: {{ Properties: {{ {properties} }} }} }}\n"
        );
        show(&read_app(&[("serverless.yml", &text)]))
    };
    let http = |properties: &str| change("{ httpApi: 'GET /x' }", "HttpApiRouteGetX", properties);
    assert!(http("RouteKey: $default").contains(&"HttpApi: ANY $default -> f: anyone".to_owned()));
    assert!(http("RouteKey: POST /y").contains(&"HttpApi: POST /y -> f: anyone".to_owned()));
    let said = http("RouteKey: !If [C, a, b]");
    assert!(said.iter().any(|line| line.contains("`HttpApiRouteGetX`")), "{said:?}");
    let rest = change("{ http: 'GET /x' }", "ApiGatewayMethodXGet", "HttpMethod: ANY");
    assert!(rest.contains(&"ApiGatewayRestApi: ANY /x -> f: anyone".to_owned()), "{rest:?}");
}

#[test]
fn what_a_change_may_hide_is_said() {
    let says = |change: &str, wanted: &str| {
        let text = format!(
            "service: s\nprovider: {{ name: aws, runtime: nodejs22.x }}\nfunctions:\n  f: {{ handler: f.h, events: [{{ httpApi: {{ path: /x, method: get, authorizer: {{ type: aws_iam }} }} }}] }}\nresources:\n  extensions:\n{change}"
        );
        let app = read_app(&[("serverless.yml", &text)]);
        let found = show(&app).iter().any(|line| line.starts_with("unknown ") && line.contains(wanted));
        assert!(found, "{change}: {:?}", show(&app));
    };
    says(
        "    HttpApiRouteGetX: ${file(./routes-${env:STAGE}.yml)}\n",
        "`HttpApiRouteGetX` (`GET /x`) is made",
    );
    says("    HttpApi: { Properties: { Target: x } }\n", "`HttpApi` is made by the framework");
    says(
        "    HttpApiRouteGetX: { Properties: { ApiKeyRequired: !If [C, true, false] } }\n",
        "`HttpApiRouteGetX`",
    );
    let role = "    IamRoleLambdaExecution: { Properties: { Policies: [!If [C, { PolicyName: x, PolicyDocument: { Statement: [{ Effect: Allow, Action: '*', Resource: '*' }] } }, !Ref 'AWS::NoValue']] } }\n";
    let text = format!(
        "service: s\nprovider: {{ name: aws, runtime: nodejs22.x }}\nfunctions:\n  f: {{ handler: f.h }}\nresources:\n  extensions:\n{role}"
    );
    let app = read_app(&[("serverless.yml", &text)]);
    let role = app.roles.iter().find(|role| role.name.as_str() == "IamRoleLambdaExecution").unwrap();
    assert!(role.statements.iter().any(|it| it.effect.why().is_some()), "{:?}", role.statements);
}

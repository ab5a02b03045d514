//! Interfaces: which routes there are, what answers, and who is asked.

use super::*;

fn check(template: &str, expect: &[&str]) {
    assert_eq!(routes(&app(template)), expect, "{template}");
}

/// A SAM template with one function `F` that has these events, and with further sections.
fn sam(sections: &str, events: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31\n{sections}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    \
         Properties:\n      CodeUri: src\n      Events:\n{events}\n"
    )
}

#[test]
fn implicit_interfaces() {
    check(
        &sam(
            "",
            "        A: {Type: Api, Properties: {Path: /a, Method: any}}
        B: {Type: HttpApi}
        C: {Type: HttpApi, Properties: {Path: /c, Method: POST}}",
        ),
        &[
            "ServerlessRestApi: ANY /a -> F : anyone",
            "ServerlessHttpApi: ANY $default -> F : anyone",
            "ServerlessHttpApi: POST /c -> F : anyone",
        ],
    );
}

#[test]
fn defaults_and_exceptions_of_rest() {
    let auth = "Globals:
  Api:
    Auth:
      DefaultAuthorizer: Pool
      AddDefaultAuthorizerToCorsPreflight: false
      ApiKeyRequired: true
      Authorizers:
        Pool: {UserPoolArn: 'arn:aws:cognito-idp:x:1:userpool/y', AuthorizationScopes: [read]}
        Own: {FunctionArn: !GetAtt F.Arn}
        Idle: {FunctionArn: !GetAtt F.Arn}";
    let template = sam(
        auth,
        "        A: {Type: Api, Properties: {Path: /a, Method: get}}
        B: {Type: Api, Properties: {Path: /b, Method: post, Auth: {Authorizer: NONE, ApiKeyRequired: false}}}
        C: {Type: Api, Properties: {Path: /c, Method: get, Auth: {Authorizer: Own, AuthorizationScopes: [x, y]}}}
        D: {Type: Api, Properties: {Path: /d, Method: get, Auth: {Authorizer: AWS_IAM}}}
        E: {Type: Api, Properties: {Path: /e, Method: options}}
        G: {Type: Api, Properties: {Path: /g, Method: get, Auth: {Authorizer: Missing}}}",
    );
    check(
        &template,
        &[
            "ServerlessRestApi: GET /a -> F : Pool +key (read)",
            "ServerlessRestApi: POST /b -> F : anyone",
            "ServerlessRestApi: GET /c -> F : Own +key (x y)",
            "ServerlessRestApi: GET /d -> F : iam +key",
            "ServerlessRestApi: OPTIONS /e -> F : anyone +key",
            "ServerlessRestApi: GET /g -> F : unknown: the authorizer `Missing` is not declared +key",
        ],
    );
    let kinds: Vec<(String, bool)> = app(&template)
        .authorizers
        .iter()
        .map(|authorizer| {
            (
                authorizer.name.to_string(),
                matches!(authorizer.kind, crate::graph::AuthorizerKind::UserPool(_)),
            )
        })
        .collect();
    assert_eq!(kinds, [("Pool".into(), true), ("Own".into(), false), ("Idle".into(), false)]);
}

#[test]
fn defaults_and_exceptions_of_http() {
    check(
        &sam(
            "Globals:
  HttpApi:
    Auth:
      EnableIamAuthorizer: true
      DefaultAuthorizer: Jwt
      Authorizers:
        Jwt:
          AuthorizationScopes: [all]
          IdentitySource: $request.header.Authorization
          JwtConfiguration: {issuer: 'https://x', audience: [y]}",
            "        A: {Type: HttpApi, Properties: {Path: /a, Method: get}}
        B: {Type: HttpApi, Properties: {Path: /b, Method: get, Auth: {Authorizer: NONE}}}
        C: {Type: HttpApi, Properties: {Path: /c, Method: get, Auth: {Authorizer: AWS_IAM}}}
        D: {Type: HttpApi, Properties: {Path: /d, Method: get, Auth: {AuthorizationScopes: [one]}}}",
        ),
        &[
            "ServerlessHttpApi: GET /a -> F : Jwt (all)",
            "ServerlessHttpApi: GET /b -> F : anyone",
            "ServerlessHttpApi: GET /c -> F : iam",
            "ServerlessHttpApi: GET /d -> F : Jwt (one)",
        ],
    );
}

#[test]
fn explicit_interfaces_take_their_own_words_first() {
    check(
        &format!(
            "{}
  Shop:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      Auth: {{DefaultAuthorizer: AWS_IAM}}
  Open:
    Type: AWS::Serverless::HttpApi
",
            sam(
                "",
                "        A: {Type: Api, Properties: {Path: /a, Method: get, RestApiId: !Ref Shop}}
        B: {Type: HttpApi, Properties: {Path: /b, Method: get, ApiId: !Ref Open}}
        C: {Type: Api, Properties: {Path: /c, Method: get, RestApiId: !ImportValue Elsewhere}}",
            )
        ),
        &[
            "Shop: GET /a -> F : iam",
            "Open: GET /b -> F : anyone",
            "?: GET /c -> F : unknown: `${ImportValue Elsewhere}` is not among these files",
        ],
    );
}

const DESCRIPTION: &str = "
      DefinitionBody:
        openapi: 3.0.1
        components:
          securitySchemes:
            Pool:
              type: apiKey
              name: Authorization
              in: header
              x-amazon-apigateway-authtype: cognito_user_pools
              x-amazon-apigateway-authorizer: {type: cognito_user_pools, providerARNs: [!GetAtt Users.Arn]}
            Signed: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
            Key: {type: apiKey, name: x-api-key, in: header}
        paths:
          /open:
            get:
              x-amazon-apigateway-integration:
                type: aws_proxy
                uri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations'
            options:
              x-amazon-apigateway-integration: {type: mock}
          /pool:
            post:
              security: [{Pool: [write]}]
              x-amazon-apigateway-integration: {type: aws_proxy, uri: !Sub '${F.Arn}/invocations'}
          /signed:
            x-amazon-apigateway-any-method:
              security: [{Signed: []}, {Key: []}]
              x-amazon-apigateway-integration: {type: aws_proxy, uri: !Sub '${F.Arn}/invocations'}
          /away:
            get:
              security: [{Nobody: []}]
              x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://example.org'}
";

#[test]
fn descriptions() {
    let resources = "
  Users: {Type: AWS::Cognito::UserPool}
  Shop:
    Type: AWS::Serverless::Api
    Properties:";
    let events = "        A: {Type: Api, Properties: {Path: /open, Method: get, RestApiId: !Ref Shop}}
        B: {Type: Api, Properties: {Path: /unseen, Method: get, RestApiId: !Ref Shop}}";
    let tail = [
        "Shop: POST /pool -> F : Pool (write)",
        "Shop: ANY /signed -> F : iam +key",
        "Shop: GET /away -> ? : unknown: `Nobody` is not declared",
    ];
    let of = |first: &'static str| [&[first][..], &tail[..]].concat();
    check(&format!("{}{resources}{DESCRIPTION}", sam("", events)), &of("Shop: GET /open -> F : anyone"));
    // A default of SAM goes for whatever the description leaves open.
    check(
        &format!("{}{resources}\n      Auth: {{DefaultAuthorizer: AWS_IAM}}{DESCRIPTION}", sam("", events)),
        &of("Shop: GET /open -> F : iam"),
    );
    let raw = DESCRIPTION.replace("DefinitionBody", "Body");
    check(
        &format!(
            "Resources:\n  F: {{Type: AWS::Lambda::Function}}\n  Users: {{Type: AWS::Cognito::UserPool}}\n  Shop:\n    \
             Type: AWS::ApiGateway::RestApi\n    Properties:{raw}"
        ),
        &of("Shop: GET /open -> F : anyone"),
    );
}

#[test]
fn what_a_description_says_without_schemes() {
    let template = "
Resources:
  F: {Type: AWS::Lambda::Function}
  Shop:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        openapi: 3.0.1
        paths:
          /a: {get: {x-amazon-apigateway-auth: {type: AWS_IAM}, x-amazon-apigateway-integration: {uri: !GetAtt F.Arn}}}
          /b: {get: {x-amazon-apigateway-auth: {type: NONE}, x-amazon-apigateway-integration: {uri: !GetAtt F.Arn}}}
          /c: {get: {security: [{AWS_IAM: []}], x-amazon-apigateway-integration: {uri: !GetAtt F.Arn}}}
  Away: {Type: AWS::ApiGatewayV2::Api, Properties: {BodyS3Location: {Bucket: b, Key: k}}}
  Copy: {Type: AWS::ApiGateway::RestApi, Properties: {CloneFrom: abcdef}}
  Queued: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Away, IntegrationType: AWS_PROXY, IntegrationSubtype: SQS-SendMessage}}
  Put: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Away, RouteKey: POST /q, Target: !Sub 'integrations/${Queued}'}}
";
    let app = app(template);
    assert_eq!(
        routes(&app),
        [
            "Shop: GET /a -> F : iam",
            "Shop: GET /b -> F : anyone",
            "Shop: GET /c -> F : unknown: `AWS_IAM` is not declared",
            "Away: POST /q -> ? : anyone",
        ]
    );
    for (interface, why) in [("Away", "in a bucket"), ("Copy", "a copy")] {
        let mut told = app.unknowns.iter().filter(|told| told.subject == Some(Name::from(interface)));
        assert!(told.any(|told| told.why.contains(why)), "{interface}");
    }
    let put = app.routes.iter().find(|route| route.path.is(&"/q".to_owned())).expect("the route");
    assert!(put.target.why().is_some_and(|why| why.contains(":sqs:action/SendMessage")));
}

#[test]
fn a_description_in_a_file() {
    let (_, app) = app_of(&[
        (
            "shop/template.yaml",
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  F: {Type: AWS::Serverless::Function}
  Shop:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        Fn::Transform: {Name: AWS::Include, Parameters: {Location: api.yaml}}
",
        ),
        (
            "shop/api.yaml",
            "
openapi: 3.0.1
security: [{Top: []}]
paths:
  /a: {get: {x-amazon-apigateway-integration: {uri: !GetAtt F.Arn}}}
  /b: {get: {security: [], x-amazon-apigateway-integration: {uri: !GetAtt F.Arn}}}
",
        ),
    ]);
    assert_eq!(
        routes(&app),
        [
            "Shop: GET /a -> F : unknown: its description asks only at the top, which the provider does not take everywhere",
            "Shop: GET /b -> F : anyone",
        ]
    );
}

#[test]
fn plain_rest_interfaces() {
    check(
        "
Resources:
  F: {Type: AWS::Lambda::Function}
  Api: {Type: AWS::ApiGateway::RestApi}
  Orders: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: orders}}
  Order: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !Ref Orders, PathPart: '{id}'}}
  Guard: {Type: AWS::ApiGateway::Authorizer, Properties: {RestApiId: !Ref Api, Type: TOKEN, AuthorizerUri: !Sub 'x/${F.Arn}/invocations'}}
  Root:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: GET, AuthorizationType: NONE, Integration: {Uri: !Sub '${F.Arn}/invocations'}}
  Get:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !Ref Order, HttpMethod: get, AuthorizationType: CUSTOM, AuthorizerId: !Ref Guard, ApiKeyRequired: true, Integration: {Uri: !Sub '${F.Arn}/invocations'}}
  Put:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !Ref Order, HttpMethod: PUT, AuthorizationType: CUSTOM, AuthorizerId: abc123, Integration: {Uri: 'arn:aws:apigateway:eu:sqs:path/1/q'}}
  Options:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !Ref Order, HttpMethod: OPTIONS, AuthorizationType: NONE, Integration: {Type: MOCK}}
",
        &[
            "Api: GET / -> F : anyone",
            "Api: GET /orders/{id} -> F : Guard +key",
            "Api: PUT /orders/{id} -> ? : outside: the authorizer `abc123`",
        ],
    );
}

#[test]
fn plain_http_and_websocket_interfaces() {
    check(
        "
Resources:
  F: {Type: AWS::Lambda::Function}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  Quick: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: !GetAtt F.Arn}}
  Socket: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET}}
  To: {Type: AWS::ApiGatewayV2::Integration, Properties: {IntegrationUri: !GetAtt F.Arn}}
  Jwt: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {ApiId: !Ref Api, AuthorizerType: JWT, JwtConfiguration: {Issuer: i, Audience: [a]}}}
  A: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: 'GET /a', Target: !Sub 'integrations/${To}'}}
  B: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: $default, AuthorizationType: JWT, AuthorizerId: !Ref Jwt, AuthorizationScopes: [s], Target: !Join [/, [integrations, !Ref To]]}}
  C: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Socket, RouteKey: $connect, AuthorizationType: AWS_IAM, Target: !Sub 'integrations/${To}'}}
  D: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Socket, RouteKey: send}}
",
        &[
            "Quick: ANY $default -> F : anyone",
            "Api: GET /a -> F : anyone",
            "Api: ANY $default -> F : Jwt (s)",
            "Socket: $connect  -> F : iam",
            "Socket: send  -> ? : anyone",
        ],
    );
}

#[test]
fn sam_websockets_graphql_and_balancers() {
    check(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  F: {Type: AWS::Serverless::Function}
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      Auth: {AuthType: CUSTOM, AuthArn: !GetAtt F.Arn}
      Routes: {$connect: {FunctionArn: !GetAtt F.Arn}, $default: {FunctionArn: !GetAtt F.Arn}}
  Graph: {Type: AWS::AppSync::GraphQLApi, Properties: {AuthenticationType: API_KEY}}
  Source: {Type: AWS::AppSync::DataSource, Properties: {ApiId: !GetAtt Graph.ApiId, LambdaConfig: {LambdaFunctionArn: !GetAtt F.Arn}}}
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internet-facing}}
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: lambda, Targets: [{Id: !GetAtt F.Arn}]}}
  Ear: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, DefaultActions: [{Type: fixed-response}]}}
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Ear
      Conditions: [{Field: path-pattern, Values: [/api/*]}]
      Actions: [{Type: forward, TargetGroupArn: !Ref Group}]
",
        &[
            "Socket: $connect  -> F : SocketConnectAuthorizer",
            "Socket: $default  -> F : anyone",
            "Graph: POST /graphql -> F : anyone +key",
            "Front: ANY /api/* -> F : anyone",
        ],
    );
}

#[test]
fn what_an_interface_says_about_itself() {
    let app = app(&sam(
        "Globals:
  Api:
    Cors: {AllowOrigin: \"'*'\", AllowCredentials: true}
    EndpointConfiguration: {Type: PRIVATE}
    TracingEnabled: true
    MethodSettings: [{DataTraceEnabled: true, ThrottlingRateLimit: 5}]
    Domain: {DomainName: x, SecurityPolicy: TLS_1_0}
    Auth:
      ResourcePolicy:
        IpRangeWhitelist: [10.0.0.0/8]
        CustomStatements: {Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}",
        "        A: {Type: Api, Properties: {Path: /a, Method: get}}",
    ));
    let api = &app.apis[0];
    let known =
        |setting: &Option<Setting<bool>>| setting.as_ref().and_then(|setting| setting.known().copied());
    assert_eq!(api.endpoint.known(), Some(&crate::graph::Endpoint::Private));
    assert_eq!((known(&api.tracing), known(&api.data_trace)), (Some(true), Some(true)));
    assert_eq!((known(&api.throttled), known(&api.access_log)), (Some(true), None));
    assert_eq!(api.minimum_tls.as_ref().and_then(|tls| tls.known().cloned()), Some("TLS_1_0".to_owned()));
    let cors = api.cors.as_ref().expect("cors");
    assert_eq!(cors.origins[0].known(), Some(&"*".to_owned()));
    assert_eq!(known(&cors.credentials), Some(true));
    let policy: Vec<String> = api.policy.iter().map(statement_line).collect();
    assert_eq!(
        policy,
        [
            "allow execute-api:Invoke on execute-api:/* to anyone",
            "deny execute-api:Invoke on execute-api:/* to anyone if NotIpAddress aws:SourceIp 10.0.0.0/8",
            "allow execute-api:Invoke on execute-api:/* to anyone",
        ]
    );
}

#[test]
fn a_preflight_that_the_interface_answers_itself() {
    let check = |resources: &str| {
        let app = app(&format!("Resources:\n{resources}"));
        let cors = app.apis[0].cors.as_ref().expect("cors");
        assert_eq!(cors.origins[0].known(), Some(&"*".to_owned()));
        assert_eq!(cors.credentials.as_ref().and_then(|credentials| credentials.known()), Some(&true));
        assert!(app.routes.is_empty());
    };
    check(
        "
  Api: {Type: AWS::ApiGateway::RestApi}
  Options:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      HttpMethod: OPTIONS
      Integration:
        Type: MOCK
        IntegrationResponses:
          - StatusCode: 204
            ResponseParameters:
              method.response.header.Access-Control-Allow-Origin: \"'*'\"
              method.response.header.Access-Control-Allow-Credentials: \"'true'\"
",
    );
    check(
        "
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        paths:
          /a:
            options:
              x-amazon-apigateway-integration:
                type: mock
                responses:
                  default:
                    responseParameters:
                      method.response.header.Access-Control-Allow-Origin: \"'*'\"
                      method.response.header.Access-Control-Allow-Credentials: \"'true'\"
",
    );
}

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

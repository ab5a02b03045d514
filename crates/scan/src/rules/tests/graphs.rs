//! What the formats' builders hand to the rules: policies, rates, keys, grants.

use super::formats::{ROLE, ids};
use super::rates::REST;

#[test]
fn a_deny_for_everyone_but_a_few_closes_in_every_format() {
    let statements = |spared: &str| {
        format!(
            "[{{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"sqs:SendMessage\", \"Resource\": \"*\"}}, \
             {{\"Effect\": \"Deny\", \"NotPrincipal\": {spared}, \"Action\": \"sqs:*\", \"Resource\": \"*\"}}]"
        )
    };
    let template = |spared: &str| {
        format!(
            "Resources:\n  Q: {{Type: AWS::SQS::Queue}}\n  P: {{Type: AWS::SQS::QueuePolicy, Properties: {{Queues: [!Ref Q], PolicyDocument: {{Statement: {}}}}}}}\n",
            statements(spared)
        )
    };
    let module = |spared: &str| {
        let statements = statements(spared).replace("\": ", "\" = ");
        format!(
            "{ROLE}\nresource \"aws_sqs_queue\" \"q\" {{ name = \"q\" }}\nresource \"aws_sqs_queue_policy\" \"q\" {{\n  queue_url = aws_sqs_queue.q.id\n  policy = jsonencode({{ Statement = {statements} }})\n}}\n"
        )
    };
    let check = |spared: &str, wanted: &[&str]| {
        assert_eq!(ids(&[("template.yaml", &template(spared))], &["open-store"]), wanted, "{spared}");
        assert_eq!(ids(&[("main.tf", &module(spared))], &["open-store"]), wanted, "{spared}");
    };
    check("{\"AWS\": \"arn:aws:iam::123456789012:root\"}", &[]);
    check("{\"AWS\": [\"arn:aws:iam::123456789012:role/a\", \"arn:aws:iam::123456789012:role/b\"]}", &[]);
    check("\"*\"", &["open-store"]);
    check("{\"AWS\": \"*\"}", &["open-store"]);
}

/// Whether a module with one function, `f`, has findings of these rules.
fn module(more: &str, about: &[&str], wanted: &[&str]) {
    let text = format!("{ROLE}\n{more}");
    assert_eq!(ids(&[("main.tf", &text)], about), wanted, "{more}");
}

#[test]
fn a_key_beside_a_sign_in_opens_what_the_schema_says() {
    let about = &["api-key-only"];
    let terraform = |kind: &str, schema: &str, wanted: &[&str]| {
        let more = format!(
            r#"
resource "aws_appsync_graphql_api" "g" {{
  name                = "g"
  authentication_type = "AWS_IAM"
  additional_authentication_provider {{
    authentication_type = "{kind}"
  }}
  {schema}
}}
resource "aws_appsync_datasource" "d" {{
  api_id = aws_appsync_graphql_api.g.id
  name   = "d"
  type   = "AWS_LAMBDA"
  lambda_config {{
    function_arn = aws_lambda_function.f.arn
  }}
}}
resource "aws_appsync_resolver" "r" {{
  api_id      = aws_appsync_graphql_api.g.id
  type        = "Query"
  field       = "x"
  data_source = aws_appsync_datasource.d.name
}}
"#
        );
        module(&more, about, wanted);
        let told = super::formats::report(&[("main.tf", &format!("{ROLE}{more}"))]);
        let untold = told.apps[0].unknowns.iter().any(|unknown| unknown.text.contains("`@aws_api_key`"));
        assert_eq!(untold, kind == "API_KEY" && schema.is_empty(), "{kind} {schema}");
    };
    terraform("API_KEY", "schema = \"type Query { x: Int @aws_api_key }\"", about);
    terraform("API_KEY", "schema = \"type Query { x: Int, y: Int @aws_api_key }\"", &[]);
    terraform("API_KEY", "", &[]);
    terraform("OPENID_CONNECT", "", &[]);
    let template = |schema: &str, wanted: &[&str]| {
        let text = format!(
            "
Resources:
  G: {{Type: AWS::AppSync::GraphQLApi, Properties: {{Name: g, AuthenticationType: AWS_IAM, AdditionalAuthenticationProviders: [{{AuthenticationType: API_KEY}}]}}}}
  F: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, Code: {{ZipFile: 'exports.h=async()=>1'}}}}}}
  D: {{Type: AWS::AppSync::DataSource, Properties: {{ApiId: !GetAtt G.ApiId, Name: d, Type: AWS_LAMBDA, LambdaConfig: {{LambdaFunctionArn: !GetAtt F.Arn}}}}}}
  R: {{Type: AWS::AppSync::Resolver, Properties: {{ApiId: !GetAtt G.ApiId, TypeName: Query, FieldName: x, DataSourceName: !GetAtt D.Name}}}}
{schema}"
        );
        assert_eq!(ids(&[("template.yaml", &text)], about), wanted, "{schema}");
    };
    let schema = |text: &str| {
        format!(
            "  S: {{Type: AWS::AppSync::GraphQLSchema, Properties: {{ApiId: !GetAtt G.ApiId, Definition: '{text}'}}}}\n"
        )
    };
    template(&schema("type Query { x: Int @aws_api_key }"), about);
    template(&schema("type Query { x: Int, y: Int @aws_api_key }"), &[]);
    template("", &[]);
}

#[test]
fn what_opens_a_bucket_or_the_account_s_own_bus() {
    let grant = |group: &str, permissions: &str| {
        format!(
            "resource \"aws_s3_bucket\" \"g\" {{\n  bucket = \"g\"\n  grant {{\n    type = \"Group\"\n    permissions = [{permissions}]\n    uri = \"http://acs.amazonaws.com/groups/{group}\"\n  }}\n}}\nresource \"aws_s3_bucket_ownership_controls\" \"g\" {{\n  bucket = aws_s3_bucket.g.id\n  rule {{\n    object_ownership = \"ObjectWriter\"\n  }}\n}}\nresource \"aws_s3_bucket_public_access_block\" \"g\" {{\n  bucket = aws_s3_bucket.g.id\n}}\n"
        )
    };
    let open = &["open-store"];
    module(&grant("global/AllUsers", "\"READ\", \"WRITE\""), open, open);
    module(&grant("s3/LogDelivery", "\"READ\", \"WRITE\""), open, &[]);
    let bus = |more: &str| {
        format!("resource \"aws_cloudwatch_event_permission\" \"p\" {{\n  statement_id = \"x\"\n{more}}}\n")
    };
    module(&bus("  principal = \"*\"\n"), open, open);
    module(&bus("  principal = \"*\"\n  event_bus_name = \"default\"\n"), open, open);
    module(&bus("  principal = \"111122223333\"\n"), open, &[]);
    let organisation = "  principal = \"*\"\n  condition {\n    key = \"aws:PrincipalOrgID\"\n    type = \"StringEquals\"\n    value = \"o-1\"\n  }\n";
    module(&bus(organisation), open, &[]);
}

#[test]
fn an_interface_that_changes_a_bucket_itself_weighs_what_it_changes() {
    let text = REST
        .replace("\"GET\"", "\"DELETE\"")
        .replace("\"AWS_PROXY\"", "\"AWS\"\n  credentials = aws_iam_role.gw.arn")
        .replace(
            "aws_lambda_function.f.invoke_arn",
            "\"arn:aws:apigateway:us-east-1:s3:path/${aws_s3_bucket.b.bucket}/{k}\"",
        );
    let text = format!(
        r#"{ROLE}{text}
resource "aws_s3_bucket" "b" {{ bucket_prefix = "b" }}
resource "aws_iam_role" "gw" {{
  assume_role_policy = jsonencode({{Statement = [{{Effect = "Allow", Principal = {{Service = "apigateway.amazonaws.com"}}, Action = "sts:AssumeRole"}}]}})
}}
resource "aws_iam_role_policy" "gw" {{
  role   = aws_iam_role.gw.id
  policy = jsonencode({{Statement = [{{Effect = "Allow", Action = ["s3:DeleteObject", "s3:GetObject"], Resource = "${{aws_s3_bucket.b.arn}}/*"}}]}})
}}
"#
    );
    let report = super::formats::report(&[("main.tf", &text)]);
    let found = report.apps[0].findings.iter().find(|finding| finding.rule.id == "open-route").unwrap();
    assert_eq!(found.severity, crate::finding::Severity::High, "{}", found.message);
    assert!(found.message.contains("itself, which may change `aws_s3_bucket.b`"), "{}", found.message);
}

#[test]
fn a_secret_in_a_file_of_values_is_told_once_where_it_stands() {
    let module = format!("{ROLE}\nvariable \"token\" {{\n  sensitive = true\n}}\n").replace(
        "runtime       =",
        "environment {\n    variables = {\n      API_TOKEN = var.token\n    }\n  }\n  runtime       =",
    );
    for values in ["prod.tfvars", "terraform.tfvars", "examples/prod.tfvars"] {
        let files = [("main.tf", module.as_str()), (values, "token = \"tok_Zq81Lmn2v77Pp0912xx\"\n")];
        let report = super::formats::report(&files);
        let findings = report.apps.iter().flat_map(|app| &app.findings);
        let told: Vec<_> = findings.filter(|it| it.rule.id.starts_with("secret-in")).collect();
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told.iter().all(|it| it.rule.id == "secret-in-template" && !it.message.contains("default")));
    }
}

#[test]
fn the_steps_of_a_pipeline_answer_as_sources_of_data_do() {
    let about = &["api-key-only"];
    let terraform = |field: &str, wanted: &[&str]| {
        let more = format!(
            r#"
resource "aws_appsync_graphql_api" "g" {{
  name                = "g"
  authentication_type = "AWS_IAM"
  additional_authentication_provider {{
    authentication_type = "API_KEY"
  }}
  schema = "type Query {{ x: Int @aws_api_key, y: Int }}"
}}
resource "aws_appsync_datasource" "d" {{
  api_id = aws_appsync_graphql_api.g.id
  name   = "d"
  type   = "AWS_LAMBDA"
  lambda_config {{
    function_arn = aws_lambda_function.f.arn
  }}
}}
resource "aws_appsync_function" "step" {{
  api_id      = aws_appsync_graphql_api.g.id
  name        = "step"
  data_source = aws_appsync_datasource.d.name
}}
resource "aws_appsync_resolver" "r" {{
  api_id = aws_appsync_graphql_api.g.id
  type   = "Query"
  field  = "{field}"
  kind   = "PIPELINE"
  pipeline_config {{
    functions = [aws_appsync_function.step.function_id]
  }}
}}
"#
        );
        module(&more, about, wanted);
    };
    terraform("x", about);
    terraform("y", &[]);
    let template = |source: &str, field: &str, wanted: &[&str]| {
        let text = format!(
            "
Resources:
  G: {{Type: AWS::AppSync::GraphQLApi, Properties: {{Name: g, AuthenticationType: AWS_IAM, AdditionalAuthenticationProviders: [{{AuthenticationType: API_KEY}}]}}}}
  S: {{Type: AWS::AppSync::GraphQLSchema, Properties: {{ApiId: !GetAtt G.ApiId, Definition: 'type Query {{ x: Int @aws_api_key, y: Int }}'}}}}
  F: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, Code: {{ZipFile: 'exports.h=async()=>1'}}}}}}
  D: {{Type: AWS::AppSync::DataSource, Properties: {{ApiId: !GetAtt G.ApiId, Name: d, Type: AWS_LAMBDA, LambdaConfig: {{LambdaFunctionArn: !GetAtt F.Arn}}}}}}
  Step: {{Type: AWS::AppSync::FunctionConfiguration, Properties: {{ApiId: !GetAtt G.ApiId, Name: step, DataSourceName: {source}}}}}
  R: {{Type: AWS::AppSync::Resolver, Properties: {{ApiId: !GetAtt G.ApiId, Kind: PIPELINE, TypeName: Query, FieldName: {field}, PipelineConfig: {{Functions: [!GetAtt Step.FunctionId]}}}}}}
"
        );
        assert_eq!(ids(&[("template.yaml", &text)], about), wanted, "{field}");
    };
    // By reference, and by its name as CDK writes it.
    for source in ["!GetAtt D.Name", "d"] {
        template(source, "x", about);
        template(source, "y", &[]);
    }
    template("other", "x", &[]);
    let sam = |auth: &str, field: &str, wanted: &[&str]| {
        let text = format!(
            "
Transform: AWS::Serverless-2016-10-31
Resources:
  F: {{Type: AWS::Serverless::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, InlineCode: 'exports.h=async()=>1'}}}}
  G:
    Type: AWS::Serverless::GraphQLApi
    Properties:
      Auth: {{Type: AWS_IAM, Additional: [{{Type: {auth}}}]}}
      SchemaInline: 'type Query {{ x: Int @aws_api_key, y: Int }}'
      DataSources: {{Lambda: {{d: {{FunctionArn: !GetAtt F.Arn}}}}}}
      Functions: {{step: {{DataSource: d, InlineCode: c, Runtime: {{Name: APPSYNC_JS, Version: 1.0.0}}}}}}
      Resolvers: {{Query: {{any: {{FieldName: {field}, Pipeline: [step]}}}}}}
"
        );
        assert_eq!(ids(&[("template.yaml", &text)], about), wanted, "{auth} {field}");
    };
    sam("API_KEY", "x", about);
    sam("API_KEY", "y", &[]);
    sam("OPENID_CONNECT", "x", &[]);
}

#[test]
fn the_bus_that_every_account_has_is_judged_where_it_is_opened() {
    let open = &["open-store"];
    let template = |bus: &str, principal: &str, wanted: &[&str]| {
        let text = format!(
            "
Resources:
  P: {{Type: AWS::Events::EventBusPolicy, Properties: {{StatementId: s, Action: events:PutEvents, Principal: {principal}{bus}}}}}
"
        );
        assert_eq!(ids(&[("template.yaml", &text)], open), wanted, "{text}");
    };
    template("", "'*'", open);
    template(", EventBusName: default", "'*'", open);
    template("", "'111122223333'", &[]);
    let organisation = ", Condition: {Type: StringEquals, Key: aws:PrincipalOrgID, Value: o-1}";
    template(organisation, "'*'", &[]);
    let arn = ", EventBusName: !Sub 'arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default'";
    template(arn, "'*'", open);
    let data = "data \"aws_cloudwatch_event_bus\" \"d\" {\n  name = \"default\"\n}\n";
    for (bus, wanted) in [
        ("", true),
        ("  event_bus_name = \"default\"\n", true),
        ("  event_bus_name = data.aws_cloudwatch_event_bus.d.name\n", true),
        ("  event_bus_name = \"arn:aws:events:eu-west-1:111122223333:event-bus/default\"\n", true),
        ("  event_bus_name = \"of-others\"\n", false),
    ] {
        let policy = format!(
            "{data}resource \"aws_cloudwatch_event_bus_policy\" \"p\" {{\n{bus}  policy = jsonencode({{ Statement = [{{ Effect = \"Allow\", Principal = \"*\", Action = \"events:PutEvents\", Resource = \"*\" }}] }})\n}}\n"
        );
        let permission = format!(
            "{data}resource \"aws_cloudwatch_event_permission\" \"p\" {{\n{bus}  statement_id = \"x\"\n  principal = \"*\"\n}}\n"
        );
        for text in [policy, permission] {
            module(&text, open, if wanted { open } else { &[] });
            // What is not of these files is said to be unknown.
            let report = super::formats::report(&[("main.tf", &format!("{ROLE}{text}"))]);
            let said =
                report.apps[0].unknowns.iter().any(|note| note.text.contains("`of-others` is not among"));
            assert_eq!(said, !wanted, "{text}");
        }
    }
}

/// A GraphQL interface with a key and something else, in three spellings: what it asks for, what else, its schema, the field.
fn graphql(default: &str, more: &str, schema: &str, field: &str) -> [(&'static str, String); 3] {
    let terraform = format!(
        r#"{ROLE}
resource "aws_appsync_graphql_api" "g" {{
  name                = "g"
  authentication_type = "{default}"
  additional_authentication_provider {{
    authentication_type = "{more}"
  }}
  schema = "{schema}"
}}
resource "aws_appsync_datasource" "d" {{
  api_id = aws_appsync_graphql_api.g.id
  name   = "d"
  type   = "AWS_LAMBDA"
  lambda_config {{
    function_arn = aws_lambda_function.f.arn
  }}
}}
resource "aws_appsync_resolver" "r" {{
  api_id      = aws_appsync_graphql_api.g.id
  type        = "Query"
  field       = "{field}"
  data_source = aws_appsync_datasource.d.name
}}
"#
    );
    let template = format!(
        "
Resources:
  G: {{Type: AWS::AppSync::GraphQLApi, Properties: {{Name: g, AuthenticationType: {default}, AdditionalAuthenticationProviders: [{{AuthenticationType: {more}}}]}}}}
  S: {{Type: AWS::AppSync::GraphQLSchema, Properties: {{ApiId: !GetAtt G.ApiId, Definition: '{schema}'}}}}
  F: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, Code: {{ZipFile: 'exports.h=async()=>1'}}}}}}
  D: {{Type: AWS::AppSync::DataSource, Properties: {{ApiId: !GetAtt G.ApiId, Name: d, Type: AWS_LAMBDA, LambdaConfig: {{LambdaFunctionArn: !GetAtt F.Arn}}}}}}
  R: {{Type: AWS::AppSync::Resolver, Properties: {{ApiId: !GetAtt G.ApiId, TypeName: Query, FieldName: {field}, DataSourceName: !GetAtt D.Name}}}}
"
    );
    let sam = format!(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  F: {{Type: AWS::Serverless::Function, Properties: {{Runtime: nodejs22.x, Handler: index.h, InlineCode: 'exports.h=async()=>1'}}}}
  G:
    Type: AWS::Serverless::GraphQLApi
    Properties:
      Auth: {{Type: {default}, Additional: [{{Type: {more}}}]}}
      SchemaInline: '{schema}'
      DataSources: {{Lambda: {{d: {{FunctionArn: !GetAtt F.Arn}}}}}}
      Functions: {{step: {{DataSource: d, InlineCode: c, Runtime: {{Name: APPSYNC_JS, Version: 1.0.0}}}}}}
      Resolvers: {{Query: {{{field}: {{Pipeline: [step]}}}}}}
"
    );
    [("main.tf", terraform), ("template.yaml", template), ("template.yaml", sam)]
}

#[test]
fn a_directive_closes_what_a_key_opens_by_default() {
    let about = &["api-key-only"];
    let schema = "type Query { x: Int, y: Int @aws_iam, z: Int @aws_iam @aws_api_key }";
    for (field, open) in [("x", true), ("y", false), ("z", true)] {
        for (file, text) in graphql("API_KEY", "AWS_IAM", schema, field) {
            let wanted: &[&str] = if open { about } else { &[] };
            assert_eq!(ids(&[(file, &text)], about), wanted, "{field} {text}");
        }
    }
}

#[test]
fn schemas_stand_in_files_beside_the_template_too() {
    let about = &["api-key-only"];
    let [_, (_, template), (_, sam)] = graphql("AWS_IAM", "API_KEY", "SCHEMA", "x");
    let cases = [
        (
            template.replace("Definition: 'SCHEMA'", "DefinitionS3Location: ./api/schema.graphql"),
            "api/schema.graphql",
        ),
        (sam.replace("SchemaInline: 'SCHEMA'", "SchemaUri: schema.graphql"), "schema.graphql"),
    ];
    for (text, file) in cases {
        assert!(text.contains("schema.graphql"), "{text}");
        let open = "type Query { x: Int @aws_api_key }";
        assert_eq!(ids(&[("template.yaml", &text), (file, open)], about), about, "{text}");
        assert_eq!(
            ids(&[("template.yaml", &text), (file, "type Query { x: Int }")], about),
            [""; 0],
            "{text}"
        );
        // Without the file it is unknown.
        let report = super::formats::report(&[("template.yaml", &text)]);
        assert!(report.apps[0].unknowns.iter().any(|note| note.text.contains("its schema")), "{text}");
    }
}

#[test]
fn an_interface_that_a_nested_stack_is_handed_is_the_one_above() {
    let [_, (_, whole), _] = graphql("AWS_IAM", "API_KEY", "type Query { x: Int @aws_api_key, y: Int }", "x");
    let (above, below): (Vec<&str>, Vec<&str>) = whole
        .lines()
        .filter(|line| line.starts_with("  "))
        .partition(|line| line.contains("  G:") || line.contains("  S:"));
    let root = format!(
        "Resources:\n{}\n  Child: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: ./child.yaml, Parameters: {{Api: !GetAtt G.ApiId}}}}}}\n",
        above.join("\n")
    );
    let child = format!("Parameters: {{Api: {{Type: String}}}}\nResources:\n{}\n", below.join("\n"));
    let child = child.replace("!GetAtt G.ApiId", "!Ref Api");
    let about = &["api-key-only"];
    assert_eq!(ids(&[("template.yaml", &root), ("child.yaml", &child)], about), about);
    let closed = child.replace("FieldName: x", "FieldName: y");
    assert_eq!(ids(&[("template.yaml", &root), ("child.yaml", &closed)], about), [""; 0]);
}

#[test]
fn what_answers_an_open_field_may_be_unknown() {
    let [_, (_, text), _] = graphql("AWS_IAM", "API_KEY", "type Query { x: Int @aws_api_key }", "x");
    let unknown = |text: &str| {
        let report = super::formats::report(&[("template.yaml", text)]);
        report.apps[0].unknowns.iter().any(|note| note.text.contains("what answers that cannot be told"))
    };
    assert!(!unknown(&text));
    assert!(unknown(&text.replace("DataSourceName: !GetAtt D.Name", "DataSourceName: elsewhere")));
}

#[test]
fn each_address_of_a_function_says_for_itself_which_pages_may_call_it() {
    let url = |name: &str, access: &str, cors: &str| {
        format!(
            "resource \"aws_lambda_function_url\" \"{name}\" {{\n  function_name = aws_lambda_function.f.function_name\n  qualifier = \"{name}\"\n  authorization_type = \"{access}\"\n{cors}}}\n"
        )
    };
    let cors = "  cors {\n    allow_origins = [\"*\"]\n    allow_credentials = true\n  }\n";
    let about = &["cors-credentials", "open-function-url"];
    let both = |one: String, other: String, wanted: &[&str]| {
        module(&format!("{one}{other}"), about, wanted);
        module(&format!("{other}{one}"), about, wanted);
    };
    both(
        url("a", "NONE", ""),
        url("b", "NONE", cors),
        &["cors-credentials", "open-function-url", "open-function-url"],
    );
    both(url("a", "NONE", ""), url("b", "AWS_IAM", cors), about);
    both(url("a", "NONE", cors), url("b", "AWS_IAM", ""), about);
    both(url("a", "NONE", ""), url("b", "AWS_IAM", ""), &["open-function-url"]);
}

#[test]
fn open_routes_are_told_where_the_worst_of_them_stands() {
    let text = "
Resources:
  A: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: a, ProtocolType: HTTP}}
  Ping: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref A, RouteKey: GET /ping, Target: !Sub 'integrations/${I}'}}
  Keys: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref A, RouteKey: DELETE /keys, Target: !Sub 'integrations/${I}'}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref A, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt F.Arn}}
  F: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt R.Arn, Runtime: nodejs22.x, Handler: index.h, Code: {ZipFile: 'exports.h=async()=>1'}}}
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: lambda.amazonaws.com}}]}
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']
";
    let report = super::formats::report(&[("template.yaml", text)]);
    let found = report.findings().find(|(_, found)| found.rule.id == "open-route").unwrap().1;
    assert_eq!((found.at.line, found.related.len()), (5, 2), "{}", found.message);
}

//! Functions, what starts them, stores, secrets and networks.

use super::*;
use crate::graph::{Encryption, StoreKind};

#[test]
fn what_a_function_is_set_up_with() {
    let (tree, app) = app_of(&[
        (
            "shop/template.yaml",
            "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: nodejs22.x
    Timeout: 10
    Environment: {Variables: {A: one, B: two}}
    Layers: [arn:l1]
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ./orders/
      Handler: app.handler
      Timeout: 20
      MemorySize: !Ref AWS::NoValue
      ReservedConcurrentExecutions: 3
      Environment: {Variables: {B: three}}
      Layers: [arn:l2]
      VpcConfig: {SecurityGroupIds: [sg-1], SubnetIds: [s-1]}
      Tracing: Active
      FunctionUrlConfig: {AuthType: NONE, Cors: {AllowOrigins: ['*'], AllowCredentials: true}}
    Metadata:
      BuildMethod: esbuild
      BuildProperties: {EntryPoints: [lib/app.ts]}
",
        ),
        ("shop/orders/lib/app.ts", ""),
    ]);
    let function = &app.functions[0];
    let text =
        |setting: &Option<Setting<String>>| setting.as_ref().and_then(|setting| setting.known().cloned());
    let number =
        |setting: &Option<Setting<u64>>| setting.as_ref().and_then(|setting| setting.known().copied());
    assert_eq!(text(&function.runtime).as_deref(), Some("nodejs22.x"));
    assert_eq!(number(&function.timeout_s), Some(20));
    assert_eq!(number(&function.memory_mb), None);
    assert_eq!(number(&function.concurrency), Some(3));
    let variables: Vec<String> =
        function.environment.iter().map(|variable| format!("{}={}", variable.name, variable.value)).collect();
    assert_eq!(variables, ["A=one", "B=three"]);
    assert_eq!(function.layers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["arn:l1", "arn:l2"]);
    assert_eq!(function.code.location, Known::Value(CodeLocation::Folder("shop/orders/lib".into())));
    assert!(
        function.network.as_ref().and_then(|network| network.known()).is_some_and(|groups| groups.len() == 1)
    );
    let url = function.url.as_ref().expect("a url");
    assert_eq!(access(&url.access), "anyone");
    assert_eq!(tree.excerpt(url.access.place), "NONE");
    assert_eq!(tree.excerpt(function.place), "F");
}

#[test]
fn where_code_is() {
    let check = |properties: &str, expect: &str| {
        let (tree, app) = app_of(&[
            ("a/t.yaml", &format!("Resources: {{F: {{Type: AWS::Lambda::Function, {properties}}}}}")),
            ("a/one.py", ""),
        ]);
        let found = match &app.functions[0].code.location {
            Known::Value(CodeLocation::Folder(folder)) => format!("folder {folder}"),
            Known::Value(CodeLocation::File(file)) => format!("file {}", tree.path(*file)),
            Known::Value(CodeLocation::Inline(place)) => format!("inline {}", tree.excerpt(*place)),
            Known::Value(CodeLocation::Image(context)) => format!("image {context:?}"),
            Known::Unknown(why) => why.clone(),
        };
        assert_eq!(found, expect, "{properties}");
    };
    check("Properties: {Code: src}", "folder a/src");
    check("Properties: {Code: one.py}", "file a/one.py");
    check("Properties: {Code: ../../x}", "`../../x` lies outside of what is looked at");
    check("Properties: {Code: {ZipFile: 'exports.x = 1'}}", "inline 'exports.x = 1'");
    check("Properties: {Code: {S3Bucket: b, S3Key: k}}", "it is in a bucket");
    check("Properties: {Code: 's3://b/k'}", "it is at `s3://b/k`");
    check("Properties: {PackageType: Image}, Metadata: {DockerContext: ./img}", "image Some(\"a/img\")");
    check("Properties: {Code: {S3Bucket: b}}, Metadata: {'aws:asset:path': asset.1}", "folder a/asset.1");
    check("Properties: {}", "no code is named");
}

#[test]
fn what_starts_functions_in_sam() {
    let app = app("
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  Bucket: {Type: AWS::S3::Bucket}
  Table: {Type: AWS::DynamoDB::Table, Properties: {StreamSpecification: {StreamViewType: NEW_IMAGE}}}
  Users: {Type: AWS::Cognito::UserPool}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Q: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, Enabled: false}}
        T: {Type: SNS, Properties: {Topic: !Ref Topic}}
        B: {Type: S3, Properties: {Bucket: !Ref Bucket, Events: 's3:ObjectCreated:*'}}
        D: {Type: DynamoDB, Properties: {Stream: !GetAtt Table.StreamArn, StartingPosition: LATEST}}
        S: {Type: Schedule, Properties: {Schedule: rate(1 day), State: DISABLED}}
        V: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour)}}
        E: {Type: EventBridgeRule, Properties: {Pattern: {source: [x]}}}
        L: {Type: CloudWatchLogs, Properties: {LogGroupName: /x}}
        C: {Type: Cognito, Properties: {UserPool: !Ref Users, Trigger: PreSignUp}}
        A: {Type: AlexaSkill}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionSubstitutions: {Fn: !GetAtt F.Arn}
      Policies: [LambdaInvokePolicy: {FunctionName: !Ref F}]
");
    assert_eq!(
        triggers(&app),
        [
            "Queue FQ: ${Queue.Arn} -> F (off)",
            "Topic FT: ${Topic.Arn} -> F",
            "Bucket FB: ${Bucket} -> F",
            "TableStream FD: ${Table.StreamArn} -> F",
            "Schedule FS: rate(1 day) -> F (off)",
            "Schedule FV: rate(1 hour) -> F",
            "EventBus FE: default -> F",
            "Logs FL: /x -> F",
            "UserPool FC: ${Users} -> F",
            "Other(\"Alexa\") FA:  -> F",
            "StateMachine Machine/F: ${Machine.Arn} -> F",
        ]
    );
    let permissions: Vec<String> = app.functions[0].permissions.iter().map(statement_line).collect();
    assert_eq!(permissions, ["allow lambda:InvokeFunction on  to alexa-appkit.amazon.com"]);
    assert!(app.role(&Name::from("MachineRole")).is_some_and(|role| role.statements.len() == 1));
}

#[test]
fn what_starts_functions_in_cloudformation() {
    let app = app("
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: work}}
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref F}}
  Queue: {Type: AWS::SQS::Queue}
  Map: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Live, EventSourceArn: !GetAtt Queue.Arn}}
  Far: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: work, EventSourceArn: 'arn:aws:kinesis:x:1:stream/s', Enabled: 'false'}}
  Tick: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: a, Arn: !GetAtt F.Arn}, {Id: b, Arn: !GetAtt Queue.Arn}]}}
  On: {Type: AWS::Events::Rule, Properties: {EventPattern: {}, EventBusName: bus, State: DISABLED, Targets: [{Id: a, Arn: !GetAtt F.Arn}]}}
  Sub: {Type: AWS::SNS::Subscription, Properties: {Protocol: lambda, Endpoint: !GetAtt F.Arn, TopicArn: arn:t}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {NotificationConfiguration: {LambdaConfigurations: [{Event: x, Function: !GetAtt F.Arn}]}}}
  Users: {Type: AWS::Cognito::UserPool, Properties: {LambdaConfig: {PreSignUp: !GetAtt F.Arn, CustomSMSSender: {LambdaArn: !GetAtt F.Arn}}}}
  Own: {Type: 'Custom::Thing', Properties: {ServiceToken: !GetAtt F.Arn}}
  Machine: {Type: AWS::StepFunctions::StateMachine, Properties: {DefinitionString: !Sub '{\"Resource\": \"${F.Arn}\"}'}}
  Gone: {Type: AWS::Scheduler::Schedule, Properties: {ScheduleExpression: rate(1 day), Target: {Arn: !Ref Nowhere}}}
");
    assert_eq!(
        triggers(&app),
        [
            "Queue Map: ${Queue.Arn} -> F",
            "Stream Far: arn:aws:kinesis:x:1:stream/s -> F (off)",
            "Schedule Tick: rate(1 day) -> F",
            "EventBus On: bus -> F (off)",
            "Topic Sub: arn:t -> F",
            "Bucket Bucket: ${Bucket.Arn} -> F",
            "UserPool Users/PreSignUp: ${Users.Arn} -> F",
            "UserPool Users/CustomSMSSender: ${Users.Arn} -> F",
            "Other(\"custom resource\") Own:  -> F",
            "StateMachine Machine/F: ${Machine.Arn} -> F",
            "Schedule Gone: rate(1 day) -> ?",
        ]
    );
}

#[test]
fn who_may_invoke() {
    let app = app("
Resources:
  F: {Type: AWS::Lambda::Function}
  A: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !GetAtt F.Arn, Action: 'lambda:InvokeFunction', Principal: '*'}}
  B: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com, SourceAccount: !Ref AWS::AccountId, SourceArn: arn:b}}
  C: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: 'lambda:InvokeFunctionUrl', Principal: '123456789012', FunctionUrlAuthType: AWS_IAM}}
  Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref F, AuthType: AWS_IAM}}
");
    let lines: Vec<String> = app.functions[0].permissions.iter().map(statement_line).collect();
    assert_eq!(
        lines,
        [
            "allow lambda:InvokeFunction on ${F.Arn} to anyone",
            "allow lambda:InvokeFunction on ${F} to s3.amazonaws.com if ArnLike aws:SourceArn arn:b if StringEquals aws:SourceAccount ${AWS::AccountId}",
            "allow lambda:InvokeFunctionUrl on ${F} to 123456789012 if StringEquals lambda:FunctionUrlAuthType AWS_IAM",
        ]
    );
    assert_eq!(app.functions[0].url.as_ref().map(|url| access(&url.access)).as_deref(), Some("iam"));
}

#[test]
fn stores() {
    let check = |resource: &str, expect: &str| {
        let app = app(&format!("Resources: {{S: {{{resource}}}}}"));
        let store = &app.stores[0];
        let encryption = match store.encryption.as_ref().map(|setting| &setting.value) {
            None => "",
            Some(Known::Value(Encryption::Off)) => " off",
            Some(Known::Value(Encryption::Provider)) => " provider",
            Some(Known::Value(Encryption::Customer(_))) => " customer",
            Some(Known::Unknown(_)) => " unknown",
        };
        let flag = |name: &str, setting: &Option<Setting<bool>>| match setting
            .as_ref()
            .map(|setting| setting.known())
        {
            None => String::new(),
            Some(Some(value)) => format!(" {name}={value}"),
            Some(None) => format!(" {name}=?"),
        };
        let acl =
            store.public.acl.as_ref().and_then(|acl| acl.known().cloned()).map(|acl| format!(" acl={acl}"));
        let made = format!(
            "{:?}{encryption}{}{}{}{}{}{}{}",
            store.kind,
            acl.unwrap_or_default(),
            flag("acls", &store.public.block_acls),
            flag("policy", &store.public.block_policy),
            flag("reachable", &store.public.reachable),
            flag("recovery", &store.recovery),
            if store.website { " website" } else { "" },
            if store.stream { " stream" } else { "" },
        );
        assert_eq!(made, expect, "{resource}");
    };
    check("Type: AWS::S3::Bucket", "Bucket");
    check(
        "Type: AWS::S3::Bucket, Properties: {AccessControl: PublicRead, PublicAccessBlockConfiguration: {BlockPublicPolicy: true}, WebsiteConfiguration: {}, VersioningConfiguration: {Status: Enabled}}",
        "Bucket acl=PublicRead acls=false policy=true recovery=true website",
    );
    check(
        "Type: AWS::S3::Bucket, Properties: {BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: 'aws:kms', KMSMasterKeyID: k}}]}}",
        "Bucket customer",
    );
    check(
        "Type: AWS::DynamoDB::Table, Properties: {StreamSpecification: {}, PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}, SSESpecification: {SSEEnabled: false}}",
        "Table provider recovery=true stream",
    );
    check("Type: AWS::Serverless::SimpleTable", "Table");
    check("Type: AWS::SQS::Queue, Properties: {SqsManagedSseEnabled: false}", "Queue off");
    check("Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: alias/aws/sns}", "Topic provider");
    check("Type: AWS::Kinesis::Stream, Properties: {StreamEncryption: {KeyId: k}}", "Stream customer");
    check(
        "Type: AWS::RDS::DBInstance, Properties: {StorageEncrypted: false, PubliclyAccessible: true, BackupRetentionPeriod: 0}",
        "Database(\"RDS\") off reachable=true recovery=false",
    );
    check("Type: AWS::EFS::FileSystem, Properties: {Encrypted: true, KmsKeyId: k}", "FileSystem customer");
    check(
        "Type: AWS::ElastiCache::ReplicationGroup, Properties: {AtRestEncryptionEnabled: false}",
        "Database(\"ElastiCache\") off",
    );
    check(
        "Type: AWS::OpenSearchService::Domain, Properties: {EncryptionAtRestOptions: {Enabled: true}}",
        "Database(\"OpenSearch\") provider",
    );
    check("Type: AWS::Logs::LogGroup, Properties: {KmsKeyId: k}", "Logs customer");
}

#[test]
fn policies_of_stores_and_secrets() {
    let app = app("
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: named}}
  P1: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Bucket, PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: !Sub '${Bucket.Arn}/*'}]}}}
  P2: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: named, PolicyDocument: {Statement: {Effect: Deny, Principal: '*', Action: 's3:*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': false}}}}}}
  Queue: {Type: AWS::SQS::Queue}
  P3: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Queue], PolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: '*'}, Action: 'sqs:*', Resource: '*'}]}}}
  Bus: {Type: AWS::Events::EventBus}
  P4: {Type: AWS::Events::EventBusPolicy, Properties: {EventBusName: !Ref Bus, StatementId: x, Action: 'events:PutEvents', Principal: '*'}}
  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal: {AWS: '*'}, Action: 'kms:*', Resource: '*'}]}}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: hunter2}}
  P5: {Type: AWS::SecretsManager::ResourcePolicy, Properties: {SecretId: !Ref Secret, ResourcePolicy: {Statement: [{Effect: Allow, Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*'}]}}}
  Turn: {Type: AWS::SecretsManager::RotationSchedule, Properties: {SecretId: !Ref Secret}}
  P7: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Queue], PolicyDocument: '{\"Statement\": {\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"sqs:SendMessage\", \"Resource\": \"*\"}}'}}
  Plain: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x}}
  P6: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: elsewhere, PolicyDocument: {Statement: []}}}
");
    let policy = |name: &str| -> Vec<String> {
        app.store(&Name::from(name)).expect(name).policy.iter().map(statement_line).collect()
    };
    assert_eq!(
        policy("Bucket"),
        [
            "allow s3:GetObject on ${Bucket.Arn}/* to anyone",
            "deny s3:* on * to anyone if Bool aws:SecureTransport false",
        ]
    );
    assert_eq!(policy("Queue"), ["allow sqs:* on * to anyone", "allow sqs:SendMessage on * to anyone"]);
    assert_eq!(policy("Bus"), ["allow events:PutEvents on  to anyone"]);
    assert_eq!(policy("Key"), ["allow kms:* on * to anyone"]);
    let secret = &app.secrets[0];
    assert!(secret.rotated && secret.policy.len() == 1);
    assert_eq!(secret.value.as_ref().and_then(|value| value.as_literal()), Some("hunter2"));
    assert_eq!(app.secrets[1].kind, crate::graph::SecretKind::PlainParameter);
    assert_eq!(app.unknowns.len(), 1);
    assert!(matches!(app.stores[0].kind, StoreKind::Bucket));
}

#[test]
fn networks_and_everything_else() {
    let app = app("
Parameters:
  Password: {Type: String, NoEcho: true, Default: x}
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress: [{CidrIp: 0.0.0.0/0, IpProtocol: tcp, FromPort: 22, ToPort: 22}, {CidrIpv6: '::/0', IpProtocol: -1}]
  More: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !Ref Group, IpProtocol: tcp, FromPort: 80, ToPort: 443, SourceSecurityGroupId: !Ref Group}}
  F: {Type: AWS::Lambda::Function}
  Thing: {Type: AWS::CloudFront::Function, Properties: {X: !GetAtt F.Arn}}
Outputs:
  Out: {Value: !Ref Group}
");
    let inward: Vec<String> = app.networks[0]
        .inward
        .iter()
        .map(|opening| {
            format!("{} {:?} {}", opening.peer, opening.ports, opening.protocol.value().expect("known"))
        })
        .collect();
    assert_eq!(inward, ["0.0.0.0/0 Some((22, 22)) tcp", "::/0 None -1", "${Group} Some((80, 443)) tcp"]);
    assert!(app.parameters[0].secret);
    let mentioned: Vec<&str> = app.mentioned.iter().map(Name::as_str).collect();
    assert_eq!(mentioned, ["F", "Group"]);
}

#[test]
fn a_database_of_a_cluster_is_encrypted_as_the_cluster_is() {
    let app = app("
Resources:
  Cluster: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-mysql}}
  Member: {Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: !Ref Cluster}}
  Guest: {Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: elsewhere, StorageEncrypted: true}}
  Copy: {Type: AWS::RDS::DBInstance, Properties: {DBSnapshotIdentifier: a-day, StorageEncrypted: true}}
  Alone: {Type: AWS::RDS::DBInstance, Properties: {Engine: mysql}}
");
    let encryption = |name: &str| {
        let store = app.store(&Name::from(name)).expect("it is declared");
        store.encryption.as_ref().map(|setting| setting.value.clone())
    };
    assert_eq!(encryption("Cluster"), None);
    assert_eq!(encryption("Member"), Some(Known::Value(Encryption::Provider)));
    assert!(matches!(encryption("Guest"), Some(Known::Unknown(why)) if why.contains("`elsewhere`")));
    assert_eq!(encryption("Copy"), Some(Known::Value(Encryption::Provider)));
    assert_eq!(encryption("Alone"), None);
}

#[test]
fn a_policy_finds_the_bucket_whose_name_is_put_together_alike() {
    let app = app("
Resources:
  B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Join ['', ['shop-', !Ref AWS::AccountId]]}}
  P:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Sub 'shop-${AWS::AccountId}'
      PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 's3:PutObject', Resource: '*'}]}
");
    assert_eq!(app.store(&Name::from("B")).expect("it is declared").policy.len(), 1);
    assert_eq!(app.unknowns, []);
}

#[test]
fn what_attaches_a_secret_is_called_as_the_secret() {
    let text = "
Resources:
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {}}}
  Attached: {Type: AWS::SecretsManager::SecretTargetAttachment, Properties: {SecretId: !Ref Secret, TargetId: !Ref Db, TargetType: 'AWS::RDS::DBInstance'}}
  Db: {Type: AWS::RDS::DBInstance, Properties: {StorageEncrypted: true}}
  F:
    Type: AWS::Lambda::Function
    Properties: {Runtime: nodejs22.x, Handler: i.h, Code: {S3Bucket: b, S3Key: k}, Environment: {Variables: {DIRECT: !Ref Secret, VIA: !Ref Attached}}}
";
    let app = app(text);
    let value = |name: &str| app.functions[0].variable(name).unwrap().value.to_string();
    assert_eq!(value("VIA"), value("DIRECT"));
}

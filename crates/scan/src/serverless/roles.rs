//! Which role a function runs with, and what the roles that the framework makes may do.
//!
//! Invariants: functions without a role of their own share `IamRoleLambdaExecution`, as the framework has it; a role outside of the files
//! is unknown. Not here: roles written out under `resources` (`cloudformation`).

use super::policy::{added, statements, trust};
use super::service::{Declared, Service, normal};
use crate::cloudformation::{provided, statements as document, value::text};
use crate::document::{Node, NodeKind};
use crate::graph::{App, Boundary, ManagedPolicy, Origin, Role, Statement};
use crate::known::{Known, Name, Piece, Setting, Text};
use crate::source::Place;

/// The role that functions share.
pub(crate) const SHARED: &str = "IamRoleLambdaExecution";

/// What runs in a private network needs this.
const NETWORK_POLICY: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole";

/// The role of a function.
enum Chosen {
    /// The one that the framework makes for all.
    Shared,
    /// One that it makes for this function.
    Own,
    /// One of these files, or one that is not known.
    Given(Setting<Name>),
}

/// Gives every function its role and makes the roles that the framework makes.
pub(super) fn read(service: &Service<'_>, app: &mut App) {
    let mut sharing = Vec::new();
    for (at, declared) in service.functions.iter().enumerate() {
        let name = match choose(service, declared) {
            Chosen::Given(role) => role,
            Chosen::Shared => {
                sharing.push(declared);
                Setting::new(shared_place(service), Name::from(SHARED))
            }
            Chosen::Own => {
                let role = own(service, declared);
                let setting = Setting::new(role.place, role.name.clone());
                app.roles.push(role);
                setting
            }
        };
        if let Some(function) = app.functions.get_mut(at) {
            function.role = Some(name);
        }
        if declared.node.get("iamRoleStatements").is_some() && !per_function(service) {
            let why = "`iamRoleStatements` of a function has no effect without the plugin `serverless-iam-roles-per-function`";
            app.unknown(Some(&declared.name), declared.key.place, why);
        }
    }
    if !sharing.is_empty() {
        app.roles.push(shared(service, &sharing));
    }
}

/// Whether a plugin makes roles for functions.
fn per_function(service: &Service<'_>) -> bool {
    service.has_plugin(&["iam-roles-per-function", "granular-iam", "iam-pre-function"])
}

fn choose(service: &Service<'_>, declared: &Declared) -> Chosen {
    if let Some(role) = declared.node.get("role").filter(|role| role.kind != NodeKind::Null) {
        return given(service, role);
    }
    let written = |path: &[&str]| declared.node.at(path).is_some_and(|node| node.kind != NodeKind::Null);
    if (per_function(service) && written(&["iamRoleStatements"])) || written(&["iam", "role", "statements"]) {
        return Chosen::Own;
    }
    if let Some(role) = declared.node.at(&["iam", "role"]).filter(|role| refers(role)) {
        return given(service, role);
    }
    let common = service.provider.at(&["iam", "role"]);
    if common.and_then(|role| role.get("mode")).and_then(Node::as_str) == Some("perFunction") {
        return Chosen::Own;
    }
    match service.provider.get("role").or(common).filter(|role| refers(role)) {
        Some(role) => given(service, role),
        None => Chosen::Shared,
    }
}

/// Whether a value names a role, rather than describing one.
fn refers(role: &Node) -> bool {
    !matches!(role.kind, NodeKind::Null | NodeKind::Map(_))
}

/// A role by logical id, reference or ARN.
fn given(service: &Service<'_>, role: &Node) -> Chosen {
    let text = text(role);
    let is_shared = text.as_literal() == Some(SHARED)
        || text.as_reference().is_some_and(|(name, _)| name.as_str() == SHARED);
    if is_shared && service.makes(SHARED) {
        return Chosen::Shared;
    }
    let named = text.as_literal().and_then(|logical| service.named(logical));
    let name = named.or_else(|| text.as_reference().map(|(name, _)| name.clone()));
    Chosen::Given(match (name, text.as_literal()) {
        (Some(name), _) => Setting::new(role.place, name),
        (None, Some(arn)) => Setting::unknown(role.place, format!("the role `{arn}` is not in these files")),
        (None, None) => Setting::unknown(
            role.place,
            format!("the role is not in these files: {}", role.why_open().unwrap_or_default()),
        ),
    })
}

/// Where the shared role's policies are, or the provider.
fn shared_place(service: &Service<'_>) -> Place {
    let written = service.provider.get("iam").and_then(|iam| iam.entry("role"));
    let older = || {
        service.provider.entry("iamRoleStatements").or_else(|| service.provider.entry("iamManagedPolicies"))
    };
    written.or_else(older).map_or(service.place(), |(key, _)| key.place)
}

fn shared(service: &Service<'_>, sharing: &[&Declared]) -> Role {
    let place = shared_place(service);
    let mut role = empty(SHARED, place, sharing);
    if sharing.iter().any(|declared| writes_logs(declared)) {
        let group = format!("/aws/lambda/{}-{}*:*", service.name, service.stage);
        role.statements.push(logs(place, &group));
    }
    for declared in sharing {
        let named = service.physical(declared);
        if writes_logs(declared) && !named.starts_with(&format!("{}-{}", service.name, service.stage)) {
            role.statements.push(logs(place, &format!("/aws/lambda/{named}:*")));
        }
        role.statements.extend(needed(service, declared));
    }
    role.statements.extend(common_statements(service));
    manage(service, &mut role, sharing);
    role
}

fn own(service: &Service<'_>, declared: &Declared) -> Role {
    let written = declared.node.entry("iamRoleStatements").or_else(|| declared.node.entry("iam"));
    let place = written.map_or(declared.key.place, |(key, _)| key.place);
    let mut role = empty(&format!("{}{SHARED}", normal(&declared.key.text)), place, &[declared]);
    if writes_logs(declared) {
        role.statements.push(logs(place, &format!("/aws/lambda/{}:*", service.physical(declared))));
    }
    role.statements.extend(needed(service, declared));
    let default =
        service.custom("serverless-iam-roles-per-function").and_then(|node| node.get("defaultInherit"));
    let asked = declared.node.get("iamRoleStatementsInherit");
    let asked = asked.or_else(|| declared.node.at(&["iam", "inheritStatements"])).or(default);
    let mode = service.provider.at(&["iam", "role", "mode"]).is_some() && declared.node.get("iam").is_none();
    if mode || asked.and_then(Node::as_bool) == Some(true) {
        role.statements.extend(common_statements(service));
    }
    for path in [&["iamRoleStatements"][..], &["iam", "role", "statements"]] {
        role.statements.extend(declared.node.at(path).map(statements).unwrap_or_default());
    }
    manage(service, &mut role, &[declared]);
    role
}

fn empty(name: &str, place: Place, functions: &[&Declared]) -> Role {
    let at_the_edge = functions.iter().any(|declared| has_event(declared, "cloudFront"));
    let services: &[&str] = if at_the_edge {
        &["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
    } else {
        &["lambda.amazonaws.com"]
    };
    Role {
        name: Name::from(name),
        place,
        statements: Vec::new(),
        managed: Vec::new(),
        trust: vec![trust(place, services)],
        boundary: None,
        implicit: true,
    }
}

/// What the service grants to all.
fn common_statements(service: &Service<'_>) -> Vec<Statement> {
    let role = service.provider.at(&["iam", "role"]);
    let written = role.and_then(|role| role.get("statements"));
    let written = written.or_else(|| service.provider.get("iamRoleStatements"));
    if let (None, Some(why)) = (written, role.and_then(Node::why_open)) {
        let place = role.map_or(service.place(), |role| role.place);
        return vec![Statement {
            actions: vec![Setting::unknown(place, why.clone())],
            resources: vec![Text::unknown(why, place)],
            ..added(place, &[], Vec::new())
        }];
    }
    let mut all = written.map(statements).unwrap_or_default();
    all.extend(service.granted());
    // A policy holds 10 KB; every role that inherits repeats them.
    all.truncate(500);
    all
}

/// Managed policies and the boundary.
fn manage(service: &Service<'_>, role: &mut Role, functions: &[&Declared]) {
    let common = service.provider.at(&["iam", "role"]);
    let written = common.and_then(|role| role.get("managedPolicies"));
    let written = written.or_else(|| service.provider.get("iamManagedPolicies"));
    let own = functions.iter().filter_map(|declared| declared.node.at(&["iam", "role", "managedPolicies"]));
    for node in written.into_iter().chain(own).flat_map(Node::one_or_many) {
        attach(service, role, text(node));
    }
    if functions.iter().any(|declared| service.setting(&declared.node, "vpc").is_some()) {
        attach(service, role, Text::literal(NETWORK_POLICY, role.place));
    }
    let boundary =
        common.and_then(|role| role.get("permissionsBoundary").or_else(|| role.get("permissionBoundary")));
    let boundary = boundary.or_else(|| service.provider.get("rolePermissionsBoundary"));
    role.boundary = boundary.map(|node| {
        let policy = text(node);
        Boundary { statements: allowed_by(service, &policy), policy }
    });
}

/// Names a policy and adds what it allows: the provider's by the tables, the template's own by its document.
fn attach(service: &Service<'_>, role: &mut Role, policy: Text) {
    let found = allowed_by(service, &policy);
    role.statements.extend(found.value().into_iter().flatten().cloned());
    role.managed.push(ManagedPolicy { policy, statements: found.map(|_| ()) });
}

/// What a policy says.
fn allowed_by(service: &Service<'_>, policy: &Text) -> Known<Vec<Statement>> {
    let own = policy.references().find_map(|name| service.resource(name.as_str()));
    let own = own.and_then(|node| service.stack.resolve(node.at(&["Properties", "PolicyDocument"])?));
    let origin = (policy.as_literal() == Some(NETWORK_POLICY)).then_some(Origin::Framework);
    match own {
        Some(found) => Known::Value(document(&found)),
        None => provided(policy, origin),
    }
}

fn writes_logs(declared: &Declared) -> bool {
    declared.node.get("disableLogs").and_then(Node::as_bool) != Some(true)
}

fn logs(place: Place, group: &str) -> Statement {
    let arn = format!("arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:{group}");
    added(
        place,
        &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        vec![generated(&arn, place)],
    )
}

/// A text of the framework's own in which the provider fills in its partition, region and account.
fn generated(template: &str, place: Place) -> Text {
    let mut made = Text { pieces: Vec::new(), place };
    let mut rest = template;
    while let Some((before, (name, behind))) =
        rest.split_once("${").and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        made.push(Piece::Literal(before.to_owned()));
        made.push(Piece::Provider(name.to_owned()));
        rest = behind;
    }
    made.push(Piece::Literal(rest.to_owned()));
    made
}

fn events(declared: &Declared) -> &[Node] {
    declared.node.get("events").map(Node::items).unwrap_or_default()
}

fn has_event(declared: &Declared, kind: &str) -> bool {
    events(declared).iter().any(|event| event.get(kind).is_some())
}

/// What the framework grants because of a function's events and settings.
fn needed(service: &Service<'_>, declared: &Declared) -> Vec<Statement> {
    let mut statements = Vec::new();
    for (key, config) in events(declared).iter().flat_map(Node::entries) {
        let arn = config.get("arn").unwrap_or(config);
        let place = key.place;
        let resources = vec![text(arn)];
        match key.text.as_str() {
            "stream" if is_table_stream(config) => statements.push(added(place, &TABLE_STREAM, resources)),
            "stream" => statements.push(added(place, &DATA_STREAM, resources)),
            "sqs" => statements.push(added(place, &QUEUE, resources)),
            "msk" => statements.push(added(place, &CLUSTER, resources)),
            "activemq" | "rabbitmq" => statements.push(added(place, &["mq:DescribeBroker"], resources)),
            "websocket" => statements.push(added(
                place,
                &["execute-api:ManageConnections"],
                vec![generated(CONNECTIONS, place)],
            )),
            _ => {}
        }
    }
    if let Some(target) = declared.node.get("onError") {
        statements.push(added(target.place, &["sns:Publish"], vec![text(target)]));
    }
    let key = declared.node.get("kmsKeyArn").or_else(|| declared.node.get("awsKmsKeyArn"));
    if let Some(key) = key.or_else(|| service.provider.get("kmsKeyArn")).filter(|key| key.as_str().is_some())
    {
        statements.push(added(key.place, &["kms:Decrypt"], vec![text(key)]));
    }
    if let Some(tracing) = super::functions::tracing(service, &declared.node)
        && tracing.known() != Some(&false)
    {
        let actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
        statements.push(added(tracing.place, &actions, vec![Text::literal("*", tracing.place)]));
    }
    if let Some(files) = declared.node.at(&["fileSystemConfig", "arn"]) {
        let actions = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"];
        statements.push(added(files.place, &actions, vec![text(files)]));
    }
    statements
}

/// Whether a `stream` event is a table's.
pub(super) fn is_table_stream(config: &Node) -> bool {
    if let Some(kind) = config.get("type").and_then(Node::as_str) {
        return kind == "dynamodb";
    }
    let text = text(config.get("arn").unwrap_or(config));
    text.to_string().contains(":dynamodb:")
        || text.as_reference().is_some_and(|(_, attribute)| attribute.word() == "StreamArn")
}

const CONNECTIONS: &str =
    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*/@connections/*";
const TABLE_STREAM: [&str; 4] =
    ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"];
const DATA_STREAM: [&str; 4] =
    ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStreamSummary", "kinesis:ListShards"];
const QUEUE: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
const CLUSTER: [&str; 2] = ["kafka:DescribeCluster", "kafka:GetBootstrapBrokers"];

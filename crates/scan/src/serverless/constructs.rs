//! The `constructs:` of the plugin serverless-lift, said in the framework's and CloudFormation's own words.
//!
//! Owns: what each kind of construct makes: resources, functions that work on them, statements for the role that functions share, the
//! values that `${construct:name.property}` stands for. Invariant: a kind that is not known here is said to be unknown by whoever reads
//! the service. Source: the plugin's documentation (`docs/` of getlift/lift). Not here: what the resources mean (`cloudformation`).

use serde_json::{Map, Value, json};

use super::resolve::{Found, Resolver, no_such, open};
use crate::document::{Key, Node, NodeKind};
use crate::known::{Attribute, Name, Piece};
use crate::source::Place;

/// Constructs of one service that are read.
const MAX_CONSTRUCTS: usize = 200;

/// What the functions of a service may do with its buckets, its tables and its queues.
const OF_STORAGE: [&str; 14] = [
    "s3:PutObject",
    "s3:GetObject",
    "s3:DeleteObject",
    "s3:ListBucket",
    "s3:GetObjectAcl",
    "s3:PutObjectAcl",
    "s3:GetObjectTagging",
    "s3:PutObjectTagging",
    "s3:DeleteObjectTagging",
    "s3:GetObjectAttributes",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:ListBucketMultipartUploads",
    "s3:RestoreObject",
];
const OF_TABLE: [&str; 9] = [
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:PutItem",
    "dynamodb:DeleteItem",
    "dynamodb:UpdateItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
];
const OF_QUEUE: [&str; 1] = ["sqs:SendMessage"];

/// The kinds of constructs that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Queue,
    Storage,
    Table,
    Webhook,
    Website,
}

impl Kind {
    fn of(construct: &Node) -> Option<Self> {
        Some(match construct.get("type").and_then(Node::as_str)? {
            "queue" => Self::Queue,
            "storage" => Self::Storage,
            "database/dynamodb-single-table" => Self::Table,
            "webhook" => Self::Webhook,
            "static-website" | "single-page-app" | "server-side-website" => Self::Website,
            _ => return None,
        })
    }
}

/// What the constructs of a service make.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Functions, as `functions:` would declare them.
    pub(super) functions: Vec<(Key, Node)>,
    /// Resources, as `resources:` would.
    pub(super) resources: Vec<(Key, Node)>,
    /// Statements of the role that the functions share.
    pub(super) statements: Vec<Node>,
    /// Constructs that are not read.
    pub(super) unknown: Vec<Key>,
}

/// What the constructs make; nothing where the plugin is not used.
pub(super) fn read(resolver: &mut Resolver<'_>, plugins: &[String]) -> Made {
    let mut made = Made::default();
    if !plugins.iter().any(|plugin| plugin == "serverless-lift") {
        return made;
    }
    let constructs = resolver.section(&["constructs"]);
    for (at, (key, construct)) in constructs.iter().flat_map(Node::entries).enumerate() {
        match Kind::of(construct).filter(|_| at < MAX_CONSTRUCTS) {
            Some(kind) => make(&mut made, kind, key, construct),
            None => made.unknown.push(key.clone()),
        }
    }
    let automatic = resolver.section(&["lift"]).and_then(|lift| lift.get("automaticPermissions")?.as_bool());
    if automatic == Some(false) {
        made.statements.clear();
    }
    made
}

/// What `${construct:name.property}` stands for.
pub(super) fn property(resolver: &mut Resolver<'_>, address: &str, place: Place) -> Found {
    let Some((id, property)) = address.split_once('.') else { return Found::Missing(no_such()) };
    let thing = |part: &str, attribute| {
        let node = Name::from(logical(id, part));
        Found::Node(open(place, Piece::Of { node, attribute }))
    };
    let Some(kind) = resolver.section(&["constructs", id]).as_ref().and_then(Kind::of) else {
        return Found::Open(Piece::Unknown(format!("the construct `{id}` is not read")));
    };
    match (kind, property) {
        (Kind::Queue, "queueUrl") => thing("Queue", Attribute::Url),
        (Kind::Queue, "queueArn") => thing("Queue", Attribute::Arn),
        (Kind::Queue, "dlqUrl") => thing("Dlq", Attribute::Url),
        (Kind::Queue, "dlqArn") => thing("Dlq", Attribute::Arn),
        (Kind::Storage, "bucketName") => thing("Bucket", Attribute::Name),
        (Kind::Storage, "bucketArn") => thing("Bucket", Attribute::Arn),
        (Kind::Website, "assetsBucketName") => thing("Bucket", Attribute::Name),
        (Kind::Table, "tableName") => thing("Table", Attribute::Name),
        (Kind::Table, "tableStreamArn") => thing("Table", Attribute::StreamArn),
        (Kind::Webhook, "busName") => thing("EventBus", Attribute::Name),
        // The address and the certificate of a website, and whatever is added.
        _ => Found::Open(Piece::Provider(format!("construct:{address}"))),
    }
}

/// The logical id of a part of a construct, without the digest that the plugin adds.
fn logical(id: &str, part: &str) -> String {
    format!("{}{part}", id.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
}

fn make(made: &mut Made, kind: Kind, key: &Key, construct: &Node) {
    let mut maker = Maker { made, key, construct };
    match kind {
        Kind::Queue => maker.queue(),
        Kind::Storage => {
            let bucket = maker.resource("Bucket", "bucket", "AWS::S3::Bucket", closed());
            maker.grant(&OF_STORAGE, json!([arn(&bucket), within(&bucket, "/*")]));
        }
        Kind::Table => {
            let properties = json!({
                "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
                "StreamSpecification": { "StreamViewType": "NEW_AND_OLD_IMAGES" },
            });
            let table = maker.resource("Table", "table", "AWS::DynamoDB::Table", properties);
            maker.grant(&OF_TABLE, json!([arn(&table), within(&table, "/index/*")]));
        }
        Kind::Webhook => maker.webhook(),
        // Only its content network reads the bucket.
        Kind::Website => {
            maker.resource("Bucket", "bucket", "AWS::S3::Bucket", closed());
        }
    }
}

/// Puts the parts of one construct together; each stands where the construct does.
struct Maker<'a> {
    made: &'a mut Made,
    key: &'a Key,
    construct: &'a Node,
}

impl Maker<'_> {
    /// A queue, where its failed messages go, and the function that works on them.
    fn queue(&mut self) {
        let dead =
            self.resource("Dlq", "dlq", "AWS::SQS::Queue", json!({ "MessageRetentionPeriod": 1_209_600 }));
        let target = json!({ "deadLetterTargetArn": arn(&dead), "maxReceiveCount": 3 });
        let queue = self.resource("Queue", "queue", "AWS::SQS::Queue", json!({ "RedrivePolicy": target }));
        self.grant(&OF_QUEUE, arn(&queue));
        self.function("Worker", "worker", json!([{ "sqs": { "arn": arn(&queue) } }]));
    }

    /// An address whose calls become events, and the function that checks them.
    fn webhook(&mut self) {
        self.resource("EventBus", "eventBus", "AWS::Events::EventBus", json!({}));
        let api =
            self.resource("HttpApi", "api", "AWS::ApiGatewayV2::Api", json!({ "ProtocolType": "HTTP" }));
        let integration = json!({
            "ApiId": { "Ref": api }, "IntegrationType": "AWS_PROXY", "IntegrationSubtype": "EventBridge-PutEvents",
        });
        let integration =
            self.resource("Integration", "integration", "AWS::ApiGatewayV2::Integration", integration);
        let written = |name: &str| self.construct.get(name).and_then(Node::as_str);
        let (method, path) = (written("method").unwrap_or("POST"), written("path").unwrap_or("/"));
        let mut route = json!({
            "ApiId": { "Ref": api },
            "RouteKey": format!("{method} {path}"),
            "Target": { "Fn::Join": ["/", ["integrations", { "Ref": integration }]] },
        });
        if self.function("Authorizer", "authorizer", json!([])) {
            let function =
                format!("{}LambdaFunction", super::service::normal(&format!("{}Authorizer", self.key.text)));
            let authorizer = json!({ "ApiId": { "Ref": api }, "AuthorizerType": "REQUEST", "AuthorizerUri": arn(&function) });
            let authorizer =
                self.resource("Access", "authorizer", "AWS::ApiGatewayV2::Authorizer", authorizer);
            if let Some(route) = route.as_object_mut() {
                route.insert("AuthorizationType".to_owned(), json!("CUSTOM"));
                route.insert("AuthorizerId".to_owned(), json!({ "Ref": authorizer }));
            }
        }
        self.resource("Route", "route", "AWS::ApiGatewayV2::Route", route);
    }

    /// Declares a resource, with what `extensions` change of it; returns its logical id.
    fn resource(&mut self, part: &str, extension: &str, kind: &str, properties: Value) -> String {
        let (place, logical) = (self.key.place, logical(&self.key.text, part));
        let mut properties = Node::of_json(&properties, place);
        let changed = self.construct.at(&["extensions", extension, "Properties"]).map(Node::entries);
        if let NodeKind::Map(entries) = &mut properties.kind {
            entries.extend_from_slice(changed.unwrap_or_default());
        }
        let text = |text: &str| Key { place, text: text.to_owned() };
        let kind = Node { place, kind: NodeKind::String(kind.to_owned()) };
        let entries = vec![(text("Type"), kind), (text("Properties"), properties)];
        self.made.resources.push((text(&logical), Node { place, kind: NodeKind::Map(entries) }));
        logical
    }

    /// Declares the function that stands under a key of the construct; whether there is one.
    fn function(&mut self, part: &str, key: &str, events: Value) -> bool {
        let Some(written) = self.construct.get(key) else { return false };
        let mut node = match written.as_str() {
            // An authorizer may be a handler alone.
            Some(handler) => Node::of_json(&json!({ "handler": handler }), written.place),
            None => written.clone(),
        };
        if let NodeKind::Map(entries) = &mut node.kind {
            let place = self.key.place;
            entries.push((Key { place, text: "events".to_owned() }, Node::of_json(&events, place)));
        }
        let name = Key { place: self.key.place, text: format!("{}{part}", self.key.text) };
        self.made.functions.push((name, node));
        true
    }

    /// Grants actions to the role that the functions share.
    fn grant(&mut self, actions: &[&str], resources: Value) {
        let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resources });
        self.made.statements.push(Node::of_json(&statement, self.key.place));
    }
}

/// The ARN of a resource.
fn arn(logical: &str) -> Value {
    json!({ "Fn::GetAtt": [logical, "Arn"] })
}

/// The ARNs of what lies within it.
fn within(logical: &str, rest: &str) -> Value {
    json!({ "Fn::Join": ["", [arn(logical), rest]] })
}

/// What keeps a bucket closed to the public.
fn closed() -> Value {
    let keys = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
    let all: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), Value::Bool(true))).collect();
    json!({ "PublicAccessBlockConfiguration": all })
}

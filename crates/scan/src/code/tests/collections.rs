//! Collections of the SDK for Python and their elements, parameters of clients, and ways beside the SDKs.

use super::{calls, gaps, read_code};

fn python(body: &str) -> String {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "import boto3, os, subprocess\ns3 = boto3.resource('s3')\nbucket = s3.Bucket('b')\nqueue = boto3.resource('sqs').Queue('q')\ndef handler(event, context):\n{body}"
    )
}

#[test]
fn elements_of_collections_have_operations() {
    let list = "s3:ListBucket b";
    let cases: [(&str, &[&str]); 12] = [
        ("for o in bucket.objects.filter(Prefix='x'):\n    o.delete()", &["s3:DeleteObject b", list]),
        ("return [o.get()['Body'].read() for o in bucket.objects.all()]", &["s3:GetObject b", list]),
        ("bucket.objects.filter(Prefix='x').limit(3).delete()", &["s3:DeleteObject b", list]),
        (
            "for o in sorted(bucket.objects.all(), key=age):\n    o.Object().put(Body=b'')",
            &[list, "s3:PutObject b"],
        ),
        (
            "for o in bucket.objects.all():\n    o.copy_from(CopySource={'Bucket': 'c', 'Key': 'k'})",
            &["s3:GetObject c", "s3:GetObjectTagging c ?", list, "s3:PutObject b", "s3:PutObjectTagging b ?"],
        ),
        (
            "bucket.object_versions.filter(Prefix='x').delete()",
            &["s3:DeleteObject b", "s3:DeleteObjectVersion b", "s3:ListBucketVersions b"],
        ),
        (
            "for v in bucket.object_versions.all():\n    v.get()",
            &["s3:GetObjectVersion b", "s3:ListBucketVersions b"],
        ),
        ("for o in bucket.objects.all():\n    print(o.key.upper(), o.size)", &[list]),
        (
            "for m in queue.receive_messages():\n    m.delete()",
            &["sqs:DeleteMessage q", "sqs:ReceiveMessage q"],
        ),
        (
            "found = queue.receive_messages()\nfound[0].change_visibility(VisibilityTimeout=0)",
            &["sqs:ChangeMessageVisibility q", "sqs:ReceiveMessage q"],
        ),
        ("for b in s3.buckets.all():\n    print(b.name)", &["s3:ListAllMyBuckets *"]),
        ("s3.ObjectSummary('b', 'k').get()", &["s3:GetObject b"]),
    ];
    for (body, expect) in cases {
        let reading = read_code("app.py", &python(body));
        assert_eq!(calls(&reading), expect, "{body}");
        assert_eq!(gaps(&reading), Vec::<&str>::new(), "{body}");
    }
}

#[test]
fn what_goes_past_the_sdks_is_not_known() {
    let unknown = [
        "for i in boto3.resource('ec2').instances.filter(Filters=[]):\n    i.terminate()",
        "for m in queue.receive_messages():\n    m.forward()",
        "for s in boto3.resource('sns').Topic('t').subscriptions.all():\n    s.delete()",
        "import pandas\npandas.read_csv(f\"s3://{os.environ['B']}/a.csv\")",
        "import pandas\npandas.DataFrame().to_parquet('s3://b/c')",
        "load(event).to_parquet('s3://b/c')",
        "from botocore.auth import SigV4Auth\nSigV4Auth(1, 's3', 'us-east-1').add_auth(event)",
        "import requests_aws4auth",
        "subprocess.run(['aws', 's3', 'sync', '/tmp', 'x'], check=True)",
        "os.system('/usr/bin/aws s3 ls')",
    ];
    for body in unknown {
        let reading = read_code("app.py", &python(body));
        assert!(!gaps(&reading).is_empty(), "{body}");
    }
    let known = [
        "print('s3://b/c')",
        "return event['u'].startswith('s3://')",
        "import pandas\npandas.read_csv('/tmp/a.csv')",
        "subprocess.run(['convert', 'aws.png'])",
        "open('s3://')",
    ];
    for body in known {
        let reading = read_code("app.py", &python(body));
        assert_eq!(gaps(&reading), Vec::<&str>::new(), "{body}");
    }
}

#[test]
fn parameters_that_a_client_gives_every_operation() {
    let cases: [(&str, &[&str]); 3] = [
        (
            "const db = new AWS.DynamoDB.DocumentClient({ params: { TableName: process.env.T } }); exports.handler = async () => { await db.get({ Key: { id: 1 } }).promise(); await db.scan().promise(); };",
            &["dynamodb:GetItem ${env.T}", "dynamodb:Scan ${env.T}"],
        ),
        (
            "const db = new AWS.DynamoDB({ params: { TableName: process.env.T } }); exports.handler = async () => db.getItem({ TableName: 'other' }).promise();",
            &["dynamodb:GetItem other"],
        ),
        (
            "const s3 = new AWS.S3({ params: { Bucket: 'b' } }); exports.handler = (event, context, done) => s3.listObjectsV2((e, d) => s3.getObject({ Key: 'k' }, done));",
            &["s3:GetObject b", "s3:ListBucket b"],
        ),
    ];
    for (code, expect) in cases {
        let reading = read_code("app.js", &format!("const AWS = require('aws-sdk'); {code}"));
        assert_eq!(calls(&reading), expect, "{code}");
        assert_eq!(gaps(&reading), Vec::<&str>::new(), "{code}");
    }
}

#[test]
fn events_without_a_bus_go_to_the_default_one() {
    let code = "import boto3\nevents = boto3.client('events')\ndef handler(event, context):\n    entry = {'Source': 'a', 'Detail': '{}'}\n    events.put_events(Entries=[entry])\n    events.put_events(Entries=[{'Source': x} for x in event['a']])\n    entries = []\n    for r in event['b']:\n        entries.append({'Source': r})\n    events.put_events(Entries=entries)\n    for i in range(0, len(entries), 10):\n        events.put_events(Entries=entries[i : i + 10])\n";
    assert_eq!(calls(&read_code("app.py", code)), vec!["events:PutEvents default"; 4]);
}

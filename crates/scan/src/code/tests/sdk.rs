//! Which operations on which resources are read.

use super::{calls, gaps, read_code, read_files};

fn check(path: &str, code: &str, expect: &[&str]) {
    let reading = read_code(path, code);
    assert_eq!(calls(&reading), expect, "{code}\n{:?}", reading.unknowns);
    assert_eq!(gaps(&reading), Vec::<&str>::new(), "{code}");
}

#[test]
fn javascript_version_two() {
    check(
        "app.js",
        "const AWS = require('aws-sdk');
         const db = new AWS.DynamoDB.DocumentClient({ region: 'x' });
         exports.handler = async (event) => {
           await db.put({ TableName: process.env.TABLE, Item: event }).promise();
           return db.get({ TableName: 'Orders', Key: { id: 1 } }).promise();
         };",
        &["dynamodb:GetItem Orders", "dynamodb:PutItem ${env.TABLE}"],
    );
    check(
        "app.js",
        "const { S3, SNS } = require('aws-sdk');
         const s3 = new S3(); const sns = new SNS();
         const Bucket = process.env.BUCKET || 'fallback';
         module.exports.handler = (event, context, callback) => {
           s3.getObject({ Bucket, Key: 'a' }, (err, data) => {
             if (err) return callback(err);
             sns.publish({ TopicArn: `arn:aws:sns:eu-west-1:1:${process.env.TOPIC}`, Message: data }, callback);
           });
         };",
        &["s3:GetObject fallback", "sns:Publish arn:aws:sns:eu-west-1:1:${env.TOPIC}"],
    );
    check(
        "app.js",
        "const S3 = require('aws-sdk/clients/s3');
         const DocumentClient = require('aws-sdk/clients/dynamodb').DocumentClient;
         const s3 = new S3(); const db = new DocumentClient();
         exports.handler = async () => {
           const url = s3.getSignedUrl('putObject', { Bucket: 'up', Key: 'k' });
           await s3.upload({ Bucket: 'b2', Key: 'k', Body: '' }).promise();
           await s3.copyObject({ Bucket: 'to', CopySource: '/from/key', Key: 'k' }).promise();
           await db.transactWrite({ TransactItems: [{ Put: { TableName: 'A' } }, { Delete: { TableName: 'B' } }] }).promise();
           await db.batchWrite({ RequestItems: { [process.env.T]: [] } }).promise();
         };",
        &[
            "dynamodb:BatchWriteItem ${env.T}",
            "dynamodb:DeleteItem B",
            "dynamodb:PutItem A",
            "s3:GetObject from",
            "s3:GetObjectTagging from ?",
            "s3:PutObject b2",
            "s3:PutObject to",
            "s3:PutObject up",
            "s3:PutObjectTagging to ?",
        ],
    );
    check(
        "app.js",
        "const AWSXRay = require('aws-xray-sdk'); const AWS = AWSXRay.captureAWS(require('aws-sdk'));
         const sqs = new AWS.SQS(), sf = new AWS.StepFunctions(), ses = new AWS.SES();
         exports.handler = async () => {
           await Promise.all([1, 2].map((n) => sqs.sendMessageBatch({ QueueUrl: process.env.Q, Entries: [] }).promise()));
           await sf.startExecution({ stateMachineArn: process.env.SM }).promise();
           await ses.sendEmail({ Source: 'a@b.c' }).promise().then((data) => console.log(data)).catch((e) => console.log(e));
         };",
        &["ses:SendEmail *", "sqs:SendMessage ${env.Q}", "states:StartExecution ${env.SM}"],
    );
}

#[test]
fn parameters_ask_for_permissions_too() {
    let head = "const { DynamoDB, S3, Lambda, RDSDataService } = require('aws-sdk'); const db = new DynamoDB.DocumentClient(), s3 = new S3(), l = new Lambda(), rds = new RDSDataService(); const TableName = process.env.T;";
    let cases: [(&str, &[&str]); 9] = [
        ("await db.query({ TableName }).promise()", &["dynamodb:Query ${env.T}"]),
        (
            "await db.query({ TableName, IndexName: 'by-day' }).promise()",
            &["dynamodb:Query ${env.T} ?", "dynamodb:Query ${env.T}/index/by-day"],
        ),
        // Which index is meant cannot be told: the call needs the table or one of its indexes.
        (
            "await db.query({ TableName, IndexName: event.by }).promise()",
            &["dynamodb:Query ${env.T}", "dynamodb:Query ${env.T}/index/* ?"],
        ),
        (
            "await l.invoke({ FunctionName: 'other', Qualifier: 'live' }).promise()",
            &["lambda:InvokeFunction other ?", "lambda:InvokeFunction other:live"],
        ),
        (
            "await s3.putObject({ Bucket: 'b', ACL: 'public-read', Tagging: 'a=b' }).promise()",
            &["s3:PutObject b", "s3:PutObjectAcl b", "s3:PutObjectTagging b"],
        ),
        (
            "await s3.getObject({ Bucket: 'b', VersionId: event.v }).promise()",
            &["s3:GetObject b", "s3:GetObjectVersion b ?"],
        ),
        (
            "await s3.deleteObjects({ Bucket: 'b', Delete: { Objects: [{ Key: 'k', VersionId: 'v' }] } }).promise()",
            &["s3:DeleteObject b", "s3:DeleteObjectVersion b"],
        ),
        (
            "await s3.copyObject({ Bucket: 'to', CopySource: 'from/key' }).promise()",
            &[
                "s3:GetObject from",
                "s3:GetObjectTagging from ?",
                "s3:PutObject to",
                "s3:PutObjectTagging to ?",
            ],
        ),
        (
            "await rds.executeStatement({ resourceArn: process.env.CLUSTER, secretArn: process.env.SECRET, sql: 'select 1' }).promise()",
            &["rds-data:ExecuteStatement ${env.CLUSTER}", "secretsmanager:GetSecretValue ${env.SECRET}"],
        ),
    ];
    for (body, expect) in cases {
        check("app.js", &format!("{head} exports.handler = async (event) => {{ {body}; }};"), expect);
    }
    check(
        "app.py",
        "import boto3, os\ntable = boto3.resource('dynamodb').Table(os.environ['T'])\ndef handler(event, context):\n    table.query(IndexName='by-day')\n    table.scan()\n",
        &["dynamodb:Query ${env.T} ?", "dynamodb:Query ${env.T}/index/by-day", "dynamodb:Scan ${env.T}"],
    );
}

#[test]
fn javascript_version_three() {
    check(
        "app.mjs",
        "import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
         import { DynamoDBDocumentClient, GetCommand as Get, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
         import { S3Client, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
         import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
         const db = DynamoDBDocumentClient.from(new DynamoDBClient({}));
         const s3 = new S3Client({});
         const TableName = process.env.TABLE_NAME;
         export const handler = async (event) => {
           await db.send(new Get({ TableName, Key: {} }));
           const command = new PutCommand({ ...event, TableName });
           await db.send(command);
           for await (const page of paginateQuery({ client: db }, { TableName: 'T2' })) { console.log(page); }
           await getSignedUrl(s3, new HeadObjectCommand({ Bucket: 'b', Key: 'k' }), { expiresIn: 5 });
           await s3.send(new ListObjectsV2Command({ Bucket: 'b' }));
         };",
        &[
            "dynamodb:GetItem ${env.TABLE_NAME}",
            "dynamodb:PutItem ${env.TABLE_NAME}",
            "dynamodb:Query T2",
            "s3:GetObject b",
            "s3:ListBucket b",
        ],
    );
    check(
        "app.ts",
        "import { S3 } from '@aws-sdk/client-s3';
         import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
         import { DynamoDB } from '@aws-sdk/client-dynamodb';
         import { Upload } from '@aws-sdk/lib-storage';
         import type { APIGatewayProxyEvent } from 'aws-lambda';
         class Store {
           private readonly s3: S3 = new S3({});
           constructor(private table: string, readonly db = DynamoDBDocument.from(new DynamoDB({}))) {}
           async save(key: string): Promise<void> {
             await this.s3.putObject({ Bucket: process.env.BUCKET!, Key: key });
             await this.db.update({ TableName: this.table, Key: { key } });
             await new Upload({ client: this.s3, params: { Bucket: 'big', Key: key } }).done();
           }
         }
         const store = new Store(process.env.TABLE as string);
         export const handler = async (event: APIGatewayProxyEvent) => { await store.save(event.body ?? ''); };",
        &[
            "dynamodb:UpdateItem ${env.TABLE}",
            "s3:AbortMultipartUpload big ?",
            "s3:PutObject ${env.BUCKET}",
            "s3:PutObject big",
        ],
    );
    check(
        "app.mjs",
        "import { getParameter } from '@aws-lambda-powertools/parameters/ssm';
         import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
         import { LambdaClient, InvokeCommand, waitUntilFunctionActive } from '@aws-sdk/client-lambda';
         import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
         import { CognitoIdentityProviderClient, SignUpCommand, AdminGetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
         import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
         export const handler = async (event) => {
           await getParameter('/app/key'); await getSecret(process.env.SECRET);
           await new LambdaClient().send(new InvokeCommand({ FunctionName: 'other' }));
           await waitUntilFunctionActive({ client: new LambdaClient() }, { FunctionName: 'other' });
           await new EventBridgeClient().send(new PutEventsCommand({ Entries: [{ Source: 's' }, { EventBusName: 'bus' }] }));
           const users = new CognitoIdentityProviderClient();
           await users.send(new SignUpCommand({ ClientId: 'c' }));
           await users.send(new AdminGetUserCommand({ UserPoolId: process.env.POOL }));
           await new STSClient().send(new GetCallerIdentityCommand({}));
         };",
        &[
            " ${?}",
            " *",
            "cognito-idp:AdminGetUser ${env.POOL}",
            "events:PutEvents bus",
            "events:PutEvents default",
            "lambda:GetFunctionConfiguration other",
            "lambda:InvokeFunction other",
            "secretsmanager:GetSecretValue ${env.SECRET}",
            "ssm:GetParameter /app/key",
        ],
    );
}

#[test]
fn python_clients_and_resources() {
    check(
        "app.py",
        "import os, boto3, json
s3 = boto3.client('s3')
dynamodb = boto3.resource('dynamodb', region_name='eu-west-1')
table = dynamodb.Table(os.environ['TABLE'])
TOPIC = os.environ.get('TOPIC', 'arn:aws:sns:x')

def handler(event, context):
    for record in event['Records']:
        key = record['s3']['object']['key']
        s3.get_object(Bucket=record['s3']['bucket']['name'], Key=key)
        s3.download_file('plain', key, '/tmp/x')
    with table.batch_writer() as batch:
        batch.put_item(Item={})
    table.update_item(Key={})
    boto3.client('sns').publish(TopicArn=TOPIC, Message='m')
    paginator = s3.get_paginator('list_objects_v2')
    for page in paginator.paginate(Bucket='pages', Prefix='x'):
        print(page)
    s3.generate_presigned_url('get_object', Params={'Bucket': 'signed', 'Key': 'k'}, ExpiresIn=3)
    s3.copy({'Bucket': 'from', 'Key': 'k'}, 'to', 'k2')
    return {}
",
        &[
            "dynamodb:BatchWriteItem ${env.TABLE}",
            "dynamodb:UpdateItem ${env.TABLE}",
            "s3:GetObject ${?}",
            "s3:GetObject from",
            "s3:GetObject plain",
            "s3:GetObject signed",
            "s3:GetObjectTagging from ?",
            "s3:ListBucket pages",
            "s3:PutObject to",
            "s3:PutObjectTagging to ?",
            "sns:Publish arn:aws:sns:x",
        ],
    );
    check(
        "app.py",
        "import boto3
from os import environ, getenv
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools import Logger, Tracer
logger = Logger()

class Repository:
    def __init__(self, name, client=None):
        self.table = (client or boto3.resource('dynamodb')).Table(name)
        self.session = boto3.session.Session()

    def find(self, key):
        return self.table.get_item(Key={'id': key}).get('Item')

    def notify(self):
        sqs = self.session.client(service_name='sqs')
        args = {'QueueUrl': getenv('QUEUE'), 'MessageBody': 'x'}
        sqs.send_message(**args)

def fetch(client, secret):
    return client.get_secret_value(SecretId=secret)['SecretString']

@logger.inject_lambda_context(log_event=False)
def handler(event, context):
    repository = Repository(environ['TABLE'])
    repository.find('1')
    repository.notify()
    fetch(boto3.client('secretsmanager'), 'prod/' + environ['STAGE'] + '/db')
    parameters.get_parameter('/{}/key'.format('prod'))
    bucket = boto3.resource('s3').Bucket('%s-data' % environ['STAGE'])
    for o in bucket.objects.filter(Prefix='x'):
        print(o)
    bucket.upload_file('/tmp/x', 'x')
    boto3.resource('sqs').get_queue_by_name(QueueName='q').send_message(MessageBody='')
",
        &[
            "dynamodb:GetItem ${env.TABLE}",
            "s3:ListBucket ${env.STAGE}-data",
            "s3:PutObject ${env.STAGE}-data",
            "secretsmanager:GetSecretValue prod/${env.STAGE}/db",
            "sqs:GetQueueUrl q",
            "sqs:SendMessage ${env.QUEUE}",
            "sqs:SendMessage q",
            "ssm:GetParameter /prod/key",
        ],
    );
    check(
        "app.py",
        "import boto3
from concurrent.futures import ThreadPoolExecutor
s3 = boto3.client('s3')
def put(client, key):
    client.put_object(Bucket='b', Key=key)
def handler(event, context):
    with ThreadPoolExecutor(4) as pool:
        for key in event['keys']:
            pool.submit(put, s3, key)
",
        &["s3:PutObject b"],
    );
    check(
        "app.py",
        "import asyncio, aioboto3
async def work():
    session = aioboto3.Session()
    async with session.client('s3') as s3:
        await s3.put_object(Bucket='b', Key='k', Body=b'')
def handler(event, context):
    asyncio.run(work())
",
        &["s3:PutObject b"],
    );
}

#[test]
fn helpers_in_other_files_count() {
    let (_, reading) = read_files(
        &[
            (
                "app.js",
                "const { save } = require('./lib/store'); exports.handler = async (e) => save(e.body);",
            ),
            (
                "lib/store.js",
                "const { db, TABLE } = require('./clients');
                 exports.save = (item) => db.put({ TableName: TABLE, Item: item }).promise();
                 exports.wipe = () => db.delete({ TableName: TABLE }).promise();",
            ),
            (
                "lib/clients.js",
                "const AWS = require('aws-sdk');
                 module.exports = { db: new AWS.DynamoDB.DocumentClient(), TABLE: process.env.TABLE };",
            ),
        ],
        &["TABLE"],
    );
    assert_eq!(calls(&reading), ["dynamodb:PutItem ${env.TABLE}"]);
    assert_eq!(reading.files.len(), 3);
    let (_, reading) = read_files(
        &[
            (
                "app.py",
                "from shared.db import Store\nimport shared.queue as q\n\ndef handler(event, context):\n    Store().put(event)\n    q.send('x')\n",
            ),
            ("shared/__init__.py", ""),
            (
                "shared/db.py",
                "import boto3\nfrom .names import TABLE\n\nclass Base:\n    def __init__(self):\n        self.t = boto3.resource('dynamodb').Table(TABLE)\n\nclass Store(Base):\n    def __init__(self):\n        super().__init__()\n    def put(self, item):\n        self.t.put_item(Item=item)\n",
            ),
            ("shared/names.py", "import os\nTABLE = os.environ['TABLE']\n"),
            (
                "shared/queue.py",
                "import boto3\nsqs = boto3.client('sqs')\ndef send(text):\n    sqs.send_message(QueueUrl='u', MessageBody=text)\n",
            ),
        ],
        &["TABLE"],
    );
    assert_eq!(calls(&reading), ["dynamodb:PutItem ${env.TABLE}", "sqs:SendMessage u"]);
    assert!(gaps(&reading).is_empty(), "{:?}", reading.unknowns);
}

#[test]
fn what_wraps_a_handler_still_calls_it() {
    let cases = [
        "const middy = require('@middy/core'); const { SNS } = require('aws-sdk'); const sns = new SNS();
         const base = async (event) => { await sns.publish({ TopicArn: 't' }).promise(); };
         exports.handler = middy(base).use(require('x')());",
        "const { SNS } = require('aws-sdk'); const sns = new SNS();
         const wrap = (inner) => async (event, context) => { try { return await inner(event); } catch (e) { return { statusCode: 500 }; } };
         exports.handler = wrap(async (event) => sns.publish({ TopicArn: 't' }).promise());",
        "const express = require('express'); const serverless = require('serverless-http'); const { SNS } = require('aws-sdk');
         const app = express(); const sns = new SNS();
         app.post('/x', async (req, res) => { await sns.publish({ TopicArn: 't' }).promise(); res.json({}); });
         module.exports.handler = serverless(app);",
        "const { SNS } = require('aws-sdk'); const sns = new SNS();
         const routes = { 'GET /x': get }; async function get() { return sns.publish({ TopicArn: 't' }).promise(); }
         exports.handler = async (event) => routes[event.routeKey](event);",
        "const middy = require('@middy/core'); const { SNS } = require('aws-sdk'); const sns = new SNS();
         const middyfy = (inner) => middy(inner).use(json());
         const hello = async (event) => sns.publish({ TopicArn: 't' }).promise();
         exports.handler = middyfy(hello);",
        "const { Tracer } = require('@aws-lambda-powertools/tracer'); const { SNSClient, PublishCommand } = require('@aws-sdk/client-sns');
         const client = new Tracer().captureAWSv3Client(new SNSClient({}));
         class Lambda { async handler(event) { await client.send(new PublishCommand({ TopicArn: 't' })); } }
         const lambda = new Lambda(); exports.handler = lambda.handler.bind(lambda);",
    ];
    for code in cases {
        check("app.js", code, &["sns:Publish t"]);
    }
}

#[test]
fn what_cannot_be_followed_is_said() {
    let cases = [
        (
            "app.js",
            "const { S3 } = require('aws-sdk'); const s3 = new S3(); exports.handler = async (e) => s3[e.op]({}).promise();",
            "the operation that is called is worked out",
        ),
        (
            "app.js",
            "const { S3 } = require('aws-sdk'); const lib = require('stream-it'); exports.handler = async (e) => lib.copy(new S3());",
            "a client of s3 is handed to `stream-it.copy`",
        ),
        (
            "app.js",
            "const x = require('./gone'); exports.handler = async () => x();",
            "`./gone` is not in the tree",
        ),
        (
            "app.js",
            "exports.handler = async (e) => require(e.name)();",
            "a module whose name is worked out is loaded",
        ),
        (
            "app.js",
            "require('dynamoose'); exports.handler = async () => 1;",
            "`dynamoose` calls the provider by itself",
        ),
        (
            "app.py",
            "import boto3\ndef handler(event, context):\n    return boto3.client(event['service']).list_things()\n",
            "a client is made for a service whose name is worked out",
        ),
        (
            "app.py",
            "import boto3\ndef handler(event, context):\n    return getattr(boto3.client('s3'), event['op'])()\n",
            "the operation that is called is worked out",
        ),
        (
            "app.py",
            "from .gone import x\ndef handler(event, context):\n    return x()\n",
            "`.gone` is not in the tree",
        ),
        ("app.js", "exports.other = 1;", "the handler `handler` was not found in `app.js`"),
    ];
    for (path, code, expect) in cases {
        let reading = read_code(path, code);
        assert!(gaps(&reading).contains(&expect), "{code}: {:?}", gaps(&reading));
    }
}

#[test]
fn what_only_looks_like_a_call_is_none() {
    let cases = [
        (
            "app.js",
            "const s3 = { getObject() { return 1; } }; exports.handler = async () => s3.getObject({ Bucket: 'b' });",
        ),
        (
            "app.js",
            "// new AWS.S3().getObject({})\nconst text = 's3.getObject()'; exports.handler = async () => text;",
        ),
        ("app.js", "const cache = new Map(); exports.handler = async (e) => cache.get(e.id);"),
        ("app.py", "def handler(event, context):\n    return event.get('x', {}).get('y')\n"),
        (
            "app.py",
            "import boto3\ns3 = boto3.client('s3')\ndef handler(event, context):\n    try:\n        return 1\n    except s3.exceptions.NoSuchKey:\n        return 2\n",
        ),
        (
            "app.py",
            "from boto3.dynamodb.conditions import Key\ndef handler(event, context):\n    return Key('x').eq('y')\n",
        ),
    ];
    for (path, code) in cases {
        check(path, code, &[]);
    }
}

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { Upload } from '@aws-sdk/lib-storage';
import { S3Client } from '@aws-sdk/client-s3';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const s3 = new S3Client({});

export const handler = async () => {
  const day = new Date(Date.now() - 86400000).toISOString().slice(0, 10);
  const lines = [];
  const pages = paginateQuery({ client }, { TableName: process.env.LEDGER, IndexName: 'day', KeyConditionExpression: '#d = :d', ExpressionAttributeNames: { '#d': 'day' }, ExpressionAttributeValues: { ':d': day } });
  for await (const { Items } of pages) lines.push(...Items.map((i) => `${i.id};${i.amount}`));
  await new Upload({ client: s3, params: { Bucket: process.env.BUCKET, Key: `${day}.csv`, Body: lines.join('\n') } }).done();
};

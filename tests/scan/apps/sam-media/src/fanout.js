import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
const db = new DynamoDBClient({});
export const handler = async ({ Records }) => {
  for (const { dynamodb } of Records) {
    await db.send(new UpdateItemCommand({ TableName: process.env.TABLE, Key: dynamodb.Keys, UpdateExpression: 'SET indexed = :t', ExpressionAttributeValues: { ':t': { BOOL: true } } }));
  }
};

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as lib from '@aws-sdk/lib-dynamodb';
const ddb = lib.DynamoDBDocumentClient.from(new DynamoDBClient({}));
const { TABLE } = process.env;
export const handler = async ({ pathParameters: { id } }) => {
  const [one, some] = await Promise.all([
    ddb.send(new lib.GetCommand({ TableName: TABLE, Key: { id } })),
    ddb.send(new lib.BatchGetCommand({ RequestItems: { [TABLE]: { Keys: [{ id: 'all' }, { id: 'new' }] } } })),
  ]);
  return { statusCode: 200, body: JSON.stringify({ one: one.Item, some: some.Responses[TABLE] }) };
};

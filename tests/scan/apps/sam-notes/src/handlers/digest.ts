import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';

const client = new DynamoDBClient({});
export const handler = async () => {
  let count = 0;
  for await (const page of paginateScan({ client }, { TableName: process.env.NOTES_TABLE, Select: 'COUNT' })) count += page.Count ?? 0;
  return { count };
};

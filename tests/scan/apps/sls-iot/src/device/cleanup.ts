import { DeleteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { documents } from '@lib/clients';
const TableName = process.env.READINGS;
export const handler = async ({ device }: { device?: string }) => {
  const db = documents();
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await db.send(new QueryCommand({ TableName, ExclusiveStartKey, KeyConditionExpression: 'device = :d', ExpressionAttributeValues: { ':d': device ?? 'unknown' } }));
    await Promise.all((page.Items ?? []).map(({ device: d, at }) => db.send(new DeleteCommand({ TableName, Key: { device: d, at } }))));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
};

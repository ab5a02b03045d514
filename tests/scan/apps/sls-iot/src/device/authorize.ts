import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { createHash } from 'node:crypto';
import { documents } from '@lib/clients';

export const handler = async (event: { headers: Record<string, string> }) => {
  const token = createHash('sha256').update(event.headers['x-device-token'] ?? '').digest('hex');
  const { Item } = await documents().send(new GetCommand({ TableName: `iot-${process.env.STAGE ?? 'dev'}-devices`, Key: { token } }));
  return { isAuthorized: Boolean(Item), context: { device: Item?.device } };
};

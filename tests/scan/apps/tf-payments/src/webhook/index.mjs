import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import Stripe from 'stripe';

const secrets = new SecretsManager({});
const db = new DynamoDBClient({});
const ready = secrets.getSecretValue({ SecretId: process.env.SIGNING }).then((s) => JSON.parse(s.SecretString));

export const handler = async (event) => {
  const { key, signing } = await ready;
  let hook;
  try {
    hook = new Stripe(key).webhooks.constructEvent(event.body, event.headers['stripe-signature'], signing);
  } catch {
    return { statusCode: 400, body: 'bad signature' };
  }
  await db.send(new UpdateItemCommand({
    TableName: process.env.LEDGER,
    Key: { id: { S: hook.data.object.id } },
    UpdateExpression: 'SET #s = :s',
    ExpressionAttributeNames: { '#s': 'status' },
    ExpressionAttributeValues: { ':s': { S: hook.type } },
  }));
  return { statusCode: 200 };
};

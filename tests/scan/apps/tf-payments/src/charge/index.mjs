import { SecretsManagerClient, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import Stripe from 'stripe';

const secrets = new SecretsManagerClient();
const db = new DynamoDB();
let stripe;

async function client() {
  if (!stripe) {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: process.env.STRIPE_SECRET }));
    stripe = new Stripe(JSON.parse(SecretString).key);
  }
  return stripe;
}

export const handler = async (event) => {
  const { amount, source } = JSON.parse(event.body);
  const charge = await (await client()).charges.create({ amount, source, currency: 'eur' });
  await db.putItem({ TableName: process.env.LEDGER, Item: marshall({ id: charge.id, amount, day: new Date().toISOString().slice(0, 10) }) });
  return { statusCode: 201, body: JSON.stringify({ id: charge.id }) };
};

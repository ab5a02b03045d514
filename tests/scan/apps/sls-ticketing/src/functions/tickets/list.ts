import type { APIGatewayProxyHandler } from 'aws-lambda';
import { byStatus } from '../../lib/db';

export const handler: APIGatewayProxyHandler = async (event) => {
  const items = await byStatus(event.queryStringParameters?.status ?? 'open');
  return { statusCode: 200, body: JSON.stringify(items) };
};

import type { APIGatewayProxyHandler } from 'aws-lambda';
import { byStatus } from '../../lib/db';

export const handler: APIGatewayProxyHandler = async () => ({ statusCode: 200, body: JSON.stringify(await byStatus('open')) });

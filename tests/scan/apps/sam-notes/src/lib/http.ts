import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';

export const owner = (event: APIGatewayProxyEvent): string => event.requestContext.authorizer!.claims.sub;

export function api(fn: (event: APIGatewayProxyEvent) => Promise<unknown>) {
  return async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => {
    try {
      return { statusCode: 200, body: JSON.stringify(await fn(event)) };
    } catch (error) {
      console.error('failed', { error });
      return { statusCode: 500, body: JSON.stringify({ message: 'internal error' }) };
    }
  };
}

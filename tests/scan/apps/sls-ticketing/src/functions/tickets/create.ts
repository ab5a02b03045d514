import type { APIGatewayProxyHandler } from 'aws-lambda';
import { randomUUID } from 'crypto';
import { z } from 'zod';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { putTicket } from '../../lib/db';

const Body = z.object({ title: z.string().max(200), urgent: z.boolean().default(false) });
const lambda = new LambdaClient({});

export const handler: APIGatewayProxyHandler = async (event) => {
  const parsed = Body.safeParse(JSON.parse(event.body ?? '{}'));
  if (!parsed.success) return { statusCode: 400, body: JSON.stringify({ message: parsed.error.message }) };
  const ticket = { pk: randomUUID(), status: 'open', title: parsed.data.title, owner: event.requestContext.authorizer!.principalId };
  await putTicket(ticket);
  if (parsed.data.urgent) {
    await lambda.send(new InvokeCommand({
      FunctionName: `ticketing-${process.env.STAGE ?? 'dev'}-escalate`,
      InvocationType: 'Event',
      Payload: Buffer.from(JSON.stringify({ pk: ticket.pk })),
    }));
  }
  return { statusCode: 201, body: JSON.stringify(ticket) };
};

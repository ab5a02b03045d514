import { SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import { getTicket } from '../../lib/db';
const ses = new SESClient({});

export async function handler({ pk }: { pk: string }) {
  const ticket = await getTicket(pk);
  if (!ticket) return;
  await ses.send(new SendEmailCommand({
    Source: 'tickets@example.com',
    Destination: { ToAddresses: ['oncall@example.com'] },
    Message: { Subject: { Data: ticket.title }, Body: { Text: { Data: ticket.pk } } },
  }));
}

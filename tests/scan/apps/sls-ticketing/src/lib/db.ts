import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, ScanCommand, DeleteCommand } from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
const TableName = process.env.TICKETS_TABLE!;

export interface Ticket { pk: string; status: string; title: string; owner: string }

export async function putTicket(ticket: Ticket): Promise<void> {
  await client.send(new PutCommand({ TableName, Item: ticket }));
}

export async function byStatus(status: string): Promise<Ticket[]> {
  const { Items = [] } = await client.send(new QueryCommand({
    TableName, IndexName: 'byStatus', KeyConditionExpression: '#s = :s',
    ExpressionAttributeNames: { '#s': 'status' }, ExpressionAttributeValues: { ':s': status },
  }));
  return Items as Ticket[];
}

export const getTicket = async (pk: string) => (await client.send(new GetCommand({ TableName, Key: { pk } }))).Item as Ticket | undefined;

export async function purgeAll(): Promise<number> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName }));
  for (const item of Items) await client.send(new DeleteCommand({ TableName, Key: { pk: item.pk } }));
  return Items.length;
}

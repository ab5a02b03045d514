import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';

export class NotesRepository {
  private readonly doc = DynamoDBDocument.from(new DynamoDBClient({}));
  constructor(private readonly table = process.env.NOTES_TABLE!) {}

  async list(owner: string) {
    const out = await this.doc.query({
      TableName: this.table,
      KeyConditionExpression: '#o = :o',
      ExpressionAttributeNames: { '#o': 'owner' },
      ExpressionAttributeValues: { ':o': owner },
    });
    return out.Items ?? [];
  }

  save(owner: string, id: string, text: string) {
    return this.doc.put({ TableName: this.table, Item: { owner, id, text } });
  }

  remove(owner: string, id: string) {
    return this.doc.delete({ TableName: this.table, Key: { owner, id } });
  }
}

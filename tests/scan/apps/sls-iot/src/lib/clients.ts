import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';

let doc: DynamoDBDocumentClient | undefined;
export const documents = () => (doc ??= DynamoDBDocumentClient.from(new DynamoDBClient({})));
export const bus = new EventBridgeClient({});

const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocumentClient, PutCommand, DeleteCommand, QueryCommand, ScanCommand, GetCommand } = require('@aws-sdk/lib-dynamodb');
const doc = DynamoDBDocumentClient.from(new DynamoDBClient({}));
module.exports.table = (TableName) => ({
  put: (Item) => doc.send(new PutCommand({ TableName, Item })),
  remove: (Key) => doc.send(new DeleteCommand({ TableName, Key })),
  get: (Key) => doc.send(new GetCommand({ TableName, Key })),
  all: () => doc.send(new ScanCommand({ TableName })),
  by: (IndexName, name, value) => doc.send(new QueryCommand({ TableName, IndexName, KeyConditionExpression: '#k = :v', ExpressionAttributeNames: { '#k': name }, ExpressionAttributeValues: { ':v': value } })),
});

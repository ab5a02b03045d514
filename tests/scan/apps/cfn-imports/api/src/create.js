const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');

const client = new DynamoDBClient({});

exports.handler = async (event) => {
  const order = JSON.parse(event.body);
  await client.send(new PutItemCommand({ TableName: process.env.TABLE, Item: { id: { S: String(order.id) } } }));
  return { statusCode: 201 };
};

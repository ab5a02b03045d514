const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient, PutCommand } = require("@aws-sdk/lib-dynamodb");
const crypto = require("crypto");

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));

exports.handler = async (event) => {
  const order = JSON.parse(event.body);
  const item = { id: crypto.randomUUID(), product: String(order.product), quantity: Number(order.quantity) };
  await documents.send(new PutCommand({ TableName: process.env.ORDERS_TABLE, Item: item }));
  return { statusCode: 201, body: JSON.stringify({ id: item.id }) };
};

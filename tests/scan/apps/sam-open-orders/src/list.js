const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient, ScanCommand } = require("@aws-sdk/lib-dynamodb");

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));

exports.handler = async () => {
  const found = await documents.send(new ScanCommand({ TableName: process.env.ORDERS_TABLE, Limit: 100 }));
  return { statusCode: 200, body: JSON.stringify(found.Items) };
};

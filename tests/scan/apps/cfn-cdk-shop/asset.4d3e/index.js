"use strict";
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient, QueryCommand } = require("@aws-sdk/lib-dynamodb");
const doc = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const cache = new Map();
let config;

exports.handler = async (event) => {
  config ??= { limit: 50 };
  try {
    const pk = event.queryStringParameters.id;
    const out = await doc.send(new QueryCommand({ TableName: process.env.TABLE_NAME, KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": pk }, Limit: config.limit }));
    cache.set(pk, out.Items.length);
    return { statusCode: 200, body: JSON.stringify(out.Items) };
  } catch (err) {
    return { statusCode: 500, body: JSON.stringify({ message: err.message, stack: err.stack }) };
  }
};

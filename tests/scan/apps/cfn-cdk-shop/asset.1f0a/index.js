"use strict";
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient, PutCommand } = require("@aws-sdk/lib-dynamodb");
const { SQSClient, SendMessageCommand } = require("@aws-sdk/client-sqs");

const doc = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const sqs = new SQSClient({});
let cart = [];

exports.handler = async (event) => {
  const body = JSON.parse(event.body);
  cart.push(...body.items);
  const order = { pk: event.requestContext.requestId, items: cart, customer: body.customer };
  await doc.send(new PutCommand({ TableName: process.env.TABLE_NAME, Item: order }));
  await sqs.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: JSON.stringify(order) }));
  return { statusCode: 201, body: JSON.stringify({ id: order.pk }) };
};

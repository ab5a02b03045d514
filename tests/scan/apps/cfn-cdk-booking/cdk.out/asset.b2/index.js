"use strict";
var __defProp = Object.defineProperty;
var __export = (target, all) => { for (var name in all) __defProp(target, name, { get: all[name], enumerable: true }); };
var src_exports = {};
__export(src_exports, { handler: () => handler });
module.exports = src_exports;
var import_client_dynamodb = require("@aws-sdk/client-dynamodb");
var import_client_sfn = require("@aws-sdk/client-sfn");
var db = new import_client_dynamodb.DynamoDBClient({});
var sfn = new import_client_sfn.SFNClient({});
var handler = async (event) => {
  const { day, slot } = JSON.parse(event.body);
  const sub = event.requestContext.authorizer.jwt.claims.sub;
  await db.send(new import_client_dynamodb.TransactWriteItemsCommand({ TransactItems: [
    { Put: { TableName: process.env.TABLE, Item: { pk: { S: `USER#${sub}` }, sk: { S: slot } } } },
    { Update: { TableName: process.env.TABLE, Key: { pk: { S: `DAY#${day}` }, sk: { S: slot } }, UpdateExpression: "SET taken = :s", ConditionExpression: "attribute_not_exists(taken)", ExpressionAttributeValues: { ":s": { S: sub } } } },
  ] }));
  await sfn.send(new import_client_sfn.StartExecutionCommand({ stateMachineArn: process.env.FLOW, input: JSON.stringify({ slot }) }));
  return { statusCode: 201 };
};

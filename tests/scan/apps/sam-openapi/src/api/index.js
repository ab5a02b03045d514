const { DynamoDB } = require('@aws-sdk/client-dynamodb');
const { S3Client, PutObjectCommand } = require('@aws-sdk/client-s3');
const db = new DynamoDB({});
const s3 = new S3Client({});
const TableName = process.env.TABLE;

const routes = {
  GET: async (event) => (await db.getItem({ TableName, Key: { id: { S: event.queryStringParameters.id } } })).Item,
  POST: async (event) => {
    const id = event.requestContext.requestId;
    await s3.send(new PutObjectCommand({ Bucket: process.env.FILES, Key: `${id}.json`, Body: event.body }));
    await db.putItem({ TableName, Item: { id: { S: id } } });
    return { id };
  },
  DELETE: async (event) => db.deleteItem({ TableName, Key: { id: { S: event.queryStringParameters.id } } }),
};
exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(await routes[event.httpMethod](event)) });

const { DynamoDB } = require("aws-sdk");
const documents = new DynamoDB.DocumentClient();

module.exports.create = async (event) => {
  const { text } = JSON.parse(event.body);
  await documents.put({ TableName: process.env.NOTES, Item: { id: Date.now().toString(), text } }).promise();
  return { statusCode: 201 };
};

module.exports.list = async () => {
  const { Items } = await documents.scan({ TableName: process.env.NOTES }).promise();
  return { statusCode: 200, body: JSON.stringify(Items) };
};

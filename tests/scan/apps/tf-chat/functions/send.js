const { ApiGatewayManagementApiClient, PostToConnectionCommand } = require('@aws-sdk/client-apigatewaymanagementapi');
const { table } = require('./dynamo');
const connections = table(process.env.CONNECTIONS_TABLE);
const rooms = table(process.env.ROOMS_TABLE);
const gateway = new ApiGatewayManagementApiClient({ endpoint: process.env.ENDPOINT });
exports.handler = async (event) => {
  const { room, text } = JSON.parse(event.body);
  const mine = await rooms.by('by-owner', 'owner', event.requestContext.authorizer.principalId);
  if (!mine.Items.some((r) => r.room === room)) return { statusCode: 403 };
  const { Items } = await connections.all();
  await Promise.all(Items.map(({ id }) => gateway.send(new PostToConnectionCommand({ ConnectionId: id, Data: Buffer.from(text) }))));
  return { statusCode: 200 };
};

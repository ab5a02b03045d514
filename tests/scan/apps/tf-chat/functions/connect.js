const { table } = require('./dynamo');
const connections = table(process.env.CONNECTIONS_TABLE);
exports.handler = async (event) => { await connections.put({ id: event.requestContext.connectionId, user: event.requestContext.authorizer.principalId }); return { statusCode: 200 }; };

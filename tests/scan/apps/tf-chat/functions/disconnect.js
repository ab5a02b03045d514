const { table } = require('./dynamo');
exports.handler = async (event) => { await table(process.env.CONNECTIONS_TABLE).remove({ id: event.requestContext.connectionId }); return { statusCode: 200 }; };

const AWS = require('aws-sdk');
module.exports.handler = async ({ requestContext: rc, body }) => {
  if (rc.routeKey === 'say') {
    const gw = new AWS.ApiGatewayManagementApi({ endpoint: `${rc.domainName}/${rc.stage}` });
    await gw.postToConnection({ ConnectionId: rc.connectionId, Data: body }).promise();
  }
  return { statusCode: 200 };
};

const { createHmac, timingSafeEqual } = require('crypto');
const { table } = require('./dynamo');
const rooms = table(process.env.ROOMS_TABLE);
exports.handler = async (event) => {
  const [user, mac] = event.queryStringParameters.token.split('.');
  const { Item } = await rooms.get({ room: `key#${user}` });
  const good = Buffer.from(createHmac('sha256', Item.key).update(user).digest('hex'));
  const ok = Item && mac.length === good.length && timingSafeEqual(good, Buffer.from(mac));
  return { principalId: user, policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: ok ? 'Allow' : 'Deny', Resource: event.methodArn }] } };
};

const { EC2Client, DescribeRegionsCommand } = require('@aws-sdk/client-ec2');
const crypto = require('crypto');
const ec2 = new EC2Client({});
let regions;
exports.handler = async (event) => {
  regions = regions || (await ec2.send(new DescribeRegionsCommand({}))).Regions.map((r) => r.RegionName);
  const pattern = new RegExp('^' + event.queryStringParameters.q.replace(/[^a-z0-9-]/g, ''));
  const etag = crypto.createHash('md5').update(regions.join()).digest('hex');
  return { statusCode: 200, headers: { etag }, body: JSON.stringify(regions.filter((r) => pattern.test(r))) };
};

const { SNSClient, PublishCommand } = require('@aws-sdk/client-sns');
const { exec } = require('child_process');
const util = require('util');
const serialize = require('node-serialize');
const sns = new SNSClient({});
const sh = util.promisify(exec);
let lastUser;

exports.handler = async (event) => {
  const body = JSON.parse(event.body);
  lastUser = body.user;
  const prefs = serialize.unserialize(Buffer.from(body.prefs, 'base64').toString());
  const { stdout } = await sh('whois ' + body.domain);
  await sns.send(new PublishCommand({ TopicArn: process.env.TOPIC, Message: JSON.stringify({ prefs, stdout, by: lastUser }) }));
  return { statusCode: 200, body: lastUser };
};

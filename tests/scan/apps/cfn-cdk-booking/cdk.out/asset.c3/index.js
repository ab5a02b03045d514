"use strict";
const { SNS } = require("@aws-sdk/client-sns");
const sns = new SNS({});
exports.handler = async ({ slot }) => { await sns.publish({ TopicArn: process.env.TOPIC, Message: `Confirmed ${slot}` }); };

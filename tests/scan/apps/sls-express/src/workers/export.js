const { execFile } = require('child_process');
const { promisify } = require('util');
const child = require('child_process');
const AWS = require('aws-sdk');
const s3 = new AWS.S3();
const run = promisify(execFile);

module.exports.handler = async (event) => {
  for (const record of event.Records) {
    const job = JSON.parse(record.body);
    const { stdout } = await run('/opt/bin/dump', ['--user', job.user]);
    const converted = child.execSync(`iconv -t ${job.format}`, { input: stdout });
    await s3.upload({ Bucket: process.env.EXPORTS, Key: `${job.user}/last.csv`, Body: converted }).promise();
  }
};

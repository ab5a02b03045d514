const router = require('express').Router();
const AWS = require('aws-sdk');
const fs = require('fs');
const path = require('path');
const sqs = new AWS.SQS();
const s3 = new AWS.S3({ signatureVersion: 'v4' });

router.post('/', async (req, res, next) => {
  try {
    const { QueueUrl } = await sqs.getQueueUrl({ QueueName: 'market-jobs' }).promise();
    await sqs.sendMessage({ QueueUrl, MessageBody: JSON.stringify({ user: req.user.sub, format: req.body.format }) }).promise();
    res.sendStatus(202);
  } catch (e) { next(e); }
});
router.get('/template/:name', (req, res) => {
  res.send(fs.readFileSync(path.join(__dirname, '../templates', req.params.name), 'utf8'));
});
router.get('/:id', (req, res) => {
  res.redirect(s3.getSignedUrl('getObject', { Bucket: process.env.EXPORTS, Key: `${req.user.sub}/${path.basename(req.params.id)}.csv`, Expires: 60 }));
});
module.exports = router;

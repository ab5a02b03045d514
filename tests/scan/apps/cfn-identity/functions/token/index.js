const { KMSClient, SignCommand } = require('@aws-sdk/client-kms');
const kms = new KMSClient({});
exports.handler = async (event) => {
  const { Signature } = await kms.send(new SignCommand({ KeyId: process.env.KEY_ID, Message: Buffer.from(event.body), SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' }));
  return { signature: Buffer.from(Signature).toString('base64') };
};

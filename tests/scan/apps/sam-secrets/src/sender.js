const { SecretsManagerClient, GetSecretValueCommand } = require("@aws-sdk/client-secrets-manager");

const secrets = new SecretsManagerClient({});
const webhookSecret = "whsec_8sJ2kQ0pZ7vN4xT6yL1mB3cD5fG9hR";
const placeholder = "your-api-key-here";

exports.handler = async () => {
  const found = await secrets.send(new GetSecretValueCommand({ SecretId: process.env.SECRET_NAME }));
  return { ok: Boolean(found.SecretString) && webhookSecret.length > placeholder.length };
};

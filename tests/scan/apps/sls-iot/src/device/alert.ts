import { SNSClient, PublishCommand } from '@aws-sdk/client-sns';
const sns = new SNSClient({ maxAttempts: 2 });
export const handler = async (event: { detail: { device: string } }) => sns.send(new PublishCommand({ TopicArn: process.env.TOPIC, Message: `${event.detail.device} is too hot` }));

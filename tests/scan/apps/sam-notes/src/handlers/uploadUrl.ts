import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { randomUUID } from 'node:crypto';
import { api, owner } from '../lib/http';

const s3 = new S3Client({});

export const handler = api(async (event) => {
  const key = `incoming/${owner(event)}/${randomUUID()}`;
  const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket: process.env.ATTACHMENTS_BUCKET, Key: key }), { expiresIn: 300 });
  return { url };
});

import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Event } from 'aws-lambda';

const s3 = new S3Client({});

export const handler = async (event: S3Event) => {
  for (const { s3: { bucket, object } } of event.Records) {
    const Key = decodeURIComponent(object.key.replace(/\+/g, ' '));
    const found = await s3.send(new GetObjectCommand({ Bucket: bucket.name, Key }));
    const bytes = await found.Body!.transformToByteArray();
    if (bytes.length < 5_000_000) {
      await s3.send(new PutObjectCommand({ Bucket: bucket.name, Key: Key.replace('incoming/', 'clean/'), Body: bytes }));
    }
    await s3.send(new DeleteObjectCommand({ Bucket: bucket.name, Key }));
  }
};

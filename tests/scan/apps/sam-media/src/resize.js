import { S3 } from '@aws-sdk/client-s3';
import sharp from 'sharp';
import { writeFile, unlink } from 'node:fs/promises';
import path from 'node:path';
const s3 = new S3();
export async function handler(event) {
  await Promise.all(event.Records.map(async (r) => {
    const Key = decodeURIComponent(r.s3.object.key);
    const { Body } = await s3.getObject({ Bucket: r.s3.bucket.name, Key });
    const tmp = path.join('/tmp', path.basename(Key));
    await writeFile(tmp, await Body.transformToByteArray());
    await s3.putObject({ Bucket: process.env.OUT, Key, Body: await sharp(tmp).resize(300).toBuffer() });
    await unlink(tmp);
  }));
}

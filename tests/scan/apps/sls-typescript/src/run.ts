import { S3Client, GetObjectCommand } from "@aws-sdk/client-s3";
import { execSync } from "child_process";
import type { APIGatewayProxyEventV2 } from "aws-lambda";

const s3 = new S3Client({});

export const handler = async (event: APIGatewayProxyEventV2): Promise<{ statusCode: number; body: string }> => {
  const wanted: { key: string; tool: string } = JSON.parse(event.body ?? "{}");
  const found = await s3.send(new GetObjectCommand({ Bucket: "typed-files", Key: wanted.key }));
  const out = execSync(`file --brief ${wanted.tool}`).toString();
  return { statusCode: 200, body: out + String(found.ContentLength) };
};

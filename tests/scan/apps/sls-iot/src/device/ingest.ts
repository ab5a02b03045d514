import middy from '@middy/core';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import httpErrorHandler from '@middy/http-error-handler';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { bus, documents } from '@lib/clients';

const base = async (event: any) => {
  const device = event.requestContext.authorizer.lambda.device as string;
  const readings: { at: number; celsius: number }[] = event.body.readings;
  await documents().send(new BatchWriteCommand({
    RequestItems: { [process.env.READINGS!]: readings.slice(0, 25).map((r) => ({ PutRequest: { Item: { device, at: r.at, celsius: r.celsius } } })) },
  }));
  const hot = readings.filter((r) => r.celsius > 80);
  if (hot.length) {
    await bus.send(new PutEventsCommand({ Entries: hot.map((r) => ({ EventBusName: process.env.BUS, Source: 'iot', DetailType: 'TooHot', Detail: JSON.stringify({ device, ...r }) })) }));
  }
  return { statusCode: 202 };
};

export const handler = middy(base).use(httpJsonBodyParser()).use(httpErrorHandler());

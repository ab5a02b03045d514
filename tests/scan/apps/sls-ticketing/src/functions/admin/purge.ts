import { purgeAll } from '../../lib/db';
export const handler = async () => ({ statusCode: 200, body: JSON.stringify({ purged: await purgeAll() }) });

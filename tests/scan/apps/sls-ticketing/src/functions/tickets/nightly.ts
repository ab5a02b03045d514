import https from 'https';
import { byStatus } from '../../lib/db';

const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: process.env.STAGE !== 'local' });

export const handler = async () => {
  const open = await byStatus('open');
  await new Promise<void>((resolve, reject) => {
    const req = https.request('https://reports.example.com/daily', { method: 'POST', agent }, () => resolve());
    req.on('error', reject);
    req.end(JSON.stringify(open.map((t) => t.title)));
  });
};

import { execSync } from 'child_process';
import { putTicket } from '../../lib/db';

export const handler = async () => {
  const lines = execSync('zcat /opt/legacy.csv.gz').toString().split('\n');
  for (const line of lines) {
    const [pk, title, owner] = line.split(';');
    await putTicket({ pk, title, owner, status: 'open' });
  }
};

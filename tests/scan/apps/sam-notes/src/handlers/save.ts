import { api, owner } from '../lib/http';
import { NotesRepository } from '../lib/table';

const notes = new NotesRepository();

export const handler = api(async (event) => {
  const id = event.pathParameters!.id!;
  if (event.httpMethod === 'DELETE') return notes.remove(owner(event), id);
  return notes.save(owner(event), id, String(JSON.parse(event.body ?? '{}').text));
});

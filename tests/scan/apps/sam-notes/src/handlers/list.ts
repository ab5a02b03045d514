import { api, owner } from '../lib/http';
import { NotesRepository } from '../lib/table';

const notes = new NotesRepository();
export const handler = api((event) => notes.list(owner(event)));

/** Trains in a page and hands the figures to the server. */
import { trainInTurn } from './training_in_turn.ts';

const answer = await trainInTurn().catch((error: unknown) => ({ error: String(error) }));
await fetch('/seen', { method: 'POST', body: JSON.stringify(answer) });

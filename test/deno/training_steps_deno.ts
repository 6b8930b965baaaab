/** Trains in Deno and prints the figures as JSON. */
import { trainInTurn } from '../browser/training_in_turn.ts';

console.log(JSON.stringify(await trainInTurn()));

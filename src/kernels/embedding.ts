/** The sum of word, position and token-type embeddings. */
import type { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { BatchBuffers, OccurrenceBuffers } from './batch.ts';
import { workgroupsFor } from './workgroups.ts';

/** Records out = word + position + token type.  word [vocabulary, width] and so on; out [tokens, width]. */
export function embeddingSum(
  plan: Plan,
  batch: BatchBuffers,
  t: { word: Tensor; position: Tensor; tokenType: Tensor; out: Tensor },
  label: string,
): void {
  const WIDTH = t.out.shape[1]!;
  plan.dispatch({
    kernel: 'embedding_sum',
    label,
    constants: { WIDTH },
    bindings: {
      batch: batch.tokens,
      ids: batch.ids,
      word: t.word,
      position: t.position,
      token_type: t.tokenType,
      out: t.out,
    },
    workgroups: () => workgroupsFor((batch.current.tokens * WIDTH) / 4, 64),
    flops: () => 2 * batch.current.tokens * WIDTH,
    bytes: () => 16 * batch.current.tokens * WIDTH,
  });
}

/** Records gradTable[id] += gradOut of each token with that id.  gradOut [tokens, width], gradTable [rows, width]. */
export function embeddingGradient(
  plan: Plan,
  occurrences: OccurrenceBuffers,
  t: { gradOut: Tensor; gradTable: Tensor },
  label: string,
): void {
  plan.dispatch({
    kernel: 'embedding_gradient',
    label,
    constants: { WIDTH: t.gradOut.shape[1]! },
    bindings: {
      batch: occurrences.count,
      row_ids: occurrences.rows,
      row_starts: occurrences.starts,
      occurrences: occurrences.tokens,
      grad_out: t.gradOut,
      grad_table: t.gradTable,
    },
    workgroups: () => workgroupsFor(occurrences.current, 1),
    flops: t.gradOut.size,
    bytes: 12 * t.gradOut.size,
  });
}

/**
 * Softmax attention and its gradients over packed sequences in float64, as the formula has it: scores of all pairs are made.
 * qkv [tokens, 3, heads, headSize], gradOut [tokens, heads, headSize].
 */
export function attentionTwin(
  qkv: ArrayLike<number>,
  gradOut: ArrayLike<number>,
  lengths: readonly number[],
  heads: number,
) {
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const hidden = gradOut.length / tokens;
  const size = hidden / heads;
  const out = new Float64Array(tokens * hidden);
  const logSum = new Float64Array(tokens * heads);
  const gradQkv = new Float64Array(tokens * 3 * hidden);
  const at = (t: number, part: number, h: number, d: number) => (t * 3 + part) * hidden + h * size + d;
  let start = 0;
  for (const length of lengths) {
    const end = start + length;
    for (let h = 0; h < heads; h++) {
      for (let i = start; i < end; i++) {
        const scores: number[] = [];
        for (let j = start; j < end; j++) {
          let s = 0;
          for (let d = 0; d < size; d++) s += qkv[at(i, 0, h, d)]! * qkv[at(j, 1, h, d)]!;
          scores.push(s / Math.sqrt(size));
        }
        const highest = Math.max(...scores);
        const sum = scores.reduce((a, s) => a + Math.exp(s - highest), 0);
        logSum[i * heads + h] = highest + Math.log(sum);
        const p = scores.map((s) => Math.exp(s - highest) / sum);
        const dp = p.map((_, j) => {
          let g = 0;
          for (let d = 0; d < size; d++) g += gradOut[i * hidden + h * size + d]! * qkv[at(start + j, 2, h, d)]!;
          return g;
        });
        const delta = p.reduce((a, v, j) => a + v * dp[j]!, 0);
        p.forEach((v, j) => {
          const ds = (v * (dp[j]! - delta)) / Math.sqrt(size);
          for (let d = 0; d < size; d++) {
            const g = gradOut[i * hidden + h * size + d]!;
            out[i * hidden + h * size + d]! += v * qkv[at(start + j, 2, h, d)]!;
            gradQkv[at(i, 0, h, d)]! += ds * qkv[at(start + j, 1, h, d)]!;
            gradQkv[at(start + j, 1, h, d)]! += ds * qkv[at(i, 0, h, d)]!;
            gradQkv[at(start + j, 2, h, d)]! += v * g;
          }
        });
      }
    }
    start = end;
  }
  return { out, logSum, gradQkv };
}

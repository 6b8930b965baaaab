// Embedding sum: out[t, e] = word[word_id(t), e] + position[position_id(t), e] + token_type[token_type_id(t), e]
//
//   batch.tokens  number of tokens T in this batch
//   ids           [T, 3] u32: word id, position id, token-type id of each token
//   word          [vocabulary, WIDTH]   position [positions, WIDTH]   token_type [types, WIDTH]
//   out           [T, WIDTH]
//
// Overrides: WIDTH, the embedding size E, a multiple of 4.
// Dispatch: ceil(T · WIDTH / 4 / 64) workgroups.
// Source: Devlin et al. 2019 (BERT), figure 2; ALBERT keeps it at the smaller width E (Lan et al. 2020, section 3.1).

override WIDTH: u32 = 128u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> word: array<vec4f>;
@group(0) @binding(3) var<storage, read> position: array<vec4f>;
@group(0) @binding(4) var<storage, read> token_type: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let vecs = WIDTH / 4u;
  let i = id.x + id.y * groups.x * 64u;
  let token = i / vecs;
  if token >= batch.tokens { return; }
  let e = i % vecs;
  out[i] = word[ids[token * 3u] * vecs + e]
    + position[ids[token * 3u + 1u] * vecs + e]
    + token_type[ids[token * 3u + 2u] * vecs + e];
}

/** Tagging in ONNX Runtime on the CPU, what transformers.js uses in Node; the model is the ONNX file `sizes.model`. */
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { serve, sizes } from './protocol.mjs';

const { tokens, length, vocabulary } = sizes;
const shape = [tokens / length, length];
const fill = (value) => new ort.Tensor('int64', BigInt64Array.from({ length: tokens }, value), shape);
const session = await ort.InferenceSession.create(sizes.model);
const [attention_mask, token_type_ids] = [fill(() => 1n), fill(() => 0n)];
const { version } = JSON.parse(
  readFileSync(new URL('package.json', import.meta.resolve('onnxruntime-node/package.json'))),
);

await serve(
  { name: `ONNX Runtime ${version}`, adapter: 'CPU' },
  {
    infer: async () => {
      const input_ids = fill(() => BigInt(5 + Math.floor(Math.random() * (vocabulary - 5))));
      await session.run({ input_ids, attention_mask, token_type_ids });
    },
  },
);

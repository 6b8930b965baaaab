/** What runs anywhere that WebGPU does: model, training step, pipeline, tokenizer, metrics. For Node, see index_node.ts. */
export { AlbertModel } from './albert/model.ts';
export { UsageError, UserError } from './errors.ts';
export { conllevalReport } from './evaluation/conlleval.ts';
export { scoreEntities } from './evaluation/scores.ts';
export { type AlbertConfig, parseAlbertConfig } from './formats/albert_config.ts';
export { readSafetensors, writeSafetensors } from './formats/safetensors.ts';
export { Gpu } from './gpu/device.ts';
export { openWebGpu } from './gpu/open_web.ts';
export { Plan } from './gpu/plan.ts';
export { SequenceClassifier } from './inference/classifier.ts';
export type { Entity, GroupedEntity, Strategy, TokenEntity } from './inference/entities.ts';
export { type PipelineOptions, TokenClassificationPipeline } from './inference/pipeline.ts';
export { AlbertTokenizer } from './tokenizer/tokenizer.ts';
export { Trainer } from './training/trainer.ts';

/** What runs anywhere that WebGPU does: model, its files, training step, pipeline, tokenizer, metrics. For Node, see index_node.ts. */
export { loadModel } from './albert/load.ts';
export { AlbertModel } from './albert/model.ts';
export { UsageError, UserError } from './errors.ts';
export { conllevalReport } from './evaluation/conlleval.ts';
export { scoreEntities } from './evaluation/scores.ts';
export { type AlbertConfig, parseAlbertConfig } from './formats/albert_config.ts';
export { type FileContent, type FileSource, memorySource } from './formats/file_source.ts';
export {
  loadModelFolder,
  loadTokenClassifier,
  type ModelFolder,
  type ModelToWrite,
  modelFolderFiles,
} from './formats/model_folder.ts';
export { readSafetensors, writeSafetensors } from './formats/safetensors.ts';
export { Gpu } from './gpu/device.ts';
export { ActivationPool } from './gpu/memory.ts';
export { openWebGpu } from './gpu/open_web.ts';
export { Plan } from './gpu/plan.ts';
export type { TuningOptions, TuningStore } from './gpu/tuning.ts';
export { SequenceClassifier } from './inference/classifier.ts';
export type { Entity, GroupedEntity, Strategy, TokenEntity } from './inference/entities.ts';
export { type LoadOptions, loadPipeline, loadTagger, loadTokenizer, type Tagger } from './inference/load.ts';
export { type PipelineOptions, TokenClassificationPipeline } from './inference/pipeline.ts';
export { AlbertTokenizer } from './tokenizer/tokenizer.ts';
export { tokenizerFiles } from './tokenizer/tokenizer_files.ts';
export {
  type StepBatches,
  type StepResult,
  Trainer,
  type TrainerOptions,
  type TrainingSequence,
} from './training/trainer.ts';

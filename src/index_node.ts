/** index.ts, and what Node adds: adapters found by themselves, model folders, whole training runs. */
export { folderSource, writeFolder } from './formats/folder_node.ts';
export { describeAdapter, openGpu } from './gpu/open_node.ts';
export { fileStore } from './gpu/tuning_node.ts';
export * from './index.ts';
export { type PipelineLoadOptions, pipeline } from './inference/pipeline_node.ts';
export { resolveSettings } from './training/resolve.ts';
export { runTraining } from './training/run_node.ts';

/** Settings that go together, by name. */
import type { TrainingSettings } from './settings.ts';

export const TRAINING_PRESETS: Record<string, Partial<TrainingSettings>> = {
  /** What the program does without any data of one's own: a few minutes on two slow cores. */
  sample: {
    size: 'tiny',
    num_train_epochs: 10,
    learning_rate: 2e-3,
    warmup_ratio: 0.1,
    weight_decay: 0.01,
    per_device_train_batch_size: 16,
    logging_steps: 10,
  },
  /** A small model from random weights on some ten thousand sentences: minutes on two cores with lavapipe. */
  scratch: {
    size: 'small',
    num_train_epochs: 3,
    per_device_train_batch_size: 32,
    learning_rate: 1e-3,
    warmup_ratio: 0.1,
    weight_decay: 0.01,
  },
  /** The German notebook that this package replaces: transformers 3.4's run_tf_ner with these flags. */
  'germeval-notebook': {
    max_seq_length: 128,
    per_device_train_batch_size: 32,
    num_train_epochs: 3,
    learning_rate: 5e-5,
    seed: 42,
    logging_steps: 100,
    save_steps: 100,
  },
};

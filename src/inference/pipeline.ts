/** pipeline("token-classification"): texts in, entities out. */
import type { AlbertModel } from '../albert/model.ts';
import { UserError } from '../errors.ts';
import { windows as cutWindows } from '../tokenizer/encoding.ts';
import type { AlbertTokenizer } from '../tokenizer/tokenizer.ts';
import { requireVocabularyFits } from '../tokenizer/vocabulary_fit.ts';
import type { SequenceClassifier } from './classifier.ts';
import type { Entity, Strategy } from './entities.ts';
import { answerAsTransformers, type Window } from './transformers_mode.ts';
import { groupWords, labelWords, type WordWindow, wordWindows } from './word_mode.ts';
import { splitWords } from './words.ts';

export interface PipelineOptions {
  /** Default: first in the default mode, none in transformers' mode. */
  aggregationStrategy?: Strategy;
  /** Answer exactly as transformers does, quirks included; start and end then count code points. Strategy none always does. */
  asTransformers?: boolean;
  /** Labels (strategy none) or types that are left out. */
  ignoreLabels?: readonly string[];
  /** In transformers' mode: pieces that neighbouring windows of a long text share. Without it what passes the window is cut off. */
  stride?: number;
}

/** Words of one sentence with the labels that the model gives them. */
export interface TaggedWords {
  words: readonly string[];
  labels: string[];
  scores: number[];
}

export class TokenClassificationPipeline {
  readonly model: AlbertModel;
  readonly tokenizer: AlbertTokenizer;
  /** Lets the device go where the pipeline opened it. Answer nothing after. */
  readonly close: () => void;
  readonly #classifier: SequenceClassifier;
  /** Longest sequence the model is given, in pieces. */
  readonly #window: number;

  /** @param close lets go of what was opened for this pipeline. */
  constructor(
    model: AlbertModel,
    tokenizer: AlbertTokenizer,
    classifier: SequenceClassifier,
    window: number,
    close: () => void = () => {},
  ) {
    requireVocabularyFits(tokenizer, model.config.vocab_size, 'the model');
    this.model = model;
    this.close = close;
    this.tokenizer = tokenizer;
    this.#classifier = classifier;
    this.#window = Math.min(window, classifier.capacity, model.config.max_position_embeddings);
  }

  /** Entities of each text, in the order of the texts. */
  async answer(texts: readonly string[], options: PipelineOptions = {}): Promise<Entity[][]> {
    const strategy = options.aggregationStrategy ?? (options.asTransformers ? 'none' : 'first');
    if (options.asTransformers || strategy === 'none')
      return this.#answerAsTransformers(texts, { ...options, strategy });
    const split = texts.map(splitWords);
    const tagged = await this.#tag(
      split.map((words) => words.map((w) => w.text)),
      strategy,
    );
    return texts.map((text, i) => groupWords(text, split[i]!, tagged[i]!, options.ignoreLabels ?? ['O']));
  }

  /** The label of every word of sentences that are split already, as many as there are words. */
  async tag(sentences: readonly (readonly string[])[], strategy: Strategy = 'first'): Promise<TaggedWords[]> {
    const tagged = await this.#tag(sentences, strategy);
    return sentences.map((words, i) => ({
      words,
      labels: tagged[i]!.map((t) => t.label),
      scores: tagged[i]!.map((t) => t.score),
    }));
  }

  async #tag(
    sentences: readonly (readonly string[])[],
    strategy: Strategy,
  ): Promise<{ label: string; score: number }[][]> {
    const perText = sentences.map((words) => wordWindows(this.tokenizer.pieces(words), this.#window, this.tokenizer));
    const probabilities = await this.#classify(perText.flat());
    return perText.map((list, i) => {
      const windows = list.map((window: WordWindow) => ({ window, probabilities: probabilities.shift()! }));
      return labelWords(sentences[i]!.length, windows, this.model.config.labels, strategy);
    });
  }

  async #answerAsTransformers(
    texts: readonly string[],
    o: PipelineOptions & { strategy: Strategy },
  ): Promise<Entity[][]> {
    if (o.stride !== undefined && o.strategy === 'none') {
      throw new UserError('a stride joins windows by entities: choose an aggregation strategy other than none.');
    }
    const perText = texts.map((text): Window[] => {
      const cut = cutWindows(this.tokenizer.encode(text), this.#window, o.stride ?? 0);
      return o.stride === undefined ? cut.slice(0, 1) : cut;
    });
    const probabilities = await this.#classify(perText.flat());
    const options = {
      strategy: o.strategy,
      labels: this.model.config.labels,
      ignoreLabels: o.ignoreLabels ?? ['O'],
      unkId: this.tokenizer.unkId,
    };
    return perText.map((list, i) => {
      const windows = list.map((window) => ({ window, probabilities: probabilities.shift()! }));
      return answerAsTransformers(texts[i]!, windows, options);
    });
  }

  async #classify(sequences: readonly { ids: ArrayLike<number> }[]): Promise<Float32Array[]> {
    const result: Float32Array[] = [];
    for await (const { probabilities } of this.#classifier.classify(sequences)) result.push(probabilities);
    return result;
  }
}

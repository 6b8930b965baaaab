/**
 * README.md of a model folder: what the model is, how it was trained, what it scores, how to use it. The front matter is what
 * the Hugging Face hub reads. Source: huggingface/hub-docs, modelcard.md.
 */
import { stringify } from 'yaml';

/** As fractions of 1. */
export interface CardFigures {
  precision: number;
  recall: number;
  f1: number;
}

/** Scores over entities; src/evaluation's EntityScores is one. */
export interface CardScores {
  /** Of words' labels. */
  accuracy: number;
  /** Over all entities. */
  micro: CardFigures;
  /** Over the types, each counting alike. */
  macro: CardFigures;
  /** By type, with the entities of the gold labels. */
  types: ReadonlyMap<string, CardFigures & { gold: number }>;
}

export interface CardEvaluation {
  /** Such as "test". */
  split: string;
  scores: CardScores;
  /** Of a lookup baseline: each word its most frequent training label. */
  baseline?: CardScores;
}

export interface CardFacts {
  /** The model's name, such as `owner/albert-german-ner` or that of its folder. */
  name: string;
  /** The data's name, such as "GermEval 2014". */
  dataset: string;
  /** The data's name on the hub, where it has one. */
  datasetId?: string;
  /** ISO 639 codes. */
  languages?: readonly string[];
  /** SPDX name in small letters, as the hub has it. */
  license?: string;
  /** The model that training began from, by its name on the hub or else its folder's; random weights where there is none. */
  baseModel?: { name: string; onHub: boolean };
  labels: readonly string[];
  parameters: number;
  /** Sizes of the model, in a person's words. */
  sizes: string;
  /** Sentences of each split. */
  sentences: Readonly<Record<string, number>>;
  /** Settings of the run that matter to someone who wants to repeat it. */
  settings: Readonly<Record<string, string | number | boolean | null>>;
  evaluations: readonly CardEvaluation[];
  /** What is known to be wrong with the data or the model, besides what is said of every such model. */
  caveats?: readonly string[];
  /** A text to try it on. */
  example: string;
}

const percent = (value: number): string => (100 * value).toFixed(2);
const rounded = (value: number): number => Number(value.toFixed(6));
/** A text as a cell of a table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [
    `| ${head.join(' | ')} |`,
    `| ${head.map((_, i) => (i === 0 ? '---' : '---:')).join(' | ')} |`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ].join('\n');

/** Entity types of labels such as B-PER. */
const typesOf = (labels: readonly string[]): string[] => [
  ...new Set(labels.filter((label) => /^[A-Z]-/.test(label)).map((label) => label.slice(2))),
];

function frontMatter(facts: CardFacts): string {
  const { languages = [], evaluations } = facts;
  const results = evaluations.map(({ split, scores }) => ({
    task: { type: 'token-classification', name: 'Named-entity recognition' },
    dataset: {
      type: facts.datasetId ?? facts.dataset.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_'),
      name: facts.dataset,
      split,
    },
    metrics: (
      [
        ['precision', scores.micro.precision],
        ['recall', scores.micro.recall],
        ['f1', scores.micro.f1],
        ['accuracy', scores.accuracy],
      ] as const
    ).map(([type, value]) => ({ type, name: type === 'f1' ? 'F1' : type, value: rounded(value) })),
  }));
  const data = {
    ...(languages.length > 0 && { language: languages }),
    ...(facts.license && { license: facts.license }),
    library_name: 'transformers',
    pipeline_tag: 'token-classification',
    tags: ['albert', 'token-classification', 'named-entity-recognition', 'albert-webgpu'],
    // The hub refuses what is no name there.
    ...(facts.baseModel?.onHub && { base_model: facts.baseModel.name }),
    ...(facts.datasetId && { datasets: [facts.datasetId] }),
    metrics: ['precision', 'recall', 'f1', 'accuracy'],
    ...(results.length > 0 && { 'model-index': [{ name: facts.name.split('/').at(-1), results }] }),
  };
  // The hub reads YAML 1.1, where a bare `no`, Norwegian, would mean false.
  return `---\n${stringify(data, { version: '1.1', lineWidth: 0 })}---\n`;
}

function resultsOf({ split, scores, baseline }: CardEvaluation): string {
  const row = (name: string, own: CardFigures, gold: string, base: CardFigures | undefined) => [
    name,
    percent(own.precision),
    percent(own.recall),
    percent(own.f1),
    gold,
    ...(baseline ? [percent(base?.f1 ?? 0)] : []),
  ];
  const head = ['type', 'precision', 'recall', 'F1', 'entities', ...(baseline ? ['F1 of the lookup baseline'] : [])];
  const types = [...scores.types].map(([name, own]) => row(name, own, String(own.gold), baseline?.types.get(name)));
  const gold = [...scores.types.values()].reduce((sum, own) => sum + own.gold, 0);
  const rows = [
    ...types,
    row('all entities (micro)', scores.micro, String(gold), baseline?.micro),
    row('mean of types (macro)', scores.macro, '', baseline?.macro),
  ];
  return `On the ${split} set, in percent; accuracy of single labels ${percent(scores.accuracy)}.\n\n${table(head, rows)}`;
}

function caveatsOf(facts: CardFacts): string[] {
  const weak = facts.evaluations.flatMap(({ split, scores, baseline }) =>
    baseline && scores.micro.f1 <= baseline.micro.f1
      ? [
          `On the ${split} set the model does no better than looking up each word's most frequent training label ` +
            `(F1 ${percent(scores.micro.f1)} against ${percent(baseline.micro.f1)}): it has learnt little beyond word lists.`,
        ]
      : [],
  );
  const rare = facts.evaluations
    .filter(({ split }) => split === 'test' || facts.evaluations.length === 1)
    .flatMap(({ scores }) => [...scores.types].filter(([, { gold }]) => gold < 30).map(([name]) => name));
  return [
    ...weak,
    'The scores are agreement with labels that people set: such data has wrong and doubtful labels, so that a part of what counts ' +
      'as an error is right, and a part of what counts as right is not. Differences of a point of F1 can be chance.',
    ...(rare.length > 0
      ? [`Fewer than 30 entities of ${rare.join(', ')} were there to be scored: these figures mean little.`]
      : []),
    'An entity counts only where its first word, last word and type are all right. Every word of the data is scored.',
    'Other kinds of text than those of the training data give lower scores.',
    ...(facts.caveats ?? []),
  ];
}

const block = (language: string, ...lines: readonly string[]): string =>
  [`\`\`\`${language}`, ...lines, '```'].join('\n');

function useOf({ name, example }: CardFacts): string[] {
  const text = JSON.stringify(example); // means the same in TypeScript and in Python
  const model = JSON.stringify(name);
  const shell = `'${example.replaceAll("'", "'\\''")}'`;
  return [
    'In albert-webgpu (TypeScript, WebGPU):',
    block('sh', `npx tsx scripts/predict.ts --model ${name} ${shell}`),
    block(
      'ts',
      "import { pipeline } from 'albert-webgpu/node';",
      '',
      `const ner = await pipeline('token-classification', ${model});`,
      `console.log(await ner.answer([${text}]));`,
      'ner.close();',
    ),
    'In transformers (Python):',
    block(
      'python',
      'from transformers import pipeline',
      '',
      `ner = pipeline("token-classification", model=${model}, aggregation_strategy="simple")`,
      `print(ner(${text}))`,
    ),
    `In ONNX Runtime (Python), after \`npx tsx scripts/export.ts --model ${name} --output-dir onnx-model\`:`,
    block(
      'python',
      'import json',
      'import onnxruntime',
      'from transformers import AutoTokenizer',
      '',
      `encoded = AutoTokenizer.from_pretrained("onnx-model")(${text}, return_tensors="np", return_token_type_ids=True)`,
      'session = onnxruntime.InferenceSession("onnx-model/onnx/model.onnx")',
      'logits = session.run(["logits"], {i.name: encoded[i.name] for i in session.get_inputs()})[0]',
      'labels = json.load(open("onnx-model/config.json"))["id2label"]',
      'print([labels[str(i)] for i in logits[0].argmax(-1)])',
    ),
  ];
}

/** The text of README.md. */
export function modelCard(facts: CardFacts): string {
  const { name, dataset, labels, parameters, sizes, baseModel } = facts;
  const types = typesOf(labels);
  const splits = Object.entries(facts.sentences).map(([split, count]) => `${count} ${split}`);
  const settings = Object.entries(facts.settings)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => [`\`${key}\``, String(value)]);
  const sections = [
    `# ${name.split('/').at(-1)}`,
    `ALBERT (Lan et al. 2020) for named-entity recognition, ${parameters.toLocaleString('en')} parameters (${sizes}), trained on ${dataset}. ` +
      `It finds ${types.length > 0 ? `entities of ${types.length} types: ${types.join(', ')}` : `${labels.length} labels: ${labels.join(', ')}`}.`,
    '## Results',
    ...(facts.evaluations.length > 0 ? facts.evaluations.map(resultsOf) : ['Not evaluated.']),
    '## Caveats',
    caveatsOf(facts)
      .map((line) => `- ${line}`)
      .join('\n'),
    '## Training',
    `Trained with albert-webgpu on ${dataset} (sentences: ${splits.join(', ') || 'not stated'}) from ` +
      `${baseModel ? `the weights of ${baseModel.name}` : 'random weights'}. Settings have the names of transformers' run_ner.`,
    ...(settings.length > 0 ? [table(['setting', 'value'], settings)] : []),
    '## Use',
    ...useOf(facts),
  ];
  return `${frontMatter(facts)}\n${sections.join('\n\n')}\n`;
}

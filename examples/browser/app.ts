/** Tags what is typed, in the page: the model's files are fetched once, everything else happens on this machine's GPU. */
import {
  type Entity,
  loadPipeline,
  memorySource,
  openWebGpu,
  type TokenClassificationPipeline,
  UserError,
} from '../../src/index.ts';

const MODEL = 'model';
const NEEDED = ['config.json', 'model.safetensors'];
/** A folder has tokenizer.json, or spiece.model alone. */
const OPTIONAL = ['tokenizer.json', 'tokenizer_config.json', 'spiece.model'];

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const status = element('status');
const text = element<HTMLTextAreaElement>('text');
const button = element<HTMLButtonElement>('tag');
const marked = element('marked');

function say(message: string, isError = false): void {
  status.textContent = message;
  status.className = isError ? 'error' : '';
}

async function fetchFile(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const url = new URL(`${MODEL}/${name}`, location.href);
  try {
    const response = await fetch(url);
    if (response.status === 404) return undefined;
    if (!response.ok) throw new UserError(`${url} answers ${response.status} ${response.statusText}.`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`${url} can't be fetched (${why}): is the server still running? Then load the page again.`);
  }
}

async function load(): Promise<{ pipeline: TokenClassificationPipeline; adapter: string }> {
  const gpu = await openWebGpu();
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const name of [...NEEDED, ...OPTIONAL]) {
    say(`Fetching ${name} …`);
    const content = await fetchFile(name);
    if (content) files[name] = content;
    else if (NEEDED.includes(name)) throw new UserError(`${MODEL}/${name} is not there: is it a model folder?`);
  }
  say('Sending the model to the GPU …');
  return { pipeline: await loadPipeline(gpu, memorySource(files)), adapter: gpu.adapter.name };
}

/** A color for a type of entity, the same in every text. */
function hueOf(type: string): number {
  let hash = 7;
  for (const letter of type) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}

/** The text with its entities marked; all of it as text, never as HTML. */
function show(source: string, entities: readonly Entity[]): void {
  marked.replaceChildren();
  let at = 0;
  for (const entity of entities) {
    if (!('entity_group' in entity) || entity.start === null || entity.end === null) continue;
    marked.append(source.slice(at, entity.start));
    const mark = document.createElement('mark');
    mark.style.setProperty('--hue', String(hueOf(entity.entity_group)));
    mark.append(source.slice(entity.start, entity.end));
    const type = document.createElement('small');
    type.textContent = `${entity.entity_group} ${entity.score.toFixed(2)}`;
    mark.dataset.score = String(entity.score);
    mark.append('\u00a0', type); // a word and its type stay on one line
    marked.append(mark);
    at = entity.end;
  }
  marked.append(source.slice(at));
}

try {
  const { pipeline, adapter } = await load();
  let busy = false;
  const tag = async (): Promise<void> => {
    if (busy) return; // the button stays enabled, or it would lose the keyboard's focus
    busy = true;
    try {
      const source = text.value;
      const began = performance.now();
      const [entities = []] = await pipeline.answer([source]);
      show(source, entities);
      const found = `${entities.length} ${entities.length === 1 ? 'entity' : 'entities'}`;
      say(`${found} in ${Math.round(performance.now() - began)} ms on ${adapter}.`);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
    } finally {
      busy = false;
    }
  };
  element<HTMLFormElement>('form').addEventListener('submit', (event) => {
    event.preventDefault();
    void tag();
  });
  say(`Ready, on ${adapter}.`);
  button.disabled = false;
} catch (error) {
  if (!(error instanceof UserError)) console.error(error);
  say(error instanceof Error ? error.message : String(error), true);
}

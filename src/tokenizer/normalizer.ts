/**
 * The normalisers that tokenizer.json names, each applied to an AlignedText, as Hugging Face's tokenizers (Rust) applies
 * them: quotes, compatibility decomposition, accents, lower case, SentencePiece's own table, spaces.
 */
import { base64Decode } from '@bufbuild/protobuf/wire';
import { UserError } from '../errors.ts';
import { AlignedText, codePointsOf } from './aligned_text.ts';
import { Charsmap } from './charsmap.ts';
import type { NormalizerJson, PatternJson } from './tokenizer_json.ts';
import { decomposition, isCombiningMark } from './unicode.ts';

export type Normalizer = (text: AlignedText) => AlignedText;

/** The normaliser that `json` describes; null leaves a text as it is. Throws a UserError for a kind ALBERT never has. */
export function makeNormalizer(json: NormalizerJson | null): Normalizer {
  if (json === null) return (text) => text;
  switch (json.type) {
    case 'Sequence': {
      const steps = json.normalizers.map(makeNormalizer);
      return (text) => steps.reduce((before, step) => step(before), text);
    }
    case 'Replace':
      return replace(json.pattern, json.content);
    case 'NFD':
    case 'NFKD':
      return decompose(json.type);
    case 'StripAccents':
      return stripAccents;
    case 'Lowercase':
      return lowercase;
    case 'Precompiled': {
      if (!json.precompiled_charsmap) return (text) => text;
      const charsmap = new Charsmap(decodeBase64(json.precompiled_charsmap));
      return (text) => charsmap.apply(text);
    }
  }
}

function decodeBase64(text: string): Uint8Array {
  try {
    return base64Decode(text);
  } catch {
    throw new UserError('tokenizer.json: precompiled_charsmap is not base64; take the file anew');
  }
}

/** Every match of `pattern` becomes `content`, whose characters all take the span of the match's last character. */
function replace(pattern: PatternJson, content: string): Normalizer {
  const regex = matcher(pattern);
  const inserted = codePointsOf(content);
  return (text) => {
    const string = text.toString();
    const found = [...string.matchAll(regex)].filter(([match]) => match.length > 0);
    if (found.length === 0) return text;
    const codePoints: number[] = [];
    const starts: number[] = [];
    const ends: number[] = [];
    let unit = 0; // position in `string`, in UTF-16 units
    let old = 0; // the same position, in characters
    const advance = (to: number, keep: boolean): void => {
      while (unit < to) {
        if (keep) {
          codePoints.push(text.codePoints[old]!);
          starts.push(text.starts[old]!);
          ends.push(text.ends[old]!);
        }
        unit += text.codePoints[old++]! > 0xffff ? 2 : 1;
      }
    };
    for (const match of found) {
      advance(match.index, true);
      advance(match.index + match[0].length, false);
      for (const codePoint of inserted) {
        codePoints.push(codePoint);
        starts.push(text.starts[old - 1]!);
        ends.push(text.ends[old - 1]!);
      }
    }
    advance(string.length, true);
    return new AlignedText(codePoints, starts, ends, text.base);
  };
}

function matcher(pattern: PatternJson): RegExp {
  if ('String' in pattern) return new RegExp(pattern.String.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'gu');
  try {
    return new RegExp(pattern.Regex, 'gu');
  } catch {
    throw new UserError(
      `tokenizer.json: the normaliser replaces the pattern ${JSON.stringify(pattern.Regex)}, which is not a regular ` +
        'expression that JavaScript knows',
    );
  }
}

/** Canonical or compatibility decomposition. */
function decompose(form: 'NFD' | 'NFKD'): Normalizer {
  return (text) => {
    const codePoints: number[] = [];
    const changes: number[] = [];
    let changed = false;
    for (const old of text.codePoints) {
      const parts = old < 0xa0 ? [old] : codePointsOf(decomposition(String.fromCodePoint(old), form));
      changed ||= parts.length > 1 || parts[0] !== old;
      for (const [i, part] of parts.entries()) {
        codePoints.push(part);
        changes.push(i > 0 ? 1 : 0);
      }
    }
    // Several combining marks are put in canonical order; their number stays.
    const ordered = codePointsOf(decomposition(text.toString(), form));
    changed ||= ordered.some((codePoint, i) => codePoint !== codePoints[i]);
    return changed ? text.edit(ordered, changes) : text;
  };
}

/** Takes away every combining mark. */
function stripAccents(text: AlignedText): AlignedText {
  const codePoints: number[] = [];
  const changes: number[] = [];
  let removed = 0;
  for (const codePoint of text.codePoints) {
    if (!isCombiningMark(codePoint)) {
      codePoints.push(codePoint);
      changes.push(0);
    } else if (codePoints.length === 0) {
      removed++;
    } else {
      changes[changes.length - 1]!--;
    }
  }
  return codePoints.length === text.length ? text : text.edit(codePoints, changes, removed);
}

/** Lower case, character by character: no final sigma, as in tokenizers. */
function lowercase(text: AlignedText): AlignedText {
  const codePoints: number[] = [];
  const changes: number[] = [];
  for (const old of text.codePoints) {
    if (old < 0x80) {
      codePoints.push(old >= 0x41 && old <= 0x5a ? old + 0x20 : old);
      changes.push(0);
      continue;
    }
    for (const [i, part] of codePointsOf(String.fromCodePoint(old).toLowerCase()).entries()) {
      codePoints.push(part);
      changes.push(i > 0 ? 1 : 0);
    }
  }
  return text.edit(codePoints, changes);
}

/**
 * Reads a SentencePiece model (spiece.model): the protobuf message ModelProto of sentencepiece_model.proto, as far as a
 * tokenizer needs it.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { UserError } from '../errors.ts';

export type PieceType = 'normal' | 'unknown' | 'control' | 'user-defined' | 'unused' | 'byte';
export type SentencePieceModelType = 'unigram' | 'bpe' | 'word' | 'char';
export interface Piece {
  piece: string;
  /** Log probability in a unigram model, as float32. */
  score: number;
  type: PieceType;
}
export interface SentencePieceModel {
  /** In the order of their ids. */
  pieces: Piece[];
  modelType: SentencePieceModelType;
  byteFallback: boolean;
  /** Ids of the trainer's special pieces; -1 for one that there isn't. */
  unkId: number;
  bosId: number;
  eosId: number;
  padId: number;
  normalizer: {
    /** Such as nmt_nfkc. */
    name: string;
    /** Table of replacements; empty where there is none. Its layout stands in src/tokenizer/charsmap.ts. */
    precompiledCharsmap: Uint8Array;
    addDummyPrefix: boolean;
    removeExtraWhitespaces: boolean;
    escapeWhitespaces: boolean;
  };
}

const PIECE_TYPES: Record<number, PieceType> = {
  1: 'normal',
  2: 'unknown',
  3: 'control',
  4: 'user-defined',
  5: 'unused',
  6: 'byte',
};
const MODEL_TYPES: Record<number, SentencePieceModelType> = { 1: 'unigram', 2: 'bpe', 3: 'word', 4: 'char' };

/** Receives a field's number; reads its value and returns true, or leaves it to be skipped. */
type FieldReader = (field: number, reader: BinaryReader) => boolean;

/**
 * Reads the bytes of a SentencePiece model. `name` stands in the messages. Throws a UserError for a file that is no such
 * model, or a damaged one.
 */
export function readSentencePiece(bytes: Uint8Array, name = 'spiece.model'): SentencePieceModel {
  if (startsWith(bytes, 'version https://git-lfs'))
    throw new UserError(
      `${name} is a Git LFS pointer and not the file itself: run "git lfs pull" in its repository, or download it anew`,
    );
  const model: SentencePieceModel = {
    pieces: [],
    modelType: 'unigram',
    byteFallback: false,
    unkId: 0,
    bosId: 1,
    eosId: 2,
    padId: -1,
    normalizer: {
      name: '',
      precompiledCharsmap: new Uint8Array(),
      addDummyPrefix: true,
      removeExtraWhitespaces: true,
      escapeWhitespaces: true,
    },
  };
  try {
    readMessage(bytes, (field, reader) => {
      if (field === 1) model.pieces.push(readPiece(reader.bytes()));
      else if (field === 2) readTrainer(reader.bytes(), model);
      else if (field === 3) readNormalizer(reader.bytes(), model);
      else return false;
      return true;
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `${name} (${bytes.byteLength} bytes) is no SentencePiece model, or a damaged one: ${reason}; take the file anew`,
    );
  }
  if (model.pieces.length === 0)
    throw new UserError(`${name} (${bytes.byteLength} bytes) is no SentencePiece model: it has no pieces`);
  return model;
}

function readMessage(bytes: Uint8Array, readField: FieldReader): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.EndGroup) throw new Error(`a group ends at byte ${reader.pos} that never began`);
    if (!readField(field, reader)) reader.skip(wireType, field);
  }
}

function readPiece(bytes: Uint8Array): Piece {
  const piece: Piece = { piece: '', score: 0, type: 'normal' };
  readMessage(bytes, (field, reader) => {
    if (field === 1) piece.piece = reader.string();
    else if (field === 2) piece.score = reader.float();
    else if (field === 3) piece.type = known(PIECE_TYPES, reader.int32(), 'type of a piece');
    else return false;
    return true;
  });
  return piece;
}

function readTrainer(bytes: Uint8Array, model: SentencePieceModel): void {
  readMessage(bytes, (field, reader) => {
    if (field === 3) model.modelType = known(MODEL_TYPES, reader.int32(), 'type of model');
    else if (field === 35) model.byteFallback = reader.bool();
    else if (field === 40) model.unkId = reader.int32();
    else if (field === 41) model.bosId = reader.int32();
    else if (field === 42) model.eosId = reader.int32();
    else if (field === 43) model.padId = reader.int32();
    else return false;
    return true;
  });
}

function readNormalizer(bytes: Uint8Array, { normalizer }: SentencePieceModel): void {
  readMessage(bytes, (field, reader) => {
    if (field === 1) normalizer.name = reader.string();
    else if (field === 2) normalizer.precompiledCharsmap = reader.bytes();
    else if (field === 3) normalizer.addDummyPrefix = reader.bool();
    else if (field === 4) normalizer.removeExtraWhitespaces = reader.bool();
    else if (field === 5) normalizer.escapeWhitespaces = reader.bool();
    else return false;
    return true;
  });
}

function known<T>(names: Record<number, T>, number: number, what: string): T {
  const name = names[number];
  if (name === undefined) throw new Error(`${number} is no ${what}`);
  return name;
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  [...text].every((character, i) => bytes[i] === character.charCodeAt(0));

import { truncateIds } from '../data/sentence-store.js';
import { splitWhitespace, trimWhitespace } from '../data/whitespace.js';
import type { SentencePhrases } from '../search/index.js';
import type { TranslationTask } from '../tasks/translation.js';
import type { TextCodec } from '../text/codec.js';

/** An encoded line of text. */
export interface SourceLine {
  /** Its number among the lines that a search reads, from 0: sampling depends on it. */
  readonly number: number;
  readonly ids: Int32Array; // [tokens], ends with </s>
  readonly words: readonly string[]; // [tokens], without </s>
  /** Phrases that the translation must contain. */
  readonly phrases: SentencePhrases;
  /** The number of translations that are wanted; default: `nbest` of the search. */
  readonly nbest?: number;
}

/** A phrase in the target language. */
export interface EncodedPhrase {
  readonly ids: Int32Array; // [tokens], without </s>
  readonly tokens: readonly string[]; // [tokens]
}

/** How lines become source sentences. */
export interface LineReading {
  readonly task: Pick<TranslationTask, 'sourceDictionary' | 'targetDictionary' | 'options'>;
  readonly codec: TextCodec;
  /** Whether tab-separated phrases follow the source. */
  readonly hasPhrases: boolean;
}

/** Encodes `source` or, with `--constraints`, `source<TAB>phrase<TAB>phrase …`. The codec encodes phrases too. */
export function readSourceLine(line: string, number: number, { task, codec, hasPhrases }: LineReading): SourceLine {
  const [source = '', ...phrases] = hasPhrases ? trimWhitespace(line).split('\t') : [trimWhitespace(line)];
  const tokens = codec.encode(source);
  const { truncateSource, maxSourcePositions } = task.options;
  const ids = task.sourceDictionary.encodeLine(tokens);
  return {
    number,
    ids: truncateSource ? truncateIds(ids, maxSourcePositions) : ids,
    words: splitWhitespace(tokens),
    phrases: phrases
      .map((phrase) => task.targetDictionary.encodeLine(codec.encode(phrase)).slice(0, -1))
      .filter((phrase) => phrase.length > 0),
  };
}

/** Encodes a phrase in the target language; null if it is empty or has tokens that the dictionary lacks. */
export function encodePhrase(
  phrase: string,
  { task, codec }: Pick<LineReading, 'task' | 'codec'>,
): EncodedPhrase | null {
  const tokens = codec.encodePhrase(phrase);
  const ids = task.targetDictionary.encodeLine(tokens).slice(0, -1);
  if (ids.length === 0 || ids.includes(task.targetDictionary.unkIndex)) return null;
  return { ids, tokens: splitWhitespace(tokens) };
}

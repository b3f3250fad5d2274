import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { TEXT_FORMATS } from '../inference/text-options.js';
import { HttpError } from './http-error.js';

/** The most texts in a request. */
const MOST_TEXTS = 10_000;

const described = <const T extends v.GenericSchema>(schema: T, description: string) =>
  v.pipe(schema, v.description(description));

const texts = described(
  v.union(
    [v.string(), v.pipe(v.array(v.string()), v.maxLength(MOST_TEXTS))],
    'it is neither a string nor a list of strings',
  ),
  'one text, or several',
);
const language = described(v.string(), 'a language code, e.g. de');
const count = (least: number, description: string) =>
  described(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(100)), description);

/** The most phrases that a translation must contain. */
const MOST_PHRASES = 20;

const phraseList = v.pipe(v.array(v.string()), v.maxLength(MOST_PHRASES, `there are more than ${MOST_PHRASES}`));
const phrases = described(
  v.union([phraseList, v.array(phraseList)], 'it is neither a list of strings nor one for each text'),
  'phrases in the target language that each translation must contain; or a list of phrases for each text',
);
const NO_STREAM = 'a stream takes plain text without phrases';

const choice = {
  model: v.optional(described(v.string(), 'the name of a model; default: the first that fits the languages')),
  source: v.optional(language),
  target: v.optional(language),
  nbest: v.optional(count(1, 'translations of each sentence, best first; at most as many as the beam')),
};

/** A request in the form of this server. */
export const ownRequest = v.object({
  text: texts,
  ...choice,
  format: v.optional(
    described(
      v.picklist(TEXT_FORMATS, `it is not ${TEXT_FORMATS.join(', ')}`),
      'the blocks of markdown and html stay as they are; inline marks are dropped',
    ),
  ),
  phrases: v.optional(phrases),
});

/** A request as LibreTranslate's clients send it; forms have numbers as text. */
export const libreTranslateRequest = v.object({
  q: texts,
  source: language,
  target: language,
  format: v.optional(v.picklist(['text', 'html'], 'it is neither text nor html')),
  phrases: v.optional(phrases),
  alternatives: v.optional(
    v.pipe(v.union([v.number(), v.string()]), v.transform(Number), count(0, 'further translations')),
  ),
});

/** A request whose sentences are sent as they get ready. */
export const streamRequest = v.object({
  text: described(v.string(), 'one text'),
  ...choice,
  format: v.optional(v.literal('plain', NO_STREAM)),
  phrases: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(0, NO_STREAM))),
});

const sentence = v.object({
  source: v.string(),
  text: v.string(),
  score: described(v.nullable(v.number()), 'Σ log₂ p / length; null if the sentence was not translated'),
  unknownRatio: described(v.number(), "the share of the source's tokens that the model does not know"),
  placeholders: described(
    v.picklist(['none', 'kept', 'forced', 'lost']),
    'whether the model kept placeholders such as {0}, a second search had to force them, or some are lost',
  ),
  lost: described(v.array(v.string()), 'placeholders of the source that the translation lacks'),
  problem: described(v.nullable(v.string()), 'why the sentence was not translated'),
  line: v.optional(described(v.number(), 'in a document: the line in which its text begins')),
  tokens: v.array(v.string()),
  tokenScores: described(v.array(v.number()), 'log₂ p'),
  nbest: v.array(v.object({ text: v.string(), score: v.number() })),
});

const ownAnswer = v.object({
  model: v.string(),
  translations: v.array(
    v.object({
      text: v.string(),
      unknownRatio: v.number(),
      droppedMarks: v.optional(
        described(
          v.object({ count: v.number(), line: v.number() }),
          'inline marks that the translation lacks, and the line of the first',
        ),
      ),
      sentences: v.array(sentence),
    }),
  ),
});

const libreTranslateAnswer = v.object({
  translatedText: texts,
  alternatives: v.optional(v.array(v.unknown())),
  detectedLanguage: v.optional(v.unknown()),
});

const error = described(v.object({ error: v.string() }), 'one line that says what is wrong');

/** The documentation of a route for OpenAPI. */
export const documented = (summary: string, body: v.GenericSchema, answer: v.GenericSchema): object => ({
  summary,
  body: schemaOf(body),
  response: {
    200: schemaOf(answer),
    ...Object.fromEntries([400, 401, 408, 413, 415, 429, 500, 503].map((status) => [status, schemaOf(error)])),
  },
});

/** The documentation of `/translate`. */
export const translateSchema = documented(
  'translates texts; also answers clients of LibreTranslate',
  v.union([ownRequest, libreTranslateRequest]),
  v.union([ownAnswer, libreTranslateAnswer]),
);
/** The documentation of `/translate/stream`. */
export const streamSchema = documented(
  'translates a text and sends its parts as they get ready, as lines of JSON or server-sent events',
  streamRequest,
  v.union([sentence, described(v.object({ text: v.string() }), 'what lies between sentences')]),
);

/** The documentation of `/health`. */
export const healthSchema = {
  summary: 'says whether the server works, on which devices, and with how much memory',
  response: {
    503: schemaOf(
      v.object({ status: v.literal('failed'), error: described(v.string(), 'why a model can no longer translate') }),
    ),
    200: schemaOf(
      v.object({
        status: v.literal('ok'),
        models: v.array(
          v.object({
            name: v.string(),
            source: language,
            target: language,
            device: v.string(),
            memory: v.object({ weights: described(v.number(), 'bytes; the first translation loads the weights') }),
          }),
        ),
        memory: v.object({
          process: described(v.number(), 'resident memory of the process, in bytes'),
          buffers: described(v.number(), 'array buffers of the thread that computes, in bytes'),
        }),
      }),
    ),
  },
};

function schemaOf(schema: v.GenericSchema): object {
  const { $schema: _, ...json } = toJsonSchema(schema, { errorMode: 'ignore' });
  return json;
}

/** Checks the body of a request. @throws HttpError with status 400 that names the entry */
export function parseBody<const T extends v.GenericSchema>(schema: T, body: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  if (where === null) throw new HttpError(400, 'the body is not an object; see /docs');
  throw new HttpError(
    400,
    `${where} ${issue.input === undefined ? 'is missing' : `is wrong: ${issue.message}`}; see /docs`,
  );
}

import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
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

const choice = {
  model: v.optional(described(v.string(), 'the name of a model; default: the first that fits the languages')),
  source: v.optional(language),
  target: v.optional(language),
  nbest: v.optional(count(1, 'translations of each sentence, best first; at most as many as the beam')),
};

/** A request in the form of this server. */
export const ownRequest = v.object({ text: texts, ...choice });

/** A request as LibreTranslate's clients send it; forms have numbers as text. */
export const libreTranslateRequest = v.object({
  q: texts,
  source: language,
  target: language,
  format: v.optional(described(v.picklist(['text', 'html'], 'it is not text'), 'text')),
  alternatives: v.optional(
    v.pipe(v.union([v.number(), v.string()]), v.transform(Number), count(0, 'further translations')),
  ),
});

/** A request whose sentences are sent as they get ready. */
export const streamRequest = v.object({ text: described(v.string(), 'one text'), ...choice });

const sentence = v.object({
  source: v.string(),
  text: v.string(),
  score: described(v.nullable(v.number()), 'Σ log₂ p / length; null if the sentence was not translated'),
  unknownRatio: described(v.number(), "the share of the source's tokens that the model does not know"),
  lost: described(v.array(v.string()), 'placeholders of the source that the translation lacks'),
  problem: described(v.nullable(v.string()), 'why the sentence was not translated'),
  tokens: v.array(v.string()),
  tokenScores: described(v.array(v.number()), 'log₂ p'),
  nbest: v.array(v.object({ text: v.string(), score: v.number() })),
});

const ownAnswer = v.object({
  model: v.string(),
  translations: v.array(v.object({ text: v.string(), unknownRatio: v.number(), sentences: v.array(sentence) })),
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
    ...Object.fromEntries([400, 401, 408, 413, 429, 500].map((status) => [status, schemaOf(error)])),
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

import * as v from 'valibot';
import { UserError } from '../errors.js';

/** The name of the file that describes a model. */
export const MANIFEST = 'model.json';

/** The version of the format that this program writes. It reads all versions up to this one. */
const FORMAT_VERSION = 1;

const described = <const T extends v.GenericSchema>(schema: T, description: string) =>
  v.pipe(schema, v.description(description));

const file = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'is not the name of a file in the folder'),
  v.description('the name of a file in the folder'),
);
const language = described(v.string(), 'a language code, e.g. de');
const separator = described(v.string(), 'marks the end of every subword except the last of a word, e.g. @@');

const encodeStep = v.variant('step', [
  v.strictObject({ step: v.literal('normalize-unicode') }),
  v.strictObject({ step: v.literal('normalize-punctuation'), language }),
  v.strictObject({ step: v.literal('tokenize'), language, aggressiveHyphens: v.boolean(), escape: v.boolean() }),
  v.strictObject({ step: v.literal('lowercase') }),
  v.strictObject({ step: v.literal('truecase'), file }),
  v.strictObject({ step: v.literal('split-subwords'), file, separator }),
  v.strictObject({ step: v.literal('split-sentencepiece'), file }),
]);

const decodeStep = v.variant('step', [
  v.strictObject({ step: v.literal('join-subwords'), separator }),
  v.strictObject({ step: v.literal('join-sentencepiece') }),
  v.strictObject({ step: v.literal('detruecase') }),
  v.strictObject({ step: v.literal('detokenize'), language }),
]);

const checksum = v.strictObject({
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is not a SHA-256')),
});

/** The schema of `model.json`. */
export const manifestSchema = v.strictObject({
  format: v.literal('ts-fairseq model'),
  version: described(v.literal(FORMAT_VERSION), 'the version of this format'),
  languages: v.strictObject({ source: language, target: language }),
  encode: described(v.array(encodeStep), 'what makes tokens of a sentence, in order'),
  decode: described(v.array(decodeStep), 'what makes a sentence of tokens, in order'),
  checkpoints: described(v.pipe(v.array(file), v.minLength(1)), 'the models; several form an ensemble'),
  precision: described(v.picklist(['float32', 'bfloat16', 'int8']), 'the precision of the weights and of the products'),
  search: described(
    v.record(v.string(), v.union([v.number(), v.boolean(), v.string()])),
    "options of the search that differ from fairseq's defaults, e.g. { beam: 4 }",
  ),
  license: described(v.nullable(v.string()), 'the licence of the model'),
  dataLicense: described(v.nullable(v.string()), 'the licence of the data that it was trained on'),
  provenance: described(v.record(v.string(), v.string()), 'who made the model of what'),
  files: described(v.record(file, checksum), 'all other files of the folder, with their checksums'),
});

/** The description of a model folder. */
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** A step from text to tokens. */
export type EncodeStep = v.InferOutput<typeof encodeStep>;

/** A step from tokens to text. */
export type DecodeStep = v.InferOutput<typeof decodeStep>;

/** @returns the text of `model.json` */
export const formatManifest = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

const REMEDY = 'export the model again';

/**
 * Parses `model.json`.
 * @param path its name, for messages
 * @throws UserError if it is not valid, or was written by a newer version of this program
 */
export function parseManifest(text: string, path: string): Manifest {
  const value = parseJson(text, path);
  const { format, version } = (value ?? {}) as { readonly format?: unknown; readonly version?: unknown };
  if (format !== 'ts-fairseq model') {
    throw new UserError(`${path} does not describe a model of ts-fairseq`, 'use a folder that ts-fairseq export wrote');
  }
  if (typeof version === 'number' && version > FORMAT_VERSION) {
    throw new UserError(`${path} was written by a newer ts-fairseq (format ${version})`, 'update ts-fairseq');
  }
  const result = v.safeParse(manifestSchema, value);
  if (!result.success) {
    const [issue] = result.issues;
    throw new UserError(`${path} is damaged (${v.getDotPath(issue) ?? 'the whole'}: ${issue.message})`, REMEDY);
  }
  checkFiles(result.output, path);
  return result.output;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UserError(`${path} is damaged (not valid JSON)`, REMEDY, { cause: error });
  }
}

/** The dictionaries of a model, by side. */
export const dictionaryFiles = ({ source, target }: Manifest['languages']): readonly string[] => [
  `dict.${source}.txt`,
  `dict.${target}.txt`,
];

/** @throws UserError if the manifest uses a file that it does not list */
function checkFiles(manifest: Manifest, path: string): void {
  const { checkpoints, encode, files, languages } = manifest;
  const ofSteps = encode.flatMap((step) => ('file' in step ? [step.file] : []));
  const missing = [...checkpoints, ...dictionaryFiles(languages), ...ofSteps].find(
    (name) => !Object.hasOwn(files, name),
  );
  if (missing !== undefined) throw new UserError(`${path} is damaged (it has no checksum of ${missing})`, REMEDY);
}

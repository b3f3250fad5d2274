import { UserError } from '../../errors.js';
import { defineOptions, flagOf, type OptionSchema, type OptionSpec } from '../../options/schema.js';
import { SentencePiece } from '../../text/sentencepiece/processor.js';

/** The options of SentencePiece's own commands have underscores: both spellings are known. */
export function withUnderscores<const S extends OptionSchema>(schema: S): S {
  const both = Object.entries<OptionSpec>(schema).map(([key, spec]): [string, OptionSpec] => {
    const flag = flagOf(key, spec);
    const underscored = `--${flag.slice(2).replaceAll('-', '_')}`;
    return [key, underscored === flag ? spec : { ...spec, aliases: [...(spec.aliases ?? []), underscored] }];
  });
  return Object.fromEntries(both) as S;
}

/** The same for flags that there are on purpose not, with what to do instead. */
export function unsupportedWithUnderscores(flags: Readonly<Record<`--${string}`, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(flags).flatMap(([flag, remedy]) => [
      [flag, remedy],
      [`--${flag.slice(2).replaceAll('-', '_')}`, remedy],
    ]),
  );
}

/** Of the commands that encode and decode. */
export const NO_LOG = 'nothing is logged; leave it out';

/** `--model` of the commands that use a SentencePiece model. */
export const modelOptions = defineOptions({
  model: { kind: 'string', default: null, metavar: 'FILE', help: 'SentencePiece model' },
});

/** `--extra-options` of `spm-encode` and `spm-decode`. */
export const extraOptions = {
  kind: 'string',
  default: null,
  metavar: 'A:B',
  help: 'reverse, bos, eos, unk: do so with the pieces of every line, one after the other',
} as const;

/** @throws UserError where the option is missing or the file is not a model */
export async function loadModel(path: string | null): Promise<SentencePiece> {
  if (path === null) throw new UserError('--model is missing', 'name the SentencePiece model');
  return SentencePiece.load(path);
}

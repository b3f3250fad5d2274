import { UserError } from '../../errors.js';
import { defineOptions, flagOf, type OptionSchema, type OptionSpec } from '../../options/schema.js';
import { SentencePiece } from '../../text/sentencepiece/processor.js';

/** Adds the spelling with underscores, which SentencePiece's own commands use, to every option. */
export function withUnderscores<const S extends OptionSchema>(schema: S): S {
  const both = Object.entries<OptionSpec>(schema).map(([key, spec]): [string, OptionSpec] => {
    const flag = flagOf(key, spec);
    const underscored = `--${flag.slice(2).replaceAll('-', '_')}`;
    return [key, underscored === flag ? spec : { ...spec, aliases: [...(spec.aliases ?? []), underscored] }];
  });
  return Object.fromEntries(both) as S;
}

/** Adds the spelling with underscores to flags that are not supported. */
export function unsupportedWithUnderscores(flags: Readonly<Record<`--${string}`, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(flags).flatMap(([flag, remedy]) => [
      [flag, remedy],
      [`--${flag.slice(2).replaceAll('-', '_')}`, remedy],
    ]),
  );
}

/** Remedy for `--minloglevel` of `spm-encode` and `spm-decode`. */
export const NO_LOG = 'nothing is logged; remove the flag';

/** `--model` of the commands that use a SentencePiece model. */
export const modelOptions = defineOptions({
  model: { kind: 'string', default: null, metavar: 'FILE', help: 'SentencePiece model' },
});

/** `--extra-options` of `spm-encode` and `spm-decode`. */
export const extraOptions = {
  kind: 'string',
  default: null,
  metavar: 'A:B',
  help: 'apply to the pieces of every line, in the order given: reverse, bos, eos, unk',
} as const;

/** Loads the model of `--model`. @throws UserError if the option is missing or the file is not a model */
export async function loadModel(path: string | null): Promise<SentencePiece> {
  if (path === null) throw new UserError('--model is missing', 'name the SentencePiece model');
  return SentencePiece.load(path);
}

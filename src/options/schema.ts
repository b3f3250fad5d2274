/**
 * An option. One schema of options defines a command's flags and help, their TypeScript types, the validation of
 * configuration files, and the options that a checkpoint records. Keys are camelCase. The flag is the key in kebab-case
 * unless `flag` gives another spelling, such as fairseq's or the paper's: `--log_end`.
 */
interface OptionBase<T> {
  readonly help: string;
  readonly default: T;
  /** The section of `--help`; for options of a plug-in, the name of the plug-in. */
  readonly group?: string;
  /** The flag without dashes, if it is not the key in kebab-case, e.g. `log_end`. */
  readonly flag?: string;
  /** Other spellings of the flag: `['-s']`, `['--max-sentences']`. */
  readonly aliases?: readonly string[];
  /** The placeholder for the value in `--help`, e.g. `N`, `DIR`. */
  readonly metavar?: string;
}

/** An integer. */
export interface IntOption extends OptionBase<number | null> {
  readonly kind: 'int';
  readonly min?: number;
  readonly max?: number;
}

/** A floating-point number. */
export interface FloatOption extends OptionBase<number | null> {
  readonly kind: 'float';
  readonly min?: number;
  readonly max?: number;
}

/** Text, such as a name or a path. */
export interface StringOption extends OptionBase<string | null> {
  readonly kind: 'string';
  /** The value if the flag has none, e.g. `--replace-unk` without a file. */
  readonly bare?: string;
}

/** `--name` means true. With `takesValue` the flag also accepts a value: fairseq's `--left-pad-source False`. */
export interface BooleanOption extends OptionBase<boolean> {
  readonly kind: 'boolean';
  readonly takesValue?: boolean;
}

/** One of a fixed list of values. */
export interface ChoiceOption<C extends string = string> extends OptionBase<C | null> {
  readonly kind: 'choice';
  readonly choices: readonly C[];
  /** The value if the flag has none, e.g. `--remove-bpe` means `@@ `. */
  readonly bare?: C;
}

/** A comma-separated list of numbers (`--update-freq 1,2`) or a Python tuple (`--adam-betas '(0.9, 0.98)'`). */
export interface NumbersOption extends OptionBase<readonly number[]> {
  readonly kind: 'numbers';
  readonly min?: number;
}

/** Several words after one flag: `--inputs a b c`. With `isRepeated`, one word after each flag: `--phrase a --phrase b`. */
export interface StringsOption extends OptionBase<readonly string[]> {
  readonly kind: 'strings';
  readonly isRepeated?: boolean;
}

/** An option of any kind. */
export type OptionSpec =
  | IntOption
  | FloatOption
  | StringOption
  | BooleanOption
  | ChoiceOption
  | NumbersOption
  | StringsOption;

/** The options of a command or plug-in, by key. */
export type OptionSchema = Readonly<Record<string, OptionSpec>>;

/** The kinds of options. */
export const OPTION_KINDS: readonly OptionSpec['kind'][] = [
  'int',
  'float',
  'string',
  'boolean',
  'choice',
  'numbers',
  'strings',
];

type ValueOf<S extends OptionSpec> = S extends IntOption | FloatOption
  ? S['default'] extends number
    ? number
    : number | null
  : S extends StringOption
    ? S['default'] extends string
      ? string
      : string | null
    : S extends BooleanOption
      ? boolean
      : S extends ChoiceOption<infer C>
        ? S['default'] extends string
          ? C
          : C | null
        : S extends StringsOption
          ? readonly string[]
          : readonly number[];

/** The parsed options of a schema, e.g. `OptionsOf<typeof trainOptions>`. */
export type OptionsOf<S extends OptionSchema> = { readonly [K in keyof S]: ValueOf<S[K]> };

/** Option values whose schema is unknown at compile time, e.g. those in a checkpoint. */
export type OptionValues = Readonly<Record<string, unknown>>;

/** Declares a schema; preserves the literal types of defaults and choices. */
export function defineOptions<const S extends OptionSchema>(schema: S): S {
  return schema;
}

/** The long flag of an option: `logEnd` → `--log-end`, or the spelling that the option specifies. */
export function flagOf(key: string, spec: OptionSpec): string {
  return `--${spec.flag ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

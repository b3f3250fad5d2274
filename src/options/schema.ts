/**
 * One schema gives a command's flags, their TypeScript types, config-file validation, reference docs and the options
 * recorded in a checkpoint. Keys are camelCase; the flag is the key in kebab-case unless `flag` says otherwise
 * (fairseq's own spelling is kept: `--max-tokens`, `--log_end`).
 */
interface OptionBase<T> {
  readonly help: string;
  readonly default: T;
  /** Section of `--help`; options of a plug-in get the plug-in's name. */
  readonly group?: string;
  /** Full flag without dashes where it is not the kebab-case of the key, e.g. `log_end`. */
  readonly flag?: string;
  /** Other spellings: `['-s']`, `['--max-sentences']`. */
  readonly aliases?: readonly string[];
  /** Placeholder in the help, e.g. `N`, `DIR`. */
  readonly metavar?: string;
}

/** An integer; `min` and `max` are inclusive. */
export interface IntOption extends OptionBase<number | null> {
  readonly kind: 'int';
  readonly min?: number;
  readonly max?: number;
}

/** A finite number; `min` and `max` are inclusive. */
export interface FloatOption extends OptionBase<number | null> {
  readonly kind: 'float';
  readonly min?: number;
  readonly max?: number;
}

/** A text. */
export interface StringOption extends OptionBase<string | null> {
  readonly kind: 'string';
  /** The value of the bare flag, e.g. `--replace-unk` alone names no file. */
  readonly bare?: string;
}
/** `--name` alone means true; fairseq's `--left-pad-source False` form takes a value too when `takesValue`. */
export interface BooleanOption extends OptionBase<boolean> {
  readonly kind: 'boolean';
  readonly takesValue?: boolean;
}

/** One of a list of names. */
export interface ChoiceOption<C extends string = string> extends OptionBase<C | null> {
  readonly kind: 'choice';
  readonly choices: readonly C[];
  /** The value of the bare flag, e.g. `--remove-bpe` alone means `@@ `. */
  readonly bare?: C;
}
/** A comma-separated list of numbers (`--update-freq 1,2`), or Python's tuple text (`--adam-betas '(0.9, 0.98)'`). */
export interface NumbersOption extends OptionBase<readonly number[]> {
  readonly kind: 'numbers';
  readonly min?: number;
}

/** Several words after one flag: `--inputs a b c`. */
export interface StringsOption extends OptionBase<readonly string[]> {
  readonly kind: 'strings';
}

/** The type, default and help of one option. */
export type OptionSpec =
  | IntOption
  | FloatOption
  | StringOption
  | BooleanOption
  | ChoiceOption
  | NumbersOption
  | StringsOption;

/** The options of one part of the program, by key; `maxTokens` becomes the flag `--max-tokens`. */
export type OptionSchema = Readonly<Record<string, OptionSpec>>;

/** Every `kind` that an option can have. */
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

/** Option values whose schema is not known at compile time (from a checkpoint, say). */
export type OptionValues = Readonly<Record<string, unknown>>;

/** Declares a schema, keeping the literal types of defaults and choices. */
export function defineOptions<const S extends OptionSchema>(schema: S): S {
  return schema;
}

/** The long flag of an option: `logEnd` → `--log-end`, or the spelling that the option asks for. */
export function flagOf(key: string, spec: OptionSpec): string {
  return `--${spec.flag ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

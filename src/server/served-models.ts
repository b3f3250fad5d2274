import { UserError } from '../errors.js';
import type { TextTranslation, TranslateTextOptions, TranslatorMemory } from '../inference/translator.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { HttpError } from './http-error.js';

/** A model that the server offers. `Translator` is one. */
export interface TextTranslator {
  readonly languages: { readonly source: string; readonly target: string };
  readonly device: string;
  readonly memory: TranslatorMemory;
  /** Why it can no longer translate; null while it can. */
  readonly failure: Error | null;
  translateTexts(texts: readonly string[], options?: TranslateTextOptions): Promise<TextTranslation[]>;
}

/** A model and its name. */
export interface ServedModel {
  readonly name: string;
  readonly translator: TextTranslator;
}

/** What a request says about the model. */
export interface ModelChoice {
  readonly model?: string | undefined;
  /** A language code; `auto` fits every model. */
  readonly source?: string | undefined;
  readonly target?: string | undefined;
}

/** The models of a server, in the order of the command line. */
export class ServedModels {
  constructor(readonly all: readonly ServedModel[]) {
    const names = all.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) throw new UserError(`two models have the name ${twice}`, 'rename one of their folders');
  }

  /** The answer to requests for a model that can no longer translate; null if each can. @param error only for this failure */
  failure(error?: unknown): HttpError | null {
    const failed = this.all.find(({ translator: { failure } }) => failure !== null && failure === (error ?? failure));
    return failed === undefined ? null : unavailable(failed);
  }

  /**
   * The first model that fits.
   * @throws UserError if no model fits, naming those that there are
   * @throws HttpError with status 503 if the model can no longer translate
   */
  choose(choice: ModelChoice): ServedModel {
    const chosen = this.#find(choice);
    if (chosen.translator.failure !== null) throw unavailable(chosen);
    return chosen;
  }

  #find({ model, source = 'auto', target }: ModelChoice): ServedModel {
    if (model !== undefined) return this.#byName(model);
    const fits = (wanted: string | undefined, language: string): boolean =>
      wanted === undefined || wanted === 'auto' || wanted === language;
    const found = this.all.find(
      ({ translator: { languages } }) => fits(source, languages.source) && fits(target, languages.target),
    );
    if (found !== undefined) return found;
    const pairs = this.all.map(({ translator: { languages } }) => `${languages.source}-${languages.target}`);
    throw new UserError(
      `no model translates ${source}-${target ?? 'auto'}`,
      `there are ${[...new Set(pairs)].join(', ')}`,
    );
  }

  #byName(name: string): ServedModel {
    const found = this.all.find((model) => model.name === name);
    if (found !== undefined) return found;
    throw new UserError(
      `unknown model '${name}'`,
      didYouMean(
        name,
        this.all.map((model) => model.name),
      ),
    );
  }

  /** The languages as LibreTranslate lists them: each source language with its targets. */
  languages(): { readonly code: string; readonly name: string; readonly targets: readonly string[] }[] {
    const targets = new Map<string, Set<string>>();
    for (const { translator } of this.all) {
      const { source, target } = translator.languages;
      targets.set(source, (targets.get(source) ?? new Set()).add(target));
    }
    return [...targets].map(([code, to]) => ({ code, name: languageName(code), targets: [...to] }));
  }
}

const unavailable = ({ name, translator }: ServedModel): HttpError =>
  new HttpError(503, `the model ${name} can no longer translate: ${translator.failure!.message}; restart the server`);

const names = new Intl.DisplayNames(['en'], { type: 'language' });

/** The English name of a language, or its code if it is unknown. */
function languageName(code: string): string {
  try {
    return names.of(code.replaceAll('_', '-')) ?? code;
  } catch {
    return code;
  }
}

import { join } from 'node:path';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import type { Checkpoint } from '../checkpoint/stored-checkpoint.js';
import { checkVocabularySizes, knowsDictionaries } from '../checkpoint/vocabulary-check.js';
import type { Dictionary } from '../data/dictionary.js';
import { hashDictionary, loadDictionary } from '../data/dictionary-file.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import type { TranslationModel } from '../plugins/model.js';
import { inferLanguagePair, languagesIn } from '../tasks/language-pair.js';
import type { TranslationTask } from '../tasks/translation.js';

type Sides = Readonly<Record<'source' | 'target', { readonly language: string; readonly dictionary: Dictionary }>>;
type Weights = Checkpoint['weights'];
type Identity = Pick<CheckpointMetadata, 'dictionaries' | 'languages'>;

/**
 * Converts a checkpoint of other dictionaries to those of this run: symbols that both have keep the checkpoint's rows,
 * and all other symbols get the rows of the new model. Converts the moving average too, if one exists. Logs the counts.
 * @param folder with the dictionaries of the checkpoint
 * @param model of this run, with new weights
 * @throws UserError if the folder's dictionaries are not the checkpoint's, or the model does not declare its symbol
 * tables
 */
export function withSharedSymbols(
  stem: string,
  checkpoint: Checkpoint,
  folder: string,
  { task, model, identity }: { task: TranslationTask; model: TranslationModel; identity: Identity },
): Checkpoint {
  const sides = sidesOf(model);
  const before = dictionariesOf(stem, checkpoint, folder, task);
  if (!sides.has('target') && !before.source.dictionary.equals(before.target.dictionary)) {
    throw new UserError(
      `the model has one table for both sides, but the dictionaries in ${folder} differ from each other`,
      `give the folder of ${stem}'s joined dictionary with --finetune-dictionaries`,
    );
  }
  const earlierRows = {
    source: rowsBefore(before.source.dictionary, task.sourceDictionary),
    target: rowsBefore(before.target.dictionary, task.targetDictionary),
  };
  logCounts('source', task.sourceLang, earlierRows.source);
  logCounts('target', task.targetLang, earlierRows.target);
  const { dictionaries, languages } = identity;
  const { weights, ema } = checkpoint;
  return {
    ...checkpoint,
    metadata: { ...checkpoint.metadata, dictionaries, languages },
    weights: withRows(weights, before, earlierRows, model),
    ...(ema === undefined ? {} : { ema: withRows(ema, before, earlierRows, model) }),
  };
}

/** The sides for which a model has tables. @throws UserError if it does not declare its symbol tables */
function sidesOf({ parameters, symbolTables, source }: TranslationModel): ReadonlySet<string | undefined> {
  if (symbolTables !== undefined) return new Set(parameters.parameters.map(({ name }) => symbolTables[name]));
  throw new UserError(
    `${source ?? 'the model'} does not declare which of its parameters have one row per symbol`,
    'list them in symbolTables of the model, or remove --finetune-dictionaries',
  );
}

/** Loads the checkpoint's dictionaries. @throws UserError if one is missing, or not that of the checkpoint */
function dictionariesOf(stem: string, checkpoint: Checkpoint, folder: string, task: TranslationTask): Sides {
  const { source, target } = languagesOf(checkpoint, folder, task);
  const sides = { source: sideOf(folder, source), target: sideOf(folder, target) };
  const { dictionaries } = checkpoint.metadata;
  if (!knowsDictionaries(checkpoint)) {
    const sizeOf = ({ language, dictionary }: Sides['source']) => ({ language, size: dictionary.size });
    checkVocabularySizes(
      stem,
      checkpoint,
      { source: sizeOf(sides.source), target: sizeOf(sides.target) },
      `give the folder of its dictionaries with --finetune-dictionaries, not ${folder}`,
    );
    return sides;
  }
  for (const { language, dictionary } of Object.values(sides)) {
    if (dictionaries[language] === hashDictionary(dictionary)) continue;
    throw new UserError(
      `${join(folder, `dict.${language}.txt`)} is not the dictionary that ${stem} was trained with`,
      'give the folder of its dictionaries with --finetune-dictionaries',
    );
  }
  return sides;
}

/** The languages of a checkpoint or, if it does not record them, this run's or those of the folder. */
function languagesOf({ metadata }: Checkpoint, folder: string, { sourceLang, targetLang }: TranslationTask) {
  const { source, target } = metadata.languages;
  if (source !== null && target !== null) return { source, target };
  const languages = languagesIn(folder);
  const hasBoth = languages.includes(sourceLang) && languages.includes(targetLang);
  return hasBoth ? { source: sourceLang, target: targetLang } : inferLanguagePair(folder);
}

const sideOf = (folder: string, language: string): Sides['source'] => ({
  language,
  dictionary: loadDictionary(join(folder, `dict.${language}.txt`)),
});

/** The previous id of each symbol, by its id now; −1 for a new symbol. */
function rowsBefore(before: Dictionary, now: Dictionary): Int32Array {
  return Int32Array.from({ length: now.size }, (_, id) => {
    const symbol = now.symbol(id);
    if (before.symbol(id) === symbol && id < before.size) return id; // keeps the ids of duplicate symbols
    return before.has(symbol) ? before.index(symbol) : -1;
  });
}

function logCounts(side: string, language: string, rows: Int32Array): void {
  const kept = rows.filter((row) => row >= 0).length;
  const [shown, all, others] = [kept, rows.length, rows.length - kept].map((count) => count.toLocaleString('en'));
  log.message(`${side} dictionary (${language}): ${shown} of ${all} symbols kept, ${others} initialised`);
}

/** Replaces the rows of the symbol tables. Skips a table of another width: the check of all shapes reports it. */
function withRows(
  weights: Weights,
  before: Sides,
  earlierRows: Readonly<Record<'source' | 'target', Int32Array>>,
  { parameters, symbolTables }: TranslationModel,
): Weights {
  const adapted = new Map(weights);
  for (const parameter of parameters.parameters) {
    const side = symbolTables?.[parameter.name];
    const table = weights.get(parameter.name);
    const width = parameter.shape[1]!;
    if (side === undefined || table === undefined) continue;
    if (table.dtype !== 'F32' || table.shape.join() !== [before[side].dictionary.size, width].join()) continue;
    const data = parameters.view(parameters.values, parameter).slice();
    for (const [row, earlier] of earlierRows[side].entries()) {
      if (earlier < 0) continue;
      data.set((table.data as Float32Array).subarray(earlier * width, (earlier + 1) * width), row * width);
    }
    adapted.set(parameter.name, { ...table, shape: parameter.shape, data });
  }
  return adapted;
}

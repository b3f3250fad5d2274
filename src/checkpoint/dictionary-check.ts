import type { Dictionary } from '../data/dictionary.js';
import { hashDictionary } from '../data/dictionary-file.js';
import { UserError } from '../errors.js';
import type { CheckpointOutline } from './stored-checkpoint.js';
import { checkVocabularySizes, knowsDictionaries } from './vocabulary-check.js';

/** The languages of a task and their dictionaries. */
export interface TaskDictionaries {
  readonly sourceLang: string;
  readonly targetLang: string;
  readonly sourceDictionary: Dictionary;
  readonly targetDictionary: Dictionary;
}

/** @throws UserError if a checkpoint was trained with other dictionaries */
export function checkDictionaries(stem: string, checkpoint: CheckpointOutline, task: TaskDictionaries): void {
  const { metadata } = checkpoint;
  if (!knowsDictionaries(checkpoint)) {
    checkVocabularySizes(stem, checkpoint, {
      source: { language: task.sourceLang, size: task.sourceDictionary.size },
      target: { language: task.targetLang, size: task.targetDictionary.size },
    });
    return;
  }
  const sides = [
    [task.sourceLang, task.sourceDictionary],
    [task.targetLang, task.targetDictionary],
  ] as const;
  for (const [language, dictionary] of sides) {
    const recorded = metadata.dictionaries[language];
    if (recorded === undefined) {
      const { source, target } = metadata.languages;
      throw new UserError(
        `${stem} translates ${source}-${target}, not ${task.sourceLang}-${task.targetLang}`,
        'use the data that it was trained on',
      );
    }
    if (recorded !== hashDictionary(dictionary)) {
      throw new UserError(
        `dict.${language}.txt is not the dictionary that ${stem} was trained with`,
        'use the data that it was trained on, or preprocess with --srcdict and --tgtdict',
      );
    }
  }
}

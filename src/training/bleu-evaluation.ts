import { UserError } from '../errors.js';
import type { TranslationModel } from '../plugins/model.js';
import type { TranslationTask } from '../tasks/translation.js';
import type { EvaluationOptions } from './options.js';
import type { BleuEvaluation } from './validation.js';

/** Prepares BLEU of validation data. @returns the function that begins one evaluation */
export function startBleuEvaluation(
  _task: TranslationTask,
  _model: TranslationModel,
  _options: EvaluationOptions,
): () => BleuEvaluation {
  throw new UserError('--eval-bleu is not there yet', 'leave it out');
}

import { defineOptions } from '../../options/schema.js';

/** `--task`; fairseq's `validate` requires it, and its other commands accept it. */
export const taskOption = defineOptions({
  task: {
    kind: 'choice',
    choices: ['translation'],
    default: 'translation',
    group: 'Task',
    help: 'what the model learns',
  },
});

import { defineOptions } from '../../options/schema.js';

/** fairseq's `validate` asks for a task, and its other commands take one. */
export const taskOption = defineOptions({
  task: {
    kind: 'choice',
    choices: ['translation'],
    default: 'translation',
    group: 'Task',
    help: 'what the model learns',
  },
});

import type * as Original from '../../../../src/cli/program.js';

export const programName: (typeof Original)['programName'] | 'ts-fairseq-translate' = 'ts-fairseq-translate';

/** Translating needs no name of a command. */
export const commandLine: (typeof Original)['commandLine'] = (command) =>
  command === 'translate' ? programName : `${programName} ${command}`;

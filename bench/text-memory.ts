/** Does the memory of the text tools grow with the text? A corpus is piped in repeatedly. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchmarkOptions } from './harness/options.js';
import { requireData } from './harness/paths.js';
import { progress, publish } from './harness/report.js';
import { runNode } from './harness/whole-process.js';

const options = benchmarkOptions({
  repeat: { type: 'string' }, // how often the corpus is piped in; 345 times 29,000 lines are ten million
  only: { type: 'string' }, // commands whose name has this in it
});
const most = Number(options.repeat ?? (options.short ? 10 : 345));
const text = join(requireData(options.data), 'text');

const COMMANDS: readonly { readonly corpus: string; readonly command: readonly string[] }[] = [
  { corpus: 'raw.train.de', command: ['tokenize', '-l', 'de', '-a'] },
  { corpus: 'raw.train.de', command: ['tokenize', '-l', 'de', '-a', '--threads', '2'] },
  { corpus: 'raw.train.de', command: ['normalize-punctuation', '-l', 'de'] },
  { corpus: 'words.train.de', command: ['apply-bpe', '-c', join(text, 'codes')] },
  { corpus: 'bpe.train.de', command: ['get-vocab'] },
];

const rows: { name: string; lines: number; seconds: number; peakBytes: number }[] = [];
for (const { corpus, command } of COMMANDS) {
  const name = command.join(' ').replace(`${text}/`, '');
  if (!name.includes(options.only ?? '')) continue;
  const bytes = readFileSync(join(text, corpus));
  const lines = bytes.toString('latin1').split('\n').length - 1;
  for (const times of new Set([1, Math.ceil(most / 10), most])) {
    progress(`${name}, ${times} times ${lines} lines`);
    const run = await runNode('bin/ts-fairseq.js', command, {
      async feed(stdin) {
        for (let time = 0; time < times; time++) if (!stdin.write(bytes)) await once(stdin, 'drain');
        stdin.end();
      },
    });
    rows.push({ name, lines: times * lines, seconds: run.seconds, peakBytes: run.peakBytes });
  }
}
publish(
  {
    benchmark: 'text-memory',
    note: `${text}, piped in; one run each`,
    columns: [
      { heading: 'command', value: ({ name }) => name },
      { heading: 'lines', value: ({ lines }) => lines },
      { heading: 'seconds', value: ({ seconds }) => seconds, digits: 1 },
      { heading: 'peak MiB', value: ({ peakBytes }) => peakBytes / 2 ** 20 },
    ],
    rows,
  },
  options,
);

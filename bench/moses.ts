/** How fast are the Moses tools compared with the Perl scripts, and is the output equal? Whole processes, from file to file. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchmarkOptions } from './harness/options.js';
import { requireData } from './harness/paths.js';
import { temporaryFolder } from './harness/temporary.js';
import { compareTextTools, type TextCase } from './harness/text-comparison.js';
import { runPerl } from './harness/whole-process.js';

const options = benchmarkOptions({
  repetitions: { type: 'string' },
  only: { type: 'string' }, // cases whose name has this in it
  moses: { type: 'string' }, // a checkout of Moses (scripts/): the same by its Perl scripts, in turn with ours
});
const repetitions = Number(options.repetitions ?? (options.short ? 1 : 3));
const text = join(requireData(options.data), 'text');
const work = temporaryFolder();
const at = (name: string): string => join(text, name);
const to = (name: string): string => join(work, name);

/** The same work by a Moses script, from INPUT to OUTPUT. */
const perl = (script: string, ...args: string[]): TextCase['peer'] => {
  const { moses } = options;
  return moses === undefined
    ? { name: script }
    : { name: script, run: () => runPerl([join(moses, 'scripts', script), ...args]) };
};

/** `ts-fairseq NAME FLAGS… INPUT OUTPUT` and the script that does the same. */
function filter(command: string, flags: string[], input: string, script: string, scriptFlags: string[]): TextCase {
  const outputs = [to(`ours.${command}`), to(`perl.${command}`)] as const;
  return {
    name: [command, ...flags].join(' ').replace(`${work}/`, ''),
    files: [input],
    command: [command, ...flags, input, outputs[0]],
    peer: perl(script, input, outputs[1], ...scriptFlags),
    outputs,
  };
}

const german = at('raw.train.de');
const tokens = at('tok.train.de');
const ten = to('ten.de');
for (let copy = 0; copy < 10; copy++) appendFileSync(ten, readFileSync(german));
const MODEL = to('truecase-model');

const tokenize = (input: string): TextCase =>
  filter('tokenize', ['-l', 'de', '-a'], input, 'tokenizer/tokenizer.perl', ['-q', '-l', 'de', '-a', '-threads', '1']);

const CASES: readonly TextCase[] = [
  tokenize(german),
  tokenize(ten),
  filter('detokenize', ['-l', 'de'], tokens, 'tokenizer/detokenizer.perl', ['-q', '-l', 'de']),
  filter('normalize-punctuation', ['-l', 'de'], german, 'tokenizer/normalize-punctuation.perl', ['-l', 'de']),
  filter('lowercase', [], german, 'tokenizer/lowercase.perl', []),
  {
    // In Perl the order of equally frequent forms is arbitrary, so the models are not compared.
    name: 'train-truecaser',
    files: [tokens],
    command: ['train-truecaser', '--corpus', tokens, '--model', MODEL],
    peer: perl(
      'recaser/train-truecaser.perl',
      ...['/dev/null', '/dev/null', '--corpus', tokens, '--model', to('perl.model')],
    ),
  },
  filter('truecase', ['--model', MODEL], tokens, 'recaser/truecase.perl', ['--model', MODEL]),
];

await compareTextTools(
  { name: 'moses', data: text, repetitions },
  CASES.filter(({ name }) => name.includes(options.only ?? '')),
  options,
);

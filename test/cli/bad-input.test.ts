import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);

/** A model that trains in no time. */
const TINY =
  '--arch transformer_tiny --encoder-embed-dim 8 --encoder-layers 1 --decoder-embed-dim 8 --decoder-layers 1 --lr 0.01';
const TRAIN = `train DIR/data-bin ${TINY} --save-dir DIR/out`;
const GENERATE = 'generate DIR/data-bin --gen-subset valid --path DIR/checkpoints/checkpoint_last';
const PREPROCESS = 'preprocess -s xx -t yy --destdir DIR/out --trainpref';

const words = (line: string): string[] => line.replaceAll('DIR', folder).split(' ');

/** A damaged copy of the toy data. */
function damagedData(name: string, file: string, damage: (bytes: Buffer) => Buffer): void {
  cpSync(at('data-bin'), at(name), { recursive: true });
  writeFileSync(at(name, file), damage(readFileSync(at(name, file))));
}

function text(prefix: string, xx: string | Buffer, yy: string | Buffer): void {
  writeFileSync(at(`${prefix}.xx`), xx);
  writeFileSync(at(`${prefix}.yy`), yy);
}

beforeAll(async () => {
  await makeToyData(folder);
  text('uneven', 'a b\nc\nd\n', 'a\nb\n');
  text('empty', '', '');
  text('latin1', Buffer.from([0x61, 0x0a, 0x62, 0x20, 0xfc, 0x0a]), 'a\nb\n');
  writeFileSync(at('file'), '');
  writeFileSync(at('vectors'), 'z 1 2 3 4 5 6 7 8\na 1 2 3\n');
  damagedData('cut-bin', 'train.xx-yy.xx.bin', (bytes) => bytes.subarray(0, -6));
  damagedData('cut-idx', 'train.xx-yy.xx.idx', (bytes) => bytes.subarray(0, -6));
  damagedData('no-index', 'train.xx-yy.yy.idx', () => Buffer.from('PK\x03\x04 no index at all, but a long text'));
  cpSync(at('data-bin'), at('one-sided'), { recursive: true });
  for (const kind of ['idx', 'bin']) rmSync(at('one-sided', `valid.xx-yy.yy.${kind}`));
  cpSync(at('data-bin'), at('half-target'), { recursive: true });
  rmSync(at('half-target', 'valid.xx-yy.yy.idx'));
  symlinkSync(at('circle'), at('circle'));
  for (const name of ['device.xx', 'device.yy', 'device.pt', 'device.safetensors']) symlinkSync('/dev/null', at(name));
  damagedData('bad-dictionary', 'dict.yy.txt', () => Buffer.from('a 4\nb\n'));
  mkdirSync(at('other'));
  await makeToyData(at('other'), ' z');
  const { code, stderr } = await runCommandLine(
    words(`train DIR/data-bin ${TINY} --save-dir DIR/checkpoints --max-tokens 64 --max-update 1`),
  );
  expect(code, stderr).toBe(0);
  mkdirSync(at('cut'));
  const last = readFileSync(at('checkpoints', 'checkpoint_last.safetensors'));
  writeFileSync(at('cut', 'tensors.safetensors'), last.subarray(0, -100));
  writeFileSync(at('cut', 'header.safetensors'), last.subarray(0, 100));
  writeFileSync(at('cut', 'text.safetensors'), 'This is no checkpoint.\n');
  mkdirSync(at('taken'));
  copyFileSync(at('data-bin', 'dict.xx.txt'), at('taken', 'dict.xx.txt'));
});

/** Every file below the folder. */
const everything = (): string[] => (readdirSync(folder, { recursive: true }) as string[]).sort();

interface Case {
  readonly what: string;
  readonly line: string;
  /** Parts of the one line that is printed; DIR is the folder. */
  readonly says: readonly string[];
}

const LOG_LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| (INFO|WARNING) \| /;

async function expectRefusal({ line, says }: Case): Promise<void> {
  const before = everything();
  const { code, stdout, stderr } = await runCommandLine(words(line));
  const complaints = stderr
    .trimEnd()
    .split('\n')
    .filter((written) => !LOG_LINE.test(written));
  expect({ code, stdout, complaints }).toEqual({ code: 2, stdout: '', complaints: [expect.any(String)] });
  const [complaint] = complaints as [string];
  expect(complaint).toMatch(/^ts-fairseq: .+; .+/);
  for (const part of says) expect(complaint).toContain(part.replaceAll('DIR', folder));
  expect(everything()).toEqual(before);
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  'the command line': [
    { what: 'an unknown command', line: 'trian', says: ["unknown command 'trian'", "did you mean 'train'?"] },
    {
      what: 'an unknown option',
      line: `${TRAIN} --max-token 64`,
      says: ["unknown option '--max-token'", "did you mean '--max-tokens'?"],
    },
    {
      what: 'an option of another plug-in',
      line: `${TRAIN} --max-tokens 64 --label-smoothing 0.1`,
      says: ["unknown option '--label-smoothing'", 'it requires --criterion label_smoothed_cross_entropy or '],
    },
    {
      what: 'text for a number',
      line: `${TRAIN} --max-tokens 64k`,
      says: ["--max-tokens: '64k' is not a whole number"],
    },
    {
      what: 'a number beyond the whole numbers of a float64',
      line: `${TRAIN} --max-tokens 99999999999999999999`,
      says: ['--max-tokens: 99999999999999999999 is too large; the maximum is 9007199254740991'],
    },
    {
      what: 'one far below zero',
      line: `${TRAIN} --patience -99999999999999999999`,
      says: ['--patience: -99999999999999999999 is too small; the minimum is'],
    },
    {
      what: 'a name with a line end',
      line: 'tri\nan',
      says: ["unknown command 'tri\\nan'"],
    },
    {
      what: 'a number out of range',
      line: `${TRAIN} --max-tokens 0`,
      says: ['--max-tokens: 0 is too small', 'minimum is 1'],
    },
    {
      what: 'a missing value',
      line: `${TRAIN} --max-tokens`,
      says: ['--max-tokens', 'argument missing', 'train --help'],
    },
    {
      what: 'a value that is none of the choices',
      line: `${TRAIN} --best-checkpoint-metric blue`,
      says: ["--best-checkpoint-metric: unknown value 'blue'", "did you mean 'bleu'?"],
    },
    {
      what: 'a name that is cut short',
      line: `${TRAIN} --arch transformer_iwslt`,
      says: ["unknown arch 'transformer_iwslt'", "did you mean 'transformer_iwslt_de_en'?"],
    },
    {
      what: 'a negative learning rate',
      line: `${TRAIN} --max-tokens 64 --lr 0.1,-0.1`,
      says: ['--lr: -0.1 is too small; the minimum is 0'],
    },
    {
      what: 'an empty path',
      line: `${TRAIN} --max-tokens 64 --user-dir=`,
      says: ['--user-dir: the path is empty; give one, or leave --user-dir out'],
    },
    { what: 'a missing argument', line: 'train --max-tokens 64', says: ["missing required argument 'data'"] },
    {
      what: 'an unknown criterion',
      line: `${TRAIN} --criterion encuraging`,
      says: ["unknown criterion 'encuraging'", "did you mean 'encouraging'?"],
    },
    {
      what: 'an unknown architecture',
      line: 'train DIR/data-bin --arch transformer_tini --save-dir DIR/out',
      says: ["unknown arch 'transformer_tini'", "did you mean 'transformer_tiny'?"],
    },
    {
      what: 'an unknown optimizer',
      line: `${TRAIN} --optimizer sgdd`,
      says: ["unknown optimizer 'sgdd'", "did you mean 'sgd'?"],
    },
    {
      what: 'an unknown schedule',
      line: `${TRAIN} --lr-scheduler inverse_sqr`,
      says: ["unknown lr-scheduler 'inverse_sqr'", "did you mean 'inverse_sqrt'?"],
    },
    {
      what: 'an unknown device',
      line: `${TRAIN} --max-tokens 64 --device gpu`,
      says: ["unknown device 'gpu'; known: cpu, cuda, tensorflow, webgpu, wasm"],
    },
    {
      what: 'a list of numbers in pieces',
      line: `${TRAIN} --max-tokens 64 --adam-betas 0.9 0.98`,
      says: ["unexpected argument '0.98'; did you mean --adam-betas 0.9,0.98?"],
    },
    {
      what: 'a language that the folder does not have',
      line: `${TRAIN} --max-tokens 64 -t fr`,
      says: [' and ', "not 'fr' (dict.fr.txt does not exist); choose two of its languages"],
    },
    {
      what: 'a log file that cannot be written',
      line: `${TRAIN} --max-tokens 64 --log-file DIR/nowhere/log`,
      says: ['--log-file DIR/nowhere/log cannot be written (its folder does not exist)'],
    },
  ],
  preprocess: [
    {
      what: 'a missing file',
      line: `${PREPROCESS} DIR/nothing`,
      says: ['DIR/nothing.xx cannot be read', 'check the path'],
    },
    {
      what: 'sides of different length',
      line: `${PREPROCESS} DIR/uneven`,
      says: ['DIR/uneven.xx has 3 lines, DIR/uneven.yy has 2', 'parallel'],
    },
    {
      what: 'a device or a pipe',
      line: `${PREPROCESS} DIR/device`,
      says: ['DIR/device.xx is a device or a pipe; write the text to a file: it is read more than once'],
    },
    { what: 'an empty file', line: `${PREPROCESS} DIR/empty`, says: ['DIR/empty.xx', 'empty'] },
    {
      what: 'text that is not UTF-8',
      line: `${PREPROCESS} DIR/latin1`,
      says: ['DIR/latin1.xx line 2 is not valid UTF-8', 'iconv'],
    },
    {
      what: 'a dictionary that is there already',
      line: 'preprocess -s xx -t yy --destdir DIR/taken --trainpref DIR/train',
      says: ['DIR/taken/dict.xx.txt already exists', '--srcdict'],
    },
    {
      what: 'a language that is not given',
      line: 'preprocess -s xx --trainpref DIR/train',
      says: ['-t/--target-lang'],
    },
    {
      what: 'another task',
      line: `${PREPROCESS} DIR/train --task language_modeling`,
      says: ["--task: unknown value 'language_modeling'; known: translation"],
    },
    {
      what: 'a destination below a file',
      line: 'preprocess -s xx -t yy --destdir DIR/file/out --trainpref DIR/train',
      says: ['DIR/file/out cannot be written (a file exists where a folder should be)'],
    },
    {
      what: 'a dictionary that is none',
      line: `preprocess -s xx -t yy --destdir DIR/out --trainpref DIR/train --srcdict DIR/bad-dictionary/dict.yy.txt`,
      says: ['dict.yy.txt line 2: "b" has no count'],
    },
  ],
  train: [
    {
      what: 'a --shard-id beyond --num-shards',
      line: `${TRAIN} --max-tokens 64 --num-shards 2 --shard-id 2`,
      says: ['--shard-id 2 is not less than --num-shards 2', 'numbered from 0'],
    },
    {
      what: 'more shards than batches',
      line: `${TRAIN} --max-tokens 64 --num-shards 1000 --shard-id 999`,
      says: ['--num-shards 1000 leaves no batch for --shard-id 999', 'fewer shards'],
    },
    {
      what: 'embeddings of another width',
      line: `${TRAIN} --max-tokens 64 --encoder-embed-path DIR/vectors`,
      says: [
        "DIR/vectors line 2: the vectors have 3 numbers, but the model's embeddings have 8",
        '--encoder-embed-dim 3',
      ],
    },
    {
      what: 'a file of embeddings that is not there',
      line: `${TRAIN} --max-tokens 64 --decoder-embed-path DIR/nothing`,
      says: ['DIR/nothing cannot be read'],
    },
    {
      what: 'an override of what is no option of the optimizer',
      line: `${TRAIN} --max-tokens 64 --optimizer-overrides {'betta':(0.9,0.98)}`,
      says: ["--optimizer-overrides: unknown 'betta'", "did you mean 'betas'?"],
    },
    {
      what: 'an override of the learning rate',
      line: `${TRAIN} --max-tokens 64 --optimizer-overrides {"lr":0.1}`,
      says: ['--optimizer-overrides cannot set lr', 'use --lr'],
    },
    {
      what: 'an unknown option of the detokenizer',
      line: `${TRAIN} --max-tokens 64 --eval-bleu --eval-bleu-detok-args {"target_language":"de"}`,
      says: ["--eval-bleu-detok-args: unknown 'target_language'", "did you mean 'target_lang'?"],
    },
    {
      what: 'neither --max-tokens nor --batch-size',
      line: TRAIN,
      says: ['no batch size is given', 'add --max-tokens or --batch-size'],
    },
    {
      what: 'a sentence longer than --max-tokens',
      line: `${TRAIN} --max-tokens 7`,
      says: [
        'sentence',
        '(line ',
        'has 8 tokens including </s>, more than --max-tokens 7',
        '--skip-invalid-size-inputs-valid-test',
      ],
    },
    {
      what: 'a sentence longer than the position table',
      line: `${TRAIN} --max-tokens 64 --max-source-positions 6`,
      says: ['the source of', 'more than --max-source-positions 6', 'raise --max-source-positions'],
    },
    {
      what: 'a missing data folder',
      line: `train DIR/nowhere ${TINY} --save-dir DIR/out --max-tokens 64`,
      says: ['DIR/nowhere', 'ts-fairseq preprocess'],
    },
    {
      what: 'a missing split',
      line: `${TRAIN} --max-tokens 64 --valid-subset valdi`,
      says: ["DIR/data-bin has no split 'valdi'"],
    },
    {
      what: 'a .bin that is cut short',
      line: `train DIR/cut-bin ${TINY} --save-dir DIR/out --max-tokens 64`,
      says: ['DIR/cut-bin/train.xx-yy.xx.bin is truncated: sentence 39 of 40', 'ts-fairseq preprocess'],
    },
    {
      what: 'an .idx that is cut short',
      line: `train DIR/cut-idx ${TINY} --save-dir DIR/out --max-tokens 64`,
      says: ['DIR/cut-idx/train.xx-yy.xx.idx is truncated', 'ts-fairseq preprocess'],
    },
    {
      what: 'an .idx with the wrong magic',
      line: `train DIR/no-index ${TINY} --save-dir DIR/out --max-tokens 64`,
      says: ["DIR/no-index/train.xx-yy.yy.idx is not an index of fairseq's mmap format", 'ts-fairseq preprocess'],
    },
    {
      what: 'a damaged dictionary',
      line: `train DIR/bad-dictionary ${TINY} --save-dir DIR/out --max-tokens 64`,
      says: ['DIR/bad-dictionary/dict.yy.txt line 2: "b" has no count'],
    },
    {
      what: 'a dictionary other than the checkpoint’s',
      line: `train DIR/other/data-bin ${TINY} --save-dir DIR/checkpoints --max-tokens 64`,
      says: ["DIR/checkpoints/checkpoint_last was trained with another dictionary of 'xx'"],
    },
    {
      what: 'a checkpoint that is cut short',
      line: `${TRAIN} --max-tokens 64 --restore-file DIR/cut/tensors`,
      says: ['DIR/cut/tensors.safetensors is cut short'],
    },
    {
      what: 'a checkpoint that is missing',
      line: `${TRAIN} --max-tokens 64 --restore-file DIR/checkpoints/checkpoint_lats`,
      says: ['the checkpoint DIR/checkpoints/checkpoint_lats does not exist', "did you mean 'checkpoint_last'?"],
    },
    {
      what: 'a save folder below a file',
      line: `train DIR/data-bin ${TINY} --save-dir DIR/file/out --max-tokens 64`,
      says: ['cannot write DIR/file/out: its folder is a file'],
    },
    {
      what: 'a save folder where none can be made',
      line: `train DIR/data-bin ${TINY} --save-dir /proc/none/x --max-tokens 64`,
      says: ['cannot write /proc/none/x: its folder does not exist and cannot be created; choose another folder'],
    },
    {
      what: 'a loss that is not a number',
      line: `train DIR/data-bin ${TINY} --no-save --max-tokens 64 --lr 1e30`,
      says: ['in update 2 (epoch 1), training sentences ', 'lower --lr'],
    },
    {
      what: 'search options that are no JSON',
      line: `${TRAIN} --max-tokens 64 --eval-bleu --eval-bleu-args {beam:4}`,
      says: ["--eval-bleu-args: '{beam:4}' is not valid JSON", 'give a JSON object'],
    },
    {
      what: 'a search whose shortest output is longer than its longest',
      line: `${TRAIN} --max-tokens 64 --max-update 1 --eval-bleu --eval-bleu-args {"min_len":50,"max_len_b":10}`,
      says: [
        "--eval-bleu-args: min_len 50 is greater than the maximum output length of a batch of the split 'valid'",
        'lower min_len, or raise max_len_a or max_len_b',
      ],
    },
    {
      what: 'a search that draws other numbers of hypotheses than it shows',
      line: `${TRAIN} --max-tokens 64 --max-update 1 --eval-bleu --eval-bleu-args {"sampling":true,"beam":4}`,
      says: [
        '--eval-bleu-args: with sampling, nbest 1 must equal beam 4: every hypothesis is one draw',
        'use nbest 4 or beam 1',
      ],
    },
    {
      what: 'two search strategies',
      line: `${TRAIN} --max-tokens 64 --max-update 1 --eval-bleu --eval-bleu-args {"sampling":true,"diverse_beam_groups":1}`,
      says: ['--eval-bleu-args: ', 'diverse_beam_groups', 'cannot be combined; choose one'],
    },
    {
      what: 'a width for which sinusoidal positions do not exist',
      line: 'train DIR/data-bin --arch transformer_tiny --lr 0.01 --save-dir DIR/out --max-tokens 64 --max-update 1 --encoder-attention-heads 1 --decoder-attention-heads 1 --encoder-embed-dim 2 --decoder-embed-dim 2',
      says: [
        '--encoder-embed-dim 2 is too small for sinusoidal positions',
        'use 4 or more, or --encoder-learned-pos and --decoder-learned-pos',
      ],
    },
    {
      what: 'the average of another model without an average',
      line: `${TRAIN} --max-tokens 64 --max-update 1 --ema-seed-model DIR/checkpoints/checkpoint_last`,
      says: ['--ema-seed-model has no effect without --store-ema', 'add --store-ema'],
    },
    {
      what: 'shared embeddings without a joined dictionary',
      line: `train DIR/other/data-bin ${TINY} --save-dir DIR/out --max-tokens 64 --share-all-embeddings`,
      says: ['--joined-dictionary'],
    },
  ],
  generate: [
    { what: 'an empty checkpoint', line: 'generate DIR/data-bin --path=', says: ['--path: the path is empty'] },
    {
      what: 'a seed beyond 32 bits',
      line: `${GENERATE} --seed 1000000000000`,
      says: ['--seed: 1000000000000 is too large; the maximum is 2147483647'],
    },
    { what: 'no checkpoint', line: 'generate DIR/data-bin', says: ['--path is missing', 'name the checkpoint'] },
    {
      what: 'a checkpoint that is missing',
      line: 'generate DIR/data-bin --gen-subset valid --path DIR/checkpoints/checkpoint_bets',
      says: ['the checkpoint DIR/checkpoints/checkpoint_bets does not exist', "did you mean 'checkpoint_best'?"],
    },
    ...['device', 'device.pt', '/dev/null'].map((name) => ({
      what: `a checkpoint that is a device or a pipe: ${name}`,
      line: `generate DIR/data-bin --gen-subset valid --path ${name.startsWith('/') ? name : `DIR/${name}`}`,
      says: [`${name} is a device or a pipe; copy it to a file`.replace('device is', 'device.safetensors is')],
    })),
    {
      what: 'a checkpoint that is none',
      line: 'generate DIR/data-bin --gen-subset valid --path DIR/cut/text',
      says: ['DIR/cut/text.safetensors is not a safetensors file'],
    },
    ...(['tensors', 'header'] as const).map((name) => ({
      what: `a checkpoint that is cut short in its ${name}`,
      line: `generate DIR/data-bin --gen-subset valid --path DIR/cut/${name}`,
      says: [`DIR/cut/${name}.safetensors is cut short`],
    })),
    {
      what: 'another dictionary than the checkpoint’s',
      line: 'generate DIR/other/data-bin --gen-subset valid --path DIR/checkpoints/checkpoint_last',
      says: ['dict.xx.txt is not the dictionary that DIR/checkpoints/checkpoint_last was trained with'],
    },
    { what: 'a missing split', line: `${GENERATE} --gen-subset dev`, says: ["DIR/data-bin has no split 'dev'"] },
    {
      what: '--nbest above --beam',
      line: `${GENERATE} --nbest 6`,
      says: ['--nbest 6 is more than --beam 5', 'raise --beam'],
    },
    {
      what: 'a --min-len above the longest output',
      line: `${GENERATE} --min-len 20 --max-len-b 10 --results-path DIR/new/results`,
      says: ['--min-len 20 is greater than 10, the maximum output length', 'lower --min-len'],
    },
    {
      what: 'a sentence longer than --max-tokens',
      line: `${GENERATE} --max-tokens 5`,
      says: ['valid sentence', 'more than --max-tokens 5', '--skip-invalid-size-inputs-valid-test'],
    },
    {
      what: 'a sentence longer than --max-source-positions',
      line: `${GENERATE} --max-source-positions 4`,
      says: ['the source of valid sentence', 'more than --max-source-positions 4'],
    },
    {
      what: 'overrides that are no JSON',
      line: `${GENERATE} --model-overrides {dropout:0}`,
      says: ["--model-overrides: '{dropout:0}' is not valid JSON", 'give a JSON object'],
    },
    {
      what: 'an override of what is no option',
      line: `${GENERATE} --model-overrides {"drop_out":0}`,
      says: ["--model-overrides: unknown 'drop_out'", "did you mean 'dropout'?"],
    },
    {
      what: 'results below a file',
      line: `${GENERATE} --max-len-b 3 --results-path DIR/file/results`,
      says: ['DIR/file/results cannot be written'],
    },
  ],
  'the other commands': [
    {
      what: 'spm-train into a new folder, of a text that is not there',
      line: 'spm-train --input DIR/nothing --model-prefix DIR/new/spm --vocab-size 100',
      says: ['DIR/nothing cannot be read'],
    },
    {
      what: 'average-checkpoints into a folder, without a name',
      line: 'average-checkpoints --inputs DIR/checkpoints/checkpoint_last --output DIR/checkpoints/',
      says: ['DIR/checkpoints/ does not name a checkpoint; add a name after the folder'],
    },
    ...['DIR/device', 'DIR/device.pt', '/dev/null', '/dev/stdout'].map((to) => ({
      what: `convert to ${to}, which is a device or a stream`,
      line: `convert DIR/checkpoints/checkpoint_last ${to}`,
      says: [`cannot write ${to}`, 'it is a device or a stream; give the name of a file'],
    })),
    {
      what: 'clean-corpus with limits that leave nothing',
      line: 'clean-corpus DIR/train.xx DIR/train.yy DIR/a DIR/b 5 3',
      says: ['min 5 is more than max 3'],
    },
    {
      what: 'clean-corpus into one file twice',
      line: 'clean-corpus DIR/train.xx DIR/train.yy DIR/a DIR/./a 1 9',
      says: ['DIR/./a is given for two outputs; use a different file for each'],
    },
    {
      what: 'learn-joint-bpe-and-vocab with the codes as a vocabulary',
      line: 'learn-joint-bpe-and-vocab -i DIR/cut/text.safetensors -s 1 -o DIR/codes --write-vocabulary DIR/codes',
      says: ['DIR/codes is given for two outputs'],
    },
    {
      what: 'spm-train onto a device',
      line: 'spm-train --input DIR/train.xx --model-prefix /dev/null --vocab-size 100',
      says: ['--model-prefix /dev/null is a device or a pipe'],
    },
    {
      what: 'convert onto the checkpoint itself, which --int8 would cut down',
      line: 'convert --int8 DIR/checkpoints/checkpoint_last DIR/checkpoints/checkpoint_last',
      says: ['DIR/checkpoints/checkpoint_last is both the input and the output; choose another output name'],
    },
    {
      what: 'validate without a batch size',
      line: 'validate DIR/data-bin --path DIR/checkpoints/checkpoint_last',
      says: ['no batch size is given'],
    },
    {
      what: 'train with validation data of one language',
      line: `train DIR/one-sided ${TINY} --save-dir DIR/out --max-tokens 64`,
      says: ["the split 'valid' has no yy side", 'binarise both languages'],
    },
    {
      what: 'generate with half of a target',
      line: 'generate DIR/half-target --gen-subset valid --path DIR/checkpoints/checkpoint_last',
      says: ['DIR/half-target/valid.xx-yy.yy.idx is missing'],
    },
    {
      what: 'a file behind links in a circle',
      line: 'score -s DIR/circle -r DIR/train.xx',
      says: ['DIR/circle cannot be read (its symbolic links form a loop); check the path and the disk'],
    },
    {
      what: 'a checkpoint behind links in a circle',
      line: 'generate DIR/data-bin --path DIR/circle --gen-subset valid',
      says: ['DIR/circle'],
    },
    {
      what: 'validate with an unknown criterion',
      line: 'validate DIR/data-bin --path DIR/checkpoints/checkpoint_last --criterion nll',
      says: ["unknown criterion 'nll'"],
    },
    {
      what: 'average-checkpoints of a checkpoint that is cut short',
      line: 'average-checkpoints --inputs DIR/checkpoints/checkpoint_last DIR/cut/tensors --output DIR/out/averaged',
      says: ['DIR/cut/tensors.safetensors is cut short'],
    },
    {
      what: 'average-checkpoints of too few',
      line: 'average-checkpoints --inputs DIR/checkpoints --num-epoch-checkpoints 3 --output DIR/out/averaged',
      says: ['DIR/checkpoints', '3'],
    },
    {
      what: 'average-checkpoints into a folder that cannot be made',
      line: 'average-checkpoints --inputs DIR/checkpoints/checkpoint_last --output DIR/file/averaged',
      says: ['cannot write DIR/file/averaged'],
    },
    {
      what: 'score of a missing file',
      line: 'score -s DIR/nothing -r DIR/train.xx',
      says: ['DIR/nothing cannot be read'],
    },
  ],
};

describe.each(Object.entries(cases))('bad input of %s', (_, list) => {
  it.each(list)('is refused in one line: $what', expectRefusal);
});

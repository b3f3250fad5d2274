// The runs that check.js makes and bundle.js records on cpu. Paths are relative to the root of the project or of a bundle.
import { join } from 'node:path';

/** The corpus of scripts/prepare-embedded.sh. */
export const DATA = 'data-bin/embedded.de-en';

const architecture = (embed, ffn, layers) => [
  ...[
    '--arch',
    'transformer',
    '--encoder-layers',
    layers,
    '--decoder-layers',
    layers,
    '--encoder-attention-heads',
    '4',
  ],
  ...['--decoder-attention-heads', '4', '--encoder-embed-dim', embed, '--decoder-embed-dim', embed],
  ...['--encoder-ffn-embed-dim', ffn, '--decoder-ffn-embed-dim', ffn, '--share-all-embeddings'],
];

const training = [
  ...[
    '--dropout',
    '0.2',
    '--optimizer',
    'adam',
    '--adam-betas',
    '(0.9, 0.98)',
    '--lr',
    '1e-3',
    '--clip-norm',
    '1',
    '--criterion',
  ],
  ...[
    'encouraging',
    '--log-end',
    '0.5',
    '--label-smoothing',
    '0.1',
    '--disable-validation',
    '--log-format',
    'json',
    '--log-interval',
    '1',
  ],
];

/** What is translated with, and what is timed. */
export const MODELS = {
  data: DATA,
  model: 'checkpoints/gpu-check/checkpoint_last',
  large: (root) => [
    join(root, DATA),
    ...[
      '--arch',
      'transformer_iwslt_de_en',
      '--share-all-embeddings',
      ...training,
      '--skip-invalid-size-inputs-valid-test',
    ],
  ],
};

/**
 * Trainings of which the losses are compared with those of cpu. `tolerance`: the largest relative difference of loss, nll
 * and gradient norm at the first and the last update; the log has three decimals.
 * @param {boolean} small
 */
export function runs(small) {
  const [embed, ffn, layers, tokens, updates] = small
    ? ['32', '48', '1', '200', '2']
    : ['128', '256', '3', '1500', '20'];
  const options = (root) => [
    join(root, DATA),
    ...[...architecture(embed, ffn, layers), ...training, '--max-tokens', tokens, '--max-update', updates],
    '--skip-invalid-size-inputs-valid-test',
  ];
  const suffix = small ? '-small' : '';
  return [
    { name: `float32${suffix}`, options, tolerance: { first: 5e-4, last: 2e-3 } },
    {
      name: `bfloat16${suffix}`,
      options: (root) => [...options(root), '--bf16'],
      tolerance: { first: 5e-3, last: 2e-2 },
    },
  ];
}

/** The command line of a translation of the test split. @param {boolean} small only a few words of each sentence */
export const translation = (root, small) => [
  ...['generate', join(root, MODELS.data), '--path', join(root, MODELS.model), '--beam', '5', '--batch-size', '32'],
  ...(small ? ['--max-len-a', '0', '--max-len-b', '4'] : []),
];

/** What a log has of each update, as numbers. @param {readonly string[]} names loss, nll and gradient norm by default */
export const figuresOf = (log, names = ['loss', 'nll_loss', 'gnorm']) =>
  [...log.matchAll(/train_inner \| (\{.*\})/g)].map(([, json]) => {
    const figures = JSON.parse(json);
    return Object.fromEntries(names.map((name) => [name, Number(figures[name])]));
  });

/** The hypotheses of generate's output, in the order of the sentences. */
export const translationsOf = (stdout) =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('H-'))
    .map((line) => line.split('\t'))
    .sort(([a], [b]) => Number(a.slice(2)) - Number(b.slice(2)))
    .map(([, , text]) => text);

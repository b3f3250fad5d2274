/**
 * Draws docs/gradient.svg: the gradient of each loss by the target's score, as a function of the target's probability. The curves
 * are gradients of the built-in criterions, computed as in training.
 *   node scripts/draw-gradient.js > docs/gradient.svg     (after npm run build)
 */

import * as tf from '@tensorflow/tfjs';
import { criterions } from '../dist/criterions/index.js';
import { openDevice } from '../dist/src/devices/index.js';
import { classifierScores } from '../dist/src/ops/row-scores.js';
import { selectOptions } from '../dist/src/options/select.js';

const WIDTH = 640;
const HEIGHT = 360;
const BOX = { left: 64, right: 620, top: 20, bottom: 300 };
const HIGHEST = 1.2;
const PROBABILITIES = Array.from({ length: 199 }, (_, index) => (index + 1) / 200);
const CURVES = [
  { label: 'cross entropy: 1 − p', criterion: 'cross_entropy', options: {}, colour: '#888888', at: [0.2, 0.86] },
  {
    label: 'encouraging loss, LE = 1 (the whole log curve): 1',
    criterion: 'encouraging',
    options: { logEnd: 1 },
    colour: '#1f77b4',
    at: [0.02, 1.03],
  },
  {
    label: 'encouraging loss, LE = 0.5: (1 − p)(1 + 2p) above 0.5',
    criterion: 'encouraging',
    options: { logEnd: 0.5 },
    colour: '#d62728',
    at: [0.02, 0.1],
  },
];

/** |∂L/∂f_y| for each probability, from rows of two classes with the scores log(p / (1 − p)) and 0. */
function gradients({ criterion: name, options }) {
  const definition = criterions.find((one) => one.name === name);
  const criterion = definition.build(selectOptions(definition.options, options));
  return tf.tidy(() => {
    const scores = tf.tensor2d(PROBABILITIES.map((p) => [Math.log(p / (1 - p))]));
    const targets = tf.zeros([PROBABILITIES.length], 'int32');
    const weights = tf.tensor2d([[1], [0]]);
    const loss = (features) =>
      criterion.forward({ scores: classifierScores({ features, weights }, targets), targets, counts: null, epoch: 1 })
        .loss;
    return Array.from(tf.grad(loss)(scores).dataSync(), Math.abs);
  });
}

const x = (p) => (BOX.left + p * (BOX.right - BOX.left)).toFixed(1);
const y = (value) => (BOX.bottom - (value / HIGHEST) * (BOX.bottom - BOX.top)).toFixed(1);
const text = (where, content, more = '') => `<text x="${where[0]}" y="${where[1]}"${more}>${content}</text>`;
const line = (from, to) => `<path d="M${from} L${to}" stroke="#cccccc"/>`;

await openDevice('cpu', { threads: 1 });
const parts = [];
for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
  parts.push(line(`${x(tick)},${y(0)}`, `${x(tick)},${y(HIGHEST)}`));
  parts.push(text([x(tick), BOX.bottom + 20], tick, ' text-anchor="middle"'));
  parts.push(line(`${x(0)},${y(tick)}`, `${x(1)},${y(tick)}`));
  parts.push(text([BOX.left - 10, Number(y(tick)) + 5], tick, ' text-anchor="end"'));
}
for (const curve of CURVES) {
  const points = gradients(curve).map((value, index) => `${x(PROBABILITIES[index])},${y(value)}`);
  parts.push(`<path d="M${points.join(' L')}" fill="none" stroke="${curve.colour}" stroke-width="2.5"/>`);
  parts.push(text([x(curve.at[0]), y(curve.at[1])], curve.label, ` fill="${curve.colour}"`));
}
parts.push(text([WIDTH / 2, HEIGHT - 12], 'probability p of the target token', ' text-anchor="middle"'));
parts.push(
  text(
    [16, (BOX.top + BOX.bottom) / 2],
    'gradient |∂L/∂f_y|',
    ` text-anchor="middle" transform="rotate(-90 16 ${(BOX.top + BOX.bottom) / 2})"`,
  ),
);

console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">
<title>Gradient of the loss over the target's probability: cross entropy and the encouraging loss</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>
${parts.join('\n')}
</svg>`);

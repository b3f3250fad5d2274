import { type SurveyedDevice, surveyDevices } from '../../devices/survey.js';
import { defineCommand } from '../command.js';

export const devicesCommand = defineCommand({
  name: 'devices',
  description:
    'Lists the values of --device: what each computes on and how fast it multiplies float32 matrices, or what it lacks and how to get it.',
  options: {},
  examples: ['ts-fairseq devices'],
  async run() {
    await surveyDevices((device) => process.stdout.write(`${lineOf(device)}\n`));
  },
});

/** `cpu         oneDNN 2.6.3, threads 2, isa AVX-512: 180 GFLOP/s` */
function lineOf({ name, description, flops, problem }: SurveyedDevice): string {
  const label = name.padEnd(10);
  if (problem !== null) return `${label}  not usable: ${problem.what}; ${problem.remedy}`;
  const details = Object.entries(description ?? {}).map(([key, value]) => `${key} ${value}`);
  return `${label}  ${[details.join(', '), `${rateOf(flops!)} in float32 products`].filter(Boolean).join(': ')}`;
}

const rateOf = (flops: number): string =>
  flops >= 1e12 ? `${(flops / 1e12).toFixed(1)} TFLOP/s` : `${(flops / 1e9).toPrecision(3)} GFLOP/s`;

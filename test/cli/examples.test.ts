import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAvailable } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { type CommandResult, runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

const DEVICES = ['wasm', 'cpu'].map((device) => ({ device, available: device === 'wasm' || isAvailable().available }));
const TINY = ['--arch', 'transformer_tiny', '--encoder-layers', '1', '--decoder-layers', '1'];
const EXAMPLES = [
  { name: 'user-dir', chosen: [...TINY, '--criterion', 'power_bonus', '--lr', '0.01'] },
  { name: 'optimizer', chosen: [...TINY, '--optimizer', 'lion', '--lr', '0.002'] },
  { name: 'lr-scheduler', chosen: [...TINY, '--lr-scheduler', 'half_life', '--half-life', '4', '--lr', '0.01'] },
  { name: 'model', chosen: ['--arch', 'bag_of_words', '--bag-dim', '16', '--lr', '0.02'] },
];
const cases = EXAMPLES.flatMap((example) => DEVICES.map((device) => ({ ...example, ...device })));

const train = (name: string, chosen: readonly string[], saveDir: string, epochs: number): Promise<CommandResult> =>
  runMain(
    ...['train', data, '--user-dir', example(name), ...chosen, '--max-tokens', '64', '--save-dir', saveDir],
    ...['--max-epoch', String(epochs)],
  );
const losses = ({ stderr }: CommandResult): number[] =>
  [...stderr.matchAll(/valid on 'valid' subset \| loss \S+ \| nll_loss (\S+)/g)].map(([, loss]) => Number(loss));
const bytes = (saveDir: string): Buffer => readFileSync(join(saveDir, 'checkpoint_last.safetensors'));

describe('the examples of plug-ins', () => {
  it.each(cases)('$name learns on $device and goes on as if it had not been interrupted', async (example) => {
    const { name, device, available } = example;
    if (!available) return;
    const chosen = [...example.chosen, '--device', device];
    const [whole, halves] = [join(folder, `${name}-${device}`), join(folder, `${name}-${device}-halves`)];
    const trained = await train(name, chosen, whole, 4);
    expect(trained.code, trained.stderr).toBe(0);
    const [first, ...later] = losses(trained);
    expect(later.at(-1)).toBeLessThan(first!);
    await train(name, chosen, halves, 2);
    await train(name, chosen, halves, 4);
    const withoutTimes = (file: Buffer): Buffer => file.subarray(file.readUInt32LE(0) + 8); // the header has wall times
    expect(withoutTimes(bytes(halves)).equals(withoutTimes(bytes(whole)))).toBe(true);
  });

  it('half_life has halved the rate after 4 updates', async () => {
    const { stderr } = await train('lr-scheduler', [...EXAMPLES[2]!.chosen, '--max-update', '4'], join(folder, 'h'), 9);
    expect(stderr).toMatch(/num_updates 4 \| lr 0\.005 /);
  });

  it('bag_of_words scores a translation step by step as it does with the whole target at hand', async () => {
    const saveDir = join(folder, 'bag');
    await train('model', [...EXAMPLES[3]!.chosen, '--device', 'wasm'], saveDir, 3);
    const path = join(saveDir, 'checkpoint_last');
    const common = ['--user-dir', example('model'), '--device', 'wasm'];
    const results = ['--gen-subset', 'valid', '--score-reference', '--results-path', saveDir];
    await runMain('generate', data, '--path', path, ...results, ...common);
    const scored = readFileSync(join(saveDir, 'generate-valid.txt'), 'utf8');
    const bits = [...scored.matchAll(/^P-\d+\t(.*)$/gm)].flatMap(([, line]) => line!.split(' ').map(Number));
    const validated = await runMain('validate', data, '--path', path, '--max-tokens', '64', ...common);
    const nll = Number(/nll_loss (\S+)/.exec(validated.stdout)![1]);
    expect(-bits.reduce((sum, score) => sum + score, 0) / bits.length).toBeCloseTo(nll, 2);
  });
});

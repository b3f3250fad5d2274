import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { Translator } from '../../src/index.js';
import { loadForCommand } from '../../src/inference/translator.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { recordLog } from '../training/observe.js';

vi.mock('tfjs-backend-onednn/search', async (original) => ({
  ...(await original<object>()),
  isAvailable: () => ({ available: false, reason: 'the native add-on is not built' }),
}));

const folder = temporaryFolder();
const recorded = recordLog();
let path = '';
beforeAll(() => {
  path = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('without the native add-on', () => {
  it('a command computes on wasm and says how much slower that is', async () => {
    const { name } = await openDevice(null, { threads: null });
    expect(name).toBe('wasm');
    const warnings = recorded.events.filter(({ level }) => level === 'warning').map(({ fields }) => fields.message);
    expect(warnings).toEqual([
      '--device cpu: the native add-on is not built; computing on wasm, about 30 times slower than on cpu: install what it needs: g++, make, python3 and libdnnl-dev (Debian, Ubuntu)',
    ]);
  });

  it('a command with --device wasm prints no warning', async () => {
    await openDevice('wasm', { threads: null });
    expect(recorded.events.filter(({ level }) => level === 'warning')).toEqual([]);
  });

  it('a command that translates says so once, in its log', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const translator = await loadForCommand({ path, data: goldenData });
    translator.dispose();
    expect(recorded.events.filter(({ level }) => level === 'warning')).toHaveLength(1);
    expect(warn).not.toHaveBeenCalled();
  });

  it('the library warns once per process, unless wasm was requested', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const load = async (options: { device?: string } = {}): Promise<string> => {
      const translator = await Translator.load({ path, data: goldenData, inline: true, ...options });
      translator.dispose();
      return translator.device;
    };
    expect(await load({ device: 'wasm' })).toBe('wasm');
    expect(warn).not.toHaveBeenCalled();
    expect([await load(), await load()]).toEqual(['wasm', 'wasm']);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^computing on wasm, about 30 times slower/), 'ts-fairseq'],
    ]);
  });
});

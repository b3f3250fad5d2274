import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const index = new URL('../../dist/src/index.js', import.meta.url).href;
const folder = temporaryFolder();
let path: string;
beforeAll(() => {
  path = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
});

const task = referenceTask();
const split = task.loadSplit('test');
const lines = Array.from({ length: split.length }, (_, id) => task.sourceDictionary.string(split.pair(id).source));

/** Runs a program with a Translator, whose thread needs compiled modules. @returns what it passes to `print` */
async function program(body: string): Promise<unknown> {
  const options = { path, data: goldenData, threads: 1, beam: 2, batchSize: 4, maxLenB: 20 };
  writeFileSync(join(folder, 'given.json'), JSON.stringify({ options, lines }));
  const file = join(folder, 'program.mjs');
  writeFileSync(
    file,
    `import { readFileSync } from 'node:fs';
    import { Translator } from ${JSON.stringify(index)};
    const { options, lines } = JSON.parse(readFileSync(new URL('given.json', import.meta.url), 'utf8'));
    const print = (value) => console.log(JSON.stringify(value));
    const messageOf = (promise) => promise.then(() => 'no error', (error) => error.name + ': ' + error.message);
    ${body}`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [file]);
  return JSON.parse(stdout);
}

it('a Translator translates in another thread as in its own, while the event loop runs on', async () => {
  const outcome = await program(`
    const inline = await Translator.load({ ...options, inline: true });
    const expected = await inline.translate(lines);
    inline.dispose();
    const translator = await Translator.load(options);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const actual = await translator.translate(lines);
    clearInterval(timer);
    const { languages, device, memory } = translator;
    const same = JSON.stringify(actual) === JSON.stringify(expected);
    print({ same, turns, languages, device: typeof device, hasWeights: memory.weights > 0 && memory.process > memory.weights });
    translator.dispose();`);
  expect(outcome).toMatchObject({
    same: true,
    languages: { source: 'de', target: 'en' },
    device: 'string',
    hasWeights: true,
  });
  expect((outcome as { turns: number }).turns).toBeGreaterThan(5);
});

it('documents and phrases are translated in another thread as in its own', async () => {
  expect(
    await program(`
    const document = lines.slice(0, 3).map((line) => '- ' + line).join('\\n');
    const texts = [];
    for (const inline of [true, false]) {
      const translator = await Translator.load({ ...options, inline });
      texts.push(await translator.translateText(document, { format: 'markdown', phrases: ['file'] }));
      translator.dispose();
    }
    const [text, other] = texts.map((translation) => JSON.stringify(translation));
    print({ same: text === other, blocks: texts[0].text.match(/^- /gm).length, hasPhrase: text.includes('file') });`),
  ).toEqual({ same: true, blocks: 3, hasPhrase: true });
});

it('translations can be cancelled, and others go on', async () => {
  expect(
    await program(`
    const translator = await Translator.load(options);
    const controller = new AbortController();
    const cancelled = translator.translate([...lines, ...lines, ...lines], { signal: controller.signal });
    const other = translator.translate(lines.slice(0, 3));
    setTimeout(() => controller.abort(), 5);
    print([await messageOf(cancelled), (await other).length, await messageOf(translator.translate(lines, { signal: controller.signal }))]);
    translator.dispose();`),
  ).toEqual([expect.stringContaining('AbortError'), 3, expect.stringContaining('AbortError')]);
});

it('errors of the thread are those of the calling one', async () => {
  expect(
    await program(`
    const translator = await Translator.load(options);
    print([
      await messageOf(Translator.load({ ...options, path: 'absent' })),
      await messageOf(Translator.load({ ...options, beams: 3 })),
      await messageOf(translator.translate([lines[0], 3])),
      await messageOf(translator.translate([lines[0], () => 'x'])),
      (await translator.translate([lines[0]])).length,
    ]);
    translator.dispose();`),
  ).toEqual([
    expect.stringContaining('UserError: the checkpoint absent does not exist'),
    expect.stringContaining("UserError: Translator.load: unknown option 'beams'"),
    expect.stringContaining('UserError: line 2 is a number, not a string'),
    expect.stringContaining('UserError: a value cannot be sent to the thread that translates'),
    1,
  ]);
});

it('after the thread has died, all calls say so, and a new Translator starts another thread', async () => {
  const ended = 'InternalError: the thread that translates ended with code 1: its Translators must be loaded again';
  expect(
    await program(`
    const { Worker } = await import('node:worker_threads');
    const { postMessage } = Worker.prototype;
    let thread;
    Worker.prototype.postMessage = function (...message) {
      thread = this;
      return postMessage.apply(this, message);
    };
    const translator = await Translator.load(options);
    const alive = translator.failure;
    const running = messageOf(translator.translate([...lines, ...lines]));
    await thread.terminate();
    const calls = [await running, await messageOf(translator.translate(lines)), await messageOf(translator.translateText('x'))];
    const { name, message } = translator.failure;
    translator.dispose();
    const other = await Translator.load(options);
    print([alive, calls, name + ': ' + message, (await other.translate(lines.slice(0, 2))).length, other.failure]);
    other.dispose();`),
  ).toEqual([null, [ended, ended, ended], ended, 2, null]);
}, 30_000);

it('Translators with equal options share their models, which live until the last is disposed', async () => {
  expect(
    await program(`
    const [first, second] = await Promise.all([Translator.load(options), Translator.load({ ...options })]);
    const [a, b] = await Promise.all([first.translate(lines), second.translate(lines)]);
    first.dispose();
    const again = await second.translate(lines);
    second.dispose();
    print([JSON.stringify(a) === JSON.stringify(b), JSON.stringify(a.map(({ text }) => text)) === JSON.stringify(again.map(({ text }) => text))]);`),
  ).toEqual([true, true]);
});

it('a process with a Translator that is not disposed ends', async () => {
  expect(
    await program(
      'const translator = await Translator.load(options); print((await translator.translate(lines)).length);',
    ),
  ).toBe(lines.length);
});

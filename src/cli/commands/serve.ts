import { basename, resolve } from 'node:path';
import { deviceOptions } from '../../devices/index.js';
import { InternalError, UserError } from '../../errors.js';
import { Translator } from '../../inference/translator.js';
import type { Manifest } from '../../model-folder/manifest.js';
import { readManifest } from '../../model-folder/open-model-folder.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { searchOptions } from '../../search/options.js';
import { listen } from '../../server/listen.js';
import type { ServedModel, TextTranslator } from '../../server/served-models.js';
import { defineCommand } from '../command.js';
import { untilInterrupted } from '../interruption.js';
import { startBriefLog } from '../output/log-sink.js';
import { programName } from '../program.js';
import { version } from '../version.js';

const { device, threads } = deviceOptions;

const options = {
  ...defineOptions({
    host: {
      kind: 'string',
      default: '127.0.0.1',
      metavar: 'ADDRESS',
      group: 'Server',
      help: 'address to listen on; 0.0.0.0 is all',
    },
    port: {
      kind: 'int',
      default: 8000,
      min: 0,
      max: 65535,
      group: 'Server',
      help: 'port to listen on; 0 is any that is free',
    },
    token: {
      kind: 'string',
      default: null,
      metavar: 'TOKEN',
      group: 'Server',
      help: 'requests must bear this token (default: the environment variable TS_FAIRSEQ_TOKEN, or none)',
    },
    cors: {
      kind: 'string',
      default: null,
      metavar: 'ORIGIN[,ORIGIN…]',
      group: 'Server',
      help: 'pages of these origins may call the server; * means all',
    },
    maxCharacters: { kind: 'int', default: 100_000, min: 1, group: 'Limits', help: 'characters in a request (413)' },
    maxQueue: {
      kind: 'int',
      default: 1_000_000,
      min: 1,
      group: 'Limits',
      help: 'characters in all requests that are being translated (429)',
    },
    timeout: { kind: 'float', default: 60, min: 0.001, group: 'Limits', help: 'seconds for a request (408)' },
    maxTokens: {
      kind: 'int',
      default: 4000,
      min: 1,
      group: 'Limits',
      help: 'maximum tokens per batch: smaller batches answer sooner',
    },
  }),
  device,
  threads,
} as const;

export const serveCommand = defineCommand({
  name: 'serve',
  description:
    'Serves models that export wrote over HTTP: POST /translate, /translate/stream, GET /languages, /health, /metrics and /docs (OpenAPI). /translate and /languages also answer clients of LibreTranslate. Prints a line of JSON for each request, without its text.',
  arguments: [{ name: 'folder', help: 'folders of models', variadic: true }],
  options,
  examples: [
    'ts-fairseq serve models/de-en',
    'ts-fairseq serve models/de-en models/fr-en --host 0.0.0.0 --port 80 --token secret',
  ],
  async run({ args, options }) {
    if (options.token?.trim() === '') throw new UserError('--token is empty', 'give a token, or leave the option out');
    const manifests = args.map(readManifest);
    const stopLog = startBriefLog();
    const loading = args.map((folder, index) => load(folder, manifests[index]!, options));
    try {
      const models = args.map((folder, index) => ({
        name: basename(resolve(folder)),
        translator: new LoadingTranslator(manifests[index]!.languages, loading[index]!),
      }));
      await serve(models, Promise.all(loading), options);
    } finally {
      for (const translator of loading) {
        await translator.then(
          (loaded) => loaded.dispose(),
          () => {}, // `serve` has thrown it
        );
      }
      stopLog();
    }
  },
});

/** Loads a model with as many translations of a sentence as its beam has, so that a request can ask for them. */
function load(
  folder: string,
  { search: { beam = searchOptions.beam.default } }: Manifest,
  { device, threads, maxTokens }: OptionsOf<typeof options>,
): Promise<Translator> {
  return Translator.load({
    model: folder,
    nbest: Number(beam),
    maxTokens,
    ...(device !== null && { device }),
    ...(threads !== null && { threads }),
  });
}

/** A model that is still loading, so that the server can be made meanwhile. */
class LoadingTranslator implements TextTranslator {
  #loaded: TextTranslator | null = null;

  constructor(
    readonly languages: TextTranslator['languages'],
    readonly loading: Promise<TextTranslator>,
  ) {
    loading.then(
      (translator) => {
        this.#loaded = translator;
      },
      () => {}, // `serve` throws it
    );
  }

  get device(): string {
    return this.#translator.device;
  }

  get memory(): TextTranslator['memory'] {
    return this.#translator.memory;
  }

  get failure(): Error | null {
    return this.#translator.failure;
  }

  translateTexts(...call: Parameters<TextTranslator['translateTexts']>): ReturnType<TextTranslator['translateTexts']> {
    return this.#translator.translateTexts(...call);
  }

  /** The server takes requests only when all models are loaded. */
  get #translator(): TextTranslator {
    if (this.#loaded === null) throw new InternalError('a model is used before it is loaded');
    return this.#loaded;
  }
}

type ServeOptions = OptionsOf<typeof serveCommand.options>;

/** @param loaded resolves when every model is loaded */
async function serve(models: readonly ServedModel[], loaded: Promise<unknown>, options: ServeOptions): Promise<void> {
  const [server] = await Promise.all([createServerOf(models, options), loaded]);
  const address = await listen(server, options.host, options.port);
  process.stderr.write(`${programName}: serving ${models.map(({ name }) => name).join(', ')} at ${address}\n`);
  await untilInterrupted(async (signal) => {
    await new Promise((stop) => signal.addEventListener('abort', stop, { once: true }));
    await server.close();
  }, 'finishing the requests that have begun; a second signal stops at once');
}

async function createServerOf(models: readonly ServedModel[], options: ServeOptions) {
  const { createServer } = await import('../../server/create-server.js');
  const { cors, maxCharacters, maxQueue, timeout } = options;
  return createServer({
    models,
    limits: { requestCharacters: maxCharacters, queueCharacters: maxQueue, seconds: timeout },
    token: options.token ?? (process.env.TS_FAIRSEQ_TOKEN?.trim() ? process.env.TS_FAIRSEQ_TOKEN : null),
    corsOrigin: cors,
    logRequest: (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
    logDefect: (error) => process.stderr.write(`${programName}: ${(error as Error).stack ?? String(error)}\n`),
    version,
  });
}

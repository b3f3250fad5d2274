import type { FastifyInstance, FastifyReply } from 'fastify';
import type { InferOutput } from 'valibot';
import type { TextOptions } from '../inference/text-options.js';
import type { SentenceTranslation, TextTranslation } from '../inference/translator.js';
import type { Admission } from './admission.js';
import { goneSignal } from './gone-signal.js';
import { libreTranslateRequest, ownRequest, parseBody, translateSchema } from './schemas.js';
import type { ServedModel, ServedModels } from './served-models.js';

/** A sentence in an answer. */
export interface AnsweredSentence extends Omit<SentenceTranslation, 'nbest'> {
  readonly tokens: readonly string[];
  readonly tokenScores: readonly number[];
  readonly nbest: readonly { readonly text: string; readonly score: number }[];
}

/** Shortens a translated sentence for an answer. @param nbest the number of translations */
export function answeredSentence({ nbest: all, ...sentence }: SentenceTranslation, nbest: number): AnsweredSentence {
  const [best] = all;
  return {
    ...sentence,
    tokens: best?.tokens ?? [],
    tokenScores: best?.tokenScores ?? [],
    nbest: all.slice(0, nbest).map(({ detokenized, score }) => ({ text: detokenized, score })),
  };
}

/** The number of characters of texts. */
const charactersOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

/** The most phrases of a text. */
const mostPhrases = (phrases: NonNullable<TextOptions['phrases']>): number =>
  Math.max(...phrases.map((item) => (typeof item === 'string' ? phrases.length : item.length)), 0);

/** Adds `POST /translate`, which answers requests of its own form and of LibreTranslate. */
export function addTranslateRoute(server: FastifyInstance, models: ServedModels, admission: Admission): void {
  const translate = (
    reply: FastifyReply,
    { translator }: ServedModel,
    texts: readonly string[],
    { format = 'plain', phrases = [], nbest = 1 }: TextOptions,
  ): Promise<TextTranslation[]> => {
    const characters = charactersOf(texts);
    reply.request.characters = characters;
    // For each phrase, every sentence of a text may be translated once more.
    const times = 1 + mostPhrases(phrases);
    return admission.run({ characters, times }, goneSignal(reply), (signal) =>
      translator.translateTexts(texts, { signal, format, phrases, nbest }),
    );
  };
  server.post('/translate', { schema: translateSchema }, async ({ body }, reply) => {
    if (typeof body === 'object' && body !== null && 'q' in body) {
      const { format, phrases, ...parsed } = parseBody(libreTranslateRequest, body);
      const model = models.choose(parsed);
      const nbest = 1 + (parsed.alternatives ?? 0);
      const options = { format: format === 'html' ? format : 'plain', nbest, ...(phrases && { phrases }) } as const;
      return libreTranslateAnswer(parsed, model, await translate(reply, model, listOf(parsed.q), options));
    }
    const { text, nbest = 1, format, phrases, ...choice } = parseBody(ownRequest, body);
    const model = models.choose(choice);
    const options = { nbest, ...(format && { format }), ...(phrases && { phrases }) };
    const translations = await translate(reply, model, listOf(text), options);
    return {
      model: model.name,
      translations: translations.map(({ text, unknownRatio, droppedMarks, sentences }) => ({
        text,
        unknownRatio,
        ...(droppedMarks && { droppedMarks }),
        sentences: sentences.map((sentence) => answeredSentence(sentence, nbest)),
      })),
    };
  });
}

const listOf = (texts: string | readonly string[]): readonly string[] => (typeof texts === 'string' ? [texts] : texts);

type LibreTranslateRequest = Omit<InferOutput<typeof libreTranslateRequest>, 'format' | 'phrases'>;

/** One text gets one translation, and several get a list. Alternatives are those of plain texts of one sentence. */
function libreTranslateAnswer(
  { q, source, alternatives = 0 }: LibreTranslateRequest,
  { translator }: ServedModel,
  translations: readonly TextTranslation[],
): object {
  const single = typeof q === 'string';
  const others = translations.map(({ sentences }) =>
    sentences.length === 1 ? sentences[0]!.nbest.slice(1, alternatives + 1).map(({ detokenized }) => detokenized) : [],
  );
  const detected = { confidence: 0, language: translator.languages.source };
  return {
    translatedText: single ? translations[0]!.text : translations.map(({ text }) => text),
    ...(alternatives > 0 && { alternatives: single ? others[0] : others }),
    ...(source === 'auto' && { detectedLanguage: single ? detected : translations.map(() => detected) }),
  };
}

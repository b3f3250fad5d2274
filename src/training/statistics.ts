import type { Stats } from './events.js';
import type { MetricValues } from './loss-values.js';
import { AverageMeter, type Clock, monotonicClock, RateMeter } from './meters.js';
import { formatGeneral, roundTo } from './number-format.js';

/** What a pass over one or more batches adds up to; sums in nats. */
export interface LossReport {
  readonly loss: number;
  readonly nll: number;
  /** What the loss is divided by: target tokens, or sentences with --sentence-avg. */
  readonly sampleSize: number;
  readonly tokens: number; // target tokens
  readonly sentences: number;
  /** What else the criterion reports. */
  readonly metrics?: MetricValues;
}

/** What an update did. */
export interface UpdateReport extends LossReport {
  /** How many updates are done with this one. */
  readonly updates: number;
  /** Of the whole gradient, divided by the sample size and not yet clipped. */
  readonly gradientNorm: number;
  /** Whether it was cut down; null without --clip-norm. */
  readonly clipped: boolean | null;
  /** The rate of the next update. */
  readonly learningRate: number;
  /** Of the moving average of the weights, with --store-ema. */
  readonly averageDecay?: number;
  readonly seconds: number;
}

/** Sums that go into a checkpoint; rates and times are of one process and stay out of it, so that equal runs are equal. */
export type StatisticsState = Readonly<Record<string, AverageMeter['state']>>;

const BITS = Math.LN2;

/** The metrics of losses: fairseq's loss, nll_loss, ppl, wps, wpb and bsz. */
export class LossStatistics {
  protected readonly averages: Record<string, AverageMeter> = {};
  readonly #wordsPerSecond: RateMeter;
  /** Names of the criterion's own metrics, in its order. */
  readonly #metrics = new Set<string>();

  constructor(readonly clock: Clock = monotonicClock) {
    this.#wordsPerSecond = new RateMeter(clock);
  }

  add({ loss, nll, sampleSize, tokens, sentences, metrics = {} }: LossReport): void {
    for (const [name, { sum, unit }] of Object.entries(metrics)) {
      this.#metrics.add(name);
      this.average(name).add(unit === 'nats' ? sum / sampleSize / BITS : sum);
    }
    this.average('loss').add(loss / sampleSize / BITS, sampleSize);
    this.average('nll_loss').add(nll / tokens / BITS, tokens);
    this.average('wpb').add(tokens);
    this.average('bsz').add(sentences);
    this.#wordsPerSecond.add(tokens);
  }

  /** Rounded as fairseq rounds it; NaN before the first report. */
  get loss(): number {
    return this.rounded('loss', 3);
  }

  get nllLoss(): number {
    return this.rounded('nll_loss', 3);
  }

  /** 2^nll_loss: of the likelihood, whatever the criterion. */
  get perplexity(): number {
    return roundTo(2 ** (this.average('nll_loss').value ?? Number.NaN), 2);
  }

  lossFigures(): Stats {
    const metrics = [...this.#metrics].map((name) => [name, this.average(name).value ?? Number.NaN] as const);
    const accuracy = this.#metrics.has('n_correct') && this.#metrics.has('total') ? this.#accuracy() : null;
    return [
      ['loss', formatGeneral(this.loss)],
      ['nll_loss', formatGeneral(this.nllLoss)],
      ...metrics.map(([name, value]) => [name, formatGeneral(value)] as const),
      ['ppl', formatGeneral(this.perplexity)],
      ...(accuracy === null ? [] : [['accuracy', formatGeneral(accuracy)] as const]),
    ];
  }

  /** Of all rows so far, not the mean of batches; in %. */
  #accuracy(): number {
    return roundTo((100 * this.average('n_correct').sum) / this.average('total').sum, 3);
  }

  wordsPerSecond(): Stats {
    return rate('wps', this.#wordsPerSecond, 1);
  }

  batchFigures(): Stats {
    return [this.figure('wpb', 1), this.figure('bsz', 1)];
  }

  reset(): void {
    for (const meter of Object.values(this.averages)) meter.reset();
    this.#wordsPerSecond.reset();
  }

  protected average(name: string): AverageMeter {
    this.averages[name] ??= new AverageMeter();
    return this.averages[name];
  }

  protected figure(name: string, digits: number): Stats[number] {
    return [name, formatGeneral(this.rounded(name, digits))];
  }

  protected rounded(name: string, digits: number): number {
    return roundTo(this.average(name).value ?? Number.NaN, digits);
  }
}

/** The metrics of updates, of an epoch or of a log interval. */
export class UpdateStatistics extends LossStatistics {
  readonly #updatesPerSecond = new RateMeter(this.clock);
  readonly #started = this.clock();
  #trainSeconds = 0;
  #latest: UpdateReport | null = null;

  override add(report: UpdateReport): void {
    super.add(report);
    this.average('gnorm').add(report.gradientNorm);
    if (report.clipped !== null) this.average('clip').add(report.clipped ? 100 : 0);
    this.#updatesPerSecond.add(1);
    this.#trainSeconds += report.seconds;
    this.#latest = report;
  }

  /** All metrics in fairseq's order. */
  stats(): Stats {
    if (this.#latest === null) return [];
    const { updates, learningRate, clipped, averageDecay } = this.#latest;
    return [
      ...this.lossFigures(),
      ...this.wordsPerSecond(),
      ...rate('ups', this.#updatesPerSecond, 2),
      ...this.batchFigures(),
      ['num_updates', String(updates)],
      ['lr', formatGeneral(learningRate)],
      this.figure('gnorm', 3),
      ...(clipped === null ? [] : [this.figure('clip', 1)]),
      ['train_wall', formatGeneral(roundTo(this.#trainSeconds, 0))],
      ...(averageDecay === undefined ? [] : [['ema_decay', formatGeneral(roundTo(averageDecay, 5))] as const]),
      ['wall', formatGeneral(roundTo(this.clock() - this.#started, 0))],
    ];
  }

  override reset(): void {
    super.reset();
    this.#updatesPerSecond.reset();
    this.#trainSeconds = 0;
  }

  get state(): StatisticsState {
    return Object.fromEntries(Object.entries(this.averages).map(([name, meter]) => [name, meter.state]));
  }

  set state(state: StatisticsState) {
    for (const [name, sums] of Object.entries(state)) this.average(name).state = sums;
  }
}

const rate = (name: string, meter: RateMeter, digits: number): Stats =>
  meter.value === null ? [] : [[name, formatGeneral(roundTo(meter.value, digits))]];

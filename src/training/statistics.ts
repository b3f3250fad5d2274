import type { MeterState } from '../checkpoint/training-state.js';
import type { MetricValues } from './batch-loss.js';
import type { Stats } from './events.js';
import { formatGeneral, roundTo } from './number-format.js';

/** The sums over one or more batches, in nats. */
export interface LossReport {
  readonly loss: number;
  readonly nll: number;
  /** The divisor of the loss: the number of target tokens, or of sentences with --sentence-avg. */
  readonly sampleSize: number;
  readonly tokens: number; // target tokens
  readonly sentences: number;
  /** The criterion's own metrics. */
  readonly metrics?: MetricValues;
}

/** The results of one update. */
export interface UpdateReport extends LossReport {
  /** The number of completed updates, including this one. */
  readonly updates: number;
  /** The norm of the whole gradient, divided by the sample size, before clipping. */
  readonly gradientNorm: number;
  /** Whether the gradient was clipped; null without --clip-norm. */
  readonly clipped: boolean | null;
  /** The learning rate of the next update. */
  readonly learningRate: number;
  /** The decay of the moving average of the weights, with --store-ema. */
  readonly averageDecay?: number;
  readonly seconds: number;
}

/** A monotonic clock, in seconds. */
export type Clock = () => number;

/** The monotonic clock of the process, in seconds. */
export const monotonicClock: Clock = () => performance.now() / 1000;

/** A weighted mean, or the latest value if all weights are 0. (fairseq's AverageMeter.) */
export class AverageMeter {
  #latest: number | null = null;
  #sum = 0;
  #weight = 0;

  add(value: number, weight = 1): void {
    this.#latest = value;
    this.#sum += value * weight;
    this.#weight += weight;
  }

  /** null before the first value. */
  get value(): number | null {
    return this.#weight > 0 ? this.#sum / this.#weight : this.#latest;
  }

  /** Σ value · weight */
  get sum(): number {
    return this.#sum;
  }

  reset(): void {
    this.#latest = null;
    this.#sum = 0;
    this.#weight = 0;
  }

  get state(): MeterState {
    return [this.#latest, this.#sum, this.#weight];
  }

  set state([latest, sum, weight]: MeterState) {
    this.#latest = latest;
    this.#sum = sum;
    this.#weight = weight;
  }
}

/** Counts per second. As in fairseq, the first count only starts the clock, because its duration is unknown. */
export class RateMeter {
  #count = 0;
  #start: number | null = null;

  constructor(readonly clock: Clock) {}

  add(count: number): void {
    if (this.#start === null) this.#start = this.clock();
    else this.#count += count;
  }

  /** null before the first count. */
  get value(): number | null {
    return this.#start === null ? null : this.#count / (this.clock() - this.#start);
  }

  /** Restarts the count and the clock. */
  reset(): void {
    this.#count = 0;
    if (this.#start !== null) this.#start = this.clock();
  }
}

/**
 * The averages that a checkpoint records, by metric. Rates and times are left out, so that equal runs write equal
 * files.
 */
export type StatisticsState = Readonly<Record<string, MeterState>>;

/** Nats per bit. */
const BITS = Math.LN2;

/** Averages fairseq's metrics of losses: loss, nll_loss, ppl, wps, wpb and bsz. */
export class LossStatistics {
  protected readonly averages: Record<string, AverageMeter> = {};
  readonly #wordsPerSecond: RateMeter;
  /** The names of the criterion's own metrics, in its order. */
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

  /** In bits, rounded as in fairseq; NaN before the first report. */
  get loss(): number {
    return this.rounded('loss', 3);
  }

  get nllLoss(): number {
    return this.rounded('nll_loss', 3);
  }

  /** 2^nll_loss. It depends on the likelihood only, not on the criterion. */
  get perplexity(): number {
    return roundTo(2 ** (this.average('nll_loss').value ?? Number.NaN), 2);
  }

  lossFigures(): Stats {
    const metrics = [...this.#metrics].map((name) => [name, this.average(name).value ?? Number.NaN] as const);
    const accuracy = this.#accuracy();
    return [
      ['loss', formatGeneral(this.loss)],
      ['nll_loss', formatGeneral(this.nllLoss)],
      ...metrics.map(([name, value]) => [name, formatGeneral(value)] as const),
      ['ppl', formatGeneral(this.perplexity)],
      ...(accuracy === null ? [] : [['accuracy', formatGeneral(accuracy)] as const]),
    ];
  }

  /** In %, over all rows so far: not the mean over batches. Null if none was counted. */
  #accuracy(): number | null {
    if (!this.#metrics.has('n_correct') || !this.#metrics.has('total')) return null;
    const total = this.average('total').sum;
    return total === 0 ? null : roundTo((100 * this.average('n_correct').sum) / total, 3);
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

/** Averages the metrics of the updates in an epoch or a log interval. */
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

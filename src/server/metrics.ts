import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Admission } from './admission.js';

const labelNames = ['route', 'status'] as const;

/** Metrics for Prometheus: requests, their duration, characters, the queue, and Node's own metrics. */
export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #requests = new Counter({
    name: 'ts_fairseq_requests_total',
    help: 'requests that have ended; status 499 if the client left',
    labelNames,
    registers: this.#registers,
  });
  readonly #seconds = new Histogram({
    name: 'ts_fairseq_request_seconds',
    help: 'time from request to answer',
    labelNames,
    registers: this.#registers,
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
  });
  readonly #characters = new Counter({
    name: 'ts_fairseq_characters_total',
    help: 'characters to translate',
    registers: this.#registers,
  });

  constructor(admission: Admission) {
    collectDefaultMetrics({ register: this.#registry });
    new Gauge({
      name: 'ts_fairseq_queued_characters',
      help: 'characters that are being translated',
      registers: this.#registers,
      collect() {
        this.set(admission.queued);
      },
    });
  }

  /** Counts a request that has ended. */
  count(request: FastifyRequest, status: number, milliseconds: number): void {
    const labels = { route: request.routeOptions.url ?? 'unknown', status: String(status) };
    this.#requests.inc(labels);
    this.#seconds.observe(labels, milliseconds / 1000);
    this.#characters.inc(request.characters);
  }

  /** Adds `GET /metrics`. */
  addRoute(server: FastifyInstance): void {
    server.get('/metrics', { schema: { summary: 'metrics for Prometheus' } }, async (_request, reply) =>
      reply
        .type(this.#registry.contentType)
        .serializer((text: unknown) => String(text))
        .send(await this.#registry.metrics()),
    );
  }
}

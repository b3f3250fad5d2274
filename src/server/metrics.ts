import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Admission } from './admission.js';

/** Adds `GET /metrics` for Prometheus: requests, their duration, characters, the queue, and Node's own metrics. */
export function addMetrics(server: FastifyInstance, admission: Admission): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelNames = ['route', 'status'] as const;
  const registers = [registry];
  const requests = new Counter({ name: 'ts_fairseq_requests_total', help: 'answered requests', labelNames, registers });
  const seconds = new Histogram({
    name: 'ts_fairseq_request_seconds',
    help: 'time from request to answer',
    labelNames,
    registers,
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
  });
  const characters = new Counter({ name: 'ts_fairseq_characters_total', help: 'characters to translate', registers });
  new Gauge({
    name: 'ts_fairseq_queued_characters',
    help: 'characters that are being translated',
    registers,
    collect() {
      this.set(admission.queued);
    },
  });
  server.addHook('onResponse', async (request, reply) => {
    const labels = { route: request.routeOptions.url ?? 'unknown', status: String(reply.statusCode) };
    requests.inc(labels);
    seconds.observe(labels, reply.elapsedTime / 1000);
    characters.inc(request.characters);
  });
  server.get('/metrics', { schema: { summary: 'metrics for Prometheus' } }, async (_request, reply) =>
    reply
      .type(registry.contentType)
      .serializer((text: unknown) => String(text))
      .send(await registry.metrics()),
  );
}

import { Type } from 'typebox';
import { DomainError } from '../../core/errors.ts';
import type { Metrics } from '../../observe/metrics.ts';
import { type Api, REFUSALS } from '../api.ts';

const Status = Type.Object({ status: Type.String({ examples: ['ok'] }) }, { description: 'It is.' });

/** Rejects while the server can't do its work. */
export type Readiness = () => Promise<void>;

export function healthRoutes(api: Api, readiness: Readiness): void {
  const ready = shared(readiness);

  api.get(
    '/healthz',
    {
      schema: {
        tags: ['operation'],
        summary: 'Is the process alive?',
        description: 'A failure means: restart it.',
        response: { 200: Status },
      },
    },
    async () => ({ status: 'ok' }),
  );

  api.get(
    '/readyz',
    {
      schema: {
        tags: ['operation'],
        summary: 'Can it serve?',
        description:
          '503 while nothing can be written, the database is damaged or lost, or the server is stopping: send no traffic.',
        response: { 200: Status, ...REFUSALS },
      },
    },
    async () => {
      try {
        await ready();
      } catch (error) {
        throw new DomainError('EINTERNAL', 'the server is not ready', { cause: error });
      }
      return { status: 'ready' };
    },
  );
}

export function metricsRoute(api: Api, metrics: Metrics): void {
  api.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );
}

/** Anybody may ask, so all who ask at the same time share one look. */
function shared(readiness: Readiness): Readiness {
  let running: Promise<void> | undefined;
  return () => {
    running ??= readiness().finally(() => {
      running = undefined;
    });
    return running;
  };
}

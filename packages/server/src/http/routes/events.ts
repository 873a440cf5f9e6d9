import { type Static, Type } from 'typebox';
import { type BusinessEvents, MAX_EVENTS } from '../../core/business-events.ts';
import type { Metrics } from '../../observe/metrics.ts';
import { type Api, REFUSALS, WITH_TOKEN } from '../api.ts';
import { checkedByCore } from '../documented.ts';
import { BUSINESS_EVENT_REF } from '../event-form.ts';

const EXAMPLE = {
  eventId: 'crm-4711',
  eventType: 'business.user.login',
  userId: 'alice',
  deviceId: 'device_001',
  loginTime: '2026-01-20T10:00:00Z',
  ipAddress: '192.168.1.100',
  clientType: 'web',
  userAgent: 'Mozilla/5.0',
};

/** Its form goes by the event's type: the core knows it, and names the field at fault. */
const Events = Type.Unknown({
  ...checkedByCore({
    anyOf: [BUSINESS_EVENT_REF, { type: 'array', items: BUSINESS_EVENT_REF, maxItems: MAX_EVENTS }],
  }),
  description: `An event, or up to ${MAX_EVENTS} of them in an array. eventType says what it is; further fields pass through.`,
  examples: [EXAMPLE],
});

const Accepted = Type.Object(
  {
    eventIds: Type.Array(Type.String(), {
      description: 'In the order of the body; made by the server where an event had none.',
      examples: [['crm-4711']],
    }),
    repeats: Type.Integer({
      description: 'How many of them were known already, and were told to nobody again.',
      examples: [0],
    }),
  },
  { description: 'All events were taken.' },
);

export function eventRoutes(api: Api, events: BusinessEvents, metrics: Metrics): void {
  api.post(
    '/events',
    {
      schema: {
        tags: ['events'],
        ...WITH_TOKEN,
        summary: 'Tell users what another system says',
        description:
          'Role admin or service. Pushed to the users concerned who are connected, as events from NATS are. An eventId that is known already does nothing.',
        body: Events,
        response: { 202: Accepted, ...REFUSALS },
      },
    },
    async ({ principal, body }, reply) => {
      const received = await events.post(principal, body);
      for (const { outcome } of received) metrics.eventsIn.add(1, 'api', outcome);
      const answer: Static<typeof Accepted> = {
        eventIds: received.map(({ eventId }) => eventId),
        repeats: received.filter(({ outcome }) => outcome !== 'told').length,
      };
      return reply.code(202).send(answer);
    },
  );
}

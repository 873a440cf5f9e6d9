import { definePlugin } from 'haina/plugin';

/** Has destinations and queues with the names of somebody's own server. */
export default definePlugin({
  setup: (_options, host) => ({
    destinations: {
      '/app/shop.order': {
        schema: { type: 'object', required: ['item'], properties: { item: { type: 'string' } } },
        async handle({ session, body, reply }) {
          reply({ ordered: body });
          await host.publish(session.user, '/user/queue/prices', { up: true });
          await host.publish(session.user, '/user/queue/foreign', {}).catch((error: Error) => {
            reply({ failed: error.message });
          });
          return undefined;
        },
      },
      '/shop/ask': {
        queue: '/user/queue/shop/answers',
        handle({ destination, reply }) {
          reply(destination);
          return undefined;
        },
      },
    },
    queues: ['/user/queue/prices'],
  }),
});

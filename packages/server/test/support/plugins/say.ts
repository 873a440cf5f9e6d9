import { change, definePlugin, refuse } from 'haina/plugin';

/** Asks for everything, and does what texts and names tell it to. */
export default definePlugin<{ readonly greeting?: string }>({
  options: { type: 'object', additionalProperties: false, properties: { greeting: { type: 'string' } } },
  setup({ greeting = 'Hello' }, host) {
    const seen: string[] = [];
    return {
      intercept: {
        async connect({ user }) {
          if (user.userId.startsWith('slow')) {
            await new Promise((resolve) => setTimeout(resolve, 50));
            seen.push(`${user.userId} was let in`);
          }
          if (user.userId.startsWith('banned')) return refuse('EPERM', 'you are banned');
          if (user.userId.startsWith('early')) return refuse('ERATE', 'come later');
          if (user.userId.startsWith('stranger')) return refuse('EAUTH', 'who are you?');
          return user.userId.startsWith('promoted') ? change({ role: 'admin' as const }) : undefined;
        },
        subscribe({ destination }) {
          if (destination.endsWith('/secret')) return refuse('EPERM', 'a secret group', 'destination');
          return destination === '/topic/group/alias'
            ? change({ destination: '/topic/group/real' })
            : undefined;
        },
        command({ destination, body }) {
          const marked = JSON.stringify(body) ?? '';
          if (destination === '/topic/closed') return refuse('EPERM', 'no broadcasts here', 'destination');
          return marked.includes('not to be asked for') ? refuse('EPERM', `no ${destination}`) : undefined;
        },
        broadcast: ({ name }) => (name === 'muted' ? refuse('EPERM', 'muted') : undefined),
        'service.noted': ({ note }) => (note.content === 'muted' ? refuse('EPERM', 'muted') : undefined),
        async 'message.send'({ content, dialect }) {
          // Answers out of their order: the server has to keep it.
          if (content.text.startsWith('slow')) await new Promise((resolve) => setTimeout(resolve, 50));
          if (content.text.startsWith('no')) return refuse('ERATE', 'not this one', 'content');
          if (content.text === 'dialect?') return change({ content: { text: `by ${dialect}` } });
          if (content.text === 'too long') return change({ content: { text: 'x'.repeat(5000) } });
          return content.text.startsWith('shout ')
            ? change({ content: { text: content.text.toUpperCase() } })
            : undefined;
        },
        'message.edit': ({ text }) =>
          text === 'no' ? refuse('EPERM', 'not so') : change({ text: `${text}!`, reason: 'by a plug-in' }),
        'message.recall': ({ reason }) => (reason === 'no' ? refuse('EPERM', 'it stays') : undefined),
        'message.read': ({ ref }) => (ref === 'unread' ? refuse('EPERM', 'it stays unread') : undefined),
        'message.created'({ message: { content } }) {
          if (content.text === 'live: no') return refuse('EPERM', 'not live');
          return content.text === 'live: dress' ? change({ content: { text: 'dressed' } }) : undefined;
        },
      },
      listen: {
        'session.connected': ({ dialect, user }) => void seen.push(`${user.userId} came by ${dialect}`),
        'session.disconnected': ({ user }) => void seen.push(`${user.userId} went`),
        'session.subscribed': ({ session, destination }) =>
          void seen.push(`${session.user.userId} subscribed to ${destination}`),
        'message.created': ({ message }) =>
          void seen.push(`${message.senderId} sent ${message.content.text}`),
        'message.edited': ({ message }) =>
          void seen.push(`${message.senderId} edited ${message.content.text}`),
        'message.recalled': ({ actorId }) => void seen.push(`${actorId} recalled`),
        'receipt.delivered': ({ userId, clientId }) => void seen.push(`${userId} got ${clientId}`),
        'receipt.read': ({ userId, clientId }) => void seen.push(`${userId} read ${clientId}`),
      },
      messageTypes: {
        'x.poll': {
          schema: {
            type: 'object',
            required: ['question', 'options'],
            properties: {
              question: { type: 'string', minLength: 1 },
              options: { type: 'array', items: { type: 'string' }, minItems: 2 },
            },
          },
        },
      },
      destinations: {
        '/app/x.seen': { handle: ({ reply }) => void reply(seen) },
        '/app/x.hello': {
          schema: { type: 'object', required: ['to'], properties: { to: { type: 'string' } } },
          async handle({ session, body, reply }) {
            const { to } = body as { to: string };
            if (to === 'nobody') return refuse('EINVAL', 'to must be somebody', 'to');
            const { seq } = await host.send(session.user, {
              target: { kind: 'user', userId: to },
              content: { text: `${greeting}, ${to}` },
            });
            reply({ seq });
            await host.publish({ tenant: 'default', userId: to }, '/user/queue/x.hello', {
              from: session.user.userId,
            });
            return undefined;
          },
        },
      },
    };
  },
});

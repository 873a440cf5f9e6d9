import { type ImDestination, ImMessageType, type ImSendableType, imPayloadArm } from '@haina/wire';
import { type TObject, Type } from 'typebox';
import { INBOUND, OUTBOUND, type OutboundChannel } from './asyncapi-channels.ts';
import { CLIENT_FRAMES, MESSAGE_HEADERS, SEND_HEADERS, SERVER_FRAMES } from './asyncapi-frames.ts';
import { CHAT_FORMS } from './chat-content.ts';
import { DOCUMENTS, ERROR_FORM } from './documents.ts';
import { envelopeForm } from './envelope-form.ts';
import { BODY_FORMS } from './schemas.ts';

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';
const PROTOBUF_FORMAT = 'application/vnd.google.protobuf;version=3';

const DESCRIPTION = `Chat with a typed envelope in STOMP frames, over WebSocket at \`/ws\` or SockJS below it, in JSON or protobuf.

Each channel is a STOMP destination: clients SEND to those the server receives from, and SUBSCRIBE to those it sends to. The
header \`accept\` of CONNECT chooses the encoding for a session, that of SUBSCRIBE for a subscription, \`content-type\` that of a
SEND. A refusal never ends the session: it comes to \`/user/queue/errors\`.`;

type Json = Record<string, unknown>;

export interface AsyncApiOptions {
  readonly version: string;
  /** The text of im.proto. */
  readonly proto: string;
}

/** The AsyncAPI 3 document of the protocol, made of the schemas that the server itself checks with. */
export function imAsyncApi({ version, proto }: AsyncApiOptions): Json {
  const document = {
    asyncapi: '3.1.0',
    id: 'urn:haina:im',
    info: {
      title: 'haina: the im protocol',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      contact: { name: 'The maintainers of haina' },
      tags: [{ name: 'chat' }],
    },
    defaultContentType: JSON_TYPE,
    servers: { haina: SERVER },
    channels: { session: sessionChannel(), ...inboundChannels(), ...outboundChannels() },
    operations: { ...sessionOperations(), ...inboundOperations(), ...outboundOperations() },
    components: {
      schemas: { ...schemas(), WebSocketMessage: { schemaFormat: PROTOBUF_FORMAT, schema: proto } },
      messages: { ...frameMessages(), ...inboundMessages(), ...outboundMessages() },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'In the headers of CONNECT.',
        },
        query: {
          type: 'httpApiKey',
          in: 'query',
          name: 'token',
          description: 'The same token in the address.',
        },
      },
    },
  };
  // Schemas carry more than their JSON, and a document is to be written as it is.
  return JSON.parse(JSON.stringify(document)) as Json;
}

const SERVER = {
  host: '{host}',
  pathname: '/ws',
  protocol: 'ws',
  description: 'Plain WebSocket. Behind TLS the protocol is wss. SockJS has its base URL at the same path.',
  variables: { host: { default: 'localhost:8080', description: 'Where the server is.' } },
  security: [ref('securitySchemes', 'token'), ref('securitySchemes', 'query')],
  bindings: { ws: {} },
};

function ref(kind: string, name: string): { $ref: string } {
  return { $ref: `#/components/${kind}/${name}` };
}

const channelRef = (name: string) => ({ $ref: `#/channels/${name}` });
const messageRefs = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, ref('messages', name)]));
const messagesOf = (channel: string, names: readonly string[]) =>
  names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` }));

const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
/** `CHAT_TEXT` as `ChatText`. */
const nameOfType = (type: ImMessageType): string => TYPE_NAMES.get(type) as string;
const TYPE_NAMES = new Map(
  Object.entries(ImMessageType).map(([name, type]) => [
    type,
    name
      .split('_')
      .map((part) => part.charAt(0) + part.slice(1).toLowerCase())
      .join(''),
  ]),
);

function schemas(): Json {
  const sent = Object.entries(CHAT_FORMS).map(([type, form]) => [contentName(Number(type)), form]);
  const bodies = Object.entries(BODY_FORMS).map(([destination, form]) => {
    const { name } = INBOUND[destination as ImDestination];
    return [`${pascal(name)}Body`, withContent(form)];
  });
  const told = Object.values(DOCUMENTS).flatMap((documents) =>
    Object.entries(documents).map(([name, form]) => [`${name}Document`, form]),
  );
  const envelopes = Object.values(ImMessageType).map((type) => [
    `${nameOfType(type)}Envelope`,
    envelopeForm(type, contentOf(type)),
  ]);
  const others = Object.entries({
    Error: ERROR_FORM,
    SendHeaders: SEND_HEADERS,
    MessageHeaders: MESSAGE_HEADERS,
  });
  return Object.fromEntries([...sent, ...bodies, ...told, ...envelopes, ...others]);
}

const contentName = (type: number): string => `${nameOfType(type as ImSendableType)}Content`;

/** The text that holds a document of this type. */
function contentOf(type: ImMessageType) {
  const documents = Object.keys(DOCUMENTS[type]).map((name) => ref('schemas', `${name}Document`));
  const [only, ...others] = documents;
  return Type.String({
    description: `A JSON document${type <= ImMessageType.CHAT_RECALL ? ' of section 4.2' : ''}.`,
    contentMediaType: JSON_TYPE,
    contentSchema: others.length === 0 ? only : { anyOf: documents },
  });
}

/** The forms of a content are judged apart from its body: here they are shown together. */
function withContent(form: TObject): TObject {
  const content = {
    description: 'The document that goes with the type, its JSON text, or a plain text.',
    anyOf: [
      { type: 'string' },
      ...Object.keys(CHAT_FORMS).map((type) => ref('schemas', contentName(Number(type)))),
    ],
  };
  const properties = Object.entries(form.properties).map(([name, schema]) => [
    name,
    name === 'content' || name === 'newContent' ? content : schema,
  ]);
  return { ...form, properties: Object.fromEntries(properties) };
}

function frameMessages(): Json {
  const frames = Object.entries({ ...CLIENT_FRAMES, ...SERVER_FRAMES });
  return Object.fromEntries(
    frames.map(([command, { summary, headers, body = 'Empty.' }]) => [
      command,
      {
        name: command,
        title: command,
        summary,
        contentType: 'text/plain',
        headers,
        payload: { type: 'string', description: body },
      },
    ]),
  );
}

function inboundMessages(): Json {
  return Object.fromEntries(
    Object.entries(INBOUND).flatMap(([destination, { name, summary, protobuf }]) => {
      const shared = { title: destination, summary, headers: ref('schemas', 'SendHeaders') };
      const body = ref('schemas', `${pascal(name)}Body`);
      return [
        [name, { ...shared, name, contentType: JSON_TYPE, payload: body }],
        [
          `${name}Protobuf`,
          {
            ...shared,
            name: `${name}Protobuf`,
            description: `What is read: ${protobuf}.`,
            contentType: PROTOBUF_TYPE,
            payload: ref('schemas', 'WebSocketMessage'),
          },
        ],
      ];
    }),
  );
}

function outboundMessages(): Json {
  const types = Object.entries(ImMessageType).map(([title, type]) => {
    const name = nameOfType(type);
    const summary = `Type ${type}, with the payload ${imPayloadArm(type)}`;
    return [name, told(name, title, summary, JSON_TYPE, `${name}Envelope`)];
  });
  return Object.fromEntries([
    ...types,
    ['Error', told('Error', 'Error', 'A refusal, without an envelope', JSON_TYPE, 'Error')],
    [
      'Protobuf',
      told(
        'Protobuf',
        'WebSocketMessage',
        'The same as one protobuf message; a refusal as type 34 with status 5',
        PROTOBUF_TYPE,
        'WebSocketMessage',
      ),
    ],
  ]);
}

function told(name: string, title: string, summary: string, contentType: string, schema: string): Json {
  return {
    name,
    title,
    summary,
    contentType,
    headers: ref('schemas', 'MessageHeaders'),
    payload: ref('schemas', schema),
  };
}

function sessionChannel(): Json {
  const frames = [...Object.keys(CLIENT_FRAMES), ...Object.keys(SERVER_FRAMES)];
  return {
    address: null,
    title: 'The session',
    summary: 'The STOMP frames around what is sent and told',
    messages: messageRefs(frames),
    bindings: {
      ws: {
        method: 'GET',
        query: { type: 'object', properties: { token: { type: 'string', description: 'The token.' } } },
        bindingVersion: '0.1.0',
      },
    },
  };
}

function inboundChannels(): Json {
  return Object.fromEntries(
    Object.entries(INBOUND).map(([address, { name, summary }]) => [
      name,
      { address, title: address, summary, messages: messageRefs([name, `${name}Protobuf`]) },
    ]),
  );
}

/** In JSON and, as the last, in protobuf. */
function messageNames({ types }: OutboundChannel): string[] {
  return [...(types.length === 0 ? ['Error'] : types.map(nameOfType)), 'Protobuf'];
}

function outboundChannels(): Json {
  return Object.fromEntries(
    OUTBOUND.map((channel) => {
      const { name, address, summary, parameters } = channel;
      const described = Object.entries(parameters ?? {}).map(([key, description]) => [key, { description }]);
      return [
        name,
        {
          address,
          title: address,
          summary,
          messages: messageRefs(messageNames(channel)),
          ...(described.length === 0 ? {} : { parameters: Object.fromEntries(described) }),
        },
      ];
    }),
  );
}

function sessionOperations(): Json {
  const operation = (action: 'send' | 'receive', frames: object, summary: string) => ({
    action,
    summary,
    channel: channelRef('session'),
    messages: messagesOf('session', Object.keys(frames)),
  });
  return {
    takeFrames: operation('receive', CLIENT_FRAMES, 'Opens the session and its subscriptions'),
    answerFrames: operation('send', SERVER_FRAMES, 'Confirms, or ends the session'),
  };
}

function inboundOperations(): Json {
  return Object.fromEntries(
    Object.values(INBOUND).map(({ name, summary, reply }) => [
      `take${pascal(name)}`,
      {
        action: 'receive',
        summary,
        channel: channelRef(name),
        messages: messagesOf(name, [name, `${name}Protobuf`]),
        ...(reply === undefined ? {} : { reply: { channel: channelRef(reply) } }),
      },
    ]),
  );
}

function outboundOperations(): Json {
  return Object.fromEntries(
    OUTBOUND.map((channel) => [
      `tell${pascal(channel.name)}`,
      {
        action: 'send',
        summary: channel.summary,
        channel: channelRef(channel.name),
        messages: messagesOf(channel.name, messageNames(channel)),
      },
    ]),
  );
}

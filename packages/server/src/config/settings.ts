import { type Static, Type } from 'typebox';
import { DEFAULT_LIMITS } from '../core/limits.ts';
import { ID_PATTERN } from '../core/validate.ts';
import {
  bytes,
  choice,
  count,
  duration,
  flag,
  json,
  list,
  rate,
  type SettingSchema,
  text,
  texts,
} from './setting-kinds.ts';

/** Upper bound of spans that no timer waits for, in ms: ten years. */
const TEN_YEARS = 315_360_000_000;

/** A name goes with a password: a token is a setting of its own, and shown nowhere. */
const NATS_URL =
  '^(nats|tls)://([^\\s/:@]+:[^\\s/@]+@)?(\\[[\\da-fA-F:]+\\]|[\\w.-]+)(:(?!0+/?$)(6553[0-5]|655[0-2]\\d|65[0-4]\\d\\d|6[0-4]\\d{3}|[1-5]?\\d{1,4}))?/?$';

/** The application of an endpoint. */
const APP = {
  default: 'default',
  pattern: `^(\\*|${ID_PATTERN})$`,
  allowed: "the id of an application, or * for that of each client's token",
};

/** Part of names at NATS and PostgreSQL, and short enough for both. */
const CLUSTER_NAME = { pattern: '^[\\w-]{1,48}$', allowed: '1 to 48 letters, digits, _ or -' };

/** What JetStream takes as the name of a stream or consumer. */
const STREAM_NAME = { pattern: '^[\\w-]{1,64}$', allowed: '1 to 64 letters, digits, _ or -' };

const server = {
  host: text(
    'Address to listen on. 0.0.0.0 or :: opens the server to the network: put TLS in front of it then.',
    {
      default: '127.0.0.1',
    },
  ),
  port: count('Port to listen on; 0 takes any free one.', { default: 8080, maximum: 65_535 }),
  dataDir: text('Folder of the database and the files. One server at a time may use it.', {
    default: './data',
  }),
  store: text(
    'Where messages, users and all else but files are: sqlite, a database in the data folder, or a URL postgres://user:password@host:port/database. Prefer the variable: flags show in process lists.',
    {
      default: 'sqlite',
      allowed: 'sqlite or a URL postgres://user:password@host:port/database',
      unquoted: true,
    },
  ),
  redisUrl: Type.Optional(
    text(
      'Redis in which servers that share a store say who is connected where: redis://user:password@host:port/database, or rediss://… for TLS. Without it they say so in their PostgreSQL. Prefer the variable: flags show in process lists.',
      {
        allowed: 'a URL redis://user:password@host:port/database, or rediss://… for TLS',
        unquoted: true,
      },
    ),
  ),
  startTimeout: duration(
    'How long a start waits for a PostgreSQL, a Redis, or the NATS of the bus, that is not there yet, is starting or has no connection free; 0 tries once.',
    { default: 60_000 },
  ),
  drainTime: duration(
    'How long a stop takes to close its connections, spread evenly over that time, while no new ones are let in; 0 closes all at once. Where other servers take the clients over, longer spares those the rush.',
    { default: 0, maximum: 3_600_000 },
  ),
  demo: flag('Demo accounts with known passwords, and a secret of its own. Never for real users.', {
    default: false,
  }),
  allowedOrigins: list(
    "Web origins, beside the server's own, whose pages may connect. * allows every page on the web to use a token it got hold of.",
    {
      default: [],
      pattern: '^(\\*|https?://[^/\\s*]+)$',
      allowed: 'origins such as https://chat.example.org, or *',
    },
  ),
  trustedProxies: count(
    'Reverse proxies in front that append to X-Forwarded-For; 0: none. One too many, and clients can pretend any address.',
    { default: 0, maximum: 16 },
  ),
  maxBodyBytes: bytes('Largest body of an API request. More lets longer member lists in, and costs memory.', {
    default: 1_048_576,
    minimum: 1024,
  }),
  requestTimeout: duration(
    'How long a request may take to arrive, uploads included. Longer lets large files through slow lines, and slow attackers hold connections.',
    { default: 300_000, minimum: 1000 },
  ),
  metrics: flag('Serve Prometheus figures at /metrics to anybody who can reach the port.', { default: true }),
};

const cluster = {
  bus: list(
    'NATS servers, of one NATS cluster, that tell the nodes at once what was stored; none: PostgreSQL tells them, by NOTIFY, which is slower under load. Needs PostgreSQL as the store. Nobody else may publish where the nodes do.',
    {
      default: [],
      pattern: NATS_URL,
      allowed:
        'URLs such as nats://nats.example.org:4222, or tls://…, with name:password@ before the host or without',
    },
  ),
  busCredsFile: Type.Optional(text('File of credentials for the NATS of the bus, as nsc writes it.')),
  cluster: text(
    'Name of the nodes that share a database, the same on all of them: what they tell each other bears it.',
    { default: 'haina', ...CLUSTER_NAME },
  ),
  node: Type.Optional(
    text(
      'Name of this node, of its own in the cluster and best the same at each start: who was connected to it is known by it. A name by chance where it is not set, main with SQLite.',
      CLUSTER_NAME,
    ),
  ),
};

const authentication = {
  secret: Type.Optional(
    text(
      'HS256 secret that signs and checks tokens, 32 bytes or more. Prefer the variable: flags show in process lists.',
      {
        secret: true,
      },
    ),
  ),
  publicKeyFile: Type.Optional(
    text('PEM file of a public key (RSA, EC P-256 or Ed25519) that checks tokens made elsewhere.'),
  ),
  jwksUrl: Type.Optional(
    text(
      'JSON Web Key Set that checks tokens made elsewhere. Follows key rotation, and needs that address to be up.',
      {
        pattern: '^https?://\\S+$',
        allowed: 'an http or https URL',
      },
    ),
  ),
  roleAuthority: choice(
    "What says which role a user has whose token login did not issue: the token, or the user's record, which binds at once but has to be kept. Tokens of login always follow the record.",
    ['token', 'record'],
    { default: 'token' },
  ),
  minPasswordLength: count('Shortest password that is taken, in characters; 1 in demo mode.', {
    default: 8,
    minimum: 1,
    maximum: 256,
  }),
  tokenLifetime: duration(
    'Lifetime of tokens from login. Longer spares logins and keeps a stolen token useful.',
    {
      default: 86_400_000,
      minimum: 1000,
    },
  ),
  loginTries: count(
    'Wrong passwords for one user in ten minutes before further tries, but from addresses where that user has logged in, are answered late; 0 is off. More forgives typing errors, and guessing.',
    { default: 10 },
  ),
  autoProvision: flag('Make a user at the first valid token that names a new one. Off: make users first.', {
    default: true,
  }),
};

const applications = {
  imApp: text(
    'Application whose tokens the im protocol takes; * takes those of all, and each client is in that of its token.',
    APP,
  ),
  mimiApp: text('Application whose tokens the mimi protocol takes; * takes those of all.', APP),
  deskApp: text('Application of the service desk; * gives each application a desk of its own.', APP),
  roomApp: text(
    'Application of the guests and users of the room protocol; * takes the tokens of all, and needs roomAuth token.',
    APP,
  ),
};

const messages = {
  maxTextLength: count(
    'Longest text of a message, in characters; managers of a tenant may set another for it.',
    {
      default: DEFAULT_LIMITS.maxTextLength,
      minimum: 1,
    },
  ),
  maxExtraBytes: bytes("Largest JSON beside a message's text (what a picture, file or card needs).", {
    default: DEFAULT_LIMITS.maxExtraBytes,
  }),
  sendRate: rate(
    'Sends a second a user, with a burst of twice that; 0 is off, and one client may take all there is. Messages may be read by their ids 20 times as often, with a burst of 500 times.',
    {
      default: DEFAULT_LIMITS.sendRate,
    },
  ),
  guestSendRate: rate(
    'Sends a second of all guests of one address together, with a burst of twice that; 0 is off. More lets larger classes behind one address talk, and one attacker too.',
    { default: DEFAULT_LIMITS.guestSendRate },
  ),
  recallWindow: duration('How long a sender may recall a message.', {
    default: DEFAULT_LIMITS.recallWindow,
    maximum: TEN_YEARS,
  }),
  editWindow: duration('How long a sender may edit a message.', {
    default: DEFAULT_LIMITS.editWindow,
    maximum: TEN_YEARS,
  }),
  maxReceiptMembers: count(
    "Largest conversation whose senders are told of each member's receipts (n a message), and whose members of each other's presence.",
    { default: DEFAULT_LIMITS.maxReceiptMembers },
  ),
  maxPresencePeers: count(
    "Most people who are told of one user's coming and going; who has more of them tells only so many.",
    { default: DEFAULT_LIMITS.maxPresencePeers },
  ),
  presenceGrace: duration(
    'How long a user may be without a session before others are told that it is offline. Longer hides reconnects and tells later.',
    { default: 5000 },
  ),
  maxSessionsPerUser: count('Live sessions a user.', {
    default: DEFAULT_LIMITS.maxSessionsPerUser,
    minimum: 1,
  }),
  maxGroupMembers: count('Members a group.', { default: DEFAULT_LIMITS.maxGroupMembers, minimum: 1 }),
  notificationRetention: duration(
    'How long notifications, and who has read them, are kept; expired ones go at once, 0 keeps the others for ever. Longer lets users who were away for long see more, and costs disk.',
    { default: DEFAULT_LIMITS.notificationRetention, maximum: TEN_YEARS },
  ),
};

const desk = {
  deskAgentTimeout: duration(
    'How long an agent of the service desk may be away before its customers go back to the queue. Longer forgives worse networks and lets customers wait.',
    { default: DEFAULT_LIMITS.deskAgentTimeout, minimum: 1000 },
  ),
  deskCustomerTimeout: duration(
    'How long a waiting customer of the service desk may be away and still be given to an agent; 0 is for ever. Longer forgives worse networks and lets agents greet those who are gone.',
    { default: DEFAULT_LIMITS.deskCustomerTimeout },
  ),
  deskAbsenceTimeout: duration(
    'How long a customer who is away for longer than deskCustomerTimeout keeps its place in the queue before its session is closed; 0 is for ever. Longer lets customers come back later, and queues look longer than they are.',
    { default: DEFAULT_LIMITS.deskAbsenceTimeout },
  ),
  deskIdleTimeout: duration(
    'How long nobody may write in a service session that has an agent before it is closed; 0 is for ever. Longer gives slow answers time, and takes up the capacity of agents.',
    { default: DEFAULT_LIMITS.deskIdleTimeout },
  ),
  deskRatingWindow: duration(
    'How long after its end a customer may rate a service session; 0 is for ever. Shorter keeps the figures closer to the day they tell of.',
    { default: DEFAULT_LIMITS.deskRatingWindow },
  ),
  deskNewsInterval: duration(
    'Least time between two tellings of queue and agents to the service desk, and of positions to its customers. Shorter is fresher and costs messages.',
    { default: 1000, minimum: 10 },
  ),
};

const connections = {
  maxFrameBytes: bytes('Largest message of a client; a larger one closes its connection.', {
    default: 65_536,
    minimum: 1024,
  }),
  maxQueuedBytes: bytes(
    'What may wait for a client that reads slowly before it is closed. More forgives longer stalls and costs memory.',
    { default: 1_048_576, minimum: 16_384 },
  ),
  pingInterval: duration(
    'Time between WebSocket pings; 0 is off. Shorter finds dead clients sooner and wakes phones more often.',
    { default: 25_000 },
  ),
  perMessageDeflate: flag(
    'Compress WebSocket messages. Saves traffic, costs much CPU and memory a connection.',
    {
      default: false,
    },
  ),
  sockjsHeartbeat: duration(
    'Time between SockJS heart-beats. Stay below the time at which proxies cut idle requests.',
    {
      default: 25_000,
      minimum: 100,
    },
  ),
  sockjsSessionTimeout: duration("How long a SockJS session waits for its client's next request.", {
    default: 5000,
    minimum: 100,
  }),
  sockjsStreamingLimit: bytes(
    'Bytes after which a SockJS streaming response ends and the client asks for the next.',
    {
      default: 131_072,
      minimum: 1024,
    },
  ),
  maxSockjsSessions: count('SockJS sessions over HTTP at one endpoint; a new one beyond is answered 503.', {
    default: 50_000,
    minimum: 1,
  }),
  sockjsClientUrl: text(
    "SockJS client that the page of the iframe transports loads; the default is this server's own copy.",
    {
      default: '/sockjs/sockjs.min.js',
      pattern: '^(https?:/)?/[^\\s"<>]+$',
      allowed: 'an http or https URL, or a path on this server',
    },
  ),
};

const stomp = {
  mimiPrefix: text(
    'Path before the endpoints of mimi, /socketServer and /client, which are there without it too; / for none. A * stands for any part of a name in it, /** at its end for any number of names.',
    {
      default: '/Mimi',
      pattern: '^(/|(/(?=[^/])[\\w.~-]*\\*?[\\w.~-]*)+(/\\*\\*)?|/\\*\\*)$',
      allowed: 'a path without a slash at its end, such as /Mimi, /* or /**',
    },
  ),
  destinations: texts(
    'Names of destinations that clients write, by name, and the one of a protocol that each stands for, such as {"/app/chat.message":"/app/chat"}; a * at the end of both stands for the rest. Front ends of other servers stay as they are.',
    { default: {} },
  ),
  connectTimeout: duration('How long a connection may take to authenticate.', {
    default: 5000,
    minimum: 100,
  }),
  stompHeartbeat: duration('Time between heart-beats offered to STOMP clients, both ways; 0 is off.', {
    default: 10_000,
  }),
  maxSubscriptions: count('Subscriptions a session.', { default: 64, minimum: 1 }),
};

const files = {
  fileStorage: choice(
    'Where uploaded files are: in the data folder, or in a bucket of an S3-compatible service. Files do not move with a change.',
    ['local', 's3'],
    { default: 'local' },
  ),
  s3Endpoint: Type.Optional(
    text("URL of the S3-compatible service; AWS's own where it is not set.", {
      pattern: '^https?://[^\\s/]+(/\\S*)?$',
      allowed: 'an http or https URL',
    }),
  ),
  s3Region: text('Region of the bucket; services other than AWS mostly take any.', { default: 'us-east-1' }),
  s3Bucket: Type.Optional(text('Bucket of the files, which is there already and holds nothing else.')),
  s3AccessKey: Type.Optional(text('Access key that may read, write and delete in the bucket.')),
  s3SecretKey: Type.Optional(text('Secret of the access key. Prefer the variable.', { secret: true })),
  maxUploadsPerUser: count(
    'Uploads that one user may have under way; each holds some 300 KB of memory, with S3 8 MB.',
    {
      default: 3,
      minimum: 1,
    },
  ),
  maxPicturePixels: count(
    'Pixels of a picture that smaller forms are made of. More lets photographs of larger cameras in, and costs memory and time.',
    { default: 100_000_000, minimum: 1_000_000, maximum: 1_000_000_000 },
  ),
  pictureMemory: bytes(
    'Memory of each of the two processes that decode pictures, which run while there is something to do; one that needs more is ended. Pictures of more than a quarter of it are not decoded.',
    { default: 536_870_912, minimum: 134_217_728 },
  ),
  pictureTimeout: duration(
    'How long a picture may take to be decoded. Longer lets slow machines make more of them, and what waits for a hostile one waits as long.',
    { default: 10_000, minimum: 500, maximum: 60_000 },
  ),
  maxPicturesWaiting: count('Pictures that may wait to be decoded; further ones are refused.', {
    default: 64,
    minimum: 1,
    maximum: 10_000,
  }),
  unusedFileLifetime: duration(
    'How long a file is kept that nothing holds. Longer forgives slow writers and keeps what nobody sees.',
    { default: 86_400_000, minimum: 60_000, maximum: TEN_YEARS },
  ),
};

const rooms = {
  roomAuth: choice(
    'Who may use the room protocol: none lets guests into open rooms, and a token still tells who a user is; token asks everybody for one.',
    ['none', 'token'],
    { default: 'none' },
  ),
  roomCreate: flag(
    'Make an open room when somebody joins one that is not there; always on in demo mode. Guests can then fill the database with rooms.',
    { default: DEFAULT_LIMITS.roomCreate },
  ),
  roomHeartbeat: duration(
    'How often room clients say that they are alive; who is silent for one and a half times as long is closed.',
    { default: 120_000, minimum: 100, maximum: 1_000_000_000 },
  ),
  maxGuestsPerAddress: count(
    'Connections of guests from one address (or IPv6 /64 network) at a time; 0 is off. Behind a proxy set trustedProxies, or all of them share one.',
    { default: 1000 },
  ),
  guestMessageRetention: duration(
    'How long what guests say in rooms is kept; 0 keeps it for ever. Longer lets users read back further, and lets anybody fill the disk further.',
    { default: DEFAULT_LIMITS.guestMessageRetention, maximum: TEN_YEARS },
  ),
  maxRoomMembers: count('People in a room at a time: who comes in is told all of them at once.', {
    default: DEFAULT_LIMITS.maxRoomMembers,
    minimum: 1,
    maximum: 100_000,
  }),
  maxRoomsPerSession: count('Rooms that one connection may be in at a time.', {
    default: DEFAULT_LIMITS.maxRoomsPerSession,
    minimum: 1,
  }),
};

const events = {
  natsUrl: list(
    'NATS servers to share business events with, of one cluster; none: no NATS. A name and password may be in the URL.',
    {
      default: [],
      pattern: NATS_URL,
      allowed:
        'URLs such as nats://nats.example.org:4222, or tls://…, with name:password@ before the host or without',
    },
  ),
  natsToken: Type.Optional(text('Token for NATS.', { secret: true })),
  natsUser: Type.Optional(text('Name for NATS.')),
  natsPassword: Type.Optional(text('Password for NATS.', { secret: true })),
  natsCredsFile: Type.Optional(text('File of credentials for NATS, as nsc writes it.')),
  natsStream: text(
    'JetStream stream to make where none has the events, and the name, with _DEAD, of that of dead letters.',
    {
      default: 'HAINA_EVENTS',
      ...STREAM_NAME,
    },
  ),
  natsDeadLetter: text(
    'Before the subject of an event that can not be understood. It must be outside of the events.',
    {
      default: 'haina.deadletter',
      pattern: '^(?!(business|communication)(\\.|$))[\\w-]+(\\.[\\w-]+)*$',
      allowed: 'words with dots between them, not below business or communication',
    },
  ),
  natsStartDelay: duration(
    'How long after the start the events that came meanwhile are left in the stream. Longer lets clients come back first, who else miss them.',
    { default: 5000 },
  ),
  eventApp: text('Application (tenant) of events from NATS that name none in appId.', { default: 'default' }),
  eventOrigin: text(
    'Name of this deployment among the systems that share events, on all its nodes: its own events carry it, its consumers have it.',
    { default: 'haina', ...STREAM_NAME },
  ),
  maxOutbox: count(
    'Events that may wait for NATS, and for each webhook, while those are away; more are lost, and counted.',
    { default: 1_000_000, minimum: 1 },
  ),
  webhookTimeout: duration('How long a webhook may take to answer.', { default: 10_000, minimum: 100 }),
  webhookTries: count(
    'Tries before a delivery to a webhook goes to the dead letters. The wait doubles from a second up to an hour.',
    { default: 12, minimum: 1, maximum: 100 },
  ),
  webhookAllowPrivate: flag(
    'Let webhooks lead to loopback and private addresses. Whoever manages a tenant can then reach into your network.',
    { default: false },
  ),
};

const plugins = {
  plugins: list(
    'Plug-ins in the order they are asked: paths of modules, names of packages, or sensitive-words, strip-html, audit-log. They run with the rights of the server.',
    { default: [] },
  ),
  pluginOptions: json('Options by the name of the plug-in, such as {"sensitive-words":{"words":["darn"]}}.', {
    default: {},
    secret: true,
  }),
  pluginTimeout: duration(
    'How long a plug-in may take to answer. Longer forgives slow ones, and what waits for a hanging one waits as long.',
    { default: 200, minimum: 20, maximum: 60_000 },
  ),
  pluginMemory: bytes(
    "What the JavaScript heap of each plug-in's process may hold; one that needs more is restarted.",
    { default: 134_217_728, minimum: 16_777_216 },
  ),
};

const log = {
  logLevel: choice(
    'Least important lines to log. debug has every request.',
    ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'],
    { default: 'info' },
  ),
  logFormat: choice(
    'auto is pretty on a terminal and json otherwise. Logs go to standard error.',
    ['auto', 'pretty', 'json'],
    {
      default: 'auto',
    },
  ),
};

/**
 * Every setting of the server: its type, default, bounds, and what it trades for what. The setting `maxFrameBytes` is
 * the flag `--max-frame-bytes`, the variable `HAINA_MAX_FRAME_BYTES` and the key `maxFrameBytes` of the config file.
 */
export const SETTINGS = Type.Object({
  ...server,
  ...cluster,
  ...authentication,
  ...applications,
  ...messages,
  ...desk,
  ...connections,
  ...stomp,
  ...files,
  ...rooms,
  ...events,
  ...plugins,
  ...log,
});

/** The settings in force: durations in ms, sizes in bytes. Frozen. */
export type Config = Readonly<Static<typeof SETTINGS>>;
export type SettingName = keyof Config;

/** Where help and documents put each setting. */
export const SETTING_GROUPS: Readonly<Record<string, readonly SettingName[]>> = {
  Server: names(server),
  Cluster: names(cluster),
  Authentication: names(authentication),
  Applications: names(applications),
  Messages: names(messages),
  'Service desk': names(desk),
  Connections: names(connections),
  STOMP: names(stomp),
  Files: names(files),
  Rooms: names(rooms),
  Events: names(events),
  'Plug-ins': names(plugins),
  Log: names(log),
};

export const SETTING_NAMES: readonly SettingName[] = names(SETTINGS.properties);

/** The setting's description of itself. */
export function settingSchema(name: SettingName): SettingSchema {
  return SETTINGS.properties[name] as unknown as SettingSchema;
}

function names<Group extends object>(group: Group): Extract<keyof Group, SettingName>[] {
  return Object.keys(group) as Extract<keyof Group, SettingName>[];
}

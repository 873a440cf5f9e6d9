import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CloseName } from '@haina/wire';
import { stageWithHealthyPair } from './support/healthy-pair.ts';
import { assertEnds, type Ending } from './support/refusals.ts';
import { tokenOf } from './support/token.ts';

const stage = stageWithHealthyPair();

/** What a client sends, and how the server ends the session for it. */
type Case = readonly [name: string, input: string | Buffer, ending: Ending];

function ending(close: CloseName, message: string, body: string, more: Partial<Ending> = {}): Ending {
  return { message, body, close, ...more };
}

const receipt = (id: string): Partial<Ending> => ({ headers: { 'receipt-id': id } });
const malformed = (body: string) => ending('malformed', 'Malformed frame', body);
const badHeader = (body: string) => ending('malformed', 'Malformed header', body);
const unknownCommand = (body: string) => ending('command', 'Unknown command', body);
const missing = (name: string, command: string) =>
  ending('header', `Missing ${name}`, `${command} needs the header ${name}.`);
const notConnected = (command: string) =>
  ending('command', 'Not connected', `The first frame must be CONNECT or STOMP, not ${command}.`);
const headers = (count: number) => Array.from({ length: count }, (_, n) => `h${n}:v\n`).join('');
/** Bytes of text, with one that no UTF-8 has where the text says `?`. */
const badUtf8 = (text: string) => Buffer.from(text.replace('?', '\u00ff'), 'latin1');

const TOO_MANY_HEADERS = ending('too-large', 'Too many headers', 'A frame may have 100 headers.');
const HEADERS_TOO_LARGE = ending(
  'too-large',
  'Headers too large',
  'Command and headers are limited to 16384 bytes.',
);
const NUL_IN_HEADERS = malformed('A NUL stands in the headers; a blank line must end them first.');
const NO_COLON = badHeader('A header line has no colon.');
const BAD_LENGTH = ending(
  'header',
  'Invalid content-length',
  'The header content-length must be a count of bytes, such as 42.',
);
const BAD_HEART_BEAT = ending(
  'header',
  'Invalid heart-beat',
  'The header heart-beat must be two counts of milliseconds, such as 10000,10000.',
);
const UNSUPPORTED = ending('header', 'Unsupported version', 'Supported protocol versions are 1.0 1.1 1.2.', {
  headers: { version: '1.0,1.1,1.2' },
});

const BEFORE_CONNECT: readonly Case[] = [
  ['SEND', 'SEND\ndestination:/app/chat.send\n\n{}\0', notConnected('SEND')],
  [
    'SEND that asks a receipt',
    'SEND\nreceipt:r\ndestination:/x\n\n\0',
    { ...notConnected('SEND'), ...receipt('r') },
  ],
  ['SUBSCRIBE', 'SUBSCRIBE\nid:1\ndestination:/user/queue/messages\n\n\0', notConnected('SUBSCRIBE')],
  ['DISCONNECT', 'DISCONNECT\n\n\0', notConnected('DISCONNECT')],
  ['an unknown command', 'HELLO\n\n\0', unknownCommand('"HELLO" is no STOMP command.')],
  ['a command in lower case', 'connect\n\n\0', unknownCommand('Commands are upper case, unlike "connect".')],
  ["a server's command", 'MESSAGE\n\n\0', unknownCommand('"MESSAGE" is for the other side to send.')],
  ['an endless command', 'X'.repeat(16_384), HEADERS_TOO_LARGE],
  [
    'an HTTP request',
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    unknownCommand('"GET / HTTP/1.1" is no STOMP command.'),
  ],
  ['a TLS greeting', Buffer.from('1603010200010001fc0303', 'hex'), NUL_IN_HEADERS],
  ['no version that the server speaks', 'CONNECT\naccept-version:2.0,9\n\n\0', UNSUPPORTED],
  ['a heart-beat of words', 'CONNECT\naccept-version:1.2\nheart-beat:soon\n\n\0', BAD_HEART_BEAT],
  ['a heart-beat below 0', 'CONNECT\naccept-version:1.2\nheart-beat:-1,0\n\n\0', BAD_HEART_BEAT],
  ['a heart-beat of ages', 'CONNECT\naccept-version:1.2\nheart-beat:0,9999999999\n\n\0', BAD_HEART_BEAT],
  [
    'CONNECT with a body',
    'CONNECT\ncontent-length:2\n\n{}\0',
    ending('malformed', 'Body not allowed', 'CONNECT has no body.'),
  ],
  ['a header without a colon', 'CONNECT\nlogin\n\n\0', NO_COLON],
  ['a header without a name', 'CONNECT\n:x\n\n\0', badHeader('A header has no name.')],
  ['bad UTF-8 in a header', badUtf8('CONNECT\nlogin:?\n\n\0'), malformed('The headers are not valid UTF-8.')],
  ['101 headers', `CONNECT\n${headers(101)}\n\0`, TOO_MANY_HEADERS],
  ['a long header', `CONNECT\nlogin:${'x'.repeat(16_384)}\n\n\0`, HEADERS_TOO_LARGE],
  ['10 000 times the same header', `CONNECT\n${'a:b\n'.repeat(10_000)}\n\0`, HEADERS_TOO_LARGE],
  [
    'a frame too large for a stranger',
    `SEND\ncontent-length:16384\n\n`,
    ending('too-large', 'Frame too large', 'A frame is limited to 16384 bytes here.'),
  ],
];

describe('who is not connected is told what is wrong, and closed, for', () => {
  for (const [name, input, expected] of BEFORE_CONNECT) {
    test(name, async () => {
      const client = await stage.open();
      client.raw(input);
      await assertEnds(client, expected);
    });
  }
});

const sub = (more: string) => `SUBSCRIBE\n${more}\n\0`;
const OUTSTANDING = (body: string) => ending('overload', 'Too much outstanding', body);
const UNKNOWN_TRANSACTION = ending(
  'header',
  'Unknown transaction',
  'No open transaction of this session has this id.',
);
const connected = (command: string) =>
  ending('command', 'Already connected', `This session is connected; a second ${command} is not allowed.`);
const TOO_LARGE = ending(
  'too-large',
  'Frame too large',
  'A frame is limited to 65536 bytes here.',
  receipt('r'),
);

const AFTER_CONNECT: readonly Case[] = [
  ['a second CONNECT', 'CONNECT\naccept-version:1.2\n\n\0', connected('CONNECT')],
  [
    'a second CONNECT by its other name',
    'STOMP\naccept-version:1.2\nreceipt:r\n\n\0',
    { ...connected('STOMP'), ...receipt('r') },
  ],
  [
    'an unknown command',
    'PUBLISH\nreceipt:r\n\n\0',
    { ...unknownCommand('"PUBLISH" is no STOMP command.'), ...receipt('r') },
  ],
  [
    "a server's command",
    'RECEIPT\nreceipt-id:1\n\n\0',
    unknownCommand('"RECEIPT" is for the other side to send.'),
  ],
  ['a name of Object as command', '__proto__\n\n\0', unknownCommand('"__proto__" is no STOMP command.')],
  [
    'SEND without destination',
    'SEND\nreceipt:r\n\n{}\0',
    { ...missing('destination', 'SEND'), ...receipt('r') },
  ],
  ['SUBSCRIBE without id', sub('destination:/user/queue/messages\n'), missing('id', 'SUBSCRIBE')],
  ['SUBSCRIBE with an empty id', sub('id:\ndestination:/user/queue/messages\n'), missing('id', 'SUBSCRIBE')],
  ['SUBSCRIBE without destination', sub('id:1\n'), missing('destination', 'SUBSCRIBE')],
  [
    'a subscription id that is taken',
    sub('id:1\ndestination:/user/queue/errors\n') +
      sub('id:1\nreceipt:r\ndestination:/user/queue/messages\n'),
    ending(
      'header',
      'Duplicate subscription id',
      'A subscription of this session to another destination has the same id.',
      receipt('r'),
    ),
  ],
  [
    'an unknown way to acknowledge',
    sub('id:1\ndestination:/user/queue/messages\nack:maybe\n'),
    ending('header', 'Invalid ack', 'The header ack must be auto, client or client-individual.'),
  ],
  ['ACK without id', 'ACK\n\n\0', missing('id', 'ACK')],
  ['BEGIN without transaction', 'BEGIN\n\n\0', missing('transaction', 'BEGIN')],
  [
    'BEGIN of what is begun',
    'BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0',
    ending('header', 'Transaction already begun', 'Another open transaction has the same id.'),
  ],
  [
    'COMMIT of nothing',
    'COMMIT\ntransaction:t\nreceipt:r\n\n\0',
    { ...UNKNOWN_TRANSACTION, ...receipt('r') },
  ],
  ['ABORT of nothing', 'ABORT\ntransaction:t\n\n\0', UNKNOWN_TRANSACTION],
  ['SEND in no transaction', 'SEND\ndestination:/app/chat.send\ntransaction:t\n\n{}\0', UNKNOWN_TRANSACTION],
  [
    'COMMIT twice',
    'BEGIN\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0',
    UNKNOWN_TRANSACTION,
  ],
  [
    '17 transactions',
    Array.from({ length: 17 }, (_, n) => `BEGIN\ntransaction:${n}\n\n\0`).join(''),
    OUTSTANDING('A session may have 16 open transactions.'),
  ],
  [
    '1001 frames in a transaction',
    `BEGIN\ntransaction:t\n\n\0${'SEND\ndestination:/a\ntransaction:t\n\n\0'.repeat(1001)}`,
    OUTSTANDING('A transaction may have 1000 frames.'),
  ],
  ['101 headers', `SEND\n${headers(101)}\n\0`, TOO_MANY_HEADERS],
  ['a long header', `SEND\nx:${'x'.repeat(16_384)}\n\n\0`, HEADERS_TOO_LARGE],
  ['a header that does not end', `SEND\nx:${'x'.repeat(20_000)}`, HEADERS_TOO_LARGE],
  ['a header without a colon', 'SEND\ndestination\n\n\0', NO_COLON],
  [
    'a carriage return in a header',
    'SEND\na:b\rc\n\n\0',
    badHeader('A carriage return stands inside the command or a header.'),
  ],
  ['a carriage return between frames', '\rSEND\n\n\0', malformed('A carriage return stands between frames.')],
  [
    'an unknown escape',
    'SEND\ndestination:/app\\t\n\n\0',
    ending('malformed', 'Invalid escape', 'STOMP 1.2 does not define the header escape "\\\\t".'),
  ],
  [
    'bad UTF-8 in a header',
    badUtf8('SEND\ndestination:/?\n\n\0'),
    malformed('The headers are not valid UTF-8.'),
  ],
  ['headers that a NUL ends', 'SEND\ndestination:/app/chat.send\0', NUL_IN_HEADERS],
  [
    'a body on SUBSCRIBE',
    'SUBSCRIBE\nid:1\ndestination:/x\n\nbody\0',
    ending('malformed', 'Body not allowed', 'SUBSCRIBE has no body.'),
  ],
  ['a content-length of words', 'SEND\ndestination:/x\ncontent-length:many\n\n\0', BAD_LENGTH],
  ['a content-length below 0', 'SEND\ndestination:/x\ncontent-length:-1\n\n\0', BAD_LENGTH],
  ['a content-length in hexadecimal', 'SEND\ndestination:/x\ncontent-length:0x10\n\n\0', BAD_LENGTH],
  [
    'a content-length that is too short',
    'SEND\ndestination:/x\nreceipt:r\ncontent-length:1\n\n{}\0',
    ending(
      'malformed',
      'Frame must end with NUL',
      'The byte after the 1 that content-length announces is not NUL.',
      receipt('r'),
    ),
  ],
  ['a body that is announced too large', 'SEND\nreceipt:r\ncontent-length:65536\n\n', TOO_LARGE],
  ['a body that is announced endless', 'SEND\nreceipt:r\ncontent-length:999999999999999\n\n', TOO_LARGE],
  ['a body that is too large', `SEND\nreceipt:r\n\n${'x'.repeat(65_536)}\0`, TOO_LARGE],
  ['a body that does not end', `SEND\nreceipt:r\n\n${'x'.repeat(65_536)}`, TOO_LARGE],
];

describe('who is connected is told what is wrong, and closed, for', () => {
  for (const [name, input, expected] of AFTER_CONNECT) {
    test(name, async () => {
      const client = await stage.connect('alice');
      client.raw(input);
      await assertEnds(client, expected);
    });
  }
});

describe('who is connected goes on, as with other servers, after', () => {
  for (const [name, frame] of [
    ['UNSUBSCRIBE of nothing', 'UNSUBSCRIBE\nid:nothing\nreceipt:r\n\n\0'],
    ['UNSUBSCRIBE without id', 'UNSUBSCRIBE\nreceipt:r\n\n\0'],
    ['ACK of nothing', 'ACK\nid:1@x\nreceipt:r\n\n\0'],
    ['NACK of nothing', 'NACK\nid:__proto__\nreceipt:r\n\n\0'],
    [
      'the same SUBSCRIBE again',
      sub('id:1\ndestination:/user/queue/messages\n') +
        sub('id:1\nreceipt:r\ndestination:/user/queue/messages\n'),
    ],
  ] as const) {
    test(name, async () => {
      const client = await stage.connect('alice');
      client.raw(frame);
      assert.equal((await client.next('RECEIPT')).headers.get('receipt-id'), 'r');
      client.raw('DISCONNECT\nreceipt:bye\n\0');
      assert.equal((await client.next('RECEIPT')).headers.get('receipt-id'), 'bye');
    });
  }
});

describe('earlier versions are held to their own rules', () => {
  for (const [version, input, expected] of [
    ['1.0', 'NACK\nmessage-id:1\n\n\0', unknownCommand('STOMP 1.0 has no NACK.')],
    ['1.0', 'ACK\n\n\0', missing('message-id', 'ACK')],
    ['1.1', 'ACK\nmessage-id:1\n\n\0', missing('subscription', 'ACK')],
    [
      '1.1',
      'SEND\na:\\r\n\n\0',
      ending('malformed', 'Invalid escape', 'STOMP 1.1 does not define the header escape "\\\\r".'),
    ],
  ] as const) {
    test(`${version}: ${JSON.stringify(input)}`, async () => {
      const client = await stage.open(`?token=${tokenOf('alice')}`);
      client.send('CONNECT', { 'accept-version': version });
      await client.next('CONNECTED');
      client.raw(input);
      await assertEnds(client, expected);
    });
  }
});

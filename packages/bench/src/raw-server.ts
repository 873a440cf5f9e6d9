// The raw write limit: a WebSocket server that writes frames encoded beforehand, and does nothing else. A client's
// message says how many frames each connection is to get, gathered into one write or written one by one.
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { encodeWebSocketFrame } from '../../server/src/transport/websocket-frame.ts';

const size = Number(process.argv[2]);
const frame = encodeWebSocketFrame(Buffer.alloc(size, 'x'), false);
const sockets = new Set<Socket>();
const gathered = new Map<number, Buffer>();
const webSockets = new WebSocketServer({ noServer: true });
const server = createServer();

server.on('upgrade', (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    if (request.url === '/subscriber') sockets.add(socket as Socket);
    webSocket.on('message', (data) => {
      const [mode, count] = String(data).split(' ');
      if (mode === 'gathered') writeGathered(Number(count));
      else writeEach(Number(count));
    });
    webSocket.on('error', () => {});
  });
});

function writeGathered(count: number): void {
  const buffer = gathered.get(count) ?? Buffer.concat(Array.from({ length: count }, () => frame));
  gathered.set(count, buffer);
  for (const socket of sockets) socket.write(buffer);
}

function writeEach(count: number): void {
  for (let i = 0; i < count; i++) for (const socket of sockets) socket.write(frame);
}

server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
// It ends with the process that measures it.
process.stdin.on('end', () => process.exit()).resume();

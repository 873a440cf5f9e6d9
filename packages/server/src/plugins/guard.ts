import { Socket } from 'node:net';
import { CLOSE_LIMIT, LIFELINE_FD } from './protocol.ts';

/*
 * A thread beside the plug-in that notices the end of the server, however it comes, and ends a process that does not do
 * so by itself: code that loops notices nothing.
 */
new Socket({ fd: LIFELINE_FD })
  .resume()
  .on('error', () => {})
  .on('close', () => setTimeout(() => process.kill(process.pid, 'SIGKILL'), CLOSE_LIMIT));

// A server that does nothing: for each line that it gets it answers the same bytes. It is what a server cannot be faster than, so
// it shows what the generator can do. Run as a process of its own: `node sink.js PORT REPLY`.
import { createServer } from 'node:net';
import { ReplyCounter } from './reply-counter.ts';

const [port, reply = 'OK'] = process.argv.slice(2);
const REPLIES = 4096;
const replies = Buffer.from(`${reply}\n`.repeat(REPLIES));
const replyBytes = replies.length / REPLIES;

const server = createServer({ noDelay: true }, (socket) => {
  const counter = new ReplyCounter('line', 'I');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    for (let rest = counter.count(chunk, chunk.length); rest > 0; rest -= REPLIES) {
      socket.write(replies.subarray(0, Math.min(rest, REPLIES) * replyBytes));
    }
  });
});
// It ends with whoever started it.
process.on('disconnect', () => process.exit());
server.listen({ host: '127.0.0.1', port: Number(port) }, () => process.send?.({ kind: 'ready' }));

// Asks a server for its status over its link port, as `drover status` does. Knows frames, not what the JSON says.
import { connect } from 'node:net';
import { ByteWriter, MalformedFrame } from '../wire/bytes.ts';
import { beginFrame, endFrame, FrameReader } from '../wire/frame.ts';
import { FRAME_PAYLOAD_BYTES, STATUS_TIMEOUT_MS } from '../wire/limits.ts';

/**
 * The status of the server whose link port this is, as parsed JSON.
 * @throws {Error} whose message says why there is none
 */
export function askStatus(host: string, peerPort: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: peerPort });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(reason));
    };
    const reader = new FrameReader(FRAME_PAYLOAD_BYTES);
    socket.setTimeout(STATUS_TIMEOUT_MS, () => fail(`no answer within ${STATUS_TIMEOUT_MS} ms`));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.on('close', () => fail('closed without an answer'));
    socket.on('connect', () => {
      const out = new ByteWriter();
      endFrame(out, beginFrame(out, 'statusRequest'));
      socket.write(out.take());
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
        if (!reader.next()) return;
        if (reader.name !== 'status') return fail(`answered with ${reader.name}`);
        resolve(JSON.parse(Buffer.from(reader.payload).toString()));
        socket.destroy();
      } catch (error) {
        fail(error instanceof MalformedFrame ? `not a Drover server: ${error.message}` : 'answered with no JSON');
      }
    });
  });
}

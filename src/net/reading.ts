// How the bytes of a connection are read: all into one buffer that is used again for every read. Node makes a buffer of
// 64 KiB for each read otherwise, which costs more than all that is done with a usual chunk. Node offers this for sockets that
// dial (`onread`), not for accepted ones, so the same fields are set here; where they are not as expected, chunks are read in the
// public way. Knows sockets, no protocol. See docs/decisions/0011-the-hot-path.md.
import { Socket, type SocketConstructorOpts } from 'node:net';
import { GATHERED_CHUNK_BYTES, READ_BYTES } from '../wire/limits.ts';

/** Starts reading; every chunk is only true until `received` returns. */
export type Read = (socket: Socket, received: (chunk: Uint8Array) => void) => void;

/** The public way: a buffer for each read. */
export const readPublicly: Read = (socket, received) => {
  // A plain view: a slice of it is a copy, which a Buffer's is not.
  socket.on('data', (chunk: Buffer) => received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)));
};

/** One buffer for all connections, or undefined if this Node is not made as expected. */
export const readIntoOneBuffer: Read | undefined = makeReader();

/** The fastest way that this Node has. */
export const read: Read = readIntoOneBuffer ?? readPublicly;

function makeReader(): Read | undefined {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  // A socket that was given `onread` shows under which names its parts are kept.
  const callback = (): boolean => true;
  const options = { onread: { buffer, callback } } as SocketConstructorOpts;
  const shown = new Socket(options) as unknown as Record<symbol, unknown>;
  const names = Object.getOwnPropertySymbols(shown);
  const bufferName = names.find((name) => shown[name] === buffer);
  const callbackName = names.find((name) => shown[name] === callback);
  const views: (Uint8Array | undefined)[] = [];
  if (bufferName === undefined || callbackName === undefined) return undefined;
  return (socket, received) => {
    const parts = socket as unknown as Record<symbol, unknown> & { _handle?: { useUserBuffer?(bytes: Buffer): void } };
    const handle = parts._handle;
    if (typeof handle?.useUserBuffer !== 'function' || !(bufferName in parts) || !(callbackName in parts)) {
      return readPublicly(socket, received);
    }
    handle.useUserBuffer(buffer);
    parts[bufferName] = buffer;
    parts[callbackName] = (length: number): boolean => {
      const view = views[length] ?? new Uint8Array(buffer.buffer, 0, length);
      // Small chunks are many: one view for all of the same length.
      if (length <= GATHERED_CHUNK_BYTES) views[length] = view;
      received(view);
      return true;
    };
    // As a listener of `data` does: so that the end comes through.
    socket.resume();
  };
}

// How V8 compiles what runs all the time. Knows nothing of what that is.
import { setFlagsFromString } from 'node:v8';

/**
 * Bytes of bytecode that V8 puts together in one function when it compiles it: 920 by itself, and never more than this, its other bound. A
 * report passes through some sixty small functions, and takes a quarter less when they become one: docs/decisions/0011-the-hot-path.md.
 */
const INLINED_BYTECODE_BYTES = 4600;

/** Has V8 compile calls away as far as it goes. For the whole process, so only a program of our own may say so; before it does any work. */
export function inlineMore(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTECODE_BYTES}`);
}

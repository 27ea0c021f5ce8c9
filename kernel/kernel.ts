// What of Drover is WebAssembly: written in AssemblyScript; `node scripts/build-kernel.mjs` makes `src/wire/kernel-code.ts` of it.
export { answer, NAME, REPLIES } from './answer';
export { ROWS, WINDOW } from './rows';
export { records, reports } from './scan';
export { accept, BUCKET_SEGMENTS, begin, fetch, LANES, ROW_SEGMENTS, replace, SLOTS, seek, take } from './table';

/** Where what nobody has yet begins. */
export const FREE: usize = __heap_base;

// Every limit of places in files, each with the reason for its number. Knows nothing else.

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** Places of one chunk of a .places file. A chunk is read, checked and kept whole: larger ones mean a longer wait for the first lookup in a region, smaller ones more boxes to look through. Once read, 2,048 to 16,384 were equally fast. */
export const CHUNK_PLACES = 4096;

/** Points of a leaf of a chunk's tree: of 8, 16, 32 and 64 none was faster for 20 places within 10 km, and larger leaves are made sooner. */
export const LEAF_PLACES = 32;

/** Head of a .places file: 65,536 kinds of 500 bytes and the boxes of a billion places. A wrong file is refused, not read. */
export const HEAD_BYTES: number = 64 * MEBIBYTE;

/** One chunk, at most: every name and vicinity as long as may be, and the tables. */
export const CHUNK_BYTES: number = 16 * MEBIBYTE;

/** Chunks of one set that are kept in memory, tables and trees: about three million places. What was not used for longest gives way. */
export const KEPT_BYTES: number = 256 * MEBIBYTE;

/** Chunks searched in one turn of the event loop, 0.01 to 2 ms each: whoever asks for a rare keyword in a large city must not hold up a server's connections. */
export const CHUNKS_A_TURN = 4;

/** Longest name and longest vicinity, in bytes of UTF-8. The longest name of a town has 168; what is longer is a column that was taken for the name. */
export const TEXT_BYTES = 1024;

/** Kinds (sources and types) of a file: their number has two bytes. Overture has about 2,000. */
export const KINDS = 65_536;

/** Sources of one answer: their set is kept in one number of 31 bits. */
export const SOURCES = 31;

/** Text of all places of one import: offsets have four bytes. About a hundred million places. */
export const IMPORT_TEXT_BYTES = 0xffff_ffff;

/** A line of an input. GeoNames' longest, with all names of a capital, has 12 kB; a file without lines is refused and not read into memory. */
export const INPUT_LINE_BYTES: number = 4 * MEBIBYTE;

/** When so many rows of an input at its beginning are all wrong it is another kind of file, and there is no sense in reading on. */
export const WRONG_ROWS_AT_FIRST = 1000;

/** Wrong rows that are shown; the rest is counted. */
export const WRONG_ROWS_SHOWN = 10;

/** A block of an OSM PBF file, as the format's description limits it. */
export const OSM_BLOCK_BYTES: number = 32 * MEBIBYTE;

/** And the header before it. */
export const OSM_BLOCK_HEADER_BYTES: number = 64 * KIBIBYTE;

/** Rows, and values of a column, of one row group of a Parquet file. Writers make groups of 100,000 to a million rows; a count beyond this is damage. */
export const PARQUET_GROUP_ROWS = 20_000_000;

/** What a row takes while its group is read, which is read as a whole: measured with groups of 100,000 and 600,000, and something for longer texts. */
export const FOURSQUARE_ROW_BYTES = 1500;
export const OVERTURE_ROW_BYTES = 4500;

/** A page of one. A mebibyte is usual. */
export const PARQUET_PAGE_BYTES: number = 256 * MEBIBYTE;

/** An unfinished file of an import that nobody has written to for so long is left over: between two writes an import only sorts its places. */
export const IMPORT_SILENCE_MS = 3_600_000;

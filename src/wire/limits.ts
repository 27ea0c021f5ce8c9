// Every limit of Drover, each with the reason for its number. One file, so that an operator can see at once what a server
// will put up with. Knows nothing else.

const KIBIBYTE = 1024;

/** Longest command line in bytes, without its LF. Far above any real command (about 100 bytes), small enough that 10,000 hostile connections hold 640 MiB at worst. The configuration's `limits.lineBytes` replaces it. */
export const LINE_BYTES: number = 64 * KIBIBYTE;

/** A line over the limit is answered with this much of itself: enough to recognise it, and it fits a terminal line. */
export const LINE_EXCERPT_BYTES = 64;

/** Widest search WHATSAT may ask for: Google Places' own limit of 50,000 m. */
export const RADIUS_KM = 50;

/** Most places WHATSAT may ask for: one page of Google Places. */
export const BOUND = 20;

/** How far ahead of the receiving server's clock a report may be ordered: longer than honest clock error and network delay, short enough that a wrong fast clock pins a position for 5 s, not for ever. */
export const ORDER_LEAD_SECONDS = 5;

/** A reading of the clock that is at most this much before the last one is a correction of the clock and is lifted to just after it, so that reports of one server stay in order; more is a real step and is followed. */
export const CLOCK_SETBACK_SECONDS = 1;

/** Largest payload of a frame between servers: four times the longest line, so that any record fits, and a neighbour's batch is never more than a quarter of a socket's usual send buffer behind. */
export const FRAME_PAYLOAD_BYTES: number = 256 * KIBIBYTE;

/** Largest payload before a link is live: a stranger must not make a server hold more than this. */
export const GREETING_PAYLOAD_BYTES: number = 8 * KIBIBYTE;

/** A batch of records is closed when its frame reaches this: large enough to amortise the header, small enough to keep a neighbour's latency low. */
export const BATCH_BYTES: number = 64 * KIBIBYTE;

/** Entries of a vector: every server of a large herd in a hundred lives each. */
export const VECTOR_ENTRIES = 10_000;

/** A vector ends after the entry that reaches this: with one entry more of the longest kind it still fits in a frame. */
export const VECTOR_BYTES: number = 192 * KIBIBYTE;

/** Lives begin before this, in milliseconds of POSIX time (the year 10889): a later one was invented, or damaged on its way, and a server that counted on from it would soon say numbers that nobody can read. */
export const EPOCHS_BELOW: number = 2 ** 48;

/** Receive times are at most this far from 1970, in seconds: 34,000 years either way. */
export const EARLIEST_SECONDS: number = -(2 ** 40);

/** Earlier lives of a server are forgotten when a later one began this long ago and no record is of them: by then every link has been made anew or has long caught up. */
export const OLD_LIFE_MS = 86_400_000;

/** Lives of one server in a vector; the oldest are forgotten first. One that crashes once a minute fills it in an hour, and a hundred servers fill less than a vector. */
export const LIVES_PER_NAME = 64;

/** Old lives are looked for this often. */
export const LIVES_LOOK_MS = 60_000;

/** A server that lacks this many updates or more lets one neighbour bring them while others wait: fewer are on their way before anybody could be asked to wait. */
export const CATCH_UP_LONG = 2000;

/** How long the first neighbour may be slow before the others go on. */
export const CATCH_UP_LOOK_MS = 1000;

/** Records in that time with which it is not slow: a tenth of what a server can take in, so that two would not be much faster than one. */
export const CATCH_UP_STEADY = 10_000;

/** A neighbour that was asked to wait goes on by itself after this: two looks. */
export const CATCH_UP_WAIT_MS = 2000;

/** Ranges above an origin's height that a vector keeps and names, the newest; marks close gaps long before there are so many, except in a long catch-up. */
export const RANGES_PER_ORIGIN = 1000;

/** A digest is of 64 parts in 64 parts each: comparing it costs half a KiB when tables are equal, and a list of one bucket is a thousandth of the table and less. */
export const DIGEST_FAN = 64;
export const DIGEST_BUCKETS: number = DIGEST_FAN * DIGEST_FAN;

/** Two neighbours compare their tables this often: it costs ten bytes a second, and a fault that nobody expected stands for a minute. */
export const AUDIT_INTERVAL_MS = 60_000;

/** After something was mended a server looks at its other neighbours this soon: what is mended together is looked for together. */
export const AUDIT_SOON_MS = 1000;

/** Parts that differ which one audit looks into, half a KiB each; under load some always do, and others have their turn a minute later. */
export const AUDIT_PARTS = 8;

/** A list of who holds what ends after the bucket that reaches this: a second and a half on a link of 40 kbit/s. */
export const AUDIT_BYTES: number = 8 * KIBIBYTE;

/** A server tells its neighbours what it has got at most this often ... */
export const GOT_INTERVAL_MS = 25;
/** ... or after this many bytes, half of the first window, so that a fast sender's window opens before it is full. */
export const GOT_BYTES: number = 32 * KIBIBYTE;

/** Records of an origin that reach a neighbour sooner by another way are held back this long: its acknowledgement (25 ms) and a round trip fit in several times over, and nobody waits longer if the other way breaks. */
export const HOLD_MS = 150;

/** Duplicates of an origin in a row after which a neighbour is asked to hold that origin's records back. */
export const PRUNE_AFTER = 3;

/** A link says something at least this often ... */
export const HEARTBEAT_MS = 1000;
/** ... and is dead when nothing came for this long: three heartbeats and a half, so that a stopped process is noticed within 4 s. */
export const SILENCE_MS = 3500;

/** A neighbour that talks but acknowledges nothing for this long does not understand the link any more: a batch (BATCH_BYTES) needs less on any link of 20 kbit/s. */
export const UNACKNOWLEDGED_MS = 30_000;

/** The core is told the time at least this often: a tenth of what tells a neighbour's death. */
export const TICK_MOST_MS = 250;

/** A server that was not running for this long (stopped, starved) blames itself, not its neighbours' silence. */
export const OWN_PAUSE_MS = 500;

/** Unacknowledged bytes on a link: at first, at least and at most. The kernel would hide megabytes that go to a dead or slow neighbour; what is not in flight stays in the outbox, where the newest record of a client replaces the older one. */
export const WINDOW_FIRST_BYTES: number = 64 * KIBIBYTE;
export const WINDOW_LEAST_BYTES: number = 4 * KIBIBYTE;
export const WINDOW_MOST_BYTES: number = 1024 * KIBIBYTE;
/** The window shrinks when acknowledgements take longer than this: what a moving thing's position may lag on a slow link. */
export const WINDOW_DELAY_MS = 250;

/** Hours after its last report at which a client is unknown, unless the configuration says otherwise: a last known position should outlast a holiday, and IDs that were seen once should not be kept for ever. */
export const EXPIRE_AFTER_HOURS: number = 30 * 24;

/** An expired client's record is kept hidden this long, so that no server that is a little behind sends it to one that has dropped it. */
export const PURGE_GRACE_SECONDS = 300;

/** Clients looked at for expiry in `TICK_MOST_MS`, fewer in a tick that comes sooner: four times a second walk a million clients in a few minutes, for microseconds each. */
export const PURGE_CLIENTS = 1000;

/** A server that finds its life's number too early goes on under one that is at most this much later than what is remembered: a quarter of an hour in numbers that are milliseconds, enough that two processes hardly ever choose the same. */
export const LIFE_LEAP_MS = 1_000_000;

/** Clients looked at in one turn of a catch-up: about a millisecond's work. */
export const SCAN_CLIENTS = 1000;

/** Origins that one batch names: a herd has fewer servers, and a list of the longest names stays under the frame's limit. */
export const BATCH_ORIGINS = 255;

/** Bytes a link's socket may hold unsent before records wait in the outbox, where a newer report replaces an older one. */
export const LINK_UNSENT_BYTES: number = 256 * KIBIBYTE;

/** A link that has not finished its greeting by then is closed: 2 s is twenty round trips to the far side of the earth's slowest common path. */
export const GREETING_TIMEOUT_MS = 2000;

/** A dial that has not connected by then is given up and tried again. */
export const DIAL_TIMEOUT_MS = 5000;

/** Full-jitter backoff between dials of a lost neighbour: from quick enough to hide a restart ... */
export const REDIAL_FIRST_MS = 100;
/** ... to slow enough that a dead neighbour costs nothing. */
export const REDIAL_MOST_MS = 5000;

/** `drover status` gives a server this long: a busy one answers in milliseconds, and a person is waiting. */
export const STATUS_TIMEOUT_MS = 3000;

/** Most clients that one question about who is near may ask for: with IDs and stamps of usual length they fill half of a frame, and finding them takes a fraction of a millisecond. */
export const NEAR_CLIENTS = 1000;

/** Such questions of one connection that wait for their answers: a person or a page has a few, and of a program that asks on without waiting this is all that is kept. */
export const NEAR_QUESTIONS = 128;

/** Clients whose new position the near index learns in one piece: some 0.03 ms of work, and 0.1 ms when nothing of five million clients is in a cache. Whatever arrives meanwhile waits for that. */
export const NEAR_SETTLE_CLIENTS = 64;

/** Clients of which it reads everything together: the processor fetches the memory of one while it waits for that of another, and twice as many are no faster. */
export const NEAR_TOGETHER_CLIENTS = 16;

/** Clients that it settles for each millisecond by itself, and records that may come in one before it leaves them to who asks: 40,000 a second, which take a hundredth or two of a core. */
export const NEAR_SETTLE_PER_MS = 40;

/** What a question takes of the server's time in one piece while the index is behind, if everything else takes less: what waits meanwhile does not notice it. */
export const NEAR_SLICE_MS = 0.2;

/** Clients that the near index may be behind with while nobody asks: some 3 ms of work for the first who does, and clients that report again before that cost the index one move for all their reports. */
export const NEAR_BEHIND_CLIENTS = 10_000;

/** Widest radius of such a question in metres: half the way around the earth, where everybody is. */
export const NEAR_RADIUS_METRES = 20_015_087;

/** Whoever asks questions over the link port and has asked none for this long is disconnected: a page that looks once a minute stays. */
export const ASKER_SILENCE_MS = 120_000;

/** Sockets on the link port that have not greeted: each may hold GREETING_PAYLOAD_BYTES, so 128 hold 1 MiB. */
export const GREETINGS_PENDING = 128;

/** A refused link is told in the log at once, and after that how often it was repeated, this often: an operator who looks sees it, and a stranger who dials in a loop writes a line a minute. */
export const REFUSALS_TOLD_MS = 60_000;

/** Kinds of refusals, by address and reason, that are told apart, the rest as one: strangers with many addresses write about 30 KiB a minute into the log. */
export const REFUSALS_TOLD = 64;

/** Of these, one address may have so many: a neighbour that is badly configured has one or two, and a stranger who makes up reasons leaves room for others. */
export const REFUSALS_OF_ADDRESS = 8;

/** Replies waiting for a client that does not read: at this its socket is closed. Ten times the largest reply (20 places, about 100 KiB with Google's photos). */
export const REPLIES_WAITING_BYTES: number = 1024 * KIBIBYTE;

/** Replies waiting at which a connection's further commands wait too, so that a client that reads slowly, or pipelines a lot, is served at its own speed instead of being cut off. */
export const REPLIES_PAUSE_BYTES: number = 256 * KIBIBYTE;

/** A client that takes nothing for this long is not reading: its commands are served on until REPLIES_WAITING_BYTES wait, and then it is closed. A connection of 30 KiB/s takes something every second. */
export const REPLIES_STALL_MS = 2000;

/** How often it is looked at whether a client takes its replies. */
export const REPLIES_LOOK_MS = 1000;

/** A client that takes nothing for this long while replies wait is closed, however few they are: a minute is any network's outage that a TCP connection is worth keeping for. */
export const REPLIES_GIVE_UP_MS = 60_000;

/** A connection's turn: then other connections are served. Ten turns are not felt by a person. */
export const TURN_MS = 5;
/** The clock is looked at after this many commands of a turn, and whatever was served together with the last of them: a look costs a tenth of a command, and this many WHATSATs take about a millisecond. */
export const TURN_LINES = 32;

/** Reports that are read before the first of them is served: enough for the processor to fetch what they need while it does something else, and all of it stays in its first cache. The kernel has room for as many (`MOST_ROWS` in `kernel/rows.ts`). */
export const REPORTS_AHEAD = 32;

/** Most bytes read from a client at once: what Node reads too. */
export const READ_BYTES: number = 64 * KIBIBYTE;

/** A chunk of at most this many bytes waits until all that has arrived is read, with those of other connections (or, when it is quiet, has a turn of its own): six reports or so. Larger ones have enough reports to look up together by themselves. */
export const GATHERED_CHUNK_BYTES = 512;

/** When no turn has ended for this long, a small chunk is served at once and has a turn of its own: little else will have arrived with it, and waiting for that takes a sixth of what its turn takes. Under load turns follow each other without a pause. */
export const QUIET_MS = 0.1;

/** What waits so altogether: the reports of several hundred connections, and little enough for a processor's second cache. */
export const GATHERED_BYTES: number = 64 * KIBIBYTE;

/** Replies of all connections that are collected before a turn of the event loop ends early: a chunk from a client that pipelines is answered in one piece, and disk and links take as much at once. */
export const TURN_BYTES: number = 64 * KIBIBYTE;

/** A `WHATSAT ... SINCE` waits this long for the report it asks for: many times what a report needs across a healthy herd, and a person does not notice it. */
export const SINCE_WAIT_MS = 250;

/** Places lookups in flight for one connection; further commands of that connection wait. As many requests as a browser makes to one host at once, and a few more. */
export const LOOKUPS_PER_CONNECTION = 8;

/** Clients connected to one server at once, if the system allows as many open files; this keeps idle connections (about 10 KiB each) under 600 MiB. */
export const CONNECTIONS = 50_000;

/** Open files that clients leave to the server itself: some 30 at rest, 128 strangers that have yet to greet, 256 requests for places, and links, snapshots and names that are looked up. */
export const OWN_FILES = 512;

/** Queue of connections the kernel has accepted and we have not: the most that Linux allows by default, so that a thousand devices may reconnect at once after an outage. */
export const LISTEN_BACKLOG = 4096;

/** TCP keep-alive starts after this much silence on a client's connection: a phone that vanished is noticed within minutes, an idle one costs one packet a minute. */
export const CLIENT_KEEPALIVE_MS = 60_000;

/** Longest answer taken from a places provider: five times twenty Google results with photos. Eight of them (LOOKUPS_PER_CONNECTION) may be held for one connection. */
export const PLACES_ANSWER_BYTES: number = 512 * KIBIBYTE;

/** Characters of a line kept in the log: any real command whole; a hostile one cannot fill the disk 64 KiB a line. */
export const LOG_LINE_BYTES = 512;

/** Log records are written to disk at the latest this long after they were made: `tail -f` feels live, and the disk sees four writes a second. */
export const LOG_FLUSH_MS = 250;

/** Log records are collected up to this size before they are written: some three hundred records a write, so that the call itself costs a record next to nothing. */
export const LOG_BUFFER_BYTES: number = 64 * KIBIBYTE;

/** No record of a line or a report is longer: `LOG_LINE_BYTES` of five characters each, three names of 64 that may be escaped, and less than 500 besides. */
export const LOG_RECORD_BYTES: number = 4 * KIBIBYTE;

/** Log records that wait while the disk takes none; beyond it they are dropped, since serving goes before logging. */
export const LOG_WAITING_BYTES: number = 8 * 1024 * KIBIBYTE;

/** That something was missing and mended is logged at most this often for each neighbour. */
export const REPAIR_LOG_INTERVAL_MS = 60_000;

/** A server that was told to stop waits this long for its neighbours to acknowledge its last records. */
export const SETTLE_GRACE_MS = 1000;

/** A server that was told to stop closes what is left of its connections after this: `up` promises 5 s for all of them. */
export const STOP_GRACE_MS = 1500;

/** Entries on disk are written in blocks with one checksum each; a block is closed when it reaches this. A turn that took in less is one block. */
export const STORED_BLOCK_BYTES: number = 64 * KIBIBYTE;

/** A longer block on disk is damage: a block that was just not full, plus the largest record, with room for its numbers. */
export const STORED_BLOCK_MOST_BYTES: number = 384 * KIBIBYTE;

/** Bytes read from disk at a time: some 3,000 records. */
export const STORED_CHUNK_BYTES: number = 256 * KIBIBYTE;

/** A snapshot is written so much at a time: some 700 records, a third of a millisecond of work ... */
export const SNAPSHOT_SLICE_BYTES: number = 64 * KIBIBYTE;
/** ... and then everything else has the server for so long: so five million clients take ten seconds, and none of them notices. */
export const SNAPSHOT_REST_MS = 1;

/** A snapshot is synced to the disk so much at a time: hundreds of megabytes at once would hold up the log's own writes. */
export const SNAPSHOT_SYNC_BYTES: number = 8 * 1024 * KIBIBYTE;

/** Old logs and snapshots are given back to the file system so much at a time: it takes two or three milliseconds over it. */
export const REMOVED_PIECE_BYTES: number = 16 * 1024 * KIBIBYTE;

/** A snapshot is made when the log since the last one reaches this and twice the last snapshot's size, so that disk and recovery stay within a small multiple of what is known ... */
export const SNAPSHOT_LEAST_BYTES: number = 64 * 1024 * KIBIBYTE;
/** ... or when there are this many log files: a server that is restarted again and again starts one each time. */
export const SNAPSHOT_LOG_FILES = 64;

/** With `--ack memory` a snapshot is all that is written; this often, when anything changed. */
export const SNAPSHOT_MEMORY_MS = 60_000;

/** After a snapshot that failed the next is tried this much later: it would fill a full disk again. */
export const SNAPSHOT_RETRY_MS = 10_000;

/** The store looks after itself this often: makes a power failure cost at most that much with `--ack wal`, and tries a failing disk again. */
export const STORE_TICK_MS = 1000;

/** A lock of another machine or container, whose processes cannot be seen from here, is dead when it is not touched for this long: three ticks. */
export const LOCK_SILENCE_MS = 3000;

/** Certificates are looked at this often: a renewed one is in use within the hour, without a restart. */
export const CERTIFICATE_LOOK_MS = 3_600_000;

/** A certificate's end is announced in the log when fewer days than these are left: time to plan, to act, to hurry. */
export const CERTIFICATE_WARN_DAYS: readonly number[] = [1, 7, 30];

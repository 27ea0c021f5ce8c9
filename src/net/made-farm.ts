// Connections to one server over streams in memory, for tests: a network does not say when its chunks come.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Replica } from '../core/replica.ts';
import type { Observer } from '../core/sink.ts';
import type { StoredRecord } from '../wire/record.ts';
import { ClientConnection } from './client-connection.ts';
import type { Places } from './client-service.ts';
import { Pulse } from './pulse.ts';
import { readPublicly } from './reading.ts';

/** Whose time only passes when the test says so: a connection that is served for long makes way for others, and how long it takes depends on the machine. */
class TestPulse extends Pulse {
  timeMs = 0;
  /** What each look at the clock takes. */
  lookMs = 0;

  override nowMs(): number {
    this.timeMs += this.lookMs;
    return this.timeMs;
  }
}

export class Farm {
  readonly pulse: TestPulse;
  places: Places | Promise<Places> = Buffer.from('{}');
  acceptsReports = true;
  /** What the disk says of what it is given. */
  keeps = true;
  /** First lines, as the observer is told of them, and how long each reply is. */
  readonly sent: string[] = [];
  /** Records, as the core's observer is told of them. */
  readonly accepted: string[] = [];
  /** Reports that were taken in together. */
  together = 0;
  private readonly eachLine: boolean;
  private readonly replies: string[] = [];
  private connections = 0;

  /** `eachLine` as of `ClientObserver`. */
  constructor(eachLine = true) {
    this.eachLine = eachLine;
    const plan = { herd: 'farm', self: 'Barn', epoch: 1, neighbours: [], nowMs: 0, expireAfterSeconds: 0, hashSeed: 1 };
    const accepted = ({ text, textStart, textLength, sequence, received, order }: StoredRecord): void => {
      const shown = Buffer.from(text.slice(textStart, textStart + textLength)).toString();
      this.accepted.push(`${sequence} ${shown} ${JSON.stringify([received, order])}`);
    };
    const observer = new Proxy({ accepted } as unknown as Observer, {
      get: (known, name) => known[name as keyof Observer] ?? (() => {}),
    });
    const replica = new Replica({ ...plan, observer });
    const { reports } = replica;
    const takeAhead = reports.takeAhead.bind(reports);
    reports.takeAhead = (...given) => {
      const taken = takeAhead(...given);
      this.together += taken;
      return taken;
    };
    this.pulse = new TestPulse({ replica, readClock: () => {}, commit: (done) => done?.(this.keeps) });
    // Just now a turn has ended.
    this.pulse.endTurn();
  }

  connect(): Duplex {
    this.connections += 1;
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      this.replies.push(chunk.toString());
      done();
    };
    const socket = new Duplex({ read: () => {}, write });
    new ClientConnection(this.connections, socket as unknown as Socket, {
      pulse: this.pulse,
      lineBytes: 100,
      read: readPublicly,
      places: () => this.places,
      acceptsReports: () => this.acceptsReports,
      observer: {
        eachLine: this.eachLine,
        received: () => {},
        sent: (_id, bytes, start, end, replyBytes) => {
          this.sent.push(`${Buffer.from(bytes.subarray(start, end)).toString()}${replyBytes}`);
        },
        stale: () => {},
        acceptFailed: () => {},
        dropped: () => {},
      },
    });
    return socket;
  }

  /** What was sent without another turn of the event loop. */
  heardAtOnce(): string {
    return this.replies.splice(0).join('');
  }

  async heard(): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve));
    // Its timer would keep the process; what arrives is still served.
    this.pulse.stop();
    return this.heardAtOnce();
  }
}

export const say = (socket: Duplex, text: string): boolean => socket.emit('data', Buffer.from(text));

// Looks after a running server's certificates: takes renewed ones into use without a restart, and says in time that they end.
import type { Logger } from 'pino';
import { CERTIFICATE_LOOK_MS, CERTIFICATE_WARN_DAYS } from '../wire/limits.ts';
import { CertificateError, type Certificates } from './certificates.ts';

const DAY_MS = 86_400_000;

export interface WatchOptions {
  /** In use; their `secure` is replaced when they are renewed. */
  readonly certificates: Certificates;
  /** @throws {CertificateError} */
  readonly read: () => Certificates;
  readonly renewed: () => void;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

export class CertificateWatch {
  private readonly options: WatchOptions;
  private current: Certificates;
  private saidAtMs = Number.NEGATIVE_INFINITY;
  private readonly timer: NodeJS.Timeout;

  constructor(options: WatchOptions) {
    this.options = options;
    this.current = options.certificates;
    this.sayWhenTheyEnd();
    this.timer = setInterval(() => this.look(), CERTIFICATE_LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Called every hour. */
  look(): void {
    const { certificates, read, renewed, logger } = this.options;
    try {
      const found = read();
      if (JSON.stringify(found.secure) !== JSON.stringify(this.current.secure)) {
        this.current = found;
        certificates.secure = found.secure;
        renewed();
        this.saidAtMs = Number.NEGATIVE_INFINITY;
        logger.info({ file: found.endsFile, ends: endOf(found) }, 'certificates renewed');
      }
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      // While files are being replaced they may not fit: what is in use stays.
      logger.error({ reason: error.message }, 'certificates cannot be used; the old ones stay');
    }
    this.sayWhenTheyEnd();
  }

  /** Once a day while there is something to say. */
  private sayWhenTheyEnd(): void {
    const { logger, nowMs } = this.options;
    if (nowMs() - this.saidAtMs < DAY_MS) return;
    const { endsMs, endsFile: file } = this.current;
    const daysLeft = (endsMs - nowMs()) / DAY_MS;
    const fewerThan = CERTIFICATE_WARN_DAYS.find((days) => daysLeft < days);
    if (fewerThan === undefined) return;
    this.saidAtMs = nowMs();
    const ends = endOf(this.current);
    if (daysLeft <= 0) logger.error({ file, ends }, 'certificate expired: no neighbour links with this server');
    else logger.warn({ file, ends, fewerThanDays: fewerThan }, 'certificate ends soon');
  }
}

function endOf({ endsMs }: Certificates): string {
  return new Date(endsMs).toISOString();
}

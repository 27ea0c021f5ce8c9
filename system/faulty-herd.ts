// A herd whose links all go through fault proxies: each server has a configuration of its own in which its neighbours' link ports
// are those of proxies, one for each way to dial. Clients and `drover status` go straight to the servers.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { clientPort, drover, EDGES, freePortOffset, Herd, linkPort, SERVERS, type ServerName } from './processes.ts';
import { FaultProxy } from './proxy.ts';

export interface FaultyOptions {
  /** With a secret every frame carries a code. */
  readonly secret?: boolean;
  readonly env?: Partial<Record<ServerName, Record<string, string>>>;
  /** Data directories other than the herd's. */
  readonly data?: Partial<Record<ServerName, string>>;
}

/** One link: the proxies for either way to dial it. */
interface Edge {
  readonly ends: readonly [ServerName, ServerName];
  /** Dialled by the first end, and by the second. */
  readonly proxies: readonly [FaultProxy, FaultProxy];
}

export class FaultyHerd extends Herd {
  private readonly edges: Edge[] = [];
  private readonly options: FaultyOptions;

  private constructor(offset: number, options: FaultyOptions) {
    super(offset, {});
    this.options = options;
  }

  static async startFaulty(options: FaultyOptions = {}): Promise<FaultyHerd> {
    const herd = new FaultyHerd(await freePortOffset(), options);
    try {
      if (options.secret) {
        const { code, stderr } = await drover(['keygen', path.join(herd.directory, 'shared.key')]);
        if (code !== 0) throw new Error(stderr);
      }
      for (const ends of EDGES) {
        const [one, other] = ends;
        const toOther = await FaultProxy.open(linkPort(other, herd.offset));
        const toOne = await FaultProxy.open(linkPort(one, herd.offset));
        herd.edges.push({ ends, proxies: [toOther, toOne] });
      }
      herd.writeConfig();
      for (const name of SERVERS) herd.writeConfig(name);
    } catch (error) {
      await herd.stop();
      throw error;
    }
    await herd.bringUp(SERVERS);
    return herd;
  }

  override async stop(): Promise<void> {
    await Promise.all(this.edges.flatMap(({ proxies }) => proxies.map((proxy) => proxy.close())));
    await super.stop();
  }

  protected override source(name?: ServerName): { readonly configFile: string } {
    return { configFile: this.configFile(name) };
  }

  protected override environmentOf(name: ServerName): Record<string, string> {
    return this.options.env?.[name] ?? {};
  }

  override dataOf(name: ServerName): string {
    return this.options.data?.[name] ?? this.directory;
  }

  /** The proxies between two neighbours, dialled by the first and by the second. */
  between(one: ServerName, other: ServerName): readonly [FaultProxy, FaultProxy] {
    for (const { ends, proxies } of this.edges) {
      if (ends[0] === one && ends[1] === other) return proxies;
      if (ends[0] === other && ends[1] === one) return [proxies[1], proxies[0]];
    }
    throw new Error(`${one} and ${other} are no neighbours`);
  }

  /** Nothing that one neighbour sends reaches the other any more; the other way is whole. */
  lose(from: ServerName, to: ServerName): void {
    const [dialledByFrom, dialledByTo] = this.between(from, to);
    dialledByFrom.hold('toTarget');
    dialledByTo.hold('toDialler');
  }

  /** Cuts every link between different groups, without a word to either side. Whoever is in no group is alone. */
  partition(...groups: ServerName[][]): void {
    const groupOf = (name: ServerName): unknown => groups.find((group) => group.includes(name)) ?? name;
    for (const { ends, proxies } of this.edges) {
      if (groupOf(ends[0]) === groupOf(ends[1])) continue;
      for (const proxy of proxies) proxy.hold('toTarget', 'toDialler');
    }
  }

  /** Inverts byte `at` of the next piece that one neighbour sends the other. */
  corrupt(from: ServerName, to: ServerName, at: number): void {
    const [dialledByFrom, dialledByTo] = this.between(from, to);
    dialledByFrom.corrupt('toTarget', at);
    dialledByTo.corrupt('toDialler', at);
  }

  everyLink(change: (proxy: FaultProxy) => void): void {
    for (const { proxies } of this.edges) proxies.forEach(change);
  }

  heal(): void {
    this.everyLink((proxy) => proxy.heal());
  }

  private configFile(name: ServerName | undefined): string {
    return path.join(this.directory, `${name ?? 'commands'}.json`);
  }

  private writeConfig(self?: ServerName): void {
    const seen = (name: ServerName): number => {
      const edge = this.edges.find(({ ends }) => ends.includes(name) && self !== undefined && ends.includes(self));
      if (edge === undefined || name === self) return linkPort(name, this.offset);
      return edge.proxies[edge.ends[0] === self ? 0 : 1].port;
    };
    const servers = Object.fromEntries(
      SERVERS.map((name) => [name, { clientPort: clientPort(name, this.offset), peerPort: seen(name) }]),
    );
    const secret = this.options.secret ? { secretFile: 'shared.key' } : {};
    writeFileSync(this.configFile(self), JSON.stringify({ herd: 'ucla', servers, links: EDGES, ...secret }));
  }
}

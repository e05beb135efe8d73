/** A relay with a Redis of its own and a simulated provider, for one file of tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually'
import { MODULE, WEIR } from './places'
import { Process, freePort, output } from './process'

export interface Behaviour {
  latency_ms?: number
  chunks?: number
  delay_ms?: number
  status?: number | null
  retry_after?: number | null
}

export class Weir {
  private constructor(
    readonly provider: string,
    readonly callers: string,
    readonly operators: string,
    private readonly folder: string,
    private readonly processes: Process[],
  ) {}

  /** `accounts` is what weir.toml has beside the listeners; a provider's address stands for `PROVIDER`. */
  static async start(accounts = ''): Promise<Weir> {
    const folder = mkdtempSync(join(tmpdir(), 'weir-browser-'))
    const [provider, callers, operators] = await Promise.all([freePort(), freePort(), freePort()])
    const address = (port: number) => `http://127.0.0.1:${port}`
    writeFileSync(join(folder, 'weir.toml'), settings(folder, callers, operators) + accounts.replaceAll('PROVIDER', address(provider)))
    const upstream = new Process(WEIR, ['mock-provider', '--listen', `127.0.0.1:${provider}`])
    const relay = new Process(WEIR, ['serve', '--config', join(folder, 'weir.toml')])
    const weir = new Weir(address(provider), address(callers), address(operators), folder, [relay, upstream])
    await eventually('the relay and its provider are there', () => weir.answers(), () => relay.log + upstream.log)
    return weir
  }

  get log(): string {
    return this.processes.map((one) => one.log).join('\n')
  }

  /** Where the first operator is made: the relay prints it. */
  async invitation(): Promise<string> {
    const [relay] = this.processes
    if (relay === undefined) throw new Error('a relay runs')
    const [, path] = await relay.said(/https?:\/\/[^/\s]+(\/setup#\S+)/)
    return `${this.operators}${path}`
  }

  /** How the provider answers from now on. */
  async behave(behaviour: Behaviour): Promise<void> {
    const told = await fetch(`${this.provider}/mock/config`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(behaviour) })
    if (!told.ok) throw new Error(await told.text())
  }

  /** What a command of the program says. */
  async says(...words: string[]): Promise<string> {
    return output(WEIR, [...words, '--config', join(this.folder, 'weir.toml')])
  }

  async key(name: string, ...more: string[]): Promise<string> {
    const made = JSON.parse(await this.says('key', 'create', '--name', name, '--group', 'main', '--json', ...more)) as { key: string }
    return made.key
  }

  async stop(): Promise<void> {
    for (const one of this.processes) await one.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async answers(): Promise<boolean> {
    const alive = async (address: string) => (await fetch(address).catch(() => null)) !== null
    return (await alive(this.provider)) && (await alive(this.callers)) && (await alive(`${this.operators}/readyz`))
  }
}

function settings(folder: string, callers: number, operators: number): string {
  return `
data_dir = "${folder}/data"
drain_timeout_ms = 500
[listen]
callers = "127.0.0.1:${callers}"
operators = "127.0.0.1:${operators}"
[module]
path = "${MODULE}"
[waiting]
grace_ms = 60000
`
}

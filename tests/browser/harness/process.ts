/** Programs that end with the test that started them, and whose words are told when it fails. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { eventually } from './eventually'

export class Process {
  log = ''
  private readonly child: ChildProcess

  constructor(program: string, words: string[], environment: Record<string, string> = {}) {
    this.child = spawn(program, words, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (piece: Buffer) => (this.log += piece.toString()))
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    await gone
  }

  /** What it prints, once it has printed that. */
  said(words: RegExp): Promise<RegExpExecArray> {
    return eventually(`it says ${words}`, () => {
      if (this.child.exitCode !== null) throw new Error(`it ended:\n${this.log}`)
      return words.exec(this.log)
    }, () => this.log)
  }
}

/** Nobody listens there now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a port has a number')
  return address.port
}

/** All that a program prints that ends by itself: it may be gone before its last words are read. */
export async function output(program: string, words: string[]): Promise<string> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}`)
  return said
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DevnetErrors } from '../errors.js'

/** A child process that can't outlive this one, with a temporary folder that goes when it goes. */
export interface ManagedProcess {
  readonly name: string
  /** Process id of the supervisor, which leads the process group of the child. */
  readonly pid: number
  readonly folder: string
  /** The end of what the child wrote, at most 64 KiB. */
  log(): string
  /** Whether the child still runs. */
  running(): boolean
  /** Kills the child and resolves when it is gone and its folder removed; never rejects, never waits over 10 s. */
  stop(): Promise<void>
}

/** What to run. `args` gets the temporary folder. */
export interface Command {
  readonly name: string
  readonly command: string
  readonly args: (folder: string) => readonly string[]
}

/**
 * The supervisor, in POSIX sh: it holds the read end of a pipe whose write end only the parent has. However the
 * parent ends (return, exception, signal, SIGKILL), the kernel closes the pipe, `read` sees the end of file, and
 * the child is killed and its folder removed. `detached` keeps the terminal's Ctrl-C from reaching it first.
 */
const SUPERVISOR = `
exec 3<&0 </dev/null
folder=$1; shift
"$@" 3<&- &
node=$!
(
  exec >/dev/null 2>&1
  while read -r _ <&3; do :; done
  kill -KILL "$node"
  tries=0
  while kill -0 "$node" && [ "$tries" -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  rm -rf -- "$folder"
) &
guard=$!
exec 3<&-
wait "$node"
status=$?
kill -KILL "$guard" 2>/dev/null
rm -rf -- "$folder"
exit "$status"
`

const LOG_LIMIT = 65_536
const STOP_LIMIT_MS = 10_000

/** Starts a command under the supervisor. */
export function start(command: Command): ManagedProcess {
  const folder = mkdtempSync(join(tmpdir(), 'aitbc-devnet-'))
  const child: ChildProcess = spawn(
    '/bin/sh',
    ['-c', SUPERVISOR, 'aitbc-devnet', folder, command.command, ...command.args(folder)],
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true, cwd: folder },
  )
  let log = ''
  let ended = false
  const keep = (chunk: string): void => {
    log = (log + chunk).slice(-LOG_LIMIT)
  }
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      ended = true
      resolve()
    })
    child.once('error', (error) => {
      ended = true
      keep(`${error.message}\n`)
      resolve()
    })
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', keep)
    // A devnet that its owner forgot must not keep the owner's process alive.
    ;(stream as unknown as { unref?: () => void } | null)?.unref?.()
  }
  child.stdin?.on('error', () => undefined)
  ;(child.stdin as unknown as { unref?: () => void } | null)?.unref?.()
  child.unref()

  return {
    name: command.name,
    pid: child.pid ?? -1,
    folder,
    log: () => log,
    running: () => !ended,
    stop: async () => {
      child.stdin?.destroy()
      if (!ended) {
        child.ref()
        const late = new AbortController()
        await Promise.race([
          exited,
          delay(STOP_LIMIT_MS, undefined, { signal: late.signal }).catch(() => undefined),
        ])
        late.abort()
        if (!ended) killGroup(child.pid)
      }
      child.stdout?.destroy()
      child.stderr?.destroy()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}

/** Waits until `probe` answers something; fails when the child ends, the time is over or the signal fires. */
export async function ready<T>(
  child: ManagedProcess,
  probe: () => Promise<T | undefined>,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    options.signal?.throwIfAborted()
    const answer = await probe().catch(() => undefined)
    if (answer !== undefined) return answer
    const over = performance.now() > deadline
    if (!child.running() || over) {
      const why = over ? `did not answer within ${options.timeoutMs} ms` : 'ended while it started'
      const log = child.log().slice(-4096)
      throw DevnetErrors.NodeNotStarted(`${child.name} ${why}; the end of its log:\n${log}`, {
        node: child.name,
        log,
      })
    }
    await delay(5)
  }
}

/** Runs a short program to its end and returns what it wrote; `undefined` when it can't be run or fails. */
export async function capture(
  command: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'ignore'], timeout: options.timeoutMs })
  const abort = (): void => {
    child.kill('SIGKILL')
  }
  options.signal?.addEventListener('abort', abort, { once: true })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-LOG_LIMIT)
  })
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    options.signal?.throwIfAborted()
    return code === 0 ? text : undefined
  } catch {
    options.signal?.throwIfAborted()
    return undefined
  } finally {
    options.signal?.removeEventListener('abort', abort)
  }
}

/** The command as another program meets it: started as a process of its own, with a home of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert } from "@effect/vitest"

const bin = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url))

/** The tools of these tests. */
export const tools = fileURLToPath(new URL("./tools.ts", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  readonly input?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

export interface Started {
  readonly process: ChildProcess
  /** Resolves once the text has appeared on standard output or standard error. */
  readonly appears: (text: string) => Promise<void>
  readonly ended: Promise<Ended>
}

const running = new Set<ChildProcess>()
const directories: Array<string> = []

afterAll(() => {
  for (const child of running) child.kill("SIGKILL")
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** An empty directory that is gone after the tests of the file. */
export const freshDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "caisson-cli-"))
  directories.push(directory)
  return directory
}

/** Starts the command. */
export const start = (words: ReadonlyArray<string>, options: Options = {}): Started => {
  const child = spawn(
    process.execPath,
    ["--conditions=source", "--disable-warning=ExperimentalWarning", bin, ...words],
    {
      cwd: options.cwd,
      env: { ...process.env, CAISSON_HOME: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, ...options.env }
    }
  )
  running.add(child)
  const texts = { stdout: "", stderr: "" }
  let watchers: Array<() => void> = []
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      texts[stream] += text
      for (const watcher of watchers) watcher()
    })
  }
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code, signal) => {
      running.delete(child)
      resolve({ code, signal, ...texts })
    })
  )
  child.stdin.on("error", () => {}).end(options.input ?? "")
  const appears = async (text: string) => {
    const has = () => texts.stdout.includes(text) || texts.stderr.includes(text)
    const appeared = new Promise<void>((resolve) => {
      watchers = [...watchers, () => has() && resolve()]
      if (has()) resolve()
    })
    await Promise.race([appeared, ended])
    assert.isTrue(has(), `${text} did not appear in ${JSON.stringify(texts)}`)
  }
  return { process: child, appears, ended }
}

/** Runs the command to its end. */
export const caisson = (words: ReadonlyArray<string>, options?: Options): Promise<Ended> => start(words, options).ended

/** The one line of JSON that the command wrote. */
export const jsonOf = ({ stderr, stdout }: Ended): Record<string, unknown> => {
  const lines = stdout.split("\n")
  assert.lengthOf(lines, 2, `one line was expected: ${stdout}${stderr}`)
  assert.strictEqual(lines[1], "")
  return JSON.parse(lines[0] ?? "")
}

/** A home, and the command on it with `--json`. */
export const makeHome = () => {
  const directory = join(freshDirectory(), "home")
  const json = async (code: number, ...words: ReadonlyArray<string>) => {
    const ended = await caisson([...words, "--home", directory, "--json"])
    assert.strictEqual(ended.code, code, `${ended.stdout}${ended.stderr}`)
    return jsonOf(ended)
  }
  return { directory, json }
}

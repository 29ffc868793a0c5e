/** Interpreters of the real agent on this computer, and machines over them. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer, Semaphore } from "effect"
import type { TestContext } from "vitest"
import type { Language } from "../../../src/capability/Language.ts"
import { FileError } from "../../../src/file/FileError.ts"
import * as Interpreter from "../../../src/guest/interpreter/Interpreter.ts"
import type { Command } from "../../../src/guest/Process.ts"
import { defaults, type Limits } from "../../../src/machine/Limits.ts"
import {
  MachineError,
  MachineLost,
  type MachineOptions,
  Machines,
  MachineUnavailable,
  type Program,
  type SnapshotMachine
} from "../../../src/machine/Machine.ts"
import type { Answer, Output, Turn } from "../../../src/machine/Turn.ts"
import { epoch } from "../../contract/machine/Steps.ts"
import { agent, missing, path, program } from "../guest.ts"

const isThere = (command: string) => spawnSync(command, ["--version"]).status === 0

const programs: Readonly<Record<string, string>> = { python: "python3", shell: "bash", cpp: "g++" }

/** Why programs of a language cannot be run here, if they cannot. */
export const lacking = (language: Language): string | undefined => {
  const needed = programs[language]
  if (missing !== undefined) return missing
  return needed === undefined || isThere(needed) ? undefined : `${needed} is not installed`
}

/** Leaves a test out aloud where a language is not spoken. */
export const needs = (context: TestContext, ...languages: ReadonlyArray<Language>): void => {
  const reason = languages.map(lacking).find((reason) => reason !== undefined)
  context.skip(reason !== undefined, reason)
}

/** The command of an interpreter, whose files are in a directory of the guest. */
export const command = (languages: ReadonlyArray<Language>, rest: Partial<Command> = {}): Command => ({
  id: "interpreter",
  arguments: [program(), "interpreter", ...languages],
  environment: { ...path, HOME: process.env["HOME"] ?? "/root", LANG: "C.UTF-8", TZ: "UTC" },
  leftovers: "end",
  // Whoever runs the tests: the languages may lie where nobody else can read.
  user: "root",
  ...rest
})

/** An agent, and an interpreter on it that was prepared. */
export const interpreter = Effect.fnUntraced(function* (
  languages: ReadonlyArray<Language>,
  { limits = defaults, onOutput, seed = "seed", ...rest }: Partial<MachineOptions> & Partial<Command> = {}
) {
  const machine = yield* agent()
  const directory = join(machine.guest.files, "workspace")
  mkdirSync(directory)
  chmodSync(directory, 0o777)
  const options = { limits: limits as Limits, onOutput }
  const { environment } = command(languages)
  const made = command(languages, {
    directory: "/workspace",
    ...rest,
    // What an interpreter that is ended leaves behind goes with the guest's files.
    environment: {
      ...environment,
      TMPDIR: machine.guest.files,
      CAISSON_OUTPUTS: join(directory, "outputs"),
      ...rest.environment
    }
  })
  const started = yield* Interpreter.start(machine, made, options)
  yield* started.prepare(seed)
  return { ...started, guest: machine.guest, agent: machine, directory, options }
})

export const run = (language: Language, source: string, rest: Partial<Program> = {}): Program => ({
  ordinal: 1,
  language,
  source,
  nowMillis: epoch,
  tools: [],
  ...rest
})

/** Runs programs one after another. */
export const runner = (language: Language, { start }: Interpreter.Interpreter) => {
  let ordinal = 0
  return (source: string, rest: Partial<Program> = {}) => start(run(language, source, { ordinal: ++ordinal, ...rest }))
}

export const printed = ({ output }: Turn, stream: Output["stream"] = "stdout"): string =>
  output.flatMap((piece) => (piece.stream === stream ? [piece.text] : [])).join("")

const lost = (detail: string) => new MachineError({ reason: new MachineLost({ detail }) })

/** All that a machine was given. Whoever is given the same again, and is deterministic, is where it was. */
interface History {
  readonly seed: string
  readonly given: Array<Program | { readonly answers: ReadonlyArray<Answer>; readonly nowMillis: number }>
}

const noFiles = new FileError({ code: "EACCES", path: "/", operation: "open", message: "this machine has no files" })

const open = Effect.fnUntraced(function* (
  language: Language,
  options: MachineOptions,
  { given, seed }: History = { given: [], seed: options.seed }
) {
  const state = { isReplayed: false }
  const onOutput = (output: Output) => (state.isReplayed ? options.onOutput?.(output) : undefined)
  const { answer, start } = yield* Effect.mapError(
    interpreter([language], { ...options, seed, onOutput }),
    ({ message }) => new MachineError({ reason: new MachineUnavailable({ detail: message }) })
  )
  const give = (one: History["given"][number]) =>
    Effect.mapError("source" in one ? start({ ...one, language }) : answer(one.answers, one.nowMillis), ({ message }) =>
      lost(message)
    )
  yield* Effect.forEach(given, give)
  state.isReplayed = true
  const history: History = { seed, given: [...given] }
  const lock = Semaphore.makeUnsafe(1)
  const take = (one: History["given"][number]) =>
    Effect.suspend(() => {
      history.given.push(one)
      return give(one)
    }).pipe(lock.withPermit)
  const machine: SnapshotMachine = {
    start: take,
    answer: (answers, nowMillis) => take({ answers, nowMillis }),
    files: () => Effect.fail(noFiles),
    snapshot: Effect.sync(() => ({ bytes: Buffer.from(JSON.stringify(history)), contents: new Map() }))
  }
  return machine
})

/** Machines that are processes of this computer. They are written down as what they were given, and have no files. */
export const tier = (language: Language): Layer.Layer<Machines> =>
  Layer.succeed(
    Machines,
    Machines.of({
      engine: `interpreter-${language}`,
      languages: [language],
      repeats: true,
      keepsRules: false,
      boot: (options) => open(language, options),
      restore: ({ bytes }, options) => open(language, options, JSON.parse(Buffer.from(bytes).toString()))
    })
  )

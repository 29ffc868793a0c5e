/** Programs in files, and what is seen of them when they are really run: each in an embedded sandbox of its own. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Clock, Effect, Layer } from "effect"
import type { Observation } from "../../../src/audit/detection/Observation.ts"
import { observationsOf } from "../../../src/audit/detection/SessionObservations.ts"
import * as QuickJs from "../../../src/quickjs/QuickJs.ts"
import { Journal } from "../../../src/session/journal/Journal.ts"
import * as JournalMemory from "../../../src/session/journal/JournalMemory.ts"
import { Sessions } from "../../../src/session/Sessions.ts"
import * as Toolkit from "../../../src/tool/Toolkit.ts"
import * as World from "./World.ts"

export type Kind = "baseline" | "benign" | "hostile"

export interface Program {
  /** `<family>/<name>`. */
  readonly name: string
  readonly family: string
  /** Runs of one session, each with the time that passes before it. */
  readonly runs: ReadonlyArray<{ readonly afterMillis: number; readonly code: string }>
}

const units: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** Runs are separated by lines such as `//--- 2 hours later`. */
const runsOf = (source: string): Program["runs"] => {
  const [first = "", ...rest] = source.split(/^\/\/--- (\d+) (minute|hour|day)s? later$\n/m)
  const later = Array.from({ length: rest.length / 3 }, (_, index) => ({
    afterMillis: Number(rest[3 * index]) * (units[rest[3 * index + 1] ?? ""] ?? 0),
    code: rest[3 * index + 2] ?? ""
  }))
  return [{ afterMillis: 0, code: first }, ...later]
}

/** All programs of a kind, by their names. */
export const programs = (kind: Kind): ReadonlyArray<Program> => {
  const folder = join(import.meta.dirname, kind)
  return readdirSync(folder).flatMap((family) =>
    readdirSync(join(folder, family)).map((file) => ({
      name: `${family}/${file.replace(/\.js\.txt$/, "")}`,
      family,
      runs: runsOf(readFileSync(join(folder, family, file), "utf8"))
    }))
  )
}

/** How a program's run went, to be sure that it did what it is there for. */
export interface Watched {
  readonly program: Program
  readonly observations: ReadonlyArray<Observation>
  /** Errors of runs that failed. */
  readonly failures: ReadonlyArray<string>
}

const limits = { cpuSliceMillis: 300, cpuRunMillis: 1_000, memoryMebibytes: 32, callsPerRun: 2_000 }

/** Runs one program, with `globalThis.day` set, as the given day of one tenant. */
export const watch = Effect.fnUntraced(function* (program: Program, day: number) {
  const hours = new World.Hours()
  hours.pass(day * 86_400_000)
  return yield* Effect.gen(function* () {
    const sessions = yield* Sessions
    const journal = yield* Journal
    const id = `${program.name.replace("/", ".")}.${day}`
    const toolkit = yield* Toolkit.make(World.tools(hours))
    const session = yield* sessions.open({
      id,
      toolkit,
      capabilities: World.capabilities,
      limits,
      snapshots: "lazy",
      seed: id
    })
    yield* session.run(`globalThis.day = ${day}`)
    const failures: Array<string> = []
    for (const { afterMillis, code } of program.runs) {
      hours.pass(afterMillis)
      const result = yield* session.run(code)
      if (result._tag === "Failed") failures.push(`${result.error.name}: ${result.error.message}`)
      if (result._tag === "Paused") failures.push("it waits")
    }
    yield* session.close
    const entries = yield* journal.read(id, 0)
    const watched: Watched = {
      program,
      observations: observationsOf({ session: id, tenant: "acme" }, entries),
      failures
    }
    return watched
  }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, hours.clock))
})

/** One embedded tier and one journal in memory, for many programs. */
export const layer = Sessions.layer().pipe(
  Layer.provideMerge(Layer.merge(JournalMemory.layer, QuickJs.layer({ key: new Uint8Array(32).fill(7), threads: 1 })))
)

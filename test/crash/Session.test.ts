import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import * as Chance from "../simulation/Chance.ts"

interface End {
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const root = mkdtempSync(join(tmpdir(), "caisson-crash-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const live = (directory: string, killAt: number): Promise<End> =>
  new Promise((resolve, reject) => {
    const program = join(import.meta.dirname, "process.ts")
    const child = spawn(process.execPath, ["--conditions=source", program, directory, String(killAt)])
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk) => (stdout += chunk))
    child.stderr.on("data", (chunk) => (stderr += chunk))
    child.on("error", reject)
    child.on("close", (_, signal) => resolve({ signal, stdout, stderr }))
  })

const outcome = (end: End): { readonly values: ReadonlyArray<unknown>; readonly points: number } => {
  assert.strictEqual(end.signal, null, end.stderr)
  const line = end.stdout.trim().split("\n").at(-1) ?? ""
  assert.match(line, /^\{/, end.stderr)
  return JSON.parse(line)
}

/** What handlers did in all lives so far: a tool and an idempotency key, which ends with the call's id. */
const effectsOf = (directory: string): ReadonlyArray<string> =>
  readFileSync(join(directory, "effects.log"), "utf8").split("\n").slice(0, -1)

/** Effects of tools that may not be repeated, by idempotency key. */
const repeated = (directory: string): ReadonlyArray<string> => {
  const once = effectsOf(directory).filter((line) => line.startsWith("bank."))
  return once.filter((line, index) => once.indexOf(line) !== index)
}

/** The calls whose answers are in the journal. */
const answered = (directory: string): Promise<ReadonlyArray<string>> =>
  Journal.use((journal) => journal.read("main", 0)).pipe(
    Effect.catchReason("JournalError", "SessionNotFound", () => Effect.succeed([])),
    Effect.map((entries) => entries.flatMap(({ event }) => (event._tag === "CallAnswered" ? event.call : []))),
    Effect.provide(JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename: join(directory, "journal.sqlite") })))),
    Effect.runPromise
  )

/** What a process left when it was killed. */
interface Left {
  readonly effects: number
  readonly answered: ReadonlyArray<string>
}

const leftIn = async (directory: string): Promise<Left> => ({
  effects: effectsOf(directory).length,
  answered: await answered(directory)
})

/** What handlers of any tool were asked for since then, though the journal had the answer already. */
const askedAgain = (directory: string, left: Left): ReadonlyArray<string> =>
  effectsOf(directory)
    .slice(left.effects)
    .filter((line) => left.answered.some((call) => line.endsWith(`/${call}`)))

/** Some of the points 1 to `points`, in a seeded order; `CAISSON_SEED` chooses others. */
const seededPoints = (points: number, count: number): Array<number> => {
  const chance = Chance.make(Number(process.env["CAISSON_SEED"] ?? 1))
  const all = Array.from({ length: points }, (_, index) => index + 1)
  return Array.from({ length: Math.min(count, points) }, () => all.splice(chance.below(all.length), 1)[0] ?? 1)
}

describe("a process that is killed", () => {
  let expected: ReadonlyArray<unknown> = []
  let points = 0

  beforeAll(async () => {
    const directory = mkdtempSync(join(root, "whole-"))
    const whole = outcome(await live(directory, 0))
    expected = whole.values
    points = whole.points
  }, 60_000)

  it("has points to be killed at, and a session that comes to something", () => {
    assert.deepStrictEqual(expected, [{ total: 18, steps: 2 }, { total: 1118, steps: 3, refused: true }, 21_119])
    assert.isAtLeast(points, 30)
  })

  it(
    "T12 T15 at any point of its life, leaves a session that another one finishes as if nothing had happened",
    {
      timeout: 600_000
    },
    async () => {
      const kills = seededPoints(points, 36)
      let deaths = 0
      let answers = 0
      const work = async () => {
        for (let killAt = kills.shift(); killAt !== undefined; killAt = kills.shift()) {
          const directory = mkdtempSync(join(root, `at-${killAt}-`))
          const first = await live(directory, killAt)
          if (first.signal === "SIGKILL") deaths++
          const left = await leftIn(directory)
          answers += left.answered.length
          // Answers that arrive together are written together: a life may have a few points less than another.
          const { values } = outcome(first.signal === "SIGKILL" ? await live(directory, 0) : first)
          assert.deepStrictEqual(values, expected, `killed at point ${killAt}`)
          assert.deepStrictEqual(repeated(directory), [], `killed at point ${killAt}`)
          assert.deepStrictEqual(askedAgain(directory, left), [], `killed at point ${killAt}`)
        }
      }
      await Promise.all([work(), work()])
      assert.isAtLeast(deaths, 30)
      assert.isAtLeast(answers, deaths)
    }
  )

  it("again and again, at seeded points, still comes to the same end", { timeout: 600_000 }, async () => {
    for (const seed of [1, 2, 3]) {
      const chance = Chance.make(seed)
      const directory = mkdtempSync(join(root, `often-${seed}-`))
      const lefts: Array<Left> = []
      while (lefts.length < 6) {
        const end = await live(directory, 2 + chance.below(12))
        if (end.signal === null) break
        lefts.push(await leftIn(directory))
      }
      const { values } = outcome(await live(directory, 0))
      assert.deepStrictEqual(values, expected, `seed ${seed}`)
      assert.deepStrictEqual(repeated(directory), [], `seed ${seed}`)
      for (const left of lefts) assert.deepStrictEqual(askedAgain(directory, left), [], `seed ${seed}`)
      assert.isNotEmpty(lefts, `seed ${seed}`)
    }
  })
})

import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
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

/** Effects of tools that may not be repeated, by idempotency key. */
const repeated = (directory: string): ReadonlyArray<string> => {
  const lines = readFileSync(join(directory, "effects.log"), "utf8").trim().split("\n")
  const once = lines.filter((line) => line.startsWith("bank."))
  return once.filter((line, index) => once.indexOf(line) !== index)
}

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
      const work = async () => {
        for (let killAt = kills.shift(); killAt !== undefined; killAt = kills.shift()) {
          const directory = mkdtempSync(join(root, `at-${killAt}-`))
          const first = await live(directory, killAt)
          if (first.signal === "SIGKILL") deaths++
          // Answers that arrive together are written together: a life may have a few points less than another.
          const { values } = outcome(first.signal === "SIGKILL" ? await live(directory, 0) : first)
          assert.deepStrictEqual(values, expected, `killed at point ${killAt}`)
          assert.deepStrictEqual(repeated(directory), [], `killed at point ${killAt}`)
        }
      }
      await Promise.all([work(), work()])
      assert.isAtLeast(deaths, 30)
    }
  )

  it("again and again, at seeded points, still comes to the same end", { timeout: 600_000 }, async () => {
    for (const seed of [1, 2, 3]) {
      const chance = Chance.make(seed)
      const directory = mkdtempSync(join(root, `often-${seed}-`))
      let deaths = 0
      for (; deaths < 6; deaths++) {
        const end = await live(directory, 2 + chance.below(12))
        if (end.signal === null) break
      }
      const { values } = outcome(await live(directory, 0))
      assert.deepStrictEqual(values, expected, `seed ${seed}`)
      assert.deepStrictEqual(repeated(directory), [], `seed ${seed}`)
      assert.isAbove(deaths, 0, `seed ${seed}`)
    }
  })
})

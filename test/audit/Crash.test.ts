import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Chance from "../simulation/Chance.ts"
import { append, check, decided, eventsOf, inLog } from "./logs.ts"

const root = mkdtempSync(join(tmpdir(), "caisson-audit-crash-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** The places that a process wrote down. Its last line may be unfinished, and it has other lines as well. */
const placesIn = (acknowledged: string) =>
  [...acknowledged.matchAll(/^(\d+) ([0-9a-f]{64})\n/gm)].map(([, seq, hash = ""]) => [Number(seq), hash] as const)

/** Lets a process append until it has acknowledged a number of characters, kills it there, and returns what it acknowledged. */
const appendAndDie = (directory: string, fsync: string, characters: number) =>
  Effect.callback<ReturnType<typeof placesIn>>((resume) => {
    const program = join(import.meta.dirname, "process.ts")
    const child = spawn(process.execPath, ["--conditions=source", program, directory, fsync])
    let acknowledged = ""
    let errors = ""
    child.stderr.on("data", (chunk) => (errors += chunk))
    child.stdout.on("data", (chunk) => {
      acknowledged += chunk
      if (acknowledged.length >= characters) child.kill("SIGKILL")
    })
    child.on("close", (_, signal) => {
      assert.strictEqual(signal, "SIGKILL", errors)
      resume(Effect.succeed(placesIn(acknowledged)))
    })
  })

const survives = (directory: string, fsync: string, characters: number) =>
  Effect.gen(function* () {
    const acknowledged = yield* appendAndDie(directory, fsync, characters)
    assert.isAbove(acknowledged.length, 0)
    yield* append(decided(0)).pipe(inLog(directory))
    const report = yield* check(directory)
    assert.deepStrictEqual(report.findings, [])
    const events = eventsOf(directory)
    for (const [seq, hash] of acknowledged) assert.strictEqual(events[seq - 1]?.["hash"], hash)
    return events.filter(({ type }) => type === "log.recovered").at(-1)?.["data"] as Record<string, unknown>
  })

describe("a process that is killed while it writes a log", () => {
  it.live(
    "A8 leaves a log that goes on, with every event that it acknowledged, wherever it was killed",
    () =>
      Effect.gen(function* () {
        const chance = Chance.make(Number(process.env["CAISSON_SEED"] ?? 1))
        const kills = Array.from({ length: 24 }, (_, index) => ({
          directory: join(root, `kill-${index}`),
          fsync: index % 4 === 0 ? "always" : "interval",
          characters: 70 + chance.below(60_000)
        }))
        const left = yield* Effect.forEach(kills, (kill) => survives(kill.directory, kill.fsync, kill.characters), {
          concurrency: 2
        })
        for (const recovered of left) assert.deepInclude(recovered, { missing: 0 })
      }),
    300_000
  )

  it.live(
    "A8 again and again, leaves one log that verifies as a whole",
    () =>
      Effect.gen(function* () {
        const chance = Chance.make(2)
        const directory = join(root, "often")
        for (let deaths = 0; deaths < 6; deaths++) yield* survives(directory, "interval", 70 + chance.below(20_000))
        const report = yield* check(directory)
        assert.isAbove(report.segments, 1)
        assert.strictEqual(eventsOf(directory).filter(({ type }) => type === "log.recovered").length, 6)
      }),
    120_000
  )

  it.live("leaves a log as it was before what there was no room for", () =>
    Effect.gen(function* () {
      const directory = join(root, "full")
      const program = join(import.meta.dirname, "process.ts")
      // Files of at most 64 KiB: a write beyond that fails as on a disk that is full.
      const script = 'trap "" XFSZ; ulimit -f 128; exec "$@"'
      const words = ["-c", script, "sh", process.execPath, "--conditions=source", program, directory, "interval"]
      const { status, stderr, stdout } = spawnSync("sh", words, { encoding: "utf8" })
      assert.strictEqual(status, 1, stderr)
      assert.include(stderr, "cannot write")
      const report = yield* check(directory)
      assert.deepStrictEqual([report.findings, report.notes], [[], []])
      const events = eventsOf(directory)
      for (const [seq, hash] of placesIn(stdout)) assert.strictEqual(events[seq - 1]?.["hash"], hash)
      yield* append(decided(0)).pipe(inLog(directory))
      assert.isTrue((yield* check(directory)).ok)
    })
  )
})

import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { Approvals } from "../../src/approval/Approvals.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { temporaryDirectory } from "../session/directory.ts"

const script = fileURLToPath(new URL("process.ts", import.meta.url))

interface End {
  readonly signal: NodeJS.Signals | null
  readonly said: unknown
}

/** A process that holds the session, and how it ends. */
const hold = (directory: string, death: "nowhere" | "before" | "after") =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, ["--conditions=source", script, directory, death], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      let stdout = ""
      child.stdout.on("data", (chunk) => (stdout += chunk))
      const ended = new Promise<End>((resolve) =>
        child.on("close", (_, signal) => {
          const line = stdout.trim().split("\n").at(-1) ?? ""
          resolve({ signal, said: line === "" ? undefined : JSON.parse(line) })
        })
      )
      return { kill: () => child.kill("SIGKILL"), ended: Effect.promise(() => ended) }
    }),
    ({ ended, kill }) => Effect.andThen(Effect.sync(kill), ended)
  )

const inbox = (directory: string) =>
  Layer.fresh(
    Approvals.layer.pipe(
      Layer.provideMerge(JournalSql.layer),
      Layer.provide(Sqlite.layer({ filename: join(directory, "journal.sqlite") }))
    )
  )

/** The one request that waits, as soon as it does. */
const request = Effect.gen(function* () {
  const { requests } = yield* Approvals.use((approvals) => approvals.list())
  const [first] = requests
  return first === undefined ? yield* Effect.fail("nothing waits") : first
}).pipe(Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 400 }))

const effectsIn = (directory: string) => readFileSync(join(directory, "effects.log"), "utf8").trim().split("\n")

describe("a person in another process than the session's holder", { timeout: 60_000 }, () => {
  it.live("approves with another input while the holder waits, and the holder goes on", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const holder = yield* hold(directory, "nowhere")
      yield* Effect.gen(function* () {
        const approvals = yield* Approvals
        const { call, digest, input, session } = yield* request
        assert.deepStrictEqual(input, { amount: 50 })
        const error = yield* Effect.flip(approvals.approve(session, call, { by: "eve" }))
        assert.include(error.message, "others have to decide")
        assert.isTrue((yield* approvals.approve(session, call, { by: "ann", digest, input: { amount: 20 } })).isFirst)
        const { said } = yield* holder.ended
        assert.strictEqual(said, "refunded 20")
        assert.deepStrictEqual((yield* approvals.list()).requests, [])
      }).pipe(Effect.provide(inbox(directory)))
      assert.deepStrictEqual(effectsIn(directory), ["refund 20"])
    })
  )

  for (const death of ["before", "after"] as const) {
    it.live(`has their decision applied once when the holder is killed ${death} it is written`, () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const first = yield* hold(directory, death)
        yield* Effect.gen(function* () {
          const approvals = yield* Approvals
          const { call, session } = yield* request
          yield* approvals.approve(session, call, { by: "ann" })
          assert.strictEqual((yield* first.ended).signal, "SIGKILL")
          const second = yield* hold(directory, "nowhere")
          assert.strictEqual((yield* second.ended).said, "refunded 50")
          const journal = yield* Journal
          const applied = (yield* journal.read(session, 0)).filter(({ event }) => event._tag === "CallApproved")
          assert.lengthOf(applied, 1)
        }).pipe(Effect.provide(inbox(directory)))
        assert.deepStrictEqual(effectsIn(directory), ["refund 50"])
      })
    )
  }
})

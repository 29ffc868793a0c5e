/**
 * A process with three sessions over real machines: one that waits for a person, one that has nothing to do, and one whose handler
 * is at work. When all are so it says the call that waits, and goes on until somebody ends it.
 */
import { createSecretKey } from "node:crypto"
import { writeSync } from "node:fs"
import { Deferred, Effect } from "effect"
import { granted, groundsIn, sessions } from "./sessions.ts"

const [, , directory = "", key = ""] = process.argv

const program = Effect.gen(function* () {
  const made = yield* sessions()
  const entered = yield* Deferred.make<void>()
  const paid: Array<number> = []
  const options = yield* granted(
    paid,
    Effect.suspend(() =>
      paid.length < 2 ? Effect.void : Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)
    )
  )
  const open = Effect.fnUntraced(function* (id: string) {
    const session = yield* made.open({ ...options, id })
    yield* session.run("kept = 41")
    return session
  })
  yield* open("idle")
  const waiting = yield* open("waiting")
  const paused = yield* waiting.run("kept += 1\nkept + tools.refund(amount=5)")
  const busy = yield* open("busy")
  yield* Effect.forkChild(busy.run("kept = 0\ntools.pay(amount=1)\ntools.pay(amount=2)", { runId: "lost" }))
  // Not for long: a session whose handler takes seconds is written down.
  yield* Deferred.await(entered)
  writeSync(1, `${paused._tag === "Paused" ? paused.calls[0]?.id : paused._tag}\n`)
  return yield* Effect.never
})

const grounds = groundsIn(directory, { key: createSecretKey(Buffer.from(key, "hex")) })

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(grounds)))

import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Interpreter from "../../../src/guest/interpreter/Interpreter.ts"
import { defaults } from "../../../src/machine/Limits.ts"
import type { Output } from "../../../src/machine/Turn.ts"
import { completed, epoch, give, ids } from "../../contract/machine/Steps.ts"
import { greet, start } from "../guest.ts"
import { command, needs, run } from "./interpreters.ts"

describe("an interpreter that is taken over", () => {
  it.live("T12 goes on over another connection, where it was left", (context) =>
    Effect.gen(function* () {
      needs(context, "python")
      const guest = yield* start()
      const link = yield* guest.dial
      const position = yield* Effect.scoped(
        Effect.gen(function* () {
          const machine = yield* greet(link, 1)
          const { environment, ...made } = command(["python"])
          const given = { ...made, environment: { ...environment, TMPDIR: guest.files } }
          const first = yield* Interpreter.start(machine, given, { limits: defaults })
          assert.deepStrictEqual(first.languages, ["python"])
          yield* first.prepare("seed")
          yield* first.start(run("python", "print('before')\nkept = 41"))
          const waiting = yield* first.start(run("python", "print('asked')\n[tools.ask(), kept]", { ordinal: 2 }))
          assert.deepStrictEqual(ids(waiting), ["2.1"])
          yield* machine.freeze
          return first.position()
        })
      )
      const written = Schema.encodeSync(Schema.fromJsonString(Interpreter.Position))(position)
      const from = Schema.decodeSync(Schema.fromJsonString(Interpreter.Position))(written)
      const streamed: Array<Output> = []
      const second = yield* Interpreter.attach(yield* greet(link, 2), "interpreter", from, {
        limits: defaults,
        onOutput: (output) => streamed.push(output)
      })
      const turn = yield* second.answer([give("2.1", "answered")], epoch)
      assert.deepStrictEqual(completed(turn), ["answered", 41])
      assert.deepStrictEqual(streamed, [])
      assert.deepStrictEqual(completed(yield* second.start(run("python", "kept + 1", { ordinal: 3 }))), 42)
    })
  )
})

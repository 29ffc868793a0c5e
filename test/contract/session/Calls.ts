import { assert } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import type { Answer } from "../../../src/session/Answer.ts"
import { onlyCall, reasonOf } from "../../session/results.ts"
import { failure, grants, home, type It, opened, running, type Subject, said } from "./Steps.ts"

/** The calls of a run that are let through, refused, and asked about. */
export const calls = (it: It, subject: Subject) => {
  const { programs } = subject
  const { attempt, call } = programs

  it.effect("T1 B2 lets calls through and refuses others, each for its own reason, and the guest goes on", () =>
    Effect.gen(function* () {
      const { entered, run, session, sessions } = yield* opened(subject)
      const payments = [1, 2, 3, 4].map((amount) => attempt("pay", amount))
      const lines = said(yield* run(call("double", 21), attempt("drain", 1), attempt("pay", 500), ...payments))
      assert.deepStrictEqual(
        lines.map((line) => (line.startsWith("refused ") ? "refused" : line)),
        ["42", "refused", "refused", "paid 1", "paid 2", "paid 3", "refused"]
      )
      assert.deepStrictEqual(entered, ["double 21", "pay 1", "pay 2", "pay 3"])
      const verdicts = (yield* sessions.entries(session.id))
        .flatMap(({ event }) => (event._tag === "Parked" ? event.calls : []))
        .map(({ verdict }) => (verdict._tag === "Denied" ? verdict.error.reason : verdict._tag))
      assert.deepStrictEqual(verdicts, [
        "Allowed",
        "NoCapability",
        "ConstraintFailed",
        "Allowed",
        "Allowed",
        "Allowed",
        "BudgetExhausted"
      ])
    })
  )

  it.effect("T10 starts the calls that are made at once together", () =>
    Effect.gen(function* () {
      const everybodyIn = yield* Deferred.make<void>()
      let inside = 0
      const { entered, options } = yield* grants(subject, () =>
        Effect.suspend(() => {
          inside++
          if (inside === 3) Deferred.doneUnsafe(everybodyIn, Effect.void)
          return Deferred.await(everybodyIn)
        })
      )
      const session = yield* (yield* home()).open(options)
      said(yield* running(subject, session)(programs.together("pay", [1, 2, 3])))
      assert.deepStrictEqual(entered.toSorted(), ["pay 1", "pay 2", "pay 3"])
    })
  )

  it.effect("T16 T17 waits for a person, and takes one answer to each call, of those that there are", () =>
    Effect.gen(function* () {
      const { entered, run, session } = yield* opened(subject)
      const paused = yield* run(call("pay", 1), call("refund", 50))
      const id = onlyCall(paused)
      assert.deepInclude(paused._tag === "Paused" && paused.calls[0], { method: "refund", needs: "decision" })
      assert.strictEqual(reasonOf(yield* Effect.flip(run(programs.show))), "RunInProgress")
      assert.strictEqual(reasonOf(yield* Effect.flip(session.answer("9.9", { _tag: "Approve" }))), "AnswerRefused")
      const result = yield* session.answer(id, { _tag: "Approve", by: "ann" })
      assert.deepStrictEqual(said(result), ["paid 1", "refunded 50"])
      assert.deepStrictEqual(said(yield* session.answer(id, { _tag: "Deny" })), said(result))
      assert.deepStrictEqual(entered, ["pay 1", "refund 50"])
    })
  )

  it.effect("gives its guest what was answered, and enters no handler for that", () =>
    Effect.gen(function* () {
      const { entered, run, session } = yield* opened(subject)
      const answers: ReadonlyArray<Answer> = [
        { _tag: "Deny", reason: "not today" },
        { _tag: "Return", value: "by hand" },
        { _tag: "Throw", message: "bank is shut" }
      ]
      let result = yield* run(...answers.map((_, index) => attempt("refund", index)))
      for (const answer of answers) result = yield* session.answer(onlyCall(result), answer)
      const lines = said(result)
      assert.deepStrictEqual([lines.length, lines[1]], [3, "by hand"])
      assert.match(lines[0] ?? "", /^refused .*not today/)
      assert.match(lines[2] ?? "", /^refused .*bank is shut/)
      assert.deepStrictEqual(entered, [])
    })
  )

  it.effect("gives up a run that waits, and goes on from before it", () =>
    Effect.gen(function* () {
      const { entered, run, session } = yield* opened(subject)
      yield* run(programs.keep(1))
      onlyCall(yield* run(programs.keep(2), call("refund", 1)))
      yield* session.cancel("it took too long")
      const cancelled = yield* session.resume()
      assert.deepStrictEqual(cancelled._tag === "Some" && failure(cancelled.value), ["Cancelled", true])
      assert.deepStrictEqual(said(yield* run(programs.show)), ["1"])
      assert.deepStrictEqual(entered, [])
    })
  )
}

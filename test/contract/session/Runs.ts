import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { reasonOf } from "../../session/results.ts"
import { failure, type It, opened, type Subject, said } from "./Steps.ts"

/** What runs leave behind, what they print, and how they end. */
export const runs = (it: It, subject: Subject) => {
  const { programs, traits } = subject
  const { language } = programs

  it.effect("S-17 keeps its state from run to run, and runs what has an id only once", () =>
    Effect.gen(function* () {
      const { entered, run, session } = yield* opened(subject)
      const source = [programs.keep(41), programs.call("pay", 1)].join("\n")
      const first = yield* session.run(source, { language, runId: "first" })
      assert.deepStrictEqual(said(first), ["paid 1"])
      const again = yield* session.run(source, { language, runId: "first" })
      assert.deepStrictEqual([said(again), again.run], [said(first), "first"])
      assert.deepStrictEqual(entered, ["pay 1"])
      const other = yield* Effect.flip(session.run(programs.show, { language, runId: "first" }))
      assert.strictEqual(reasonOf(other), "RunConflict")
      assert.deepStrictEqual(said(yield* run(programs.show)), ["41"])
    })
  )

  it.effect("O2 O11 has what a run prints in order and apart, and no more of it than its limit", () =>
    Effect.gen(function* () {
      const { run } = yield* opened(subject, { limits: { ...traits.limits, outputBytes: 60 } })
      const both = yield* run(programs.print("one"), programs.complain("two"), programs.print("three"))
      assert.deepStrictEqual([both.stdout, both.stderr], ["one\nthree\n", "two\n"])
      const cut = yield* run(programs.count(1_000))
      assert.isTrue(cut.stdout.startsWith("0\n1\n2\n"))
      assert.match(cut.stdout, /\[output truncated at 60 bytes\]\n$/)
      assert.isBelow(cut.stdout.length, 120)
    })
  )

  it.effect("O3 outlives an error of its guest, which takes nothing back", () =>
    Effect.gen(function* () {
      const { run } = yield* opened(subject)
      const result = yield* run(programs.keep(1), programs.print("so far"), programs.fail)
      assert.isTrue(traits.isFailure(result), JSON.stringify(result))
      assert.strictEqual(result.stdout, "so far\n")
      assert.deepStrictEqual(said(yield* run(programs.show)), ["1"])
    })
  )

  it.effect("O6 stops what takes too long, and goes on from before it", () =>
    Effect.gen(function* () {
      const { run } = yield* opened(subject, { limits: traits.brief })
      yield* run(programs.keep(1))
      assert.deepStrictEqual(failure(yield* run(programs.keep(2), programs.spin)), ["CpuLimit", true])
      assert.deepStrictEqual(said(yield* run(programs.show)), ["1"])
    })
  )

  it.effect("refuses what it cannot do with a reason, before anything is recorded", () =>
    Effect.gen(function* () {
      const { options, run, session, sessions } = yield* opened(subject, {
        limits: { ...traits.limits, sourceBytes: 1_000 }
      })
      const { seq } = session.state()
      const refused = (operation: ReturnType<typeof run>) => Effect.map(Effect.flip(operation), reasonOf)
      assert.strictEqual(yield* refused(run("#".repeat(1_001))), "SourceTooLarge")
      assert.strictEqual(yield* refused(session.run("1", { language, runId: "a/b" })), "InvalidOptions")
      assert.strictEqual(yield* refused(session.answer("9.9", { _tag: "Approve" })), "AnswerRefused")
      assert.strictEqual(session.state().seq, seq)
      const second = sessions.resume(session.id, options)
      assert.strictEqual(reasonOf(yield* Effect.flip(second)), "SessionBusy")
      yield* session.close
      assert.strictEqual(yield* refused(run(programs.show)), "SessionClosed")
    })
  )
}

/** Sessions over machines that do not do the same again: what is not written down of them is lost with them. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { ProcessLimit, SnapshotTooLarge } from "../../src/machine/Machine.ts"
import { make } from "./frail.ts"
import { completed, onlyCall, reasonOf } from "./results.ts"

describe("a session over machines that do not do the same again", () => {
  it.effect("is written down after every run, and has lost nothing after a crash", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const first = yield* process()
      yield* (yield* first.open("s")).run('remember:"kept"')
      yield* first.crash
      const second = yield* process()
      assert.strictEqual(completed(yield* (yield* second.resume("s")).run("recall")), "kept")
    })
  )

  it.effect("has the time that its run may take from when it has a machine", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, power } = yield* process()
      power.bootMillis = 60_000
      const session = yield* open("s", { limits: { wallMillis: 5_000 } })
      const running = yield* Effect.forkChild(session.run("double:2"), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(completed(yield* Fiber.join(running)), 4)
    })
  )

  it.effect("F8 waits for a person without a machine, and goes on in another process", () =>
    Effect.gen(function* () {
      const { outside, process } = yield* make
      const first = yield* process()
      const call = onlyCall(yield* (yield* first.open("s")).run("refund:50"))
      yield* first.crash
      const second = yield* process()
      const result = yield* (yield* second.resume("s")).answer(call, { _tag: "Approve", by: "ann" })
      assert.deepStrictEqual(completed(result), { before: "noted before", receipt: "refunded 50" })
      assert.deepStrictEqual(outside.entered, ["note before", "refund 50"])
    })
  )

  it.effect("fails the run that a machine was lost with, once, and goes on from before it", () =>
    Effect.gen(function* () {
      const { outside, process } = yield* make
      const first = yield* process()
      const session = yield* first.open(
        "s",
        {},
        { pay: (amount) => Effect.sync(() => (first.power.isOn = amount !== 1)) }
      )
      yield* session.run('remember:"before"')
      const result = yield* session.run("twice", { runId: "lost" })
      assert.strictEqual(result._tag, "Failed")
      if (result._tag === "Failed") {
        assert.deepStrictEqual([result.error.reason, result.rolledBack], ["MachineLost", true])
      }
      first.power.isOn = true
      assert.deepStrictEqual(yield* session.run("twice", { runId: "lost" }), result)
      assert.strictEqual(completed(yield* session.run("recall")), "before")
      assert.deepStrictEqual(outside.left, ["pay 1"])
    })
  )

  it.effect("fails the run that leaves what cannot be written down, and says how much can", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const first = yield* process()
      const session = yield* first.open("s")
      yield* session.run('remember:"before"')
      for (const [refusal, allowed] of [
        [new SnapshotTooLarge({ bytesMax: 1_073_741_824 }), "1024 MiB are allowed"],
        [new ProcessLimit({ processes: 256 }), "more than 256 processes"]
      ] as const) {
        first.power.refusal = refusal
        const result = yield* session.run('remember:"too much"')
        assert.deepInclude(result, { _tag: "Failed", rolledBack: true })
        if (result._tag === "Failed") {
          assert.strictEqual(result.error.reason, refusal._tag)
          assert.include(result.error.message, allowed)
        }
        first.power.refusal = undefined
        assert.strictEqual(completed(yield* session.run("recall")), "before")
      }
    })
  )

  it.effect("fails the run, and nothing else, whose machine is lost while it is written down for a pause", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const first = yield* process()
      const session = yield* first.open("s")
      yield* session.run('remember:"before"')
      first.power.isWeak = true
      const result = yield* session.run("refund:50")
      assert.strictEqual(result._tag === "Failed" && result.error.reason, "MachineLost")
      first.power.isWeak = false
      first.power.isOn = true
      assert.strictEqual(completed(yield* session.run("recall")), "before")
    })
  )

  it.effect("ends a run that was under way in a process that crashed, and starts no handler again", () =>
    Effect.gen(function* () {
      const { outside, process } = yield* make
      const entered = yield* Deferred.make<void>()
      const first = yield* process()
      const pay = () => Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)
      const session = yield* first.open("s", {}, { pay })
      const running = yield* Effect.forkChild(session.run("twice"))
      yield* Deferred.await(entered)
      yield* first.crash
      yield* Fiber.interrupt(running)
      const second = yield* (yield* process()).resume("s")
      const result = Option.getOrThrow(yield* second.resume())
      assert.strictEqual(result._tag === "Failed" && result.error.reason, "MachineLost")
      assert.deepStrictEqual(outside.entered, ["pay 1"])
    })
  )

  it.effect("goes on from what was written down when its machine is lost while the host reads a file", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, power } = yield* process()
      const session = yield* open("s")
      yield* session.files.write("a.txt", "kept")
      yield* session.run('remember:"kept"')
      power.isOn = false
      const failure = yield* Effect.flip(session.files.read("a.txt"))
      assert.strictEqual(failure._tag === "MachineError" && reasonOf(failure), "MachineLost")
      power.isOn = true
      assert.strictEqual(Buffer.from(yield* session.files.read("a.txt")).toString(), "kept")
      assert.strictEqual(completed(yield* session.run("recall")), "kept")
    })
  )

  it.effect("goes on from what was written down, without a word, when its machine is lost meanwhile", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, power, sessions } = yield* process()
      const session = yield* open("s")
      yield* session.run('remember:"kept"')
      power.failures = 1
      assert.strictEqual(completed(yield* session.run("recall")), "kept")
      power.failures = 2
      yield* session.files.write("a.txt", "one")
      power.failures = 3
      yield* session.files.write("a.txt", " two", { append: true })
      power.failures = 4
      assert.strictEqual(Buffer.from(yield* session.files.read("a.txt")).toString(), "one two")
      const tags = (yield* sessions.entries("s")).map(({ event }) => event._tag)
      assert.notInclude(tags, "GuestLost")
    })
  )

  it.effect("says what is lost when its machine is, if not all of it was written down", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, power, sessions } = yield* process()
      const session = yield* open("s", { snapshots: "lazy" })
      yield* session.run('remember:"one"', { runId: "a" })
      power.failures = 1
      const result = yield* session.run("recall", { runId: "b" })
      assert.strictEqual(result._tag === "Failed" && result.error.reason, "MachineLost")
      const entries = yield* sessions.entries("s")
      assert.deepStrictEqual(
        entries.flatMap(({ event }) => (event._tag === "GuestLost" ? [event.runs] : [])),
        [["a"]]
      )
      assert.deepStrictEqual(completed(yield* session.run("recall")), { $: ["undefined"] })
    })
  )

  it.effect("says which runs are lost, if they were not to be written down", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const first = yield* process()
      const session = yield* first.open("s", { snapshots: "lazy" })
      yield* session.run('remember:"one"', { runId: "a" })
      yield* session.run('remember:"two"', { runId: "b" })
      yield* first.crash
      const second = yield* process()
      const resumed = yield* second.resume("s")
      const refused = yield* Effect.flip(resumed.files.list())
      assert.strictEqual(refused._tag === "SessionError" ? refused.reason._tag : refused._tag, "StateLost")
      const entries = yield* second.sessions.entries("s")
      const losses = entries.flatMap(({ event }) => (event._tag === "GuestLost" ? [event.runs] : []))
      assert.deepStrictEqual(losses, [["a", "b"]])
      assert.deepStrictEqual(completed(yield* resumed.run("recall")), { $: ["undefined"] })
    })
  )

  it.effect("is never written down if it ends with its machine, not even when the host changes its files", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, sessions } = yield* process()
      const session = yield* open("s", { snapshots: "never" })
      yield* session.run('remember:"one"')
      yield* session.files.write("a.txt", "hello")
      assert.strictEqual(Buffer.from(yield* session.files.read("a.txt")).toString(), "hello")
      const kept = (yield* sessions.entries("s")).filter(({ event }) => "snapshot" in event)
      assert.deepStrictEqual(kept, [])
    })
  )

  it.effect("is written down when its process ends in good order, and before another takes its place", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const first = yield* process({ machinesMax: 1 })
      const one = yield* first.open("one", { snapshots: "lazy" })
      const two = yield* first.open("two", { snapshots: "lazy" })
      yield* one.run('remember:"one"')
      yield* two.run('remember:"two"')
      assert.strictEqual(completed(yield* one.run("recall")), "one")
      yield* first.end
      const second = yield* process()
      assert.strictEqual(completed(yield* (yield* second.resume("two")).run("recall")), "two")
    })
  )

  it.effect("is written down and gives its machine up when it has had nothing to do for a while", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const first = yield* process()
      const session = yield* first.open("s", { snapshots: "lazy" })
      yield* session.run('remember:"kept"')
      assert.strictEqual(first.sessions.machines().live, 1)
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(first.sessions.machines().live, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(first.sessions.machines().live, 0)
      yield* first.crash
      const second = yield* process()
      assert.strictEqual(completed(yield* (yield* second.resume("s")).run("recall")), "kept")
    })
  )

  it.effect("is written down while it waits for a handler for long", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const first = yield* process()
      const entered = yield* Deferred.make<void>()
      const slow = Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)
      const session = yield* first.open("s", {}, { slow })
      const running = yield* Effect.forkChild(session.run("slowly:1"))
      yield* Deferred.await(entered)
      yield* TestClock.adjust("2 seconds")
      yield* first.crash
      yield* Fiber.interrupt(running)
      const entries = yield* first.sessions.entries("s")
      assert.include(
        entries.map(({ event }) => event._tag),
        "Kept"
      )
    })
  )

  it.effect("goes back only to where it was written down", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, sessions } = yield* process()
      const session = yield* open("s")
      yield* session.run('remember:"one"')
      const kept = session.state().seq
      yield* session.run("double:2")
      const parked = (yield* sessions.entries("s")).findLast(({ event }) => event._tag === "Parked")?.seq ?? 0
      for (const attempt of [session.rewind(parked), sessions.fork("s", { at: parked })]) {
        const refused = yield* Effect.flip(attempt)
        assert.strictEqual(reasonOf(refused), "PointNotKept")
        assert.propertyVal(refused.reason, "before", kept)
      }
      yield* session.rewind(kept)
      assert.strictEqual(completed(yield* session.run("recall")), "one")
    })
  )

  it.effect("says so where what was written down is not kept any more, and is not taken there", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, sessions } = yield* process()
      const session = yield* open("s")
      yield* session.run('remember:"first"')
      const first = session.state().seq
      for (let index = 0; index < 40; index++) yield* session.run(`remember:${index}`)
      const kept = session.state().seq
      for (const attempt of [session.rewind(first), sessions.fork("s", { at: first })]) {
        assert.strictEqual(reasonOf(yield* Effect.flip(attempt)), "PointNotKept")
      }
      assert.strictEqual(completed(yield* session.run("recall")), 39)
      yield* session.rewind(kept)
      assert.strictEqual(completed(yield* session.run("recall")), 39)
    })
  )

  it.effect("lasts as long as its template says, and a fork of it from then on", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, resume, sessions } = yield* process()
      const session = yield* open("s")
      yield* session.run('remember:"kept"')
      yield* TestClock.adjust("1 hour")
      yield* sessions.fork("s", { id: "f" })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(reasonOf(yield* Effect.flip(session.run("recall"))), "SessionExpired")
      assert.strictEqual(completed(yield* (yield* resume("f")).run("recall")), "kept")
    })
  )

  it.effect("has the memory that its template's machines have", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open } = yield* process()
      assert.strictEqual((yield* open("s")).state().limits.memoryMebibytes, 128)
      const refused = yield* Effect.flip(open("t", { limits: { memoryMebibytes: 64 } }))
      assert.strictEqual(reasonOf(refused), "InvalidOptions")
    })
  )

  it.effect("cannot be rebuilt from answers", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* make
      const first = yield* process()
      yield* (yield* first.open("s")).run('remember:"one"')
      yield* first.end
      const second = yield* process()
      const refused = yield* Effect.flip(
        Effect.scoped(second.sessions.resume("s", { ...(yield* grants()), rebuild: true }))
      )
      assert.strictEqual(reasonOf(refused), "InvalidOptions")
    })
  )
})

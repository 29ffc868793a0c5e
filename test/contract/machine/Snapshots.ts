import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Output } from "../../../src/machine/Turn.ts"
import type { Programs } from "./Programs.ts"
import {
  boot,
  completed,
  deny,
  epoch,
  give,
  type It,
  ids,
  orders,
  program,
  reasonOf,
  restore,
  unbroken
} from "./Steps.ts"

/** Writing machines down and restoring them. */
export const snapshots = (it: It, programs: Programs) => {
  it.effect("T12 F8 a machine parked at a call is restored there; both go on independently and repeat nothing", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      assert.deepStrictEqual(ids(yield* machine.start(program(programs.visit))), ["1.1"])
      const bytes = yield* machine.snapshot
      const copy = yield* restore(bytes)
      const again = yield* restore(bytes)
      assert.deepStrictEqual(completed(yield* machine.answer([give("1.1", "here")], epoch)), [1, "here"])
      assert.deepStrictEqual(completed(yield* copy.answer([give("1.1", "there")], epoch)), [1, "there"])
      assert.deepStrictEqual(ids(yield* machine.start(program(programs.visit, { ordinal: 2 }))), ["2.1"])
      assert.deepStrictEqual(completed(yield* machine.answer([give("2.1", "x")], epoch)), [2, "x"])
      assert.deepStrictEqual(completed(yield* again.answer([give("1.1", "later")], epoch)), [1, "later"])
    })
  )

  it.effect.each(orders)(
    "T13 three pending calls survive a restore before each answer ($order), one of them rejected",
    ({ order }) =>
      Effect.gen(function* () {
        let machine = yield* boot()
        let turn = yield* machine.start(program(programs.settled))
        for (const id of order) {
          machine = yield* restore(yield* machine.snapshot)
          turn = yield* machine.answer([id === "1.2" ? deny(id, "Error", "refused") : give(id, id)], epoch)
        }
        assert.deepStrictEqual(completed(turn), ["1.1", "refused", "1.3"])
      })
  )

  it.effect("a snapshot that was expected is that of the moment it is asked for, like any other", () =>
    Effect.gen(function* () {
      const machine = yield* boot({ expected: { ends: true, calls: ["ask"] } })
      yield* machine.start(program(programs.settled))
      yield* machine.answer([give("1.1", "one")], epoch)
      const before = yield* machine.snapshot
      const turn = yield* machine.answer([give("1.2", "two"), give("1.3", "three")], epoch)
      assert.deepStrictEqual(completed(turn), ["one", "two", "three"])
      const ended = yield* restore(yield* machine.snapshot)
      assert.deepStrictEqual(ids(yield* ended.start(program(programs.visit, { ordinal: 2 }))), ["2.1"])
      const copy = yield* restore(before)
      const other = yield* copy.answer([deny("1.2", "Error", "refused"), give("1.3", "three")], epoch)
      assert.deepStrictEqual(completed(other), ["one", "refused", "three"])
    })
  )

  it.effect("a snapshot between runs keeps the session's variables; a restored machine has its own copy", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const empty = yield* machine.snapshot
      yield* machine.start(program(programs.remember))
      const copy = yield* restore(yield* machine.snapshot)
      assert.strictEqual(completed(yield* copy.start(program(programs.recall, { ordinal: 2 }))), 42)
      const fresh = yield* restore(empty)
      assert.deepStrictEqual(ids(yield* fresh.start(program(programs.visit))), ["1.1"])
      assert.deepStrictEqual(completed(yield* fresh.answer([give("1.1", 0)], epoch)), [1, 0])
      assert.deepStrictEqual(ids(yield* machine.start(program(programs.visit, { ordinal: 2 }))), ["2.1"])
      assert.deepStrictEqual(completed(yield* machine.answer([give("2.1", 0)], epoch)), [1, 0])
    })
  )

  it.effect("a sleep survives a restore", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.clock))
      const copy = yield* restore(yield* machine.snapshot)
      assert.deepStrictEqual(completed(yield* copy.answer([{ id: "1.1" }], epoch + 6_000)), [epoch, epoch + 6_000])
    })
  )

  it.effect("O1 output from before a snapshot is not printed again after a restore", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.print))
      const streamed: Array<Output> = []
      const copy = yield* restore(yield* machine.snapshot, { onOutput: (output) => streamed.push(output) })
      const turn = yield* copy.answer([give("1.1", null)], epoch)
      assert.deepStrictEqual(turn.output, [{ stream: "stdout", text: "three\n" }])
      assert.deepStrictEqual(unbroken(streamed), turn.output)
    })
  )

  it.effect("bytes that are not a snapshot, or not a whole one, are rejected", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.visit))
      const { bytes, contents } = yield* machine.snapshot
      const lengths = [0, 1, 3, 4, 5, 8, 11, 12, 40, bytes.length >> 1, bytes.length - 33, bytes.length - 1]
      const damaged = [
        ...lengths.map((length) => bytes.slice(0, length)),
        new Uint8Array(4_096),
        new Uint8Array(4_096).fill(0xff),
        Uint8Array.from("not a snapshot at all", (character) => character.charCodeAt(0)),
        Uint8Array.from([...bytes, 0])
      ]
      for (const wrong of damaged) {
        assert.strictEqual(
          (yield* reasonOf(Effect.scoped(restore({ bytes: wrong, contents }))))._tag,
          "SnapshotRejected",
          `${wrong.length}`
        )
      }
    })
  )

  it.effect("a snapshot with a single changed bit is rejected, wherever that bit is", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.visit))
      const { bytes, contents } = yield* machine.snapshot
      const step = Math.max(1, Math.floor(bytes.length / 64))
      for (let position = 0; position < bytes.length; position += step) {
        const wrong = bytes.slice()
        wrong[position] = (wrong[position] ?? 0) ^ (1 << (position % 8))
        const reason = yield* reasonOf(Effect.scoped(restore({ bytes: wrong, contents })))
        assert.strictEqual(reason._tag, "SnapshotRejected", `bit at ${position}`)
      }
    })
  )
}

import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { TurnBuilder } from "../../../src/guest/interpreter/TurnBuilder.ts"
import { defaults } from "../../../src/machine/Limits.ts"

const parked = { _tag: "Parked", calls: [], sleeps: [], cancelled: [] } as const
const usage = { memoryBytes: 1 }

const builder = () => new TurnBuilder(defaults, () => {})

/** Prints as many pieces as an interpreter gives in one step, of which none follow each other in their stream. */
const printMuch = (turn: TurnBuilder) =>
  Array.from({ length: 16_384 }, (_, index) => turn.print({ stream: index % 2 === 0 ? "stdout" : "stderr", text: "x" }))

describe("a turn of several answers", () => {
  it("has as many pieces of output for each as one has", () => {
    const turn = builder()
    for (let answer = 0; answer < 3; answer++) {
      assert.isTrue(printMuch(turn).every(Result.isSuccess))
      assert.isTrue(Result.isSuccess(turn.add(parked, { usage })))
    }
    const before = turn.build([])
    assert.lengthOf(before.output, 3 * 16_384)
    assert.isUndefined(before.outputCut)
    printMuch(turn)
    assert.isTrue(Result.isSuccess(turn.print({ stream: "stdout", text: "the mark" })))
    assert.isTrue(turn.build([]).outputCut)
    assert.isTrue(Result.isFailure(turn.print({ stream: "stderr", text: "more" })))
  })

  it("has what follows in one stream as one piece, in however many it is told", () => {
    const turn = builder()
    for (let piece = 0; piece < 20_000; piece++) {
      assert.isTrue(Result.isSuccess(turn.print({ stream: "stdout", text: "." })))
    }
    assert.isUndefined(turn.build([]).outputCut)
  })

  it("holds no more pieces than may be held, though nothing is in them", () => {
    const turn = builder()
    const isHeld = () => {
      for (let piece = 0; piece < 16_384; piece++) {
        if (Result.isFailure(turn.print({ stream: piece % 2 === 0 ? "stdout" : "stderr", text: "" }))) return false
      }
      return Result.isSuccess(turn.add(parked, { usage }))
    }
    const answers = Array.from({ length: 129 }, isHeld)
    assert.deepStrictEqual([answers.indexOf(false), answers.at(-1)], [128, false])
  })

  it("holds no more displays than may be held, however many answers give some", () => {
    const turn = builder()
    const displays = [{ mediaType: "text/plain", text: "x".repeat(16_000_000) }]
    const added = Array.from({ length: 9 }, () => turn.add(parked, { usage, displays }))
    assert.deepStrictEqual(added.map(Result.isSuccess), [...Array.from({ length: 8 }, () => true), false])
  })

  it("holds no more arguments than may be held, though their calls are called off again", () => {
    const turn = builder()
    const call = { id: "1.1", path: "ask", arguments: "x".repeat(30_000_000) }
    const added = Array.from({ length: 5 }, () => turn.add({ ...parked, calls: [call] }, { usage }))
    assert.deepStrictEqual(added.map(Result.isSuccess), [true, true, true, true, false])
  })
})

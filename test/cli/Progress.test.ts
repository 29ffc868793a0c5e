import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../../src/cli/Progress.ts"
import { Screen } from "../../src/cli/Screen.ts"
import { linesInto } from "./lines.ts"

const mebibyte = new Uint8Array(1_048_576)

/** What is drawn while pieces come, one in each of these times. */
const drawn = Effect.fnUntraced(function* (
  pieces: ReadonlyArray<Uint8Array>,
  everyMillis: number,
  ...[what, total]: readonly [string, number?]
) {
  const lines: Array<string> = []
  const notes = { ...linesInto([]), redraw: (line: string) => Effect.sync(() => void lines.push(line)) }
  const stream = Stream.mapEffect(Stream.fromIterable(pieces), (piece) =>
    Effect.as(TestClock.adjust(everyMillis), piece)
  )
  const arrived = yield* Stream.runCollect(Progress.following(stream, what, total)).pipe(
    Effect.provideService(Screen, { out: linesInto([]), notes })
  )
  assert.deepStrictEqual(Array.from(arrived), pieces)
  return lines
})

describe("the progress of a transfer", () => {
  it.effect("is drawn in one line, which is gone at the end", () =>
    Effect.gen(function* () {
      const pieces = [mebibyte, mebibyte, mebibyte]
      assert.deepStrictEqual(yield* drawn(pieces, 1_000, "f", 3_145_728), [
        "f: 1.0 MiB of 3.0 MiB",
        "f: 2.0 MiB of 3.0 MiB",
        "f: 3.0 MiB of 3.0 MiB",
        ""
      ])
      assert.deepStrictEqual(yield* drawn([mebibyte], 1_000, "f"), ["f: 1.0 MiB", ""])
    })
  )

  it.effect("is drawn ten times in a second at most, and not at all of what is small", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 40 }, () => mebibyte)
      assert.isAtMost((yield* drawn(many, 10, "f")).length, 5)
      assert.deepStrictEqual(yield* drawn([mebibyte.subarray(1)], 1_000, "f"), [])
    })
  )

  it.effect("is gone as well when the transfer fails", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const notes = { ...linesInto([]), redraw: (line: string) => Effect.sync(() => void lines.push(line)) }
      yield* TestClock.adjust("1 second")
      const broken = Stream.concat(Stream.make(mebibyte), Stream.fail("broken"))
      const error = yield* Effect.flip(
        Effect.provideService(Stream.runDrain(Progress.following(broken, "f")), Screen, { out: linesInto([]), notes })
      )
      assert.deepStrictEqual([error, lines], ["broken", ["f: 1.0 MiB", ""]])
    })
  )
})

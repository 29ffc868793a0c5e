import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Screen } from "../../src/cli/Screen.ts"
import * as BuildProgress from "../../src/cli/template/BuildProgress.ts"
import { NotInstalled } from "../../src/cli/template/Exit.ts"
import type { Built } from "../../src/template/Builder.ts"
import type { Progress } from "../../src/template/Progress.ts"
import { linesInto } from "./lines.ts"

const built = { _tag: "Built", image: { id: "i" } as unknown as Built["image"] } as const

const events: ReadonlyArray<Progress | Built> = [
  { _tag: "Reused", step: "kernel", key: "k" },
  { _tag: "Started", step: "base" },
  { _tag: "Said", step: "base", line: "Unpacking bash" },
  { _tag: "Made", step: "base", key: "b", millis: 185_000 },
  built
]

/** What is said, and drawn, of a build whose events come a second apart. */
const shown = Effect.fnUntraced(function* (columns: number | undefined, verbose = false) {
  const [lines, drawn]: [Array<string>, Array<string>] = [[], []]
  const notes = { ...linesInto(lines), columns, redraw: (line: string) => Effect.sync(() => void drawn.push(line)) }
  const stream = Stream.mapEffect(Stream.fromIterable(events), (event) =>
    Effect.as(TestClock.adjust("1 second"), event)
  )
  const image = yield* BuildProgress.following("shell", stream, { verbose }).pipe(
    Effect.provideService(Screen, { out: linesInto([]), notes })
  )
  assert.strictEqual(image, built.image)
  return { lines, drawn: drawn.filter((line) => line !== "") }
})

const made = ["shell: kernel was made before", "shell: base is made, 3 min 5 s"]

describe("the progress of a build", () => {
  it.effect("is one line for each step where there is no terminal", () =>
    Effect.gen(function* () {
      const { drawn, lines } = yield* shown(undefined)
      assert.deepStrictEqual([lines, drawn], [[made[0], "shell: base is being made", made[1]], []])
    })
  )

  it.effect("is a line on a terminal that says the step, its time and what its tool said last", () =>
    Effect.gen(function* () {
      const { drawn, lines } = yield* shown(80)
      assert.deepStrictEqual(lines, made)
      assert.match(drawn.at(-1) ?? "", /^shell: base, \d\.\d s {2}Unpacking bash$/)
      for (const line of (yield* shown(24)).drawn) assert.isBelow(line.length, 24)
    })
  )

  it.effect("has all that tools say if that is asked for", () =>
    Effect.gen(function* () {
      assert.include((yield* shown(undefined, true)).lines, "shell: base: Unpacking bash")
    })
  )
})

describe("programs that are missing", () => {
  it("are told all at once, with the command that installs them", () => {
    assert.strictEqual(
      new NotInstalled({ programs: ["mkfs.erofs", "setpriv", "prlimit"] }).message,
      "not installed: mkfs.erofs, setpriv, prlimit; on Debian: sudo apt-get install --no-install-recommends erofs-utils util-linux"
    )
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import type { Language } from "../../src/capability/Language.ts"
import { Ended } from "../../src/cli/Problem.ts"
import { report } from "../../src/cli/Report.ts"
import { Screen, type Side } from "../../src/cli/Screen.ts"
import type { RunResult } from "../../src/session/RunResult.ts"
import * as Value from "../../src/tool/Value.ts"

const metrics = {
  queueMillis: 0,
  restoreMillis: 0,
  guestMillis: 0,
  toolMillis: 0,
  wallMillis: 0,
  calls: 0,
  snapshotBytes: 0,
  memoryBytes: 0
}

const common = { session: "s1", run: "r1", stdout: "", stderr: "", displays: [], phases: {}, metrics }

const completed = (value: unknown, more: Partial<RunResult> = {}): RunResult =>
  ({
    _tag: "Completed",
    ...common,
    value: Effect.runSync(Effect.fromResult(Value.encode(value))),
    ...more
  }) as RunResult

/** A stream that keeps what was written, and marks what is dim. */
const page = () => {
  const lines: Array<string> = []
  const side: Side = {
    say: (line) => Effect.sync(() => void lines.push(line)),
    show: (text) => Effect.sync(() => void lines.push(text)),
    redraw: () => Effect.void,
    tame: (text) => text.replaceAll("\u001b", "\\x1b"),
    columns: undefined,
    paint: (style, text) => (style === "dim" ? `(${text})` : text)
  }
  return { side, lines }
}

const told = (result: RunResult, language: Language, flags: ReadonlyArray<string> = []) => {
  const out = page()
  const notes = page()
  return report(result, { address: { session: "s1", flags }, format: "text", language }).pipe(
    Effect.provideService(Screen, { out: out.side, notes: notes.side }),
    Effect.exit,
    Effect.map((exit) => ({
      out: out.lines,
      notes: notes.lines,
      code: Exit.match(exit, { onSuccess: () => 0, onFailure: () => Exit.findErrorOption(exit) })
    }))
  )
}

const png = { mediaType: "image/png", path: "/tmp/outputs/figure-1.png" }

describe("what a run came to, as text", () => {
  it.effect("shows a value by its text for terminals, in place of what crossed", () =>
    Effect.gen(function* () {
      const displays = [
        { mediaType: "text/html", text: "<table></table>" },
        { mediaType: "text/plain", text: "   a\n0  1" }
      ]
      const { notes, out } = yield* told(completed({ columns: ["a"], data: [[1]] }, { displays }), "python")
      assert.deepStrictEqual(out, ["   a\n0  1"])
      assert.deepStrictEqual(notes, [])
    })
  )

  it.effect("says of files what they are, where they lie, and the command that copies them", () =>
    Effect.gen(function* () {
      const flags = ["--home", "/srv/home", "--tools", "bank.ts"]
      const displays = [{ mediaType: "text/plain", text: "3" }, png]
      const { notes, out } = yield* told(completed(null, { displays }), "python", flags)
      assert.deepStrictEqual(out, ["3"])
      const command = "caisson files get s1 /tmp/outputs/figure-1.png --home /srv/home"
      assert.deepStrictEqual(notes, [`(image/png  /tmp/outputs/figure-1.png  (${command}))`])
    })
  )

  it.effect("shows no value of a picture, and none of a cell of Python that has none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* told(completed("<Figure>", { displays: [png] }), "python")).out, [])
      assert.deepStrictEqual((yield* told(completed(null), "python")).out, [])
      assert.deepStrictEqual((yield* told(completed(null), "javascript")).out, ["null"])
    })
  )

  it.effect("shows what a run that failed had shown before", () =>
    Effect.gen(function* () {
      const error = { name: "ValueError", message: "no" }
      const displays = [{ mediaType: "text/plain", text: "before" }]
      const failed: RunResult = { _tag: "Failed", ...common, displays, error, rolledBack: false }
      const { notes, out } = yield* told(failed, "python")
      assert.deepStrictEqual([out, notes], [["before"], ["ValueError: no"]])
    })
  )

  it.effect("ends as a compiled program has, and says how long its phases took", () =>
    Effect.gen(function* () {
      const phases = { compile: 1_234, run: 15 }
      for (const language of ["cpp", "go"] as const) {
        const well = yield* told(completed({ exitCode: 0 }, { phases }), language)
        assert.deepStrictEqual(well, { out: [], notes: ["(compile 1.2 s, run 15 ms)"], code: 0 })
        const badly = yield* told(completed({ exitCode: 139 }, { phases }), language)
        assert.deepStrictEqual(badly.notes, ["(compile 1.2 s, run 15 ms)", "(exit code 139)"])
        assert.deepStrictEqual(badly.code, Exit.findErrorOption(Exit.fail(new Ended({ exitCode: 1 }))))
      }
    })
  )

  it.effect("says of a frozen session how it is let go on", () =>
    Effect.gen(function* () {
      const paused: RunResult = { _tag: "Paused", ...common, calls: [], isFrozen: true, wakesMillis: undefined }
      const { out } = yield* told(paused, "javascript", ["--home", "/srv/home", "--tools", "bank.ts"])
      assert.deepStrictEqual(out.join("").split("\n"), [
        "run r1 of session s1 is paused: the session is frozen",
        "  caisson guard s1 open --home /srv/home",
        "  caisson resume s1 --home /srv/home --tools bank.ts"
      ])
    })
  )

  it.effect("lets no text of a guest act on a terminal", () =>
    Effect.gen(function* () {
      const displays = [
        { mediaType: "text/plain", text: "\u001b[2J" },
        { mediaType: "image/\u001b[2J", path: "/tmp/outputs/\u001b[2J" }
      ]
      const { notes, out } = yield* told(completed(null, { displays }), "python")
      assert.notInclude([...out, ...notes].join(""), "\u001b")
    })
  )
})

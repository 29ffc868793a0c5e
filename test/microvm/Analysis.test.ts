/** The libraries of data analysis in the template that has them, on real machines. */
import { assert, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines, type Program } from "../../src/machine/Machine.ts"
import type { Turn } from "../../src/machine/Turn.ts"
import * as Value from "../../src/tool/Value.ts"
import type { Opaque } from "../../src/tool/value/Opaque.ts"
import { epoch, expectTag, give, parked } from "../contract/machine/Steps.ts"
import { dataValues, imports } from "../guest/interpreter/dataValues.ts"
import { leftOut } from "./leftOut.ts"
import { lacking, tierOf } from "./machines.ts"
import { patient, template } from "./sessions.ts"

const tools = [{ path: "ask", description: "answers anything", input: {}, output: {} }]

const boot = Effect.map(
  Effect.flatMap(Machines, (machines) => machines.boot({ limits: { ...defaults, ...patient }, seed: "analysis" })),
  (machine) => {
    let ordinal = 0
    const run = (source: string) => {
      const program: Program = { ordinal: ++ordinal, language: "python", source, nowMillis: epoch, tools }
      return machine.start(program)
    }
    const read = (path: string) =>
      Effect.map(machine.files({ _tag: "Read", path }, epoch), ({ result }) =>
        Buffer.from((result as { readonly bytes: Uint8Array }).bytes).toString("latin1")
      )
    return { ...machine, run, read }
  }
)

const valueOf = (turn: Turn): unknown => Result.getOrThrow(Value.decode(expectTag(turn, "Completed").value))

const why = await lacking(template)

if (why === undefined) {
  layer(tierOf(template), { timeout: "15 minutes", excludeTestServices: true })(`a machine of ${template}`, (it) => {
    it.effect(
      "gives tables and dates of pandas and numpy as values of a run and as arguments of calls",
      () =>
        Effect.gen(function* () {
          const { answer, run } = yield* boot
          yield* run(imports)
          const sources = dataValues.map(([source]) => source)
          const expected = dataValues.map(([, value]) => value)
          assert.deepStrictEqual(valueOf(yield* run(`[${sources.join(", ")}]`)), expected)
          const [call] = parked(yield* run(`tools.ask([${sources.join(", ")}])`)).calls
          assert.deepStrictEqual(Result.getOrThrow(Value.decode(call?.arguments ?? "")), [expected])
          expectTag(yield* answer([give(call?.id ?? "", 1)], epoch), "Completed")
        }).pipe(Effect.scoped),
      300_000
    )

    it.effect(
      "shows a table of pandas as HTML and as text, beside its value",
      () =>
        Effect.gen(function* () {
          const { run } = yield* boot
          const turn = yield* run(`${imports}\npandas.DataFrame({"day": pandas.to_datetime(["2026-01-01"]), "v": [1]})`)
          const [html, text, ...others] = turn.displays ?? []
          assert.deepStrictEqual([html?.mediaType, others], ["text/html", []])
          assert.match(html?.text ?? "", /<table .*<td>2026-01-01<\/td>/s)
          assert.deepStrictEqual(text, { mediaType: "text/plain", text: "         day  v\n0 2026-01-01  1" })
        }).pipe(Effect.scoped),
      300_000
    )

    it.effect(
      "shows a table that is too large for a value, and gives its text with a mark in its place",
      () =>
        Effect.gen(function* () {
          const { run } = yield* boot
          // As lists of Python it would have more than the machine's memory.
          const turn = yield* run(`${imports}\npandas.DataFrame({"x": range(20_000_000)})`)
          assert.match((valueOf(turn) as Opaque).description, /^ +x\n0 .*… \[longer than 1048576 bytes\]$/s)
          assert.deepStrictEqual(
            turn.displays?.map(({ mediaType }) => mediaType),
            ["text/html", "text/plain"]
          )
          const times = yield* run("pandas.Series(pandas.date_range('2026-01-01', periods=5_000_000, freq='s'))")
          assert.match((valueOf(times) as Opaque).description, /longer than 1048576 bytes\]$/)
        }).pipe(Effect.scoped),
      300_000
    )

    it.effect(
      "saves figures of matplotlib as PNG and as SVG",
      () =>
        Effect.gen(function* () {
          const { read, run } = yield* boot
          const png = yield* run("import matplotlib.pyplot as plot\nplot.plot([1, 2])\nNone")
          assert.deepStrictEqual(png.displays, [{ mediaType: "image/png", path: "/tmp/outputs/figure-1.png" }])
          assert.strictEqual((yield* read("/tmp/outputs/figure-1.png")).slice(0, 8), "\u0089PNG\r\n\u001a\n")
          const svg = yield* run(
            "__import__('caisson').set_figure_format('svg')\nplot.title('Sales')\nplot.show()\nplot.get_fignums()"
          )
          assert.deepStrictEqual(valueOf(svg), [])
          const [picture] = svg.displays ?? []
          assert.strictEqual(picture?.mediaType, "image/svg+xml")
          assert.match(yield* read(picture?.path ?? ""), /^<\?xml .*<svg .*<\/svg>\s*$/s)
          const [warning] = (yield* run("plot.title('\u65e5')\nNone")).output
          assert.strictEqual(warning?.stream, "stderr")
          assert.match(warning?.text ?? "", /^figure-3\.svg: UserWarning: Glyph 26085 .*\n$/)
        }).pipe(Effect.scoped),
      300_000
    )
  })
} else {
  leftOut(`the libraries of ${template}`, why)
}

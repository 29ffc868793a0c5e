import { existsSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { dataValues, imports } from "./dataValues.ts"
import { printed } from "./interpreters.ts"
import { needsModules, python, valueOf } from "./pythons.ts"

describe("what Python shows", () => {
  it.live("shows values in all of their forms, beside the value", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      const turn = yield* run(`
class Table:
    def _repr_html_(self): return "<table></table>"
    def _repr_png_(self): return b"\\x89PNG"
    def __repr__(self): return "a table"
display("first")
Table()`)
      const [first, html, png, text] = turn.displays ?? []
      assert.deepStrictEqual(
        [first, html, text],
        [
          { mediaType: "text/plain", text: "'first'" },
          { mediaType: "text/html", text: "<table></table>" },
          { mediaType: "text/plain", text: "a table" }
        ]
      )
      assert.strictEqual(png?.mediaType, "image/png")
      assert.isTrue(existsSync(png?.path ?? ""))
      assert.isUndefined((yield* run("x = 1")).displays)
    })
  )

  it.live("ends a process that a cell has forked where the cell ends, and closes no file of it", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      const turn = yield* run(`
import os, sys
child = os.fork()
if child == 0:
    file = open("/dev/null")
    grandchild = os.fork()
    if grandchild == 0: sys.exit(0 if os.path.exists(f"/proc/self/fd/{file.fileno()}") else 4)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
first = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
child = os.fork()
if child == 0: print("in the child")
else: second = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
[first, second] if child != 0 else 1 / 0`)
      assert.deepStrictEqual(valueOf(turn), [0, 1])
      assert.strictEqual(printed(turn), "in the child\n")
      assert.match(printed(turn, "stderr"), /ZeroDivisionError: division by zero\n$/)
      assert.strictEqual(valueOf(yield* run("first")), 0)
    })
  )

  it.live("shows the text of a value whose other forms are none, and says so", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      for (const form of [
        "def _repr_html_(self): return 42",
        "def _repr_mimebundle_(self): return {5: 'x'}",
        "def _repr_mimebundle_(self): return {'html': 'x'}",
        "def _repr_mimebundle_(self): return {'a' * 5000 + '/b': 'x'}",
        "def _repr_mimebundle_(self): return {'image/png': 'not base64'}"
      ]) {
        const turn = yield* run(`class Odd:\n  ${form}\n  def __repr__(self): return "odd"\ndisplay(Odd())`)
        assert.deepStrictEqual(turn.displays, [{ mediaType: "text/plain", text: "odd" }], form)
        assert.match(printed(turn, "stderr"), /^a Odd could not be shown: /)
      }
      const chart = yield* run(
        "class Chart:\n  def _repr_mimebundle_(self): return {'application/vnd.vega.v5+json': {'a': [1]}, 'text/html': None}\nChart()"
      )
      assert.deepStrictEqual(chart.displays?.[0], { mediaType: "application/vnd.vega.v5+json", text: '{"a":[1]}' })
    })
  )

  it.live("saves the figures of matplotlib that a cell leaves open, and closes them", (context) =>
    Effect.gen(function* () {
      needsModules(context, "matplotlib")
      const { run } = yield* python(context)
      const turn = yield* run("import matplotlib.pyplot as plot\nplot.plot([1, 2])\nplot.figure()\nNone")
      const names = (turn.displays ?? []).map(({ mediaType, path }) => [mediaType, path?.split("/").at(-1)])
      assert.deepStrictEqual(names, [
        ["image/png", "figure-1.png"],
        ["image/png", "figure-2.png"]
      ])
      const shown = yield* run(
        "__import__('caisson').set_figure_format('svg')\nplot.plot([1])\nplot.show()\nplot.get_fignums()"
      )
      assert.deepStrictEqual(valueOf(shown), [])
      assert.match(shown.displays?.[0]?.path ?? "", /figure-\d+\.svg$/)
    })
  )

  it.live("gives arrays and tables of numpy and pandas as lists and parts", (context) =>
    Effect.gen(function* () {
      needsModules(context, "numpy", "pandas")
      const { run } = yield* python(context)
      const numbers = yield* run(
        "import numpy, pandas\n[numpy.int64(3), numpy.float32(0.5), numpy.arange(4).reshape(2, 2)]"
      )
      assert.deepStrictEqual(valueOf(numbers), [
        3,
        0.5,
        [
          [0, 1],
          [2, 3]
        ]
      ])
      const frame = yield* run("frame = pandas.DataFrame({'a': [1, 2], 'b': ['x', 'y']})\nframe")
      assert.deepStrictEqual(valueOf(frame), {
        columns: ["a", "b"],
        index: [0, 1],
        data: [
          [1, "x"],
          [2, "y"]
        ]
      })
      assert.deepStrictEqual(
        frame.displays?.map(({ mediaType }) => mediaType),
        ["text/html", "text/plain"]
      )
      assert.deepStrictEqual(valueOf(yield* run("frame['a']")), { name: "a", index: [0, 1], data: [1, 2] })
      yield* run(imports)
      for (const [source, value] of dataValues) assert.deepStrictEqual(valueOf(yield* run(source)), value, source)
    })
  )
})

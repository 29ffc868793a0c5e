import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { compile } from "../../src/quickjs/Cell.ts"
import { stripperIsBroken } from "../../src/quickjs/TypeStrip.ts"
import { declarations, returns, texts, values } from "./cellCases.ts"
import { holds, withNotebook } from "./cells.ts"

const depths: ReadonlyArray<readonly [string, string]> = [
  ["brackets", "[".repeat(100_000)],
  ["parentheses", `let a = ${"(".repeat(5_000)}1${")".repeat(5_000)}`],
  ["blocks", `let a;${"{".repeat(5_000)}${"}".repeat(5_000)}`],
  ["templates", `let a = ${"`${".repeat(5_000)}`],
  ["functions", `let a = ${"function () { return ".repeat(2_000)}1${"}".repeat(2_000)}`],
  ["arrows", `let a = ${"a => ".repeat(800)}1`],
  ["operators", `let a = ${"1 + ".repeat(20_000)}1`],
  ["conditions", `let a = ${"a ? b : ".repeat(5_000)}1`],
  ["words", `let a = ${"typeof ".repeat(1_700)}1`],
  ["statements", `let a; ${"if (a) ".repeat(5_000)}1`],
  ["calls", `let a = a${"()".repeat(20_000)}`],
  ["generics", `let a = ${"a<".repeat(500)}1`]
]

const fragments = (
  "let const class function async await return using export import { } ( ) [ ] => = ; , ` ${ ' \" // /* */ / < > ? : ... . " +
  "a b $cell #p 1 's' enum type namespace interface declare as default static yield * try catch finally for of if else " +
  "switch case break do while label: é 😀 @d <const> ! ?. ??= null this super new extends 'use strict' \ud800 \0 \u2028 \ufeff"
).split(" ")

describe("Cell", () => {
  it.each(values)("$title", holds("javascript"))

  it.each(returns)("$title", holds("javascript"))

  it.each(declarations)("$title", holds("javascript"))

  it.each(texts)("$title", holds("javascript"))

  it("names its file after the run and the language, and moves nothing without need", () => {
    const source = "for (let i = 0; i < 3; i++) {}\nlet a = 1\nconst b = 2\n"
    const code = source.replace("let a", "var a").replace("const b", "var   b")
    assert.deepStrictEqual(compile({ source, language: "javascript", ordinal: 7 }), {
      _tag: "Compiled",
      code,
      fileName: "run-7.js",
      positions: []
    })
    const typed = compile({ source: "let a: 1 = 1", language: "typescript", ordinal: 8 })
    assert.include(typed, { code: "var a    = 1", fileName: "run-8.ts" })
  })

  it.each(depths)("refuses %s that are nested too deeply, in either language", (_, source) => {
    for (const language of ["javascript", "typescript"] as const) {
      const compiled = compile({ source, language, ordinal: 1 })
      assert.include(compiled._tag === "Refused" ? compiled.error : compiled, {
        name: "SyntaxError",
        message: "the code is nested too deeply",
        line: 1
      })
    }
    assert.isFalse(stripperIsBroken())
  })

  it("refuses other languages by their name", () => {
    const compilation = compile({ source: "print(1)", language: "python", ordinal: 1 })
    assert.deepInclude(compilation._tag === "Refused" && compilation.error, { reason: "UnknownLanguage" })
  })

  it("takes long programs for what they are", () => {
    const lines = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, i) => line(i))
    const sources = [
      lines(20_000, (i) => `let a${i} = a\n`).join(""),
      lines(20_000, (i) => `let a${i};`).join(""),
      `const table = [${lines(5_000, (i) => `{ id: ${i}, name: "row ${i}", tags: [[], {}] }`).join(",\n")}]`,
      `${lines(5_000, (i) => `if (a === ${i}) { f(${i}) }`).join("\n")}\nreturn 1`,
      `const text = "a" +\n${lines(500, (i) => `  "line ${i} (of [many" +`).join("\n")}\n "z"`,
      `const s = \`${"(".repeat(5_000)}\${1}${"[".repeat(5_000)}\`; // ${"{".repeat(5_000)}`,
      lines(2_000, (i) => `$cell${"_".repeat(i % 400)}: 1`).join("\n")
    ]
    for (const source of sources)
      assert.strictEqual(compile({ source, language: "javascript", ordinal: 1 })._tag, "Compiled", source.slice(0, 80))
  })
})

const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
const Indices = Schema.Array(Index).check(Schema.isMaxLength(12))
const at = <A>(items: ReadonlyArray<A>, index: number): A => {
  const item = items[index % items.length]
  if (item === undefined) throw new RangeError("nothing to take")
  return item
}

const programs = [...values, ...returns, ...declarations, ...texts].flatMap(({ cells }) =>
  cells.map(([source]) => source.slice(0, 1_000))
)

/** Puts fragments into a program, or takes pieces out of it. */
const mutate = (program: string, indices: ReadonlyArray<number>): string =>
  indices.reduce((text, index) => {
    const place = index % (text.length + 1)
    return index % 3 === 0
      ? text.slice(0, place) + text.slice(place + (index % 7))
      : text.slice(0, place) + at(fragments, index >> 4) + text.slice(place)
  }, program)

const isSound = (source: string): boolean => {
  const lines = source.replace(/^\ufeff/, "").split(/\r\n?|\n/)
  return (["javascript", "typescript"] as const).every((language) => {
    const compiled = compile({ source, language, ordinal: 1 })
    if (compiled._tag === "Compiled") return true
    if (compiled._tag === "Unable") return false
    const { column = 0, line = 0, message } = compiled.error
    return column >= 1 && column <= (lines[line - 1]?.length ?? -1) + 1 && !message.includes("\n")
  })
}

/** Pieces of a program that end where they ended in the source only if their insertions are accounted for. */
const pieces: ReadonlyArray<(name: string) => string> = [
  (name) => `let ${name}`,
  (name) => `const ${name} = '中'`,
  (name) => `class ${name} {}`,
  (name) => `const { ${name} } = { ${name}: "é😀" }`,
  (name) => `var [${name}] = [1]`,
  (name) => `function ${name}() {\n  return 1\n}`,
  (name) => `using ${name} = null`,
  () => "if (0) return 1",
  () => "if (0) return",
  (name) => `export const ${name} = 1`,
  () => "/* é\n */ 5"
]

describe("Cell, on any text", () => {
  it.prop("answers", [Schema.String], ([source]) => isSound(source), { arbitrary: { runs: 500 } })

  it.prop(
    "answers a row of fragments",
    [Indices, Schema.Boolean],
    ([indices, isSpaced]) => isSound(indices.map((index) => at(fragments, index)).join(isSpaced ? " " : "")),
    { arbitrary: { runs: 1_500, size: 12 } }
  )

  it.prop(
    "answers programs that were tampered with",
    [Index, Indices],
    ([index, indices]) => isSound(mutate(at(programs, index), indices)),
    { arbitrary: { runs: 1_500, size: 6 } }
  )

  it.effect.prop(
    "leads to the place of an error, whatever is in front of it",
    [Indices, Index],
    ([indices, separator]) =>
      Effect.promise(() =>
        withNotebook((notebook) => {
          const front = indices.map(
            (index, place) => at(pieces, index)(`n${place}`) + at([";", "; ", "\n", "\r\n"], separator + place)
          )
          const source = `${front.join("")}boom()`
          const lines = source.split("\n")
          const column = (lines.at(-1)?.length ?? 0) - "boom()".length + 1
          const place = `(${lines.length}:${column})`
          assert.strictEqual(notebook.run(source), `ReferenceError: boom is not defined ${place}`, source)
          assert.strictEqual(notebook.run(source), `ReferenceError: boom is not defined ${place}`, source)
        })
      ),
    { arbitrary: { runs: 150, size: 8 } }
  )
})

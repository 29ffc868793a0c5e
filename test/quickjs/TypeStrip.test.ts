import { assert, describe, it } from "@effect/vitest"
import { compile } from "../../src/quickjs/Cell.ts"
import { strip, stripperIsBroken } from "../../src/quickjs/TypeStrip.ts"
import { type Case, holds } from "./cells.ts"

const noModules =
  "refused: SyntaxError: modules are not available in a session: tools, and what earlier runs declared, are globals that need no import"

const types: ReadonlyArray<Case> = [
  {
    title: "takes types away, at the top level and everywhere else",
    cells: [
      ["let a: number = 1, b!: string; a", "1"],
      ["interface Row { id: number }\ntype Rows = Array<Row>\nconst rows: Rows = [{ id: 1 }]\nrows", '[{"id":1}]'],
      ["rows as unknown satisfies unknown", '[{"id":1}]'],
      ["const get = <T,>(x: T, ...rest: T[]): T => x\nget<number>(3)", "3"],
      [
        "function over(a: string): string; function over(a: number): number\nfunction over(this: any, a: any) { return a! }",
        "undefined"
      ],
      ["over(4)", "4"],
      ["const { id }: Row = rows[0]!, [first]: [string?] = []; id", "1"],
      ["declare const ghost: number; typeof ghost", '"undefined"'],
      ["for (const row of rows as Row[]) { if (row?.id === 1) return row.id }", "1"],
      ["try { throw 5 } catch (error: unknown) { error as number }", "5"]
    ]
  },
  {
    title: "takes types away from classes",
    cells: [
      [
        "abstract class Shape<T> { abstract area(): number; readonly name?: string; declare tag: T; static #made: number = 2\n" +
          "  static get made(): number { return this.#made } }\nclass Square extends Shape<string> implements Object {\n" +
          "  constructor(private side: number, readonly unit = 'cm') { super() }\n  override area(): number { return this.side ** 2 } }",
        "undefined"
      ],
      ["[new Square(3).area(), Shape.made, new Square(1)]", '[9,2,{"side":1,"unit":"cm"}]']
    ]
  },
  {
    title: "calls a generic function where JavaScript would compare",
    cells: [
      ["const f = (x) => x", "undefined"],
      ["f<number>(1)", "1"]
    ]
  },
  {
    title: "returns and awaits at the top level",
    cells: [
      ["return (await Promise.resolve<number>(4)) as number", "4"],
      ["const half: number = await 2\nif (half) return half as number\nreturn 3", "2"],
      ["'use strict'; let x: number = 1\nreturn undeclared = x", "ReferenceError: undeclared is not defined (2:21)"],
      ["using held: any = null; return 5", "5"]
    ]
  },
  {
    title: "keeps statements apart that only a type kept apart",
    cells: [
      ["let x = 1\ntype A = 1\n(1 + 2)", "3"],
      ["let y = x as number\n(4)", "4"],
      ["interface B {}\n[5].length", "1"]
    ]
  },
  {
    title: "makes code of enums, namespaces and assertions in angle brackets",
    cells: [
      ["enum Color { Red, Green = 5 }\nColor.Green", "5"],
      ["[Color.Red, Color[5]]", '[0,"Green"]'],
      ["enum Color { Blue = 'b' }\nColor", '{"Blue":"b"}'],
      [
        "namespace Geo { export const pi = 3; export function area(r: number) { return pi * r ** 2 } }\nreturn Geo.area(2)",
        "12"
      ],
      ["Geo.pi", "3"],
      ["const tuple = <const>['a']; <number>5 + (<any>tuple).length", "6"],
      ["export enum Level { Low = 1 }\nLevel.Low", "1"],
      ["class P { constructor(public x: number) {} }\nreturn new P(3)", '{"x":3}']
    ]
  },
  {
    title: "takes an object for an object",
    cells: [
      ["{ a: 1 as number, b: 2 }", '{"a":1,"b":2}'],
      ["// an object\n{ a: <number>1, m<T>(x: T): T { return x } };", '{"a":1}'],
      ["{ let a: number = 2; a }", "2"]
    ]
  },
  {
    title: "refuses modules, but neither their types nor export",
    cells: [
      ["import type { Q } from 'q'; export type { Q }; let q: Q | undefined; q", "undefined"],
      ["export interface Z {}\nexport const z: number = 3; z", "3"],
      ["1\nimport { Q } from 'q'", `${noModules} (2:1)`],
      ["import fs from 'fs'\nreturn 1", `${noModules} (1:1)`],
      ["const x: any = await import('fs')", `${noModules} (1:22)`],
      ["enum E { A }\nimport('fs')", `${noModules} (2:1)`],
      [
        "\nexport const y: number = 3; return y",
        "refused: SyntaxError: 'export' is allowed neither in a block nor together with a top-level 'return' (2:1)"
      ]
    ]
  },
  {
    title: "says what is wrong with a program, and where",
    cells: [
      ["let x: number = = 5", "refused: SyntaxError: Expression expected (1:17)"],
      ["\t\tlet é: '中😀' = = 5", "refused: SyntaxError: Expression expected (1:18)"],
      ["let a b", "refused: SyntaxError: Expected a semicolon (1:7)"],
      ["if (true as boolean) {\n", "refused: SyntaxError: Unexpected end of input (2:1)"],
      ["let x = (1 as any", "refused: SyntaxError: Unexpected end of input (1:18)"],
      ["return 1 }", "refused: SyntaxError: Unexpected token '}' (1:10)"],
      ["}; foo(); async () => {", "SyntaxError: unexpected token in expression: '}' (1:1)"],
      ["let s: string = 'abc", "refused: SyntaxError: Unterminated string constant (1:17)"],
      ["let t = `abc\n", "refused: SyntaxError: Unterminated template (1:9)"],
      ["enum E { A }\nlet z: number = = 1", "refused: SyntaxError: Expression expected (2:17)"],
      ["enum E { A }\nlet z = 1; let z = 2", "refused: SyntaxError: Identifier 'z' has already been declared (2:16)"],
      ["@d class A {}", "refused: SyntaxError: Unexpected character '@' (1:1)"]
    ]
  },
  {
    title: "reads texts of every origin",
    cells: [
      ["", "undefined"],
      ["// nothing", "undefined"],
      ["#!/usr/bin/env ts\nlet bang: number = 1; bang", "1"],
      ["\ufefflet bom: number = 1\r\nlet b: string = `x\r\ny`\r\nb.length", "3"],
      ["let half: string = '\ud800'; half.charCodeAt(0)", "65533"],
      ["let separator: string = '\u2028'; separator.length", "1"]
    ]
  },
  {
    title: "leads places back to the source",
    cells: [
      ["let a: '中' | '😀'; class A<T> {} boom()", "ReferenceError: boom is not defined (1:34)"],
      ["const f = (x: number): number => {\n  return boom()\n}\nf(1)", "ReferenceError: boom is not defined (2:10)"],
      ["enum E {\n  A,\n  B\n}\n  boom(E.A)", "ReferenceError: boom is not defined (5:3)"],
      [
        "class P {\n  constructor(private x: number) {\n    boom()\n  }\n}\nnew P(1)",
        "ReferenceError: boom is not defined (3:5)"
      ],
      ["let é = <string>'é'; let b; boom()", "ReferenceError: boom is not defined (1:29)"],
      ["let c: number\nconst { d }: any = null!", "TypeError: Cannot convert undefined or null to object (2:7)"]
    ]
  }
]

describe("TypeStrip", () => {
  it.each(types)("$title", holds("typescript"))

  it("is never called again after it trapped, and says so; JavaScript goes on", () => {
    const deep = `${"(".repeat(50_000)}1${")".repeat(50_000)}`
    assert.isFalse(stripperIsBroken())
    assert.deepStrictEqual(strip(deep), { _tag: "Trapped" })
    assert.isTrue(stripperIsBroken())
    assert.deepStrictEqual(strip("1 as number"), { _tag: "Unable" })
    assert.deepStrictEqual(compile({ source: "1 as number", language: "typescript", ordinal: 1 }), { _tag: "Unable" })
    assert.strictEqual(compile({ source: "1", language: "typescript", ordinal: 1 })._tag, "Compiled")
    assert.include(compile({ source: "1", language: "javascript", ordinal: 2 }), { _tag: "Compiled", code: "1" })
  })
})

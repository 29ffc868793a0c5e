import type { Case } from "./cells.ts"

const noModules =
  "refused: SyntaxError: modules are not available in a session: tools, and what earlier runs declared, are globals that need no import"

export const values: ReadonlyArray<Case> = [
  {
    title: "gives the value of the last expression",
    cells: [
      ["1 + 1", "2"],
      ["1 + 1; // done", "2"],
      ["let a = 4\na * 2 /* done */\n", "8"],
      ["5; let b = 1; class C {}; function f() {}", "5"],
      ["let c = 3", "undefined"]
    ]
  },
  {
    title: "gives the completion value of statements",
    cells: [
      ["if (true) 5; else 6", "5"],
      ["for (let i = 0; i < 3; i++) i * 10", "20"],
      ["try { 7 } finally { 8 }", "7"],
      ["{ let z = 1; z + 1 }", "2"],
      ["label: { 5; break label }", "5"],
      ["switch (2) { case 2: 'two' }", '"two"'],
      ["do { 7; break } while (true)", "7"]
    ]
  },
  {
    title: "awaits a promise that is the last expression or is returned",
    cells: [
      ["Promise.resolve(4)", "4"],
      ["(async () => { await null; return 5 })()", "5"],
      ["return Promise.resolve(6)", "6"],
      ["Promise.reject(new RangeError('far'))", "RangeError: far (1:20)"]
    ]
  },
  {
    title: "awaits at the top level",
    cells: [
      ["const x = await Promise.resolve(3); x + (await 1)", "4"],
      ["x", "3"],
      ["for (const y of [await 1, await 2]) await y", "2"]
    ]
  },
  {
    title: "takes an object for an object, and a block for a block",
    cells: [
      ["{ a: 1, b: 2 }", '{"a":1,"b":2}'],
      ["{ a: 1 }", '{"a":1}'],
      ["{ a: 1, b: 2 };", '{"a":1,"b":2}'],
      ["// an object\n{ a: await 1 } // so it is", '{"a":1}'],
      ["{}", "{}"],
      ["{ ...{ a: 1 } }", '{"a":1}'],
      ["{ f() { return 1 } }.f()", "1"],
      ["const a = 3", "undefined"],
      ["{ a }", '{"a":3}'],
      ["{ a }\n[1].length", "1"],
      ["{ return 9 }", "9"],
      ["{} + 1", "1"]
    ]
  },
  {
    title: "accepts what has no code",
    cells: [
      ["", "undefined"],
      [" \n\t", "undefined"],
      ["// nothing", "undefined"],
      ["/* nothing */", "undefined"],
      ["#!/usr/bin/env node", "undefined"],
      [";", "undefined"]
    ]
  },
  {
    title: "leaves the other kinds of functions and templates as they are",
    cells: [
      ["function* count() { yield 1; yield 2 }\nconst counted = [...count()]", "undefined"],
      ["async function* tick() { yield 3; yield* count() }", "undefined"],
      ["for await (const value of tick()) counted.push(value)", "5"],
      ["`${counted.map((n) => `<${n}>`).join('')}!`", '"<1><2><3><1><2>!"'],
      ["String.raw`a\\n${1}`", '"a\\\\n1"'],
      ["this === globalThis", "true"],
      ["(() => { return typeof arguments })()", '"undefined"']
    ]
  }
]

export const returns: ReadonlyArray<Case> = [
  {
    title: "gives what is returned, and keeps what was declared before",
    cells: [
      [
        "let kept = 4\nfunction read() { return kept }\nclass Kept {}\nif (kept > 3) return read() * 2\nlet late = 1; 9",
        "8"
      ],
      ["[kept, read(), typeof Kept, late]", '[4,4,"function",null]'],
      ["if (kept > 4) return 1; 42", "42"]
    ]
  },
  {
    title: "returns with and without a value, however it is written",
    cells: [
      ["return", "undefined"],
      ["1; return;", "undefined"],
      ["return\n5", "undefined"],
      ["return /* five */ 5 // is it\n; 6", "5"],
      ["return (1, 2); // two", "2"],
      ["return { a: 1 }", '{"a":1}'],
      ["return function () {}", "function"],
      ["return class {}", "function"],
      ["return `a\n${1}`", '"a\\n1"'],
      ["if (1) return 7; else return 8", "7"],
      ["if (0) return 7\nelse return 8", "8"],
      ["do return 3; while (1)", "3"],
      ["label: for (;;) { return 'l' }", '"l"']
    ]
  },
  {
    title: "returns from loops, switches, try and finally",
    cells: [
      ["for (const x of [1, 2, 3]) { if (x === 2) return x * 10 }\n5", "20"],
      ["for (const x in { k: 1 }) return x", '"k"'],
      [
        "var closed = false; for (const x of (function* () { try { yield 1 } finally { closed = true } })()) return x",
        "1"
      ],
      ["closed", "true"],
      ["for await (const x of (async function* () { yield 1 })()) { return x }", "1"],
      ["switch (1) { case 1: return 's'; default: 4 }", '"s"'],
      ["try { return 1 } finally { await 2; 3 }", "1"],
      ["try { return 1 } finally { return 2 }", "2"],
      ["try { throw new Error('q') } catch (error) { return error.message }", '"q"'],
      ["try { try { return 1 } finally { throw 2 } } catch { } 8", "8"],
      ["for (const x of [1]) { try { return x } finally { continue } } 9", "9"],
      ["with ({ a: 3 }) return a", "3"]
    ]
  },
  {
    title: "returns past functions that are declared around it",
    cells: [
      [
        "return hoisted() + late()\nfunction hoisted() { return 1 }\nasync function later() {}\nfunction late() { return 2 }",
        "3"
      ],
      ["function hoisted() { return 10 }", "undefined"],
      ["hoisted() + late()", "12"],
      ["foo()\nfunction foo() { return 1 }\n(2)\nreturn 3", "3"],
      ["var read = () => own()\nreturn read()\nfunction own() { return 1 }", "1"],
      ["function own() { return 2 }\nread()", "2"]
    ]
  },
  {
    title: "returns although a label of the guest has the name of ours",
    cells: [
      ["$cell: for (;;) { for (;;) break $cell }\nreturn 1", "1"],
      ["$cell_: { $cell: { return 2 } }", "2"]
    ]
  }
]

export const declarations: ReadonlyArray<Case> = [
  {
    title: "declares again what was declared before, by whatever kind of declaration",
    cells: [
      ["let v = 1; v", "1"],
      ["let v = 2; v", "2"],
      ["const v = 3; v", "3"],
      ["class v { static n = 4 }; v.n", "4"],
      ["function v() { return 5 }; v()", "5"],
      ["var v = 6; v", "6"],
      ["async function v() { return 7 }; v()", "7"],
      ["let [v] = [8]; v", "8"]
    ]
  },
  {
    title: "lets a declaration be tried again after it threw",
    cells: [
      ["const q = (() => { throw new Error('no') })()", "Error: no (1:30)"],
      ["q", "undefined"],
      ["const q = 5; q", "5"],
      ["class K extends null.x {}", "TypeError: cannot read property 'x' of null (1:1)"],
      ["class K {}; K.name", '"K"']
    ]
  },
  {
    title: "resets a variable that is declared without a value",
    cells: [
      ["let x, y = 1; x", "undefined"],
      ["x = 5; y = x", "5"],
      ["let x, y; [x, y]", "[null,null]"],
      ["let\nn\nn", "undefined"]
    ]
  },
  {
    title: "declares by patterns with defaults, rests and nesting",
    cells: [
      ["const { a, b: { c = 3, ...d }, ...e } = { a: 1, b: { f: 6 }, g: 7 }; [a, c, d, e]", '[1,3,{"f":6},{"g":7}]'],
      ["let [h, , [i = 9] = [], ...j] = 'hxyz'; [h, i, j]", '["h","y",["z"]]'],
      ["[a, c, h]", '[1,3,"h"]'],
      ["const { $ } = { $: 5 }, [] = []; $", "5"],
      ["const {} = 1", "undefined"]
    ]
  },
  {
    title: "keeps a binding of its own for each round of a loop",
    cells: [
      ["const reads = []; for (let i = 0; i < 3; i++) reads.push(() => i)", "3"],
      ["reads.map((read) => read())", "[0,1,2]"],
      ["typeof i", '"undefined"'],
      ["const more = []; for (const k of [1, 2]) { let m = k * 2; more.push(() => m) }\nmore.map((f) => f())", "[2,4]"],
      ["typeof m", '"undefined"']
    ]
  },
  {
    title: "keeps classes whole: parents, fields, private members and static blocks",
    cells: [
      ["class A { x = 1; static made = 0; static { this.made += 1 } }\n(A.made)", "1"],
      [
        "class B extends A { #y = 5; get y() { return this.#y + this.x } static is(o) { return #y in o } }",
        "undefined"
      ],
      ["const b = new B(); [b.y, B.is(b), B.made, B.name]", '[6,true,1,"B"]'],
      ["class A { x = 2 }\n[1].length", "1"],
      ["[new A().x, b.y, b instanceof B]", "[2,6,true]"]
    ]
  },
  {
    title: "hoists functions, and lets them see what later cells declare",
    cells: [
      ["early(); function early() { return typeof shared }", '"undefined"'],
      ["function early() { return shared }", "undefined"],
      ["let shared = 3; early()", "3"],
      ["const shared = 4; early()", "4"]
    ]
  },
  {
    title: "disposes of resources at the end of their run",
    cells: [
      ["const log = []; const open = (name) => ({ [Symbol.dispose]() { log.push(name) } })", "undefined"],
      [
        "using one = open('one'), two = open('two'); function see() { return typeof one } log.push('body'); see()",
        '"object"'
      ],
      ["log", '["body","two","one"]'],
      ["await using three = { async [Symbol.asyncDispose]() { log.push('three') } }; return log.length", "3"],
      ["log[3]", '"three"'],
      ["using four = 4", "TypeError: not an object (1:7)"],
      ["see()", '"object"']
    ]
  },
  {
    title: "refuses a name that one cell declares twice",
    cells: [
      ["let d = 1\nlet d = 2", "refused: SyntaxError: Identifier 'd' has already been declared (2:5)"],
      ["var d; const { e: [d] } = 1", "refused: SyntaxError: Identifier 'd' has already been declared (1:20)"],
      ["function d() {}\nclass d {}", "refused: SyntaxError: Identifier 'd' has already been declared (2:7)"],
      ["{ let d; let d }", "SyntaxError: invalid redefinition of lexical identifier (1:16)"],
      ["var d = 1; var d = 2; function d() {} d", "2"]
    ]
  },
  {
    title: "takes export away from declarations",
    cells: [
      ["export const one = 1, two = 2; export function three() { return 3 } one + two + three()", "6"],
      ["one\nexport { one, two as deux }\n[1].length", "1"],
      ["export class Four {}; Four.name", '"Four"'],
      ["one\nexport default { five: 5 }", '{"five":5}'],
      ["export default function six() { return 6 }\nsix()", "6"],
      ["export default class {}", "function"],
      ["export default async () => 7;", "function"]
    ]
  },
  {
    title: "leaves strict mode to those who ask for it",
    cells: [
      ["undeclared = 1", "1"],
      ["'use strict'; undeclared2 = 1", "ReferenceError: undeclared2 is not defined (1:15)"],
      [
        "'use strict'\nlet s = 1\nif (s) return (() => this === globalThis && (function () { return this })() === undefined)()",
        "true"
      ],
      ["'use strict'; return undeclared3 = 1", "ReferenceError: undeclared3 is not defined (1:22)"],
      ["'use strict'; with ({}) {}", "SyntaxError: invalid keyword: with (1:15)"],
      ["'not strict'\nundeclared4 = 2", "2"],
      ["function loose() { return this === globalThis } return loose()", "true"]
    ]
  }
]

export const texts: ReadonlyArray<Case> = [
  {
    title: "refuses modules at their place",
    cells: [
      ["\n  import x from 'y'", `${noModules} (2:3)`],
      ["import 'y'", `${noModules} (1:1)`],
      ["const y = 1\nconst x = await import('y')", `${noModules} (2:17)`],
      ["() => import.meta.url", `${noModules} (1:7)`],
      ["export * from 'x'", `${noModules} (1:1)`],
      ["1; export { x } from 'x'", `${noModules} (1:4)`],
      ["'import x from y'", '"import x from y"']
    ]
  },
  {
    title: "says what is wrong with a program, and where",
    cells: [
      ["let x = (", "refused: SyntaxError: Unexpected end of input (1:10)"],
      ["let x = )", "refused: SyntaxError: Unexpected token ')' (1:9)"],
      ["let x\n  = = 1", "refused: SyntaxError: Unexpected token '=' (2:5)"],
      ["return return", "refused: SyntaxError: Unexpected token 'return' (1:8)"],
      ["let y = 'abc", "refused: SyntaxError: Unterminated string constant (1:9)"],
      ["class A { @d x }", "refused: SyntaxError: Unexpected character '@' (1:11)"],
      ["foo bar", "SyntaxError: expecting ';' (1:5)"],
      ["\ufefflet é = = 1", "refused: SyntaxError: Unexpected token '=' (1:9)"]
    ]
  },
  {
    title: "reads texts of every origin",
    cells: [
      ["\ufefflet bom = 1; bom", "1"],
      ["#!/usr/bin/env node\nlet bang = 1; bang", "1"],
      ["let a = 1\r\nlet b = `x\r\ny`\rb.length + a", "4"],
      ["let separator = '\u2028\u2029'; separator.length", "2"],
      ["let half = '\ud800'; half.charCodeAt(0)", "65533"],
      ["'a\0b'.length", "3"],
      [`let long = [${"1,".repeat(50_000)}]; long.length`, "50000"],
      [`let long = "${"x".repeat(200_000)}"; return long.length`, "200000"]
    ]
  },
  {
    title: "leads places back to the source",
    cells: [
      ["let a; boom()", "ReferenceError: boom is not defined (1:8)"],
      ["class A {} boom()", "ReferenceError: boom is not defined (1:12)"],
      ["if (0) return 1; boom()", "ReferenceError: boom is not defined (1:18)"],
      ["if (0) return\n\n  boom()", "ReferenceError: boom is not defined (3:3)"],
      ["function f() {\n  boom()\n}\nif (1) return f()", "ReferenceError: boom is not defined (2:3)"],
      ["const é = '中'; const { g } = { g: '😀' }; boom()", "ReferenceError: boom is not defined (1:43)"],
      ["{ a: boom() }", "ReferenceError: boom is not defined (1:6)"],
      ["'é';\r\n  /* 😀 */ boom()", "ReferenceError: boom is not defined (2:12)"]
    ]
  },
  {
    title: "has the engine report a failed pattern at its line",
    cells: [
      ["1\n\nconst { a } = await Promise.resolve(null)", "TypeError: Cannot convert undefined or null to object (3:7)"],
      ["1\n  let [b] = 5", "TypeError: value is not iterable (2:7)"],
      ["1\nvar {\n  $: [c]\n} = {}", "TypeError: cannot read property 'Symbol.iterator' of undefined (2:5)"]
    ]
  }
]

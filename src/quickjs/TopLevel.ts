/**
 * Makes a script of a program whose top level is to outlive it.
 *
 * V1. A program that has been evaluated can be evaluated again, and a declaration that threw can be declared anew: `let`,
 *     `const` and `class` become variables of the global object, as `var` and `function` are.
 * V2. The completion value of the script is that of the program, or what it returns.
 * V3. What is copied stays where it was, if it can.
 */
import type * as Acorn from "acorn"
import { Parser } from "acorn"
import { Rewriting } from "./Positions.ts"
import { noModules } from "./TypeStrip.ts"

const options = {
  ecmaVersion: "latest",
  sourceType: "script",
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true
} as const

/** A `SyntaxError` in the manner of the parser: `pos` is the offset of what is wrong. */
const faulty = (message: string, pos: number) => Object.assign(new SyntaxError(message), { pos })

class CellParser extends Parser {
  declare readonly start: number

  /** The engine finds names that are declared twice; the parser would compare each name with all others. */
  declareName(): void {}

  get allowUsing(): boolean {
    return true
  }

  parseImport(): never {
    throw faulty(noModules, this.start)
  }

  parseExprImport(): never {
    throw faulty(noModules, this.start)
  }
}

/** The offset of the first code at or after an offset. */
const skipBlanks = (text: string, from: number): number => {
  let at = from
  for (;;) {
    if (text.startsWith("//", at)) at = text.indexOf("\n", at)
    else if (text.startsWith("/*", at)) at = text.indexOf("*/", at + 2) + 1
    else if (!/\s/.test(text.charAt(at))) return at
    if (at <= 0) return text.length
    at += 1
  }
}

/** The names that a pattern binds. */
function* namesIn(pattern: Acorn.Pattern): Generator<Acorn.Identifier> {
  switch (pattern.type) {
    case "Identifier":
      return yield pattern
    case "ObjectPattern":
      for (const property of pattern.properties)
        yield* namesIn(property.type === "Property" ? property.value : property.argument)
      return
    case "ArrayPattern":
      for (const element of pattern.elements) if (element !== null) yield* namesIn(element)
      return
    case "AssignmentPattern":
      return yield* namesIn(pattern.left)
    case "RestElement":
      return yield* namesIn(pattern.argument)
  }
}

/** The statements within a statement, but for those of functions and classes. */
const statementsIn = (statement: Acorn.Statement): ReadonlyArray<Acorn.Statement | null | undefined> => {
  switch (statement.type) {
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return []
    case "IfStatement":
      return [statement.consequent, statement.alternate]
    case "TryStatement":
      return [statement.block, statement.handler?.body, statement.finalizer]
    case "SwitchStatement":
      return statement.cases.flatMap(({ consequent }) => consequent)
    default:
      return "body" in statement ? [statement.body].flat() : []
  }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  /** Where the text comes from, as far as the engine reports it. */
  readonly from?: number
}

/** A program whose top level is being made to outlive it. */
class Script {
  readonly #text: string
  readonly #edits: Array<Edit> = []
  readonly #names = new Map<string, "lexical" | "variable">()
  readonly #functions: Array<Acorn.FunctionDeclaration> = []
  /** The names of `using` declarations. */
  readonly #resources: Array<string> = []
  #isEnclosed = false
  #label = "$cell"

  constructor(text: string, { body }: Acorn.Program) {
    this.#text = text
    for (const [taken] of text.matchAll(/\$cell_*/g)) if (taken.length >= this.#label.length) this.#label = `${taken}_`
    for (const statement of body) this.#visit(statement)
    if (this.#isEnclosed) this.#enclose(body)
  }

  rewritten(): Rewriting {
    const rewriting = new Rewriting(this.#text)
    let at = 0
    for (const { end, from, start, text } of this.#edits.toSorted((left, right) => left.start - right.start)) {
      rewriting.copy(at, start)
      rewriting.insert(text, from)
      at = end
    }
    rewriting.copy(at, this.#text.length)
    if (!this.#isEnclosed) return rewriting
    rewriting.insert("\n}")
    for (const { end, start } of this.#functions) {
      rewriting.insert("\n")
      rewriting.copy(start, end)
    }
    if (this.#resources.length > 0) rewriting.insert(`\nvar ${this.#resources.join()}`)
    return rewriting
  }

  #replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text })
  }

  #insert(at: number, text: string): void {
    this.#replace(at, at, text)
  }

  /** The same lines, without anything on them. */
  #blanks(start: number, end: number): string {
    return this.#text.slice(start, end).replace(/[^\n]/g, " ")
  }

  /**
   * A `return` gives its value to the script by leaving a block with it. Functions have to stay outside, where they are
   * global, and directives in front.
   */
  #enclose(body: Acorn.Program["body"]): void {
    const start = body.findLast((node) => node.type === "ExpressionStatement" && node.directive !== undefined)?.end ?? 0
    this.#edits.unshift({ start, end: start, text: `${start === 0 ? "" : ";"}${this.#label}:{` })
    for (const { end, start } of this.#functions) this.#replace(start, end, `;${this.#blanks(start + 1, end)}`)
  }

  #declare({ name, start }: Acorn.Identifier, kind: "lexical" | "variable"): void {
    const other = this.#names.get(name)
    if (other === "lexical" || (other === "variable" && kind === "lexical"))
      throw faulty(`Identifier '${name}' has already been declared`, start)
    this.#names.set(name, kind)
  }

  #visit(node: Acorn.Statement | Acorn.ModuleDeclaration): void {
    switch (node.type) {
      case "VariableDeclaration":
        this.#visitVariables(node)
        break
      case "FunctionDeclaration":
        this.#declare(node.id, "variable")
        this.#functions.push(node)
        break
      case "ClassDeclaration":
        this.#declare(node.id, "lexical")
        this.#insert(node.start, `var ${node.id.name}=`)
        this.#insert(node.end, ";")
        break
      case "ExportNamedDeclaration":
        this.#visitExport(node)
        break
      case "ExportDefaultDeclaration":
        this.#visitDefault(node)
        break
      case "ExportAllDeclaration":
      case "ImportDeclaration":
        throw faulty(noModules, node.start)
      default:
        this.#visitReturns(node)
    }
  }

  #visitVariables({ declarations, kind, start }: Acorn.VariableDeclaration): void {
    const names = declarations.flatMap(({ id }) => [...namesIn(id)])
    for (const name of names) this.#declare(name, kind === "var" ? "variable" : "lexical")
    if (kind === "using" || kind === "await using") {
      this.#visitResources(names)
      return
    }
    const pattern = declarations.find(({ id }) => id.type !== "Identifier")
    if (pattern !== undefined) this.#markPattern(start, pattern.id)
    if (kind === "var") return
    this.#replace(start, start + kind.length, "var".padEnd(kind.length))
    for (const { end, id, init } of declarations) if (id.type === "Identifier" && !init) this.#insert(end, "=void 0")
  }

  /** The engine reports a failed pattern where it was before the declaration: reading a name in front tells it the line. */
  #markPattern(start: number, pattern: Acorn.Pattern): void {
    const [first] = namesIn(pattern)
    if (first === undefined) return
    this.#insert(start, `;{let ${first.name === "$" ? "_" : "$"}=`)
    this.#edits.push({ start, end: start, text: `${first.name}}`, from: pattern.start })
  }

  /** A resource is disposed of at the end of its run; its name stays, for the functions that use it. */
  #visitResources(names: ReadonlyArray<Acorn.Identifier>): void {
    for (const { name, start } of names) {
      this.#isEnclosed = true
      this.#resources.push(name)
      this.#insert(start, `${this.#label}${this.#resources.length}=`)
    }
  }

  #visitExport({ declaration, end, source, start }: Acorn.ExportNamedDeclaration): void {
    if (source) throw faulty(noModules, start)
    const blankEnd = declaration ? start + "export".length : end
    this.#replace(start, blankEnd, `;${this.#blanks(start + 1, blankEnd)}`)
    if (declaration) this.#visit(declaration)
  }

  #visitDefault({ declaration, end, start }: Acorn.ExportDefaultDeclaration): void {
    const isDeclaration = declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration"
    if (isDeclaration && declaration.id) {
      this.#replace(start, declaration.start, this.#blanks(start, declaration.start))
      this.#visit(declaration)
      return
    }
    this.#replace(start, declaration.start, `;(${this.#blanks(start + 2, declaration.start)}`)
    this.#replace(this.#endOfCode(end), end, ");")
  }

  #visitReturns(outermost: Acorn.Statement): void {
    const open: Array<Acorn.Statement> = [outermost]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node.type === "ReturnStatement") this.#replaceReturn(node)
      for (const inner of statementsIn(node)) if (inner) open.push(inner)
    }
  }

  #replaceReturn({ argument, end, start }: Acorn.ReturnStatement): void {
    const exit = `;break ${this.#label}}`
    this.#isEnclosed = true
    this.#replace(start, start + "return".length, argument ? "{(    " : "{void 0")
    this.#replace(this.#endOfCode(end), end, argument ? `)${exit}` : exit)
  }

  #endOfCode(end: number): number {
    return this.#text[end - 1] === ";" ? end - 1 : end
  }
}

/** A cell that is an object from its first brace to its last would be a block, if it is a program at all. */
const expressionIn = (text: string, start: number): Acorn.Expression | undefined => {
  try {
    const parsed = CellParser.parseExpressionAt(text, start, options)
    const end = skipBlanks(text, parsed.end)
    return skipBlanks(text, text[end] === ";" ? end + 1 : end) === text.length ? parsed : undefined
  } catch {
    return undefined
  }
}

const inParentheses = (text: string, { end, start }: Acorn.Expression): Rewriting => {
  const rewriting = new Rewriting(text)
  rewriting.copy(0, start)
  rewriting.insert("(")
  rewriting.copy(start, end)
  rewriting.insert(")")
  rewriting.copy(end, text.length)
  return rewriting
}

/** What a script without any of these does is what a run is to do. */
const topLevelForms = /\b(?:let|const|class|return|import|export|using)\b|\bvar\s*[[{]/

/** Rewrites a program for `EvalFlags.ASYNC`. Throws what the parser throws: a `SyntaxError` with its offset as `pos`. */
export const rewrite = (text: string): Pick<Rewriting, "text" | "segments"> => {
  const start = skipBlanks(text, 0)
  const expression = text[start] === "{" ? expressionIn(text, start) : undefined
  if (expression?.type === "ObjectExpression") return inParentheses(text, expression)
  if (expression === undefined && !topLevelForms.test(text)) return { text, segments: () => [] }
  try {
    return new Script(text, CellParser.parse(text, options)).rewritten()
  } catch (error) {
    if (expression === undefined) throw error
    return inParentheses(text, expression)
  }
}

/** Syntax trees of TypeScript files. Types are blanked out first, so a tree holds what runs and positions stay those of the file. */
import { parse } from "acorn"
import { transformSync } from "amaro"

/** A node of an ESTree syntax tree. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"

/** The children of a node, in the order of the source. */
export const childrenOf = (node: Node): ReadonlyArray<Node> => Object.values(node).flat().filter(isNode)

/** A node and everything below it. */
export function* within(node: Node): Generator<Node> {
  yield node
  for (const child of childrenOf(node)) yield* within(child)
}

const parsed = new Map<string, Node>()

export const parseSource = (source: string): Node => {
  const known = parsed.get(source)
  if (known !== undefined) return known
  const { code } = transformSync(source, { mode: "strip-only" })
  const program = parse(code, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Node
  parsed.set(source, program)
  return program
}

/** `a.b.c` of a chain of plain members, `undefined` for anything else. */
export const dotted = (node: unknown): string | undefined => {
  if (!isNode(node)) return undefined
  if (node.type === "Identifier") return String(node["name"])
  if (node.type !== "MemberExpression" || node["computed"] === true) return undefined
  const object = dotted(node["object"])
  return object === undefined ? undefined : `${object}.${dotted(node["property"])}`
}

/** The expression that a call calls. */
export const calleeOf = (node: Node): Node | undefined => {
  const callee = node["callee"]
  return (node.type === "CallExpression" || node.type === "NewExpression") && isNode(callee) ? callee : undefined
}

export const argumentsOf = (node: Node): ReadonlyArray<Node> => {
  const given = node["arguments"]
  return Array.isArray(given) ? given.filter(isNode) : []
}

/** Names that are read or called as such: not property names, not keys, not declarations of functions. */
export function* namesUsed(node: Node): Generator<string> {
  if (node.type === "Identifier") yield String(node["name"])
  for (const child of childrenOf(node)) {
    const isPropertyName =
      (node.type === "MemberExpression" && child === node["property"] && node["computed"] !== true) ||
      (/^(Property|MethodDefinition|PropertyDefinition)$/.test(node.type) &&
        child === node["key"] &&
        node["computed"] !== true &&
        node["shorthand"] !== true)
    if (!isPropertyName) yield* namesUsed(child)
  }
}

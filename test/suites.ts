/** The tests of this repository as data: their titles, their bodies, and which of their functions assert something. */
import { posix } from "node:path"
import { tests } from "./repository.ts"
import { argumentsOf, calleeOf, childrenOf, dotted, type Node, namesUsed, parseSource, within } from "./syntax.ts"

/** Reads a test module by its path. */
export type Read = (file: string) => string

/** The words of a call's callee, from its root on: `it`, `effect`, `prop` for `it.effect.prop(…)`, and the same for `it.each(…)(…)`. */
export const chainOf = (node: Node | undefined): ReadonlyArray<string> => {
  if (node === undefined) return []
  if (node.type === "CallExpression") return chainOf(calleeOf(node))
  if (node.type !== "MemberExpression") return node.type === "Identifier" ? [String(node["name"])] : []
  const property = node["property"] as Node
  return [...chainOf(node["object"] as Node), String(property["name"])]
}

/** What a literal title begins with, as far as it is known before it runs. */
const titleOf = (node: Node | undefined): string | undefined => {
  if (node?.type === "Literal" && typeof node["value"] === "string") return node["value"]
  if (node?.type !== "TemplateLiteral") return undefined
  const [first] = node["quasis"] as ReadonlyArray<{ readonly value: { readonly cooked: string } }>
  return first?.value.cooked
}

export interface Test {
  readonly title: string
  readonly chain: ReadonlyArray<string>
  readonly body: Node
}

const isFunction = (node: Node): boolean => /Function/.test(node.type)

/** The tests and the groups of tests that a module declares with literal titles. */
const declared = (program: Node, isRoot: (word: string) => boolean): ReadonlyArray<Test> =>
  [...within(program)].flatMap((node) => {
    const chain = chainOf(calleeOf(node))
    const given = argumentsOf(node)
    const title = titleOf(given[0])
    const body = given.slice(1).find(isFunction)
    if (!isRoot(chain[0] ?? "") || title === undefined || body === undefined) return []
    return [{ title, chain, body }]
  })

export const testsIn = (source: string): ReadonlyArray<Test> =>
  declared(parseSource(source), (word) => word === "it" || word === "test").filter(
    ({ chain }) => !chain.includes("layer")
  )

const isText = (node: Node): boolean => node.type === "Literal" && typeof node["value"] === "string"

/** Texts that become titles when a table of cases is gone through: those of `title` keys, and those in `each` and `for`. */
const tabled = (program: Node): ReadonlyArray<string> =>
  [...within(program)].flatMap((node) => {
    if (node.type === "Property" && dotted(node["key"]) === "title") return titleOf(node["value"] as Node) ?? []
    if (!/^(each|for)$/.test(chainOf(calleeOf(node)).at(-1) ?? "")) return []
    return argumentsOf(node).flatMap((table) => [...within(table)].filter(isText).map((text) => String(text["value"])))
  })

/** Every literal title in the tests, of tests, of groups and in tables. */
export const titles = (read: Read): ReadonlyArray<string> =>
  tests.flatMap((file) => {
    const program = parseSource(read(file))
    const groups = declared(program, (word) => ["it", "test", "describe", "layer"].includes(word))
    return [...groups.map(({ title }) => title), ...tabled(program)]
  })

const assertRoots = new Set(["assert", "expect", "expectTypeOf"])

const bindings = (program: Node): ReadonlyArray<{ readonly name: string; readonly value: Node }> =>
  [...within(program)].flatMap((node) => {
    const id = node["id"] as Node | null | undefined
    if (id?.type !== "Identifier") return []
    const name = String(id["name"])
    if (node.type === "FunctionDeclaration") return [{ name, value: node }]
    const init = node["init"] as Node | null | undefined
    return node.type === "VariableDeclarator" && init ? [{ name, value: init }] : []
  })

const importedAsserting = (file: string, program: Node, read: Read): ReadonlyArray<string> =>
  childrenOf(program).flatMap((node) => {
    const source = (node["source"] as Node | null | undefined)?.["value"]
    if (node.type !== "ImportDeclaration" || typeof source !== "string" || !source.startsWith(".")) return []
    const target = posix.join(posix.dirname(file), source)
    if (!target.startsWith("test/")) return []
    const there = assertingNames(target, read)
    return (node["specifiers"] as ReadonlyArray<Node>)
      .filter((specifier) => {
        const imported = specifier["imported"] as Node | undefined
        return imported === undefined ? there.size > assertRoots.size : there.has(String(imported["name"]))
      })
      .map((specifier) => String((specifier["local"] as Node)["name"]))
  })

/** Names whose use in a body makes it assert something: vitest's own, and functions that come to use those. */
export const assertingNames = (file: string, read: Read): ReadonlySet<string> => {
  const program = parseSource(read(file))
  const asserting = new Set([...assertRoots, ...importedAsserting(file, program, read)])
  const functions = bindings(program).map(({ name, value }) => ({ name, uses: [...namesUsed(value)] }))
  for (let before = -1; before !== asserting.size; ) {
    before = asserting.size
    for (const { name, uses } of functions) if (uses.some((use) => asserting.has(use))) asserting.add(name)
  }
  return asserting
}

const returnsVerdict = ({ chain, body }: Test): boolean => {
  if (!chain.includes("prop")) return false
  if (body["expression"] === true) return true
  return [...within(body)].some((node) => node.type === "ReturnStatement" && node["argument"] !== null)
}

/** Titles of tests that cannot fail by what they check, since they check nothing. */
export const withoutAssertion = (file: string, read: Read): ReadonlyArray<string> => {
  const asserting = assertingNames(file, read)
  return testsIn(read(file))
    .filter((test) => !returnsVerdict(test) && ![...namesUsed(test.body)].some((name) => asserting.has(name)))
    .map(({ title }) => title)
}

const isConstant = (node: Node): boolean => {
  if (node.type === "Identifier") return node["name"] === "undefined"
  if (
    !/^(Literal|TemplateLiteral|TemplateElement|ArrayExpression|ObjectExpression|Property|UnaryExpression)$/.test(
      node.type
    )
  )
    return false
  const children = node.type === "Property" ? [node["value"] as Node] : childrenOf(node)
  return children.every(isConstant)
}

const runsSomething = (node: Node): boolean =>
  [...within(node)].some(({ type }) => /^(Call|New|Yield|Await|TaggedTemplate)Expression$/.test(type))

/** Assertions that hold whatever the code under test does. */
export const tautologies = (source: string): ReadonlyArray<string> =>
  [...within(parseSource(source))].flatMap((node) => {
    const name = dotted(calleeOf(node)) ?? ""
    const given = argumentsOf(node)
    const [first, second] = given
    if (name !== "expect" && !/^assert(\.|$)/.test(name)) return []
    if (name === "assert.fail" || first === undefined) return []
    const text = (part: Node) => source.slice(part.start, part.end)
    const comparesWithItself = second !== undefined && text(first) === text(second) && !runsSomething(first)
    return comparesWithItself || given.every(isConstant) ? [text(node)] : []
  })

/** Ways to leave a test out without a word, and replacements of our own modules. */
export const evasions = (source: string): ReadonlyArray<string> =>
  [...within(parseSource(source))]
    .map((node) => chainOf(calleeOf(node)))
    .filter(
      ([root = "", ...rest]) =>
        (/^(it|test|describe)$/.test(root) &&
          rest.some((word) => /^(skip|skipIf|runIf|todo|only|fails)$/.test(word))) ||
        (root === "vi" && rest.some((word) => /^(mock|doMock|unmock)$/.test(word)))
    )
    .map((chain) => chain.join("."))

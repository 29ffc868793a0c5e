import { posix } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { filesBelow, read, root, sources, tests } from "./repository.ts"
import { argumentsOf, calleeOf, childrenOf, dotted, type Node, namesUsed, parseSource, within } from "./syntax.ts"
import { worldly } from "./worldly.ts"

/** The folders of src. Each may import those before it; "" stands for the front doors, index.ts and promise.ts. */
const order = [
  "capability",
  "token",
  "policy",
  "tool",
  "file",
  "process",
  "template",
  "machine",
  "quickjs",
  "guest",
  "microvm",
  "qemu",
  "firecracker",
  "egress",
  "session",
  "approval",
  "sandbox",
  "audit",
  "supervisor",
  "cluster",
  "api",
  "server",
  "home",
  "promise",
  "",
  "adapter",
  "cli"
]

/** Concrete tiers and journals, and who may choose them for a whole system. */
const choices: ReadonlyArray<{ readonly modules: RegExp; readonly choosers: RegExp }> = [
  {
    modules: /^(quickjs|qemu|firecracker)\/|^session\/.*(Sqlite|Postgres)/,
    choosers: /^(index|promise)\.ts$|^(home|promise|cli)\//
  },
  { modules: /^session\/journal\/JournalMemory\.ts$/, choosers: /^(index|promise)\.ts$|^(sandbox|home|promise|cli)\// }
]

/** Foreign modules beyond `effect/<Module>`, and the folders that may import them. */
const foreign: ReadonlyArray<{ readonly modules: RegExp; readonly folders: ReadonlyArray<string> }> = [
  { modules: /^(quickjs-wasi|acorn|amaro)($|\/)/, folders: ["quickjs"] },
  { modules: /^msgpackr\/(un)?pack$/, folders: ["guest"] },
  { modules: /^yaml$/, folders: ["policy", "template"] },
  { modules: /^(mime|effect\/encoding\/Tar)$/, folders: ["file"] },
  { modules: /^effect\/(sql|reactivity)\//, folders: ["session"] },
  { modules: /^effect\/http\//, folders: ["approval"] },
  { modules: /^effect\/observability\/PrometheusMetrics$/, folders: ["session"] },
  { modules: /^effect\/(observability\/|http\/FetchHttpClient$)/, folders: ["home"] },
  { modules: /^effect\/process\//, folders: ["process"] },
  { modules: /^effect\/cli\//, folders: ["cli"] },
  { modules: /^@effect\/platform-node\//, folders: ["home", "promise", "cli"] }
]

const linesMax = 400
const linesMaxOfNineInTen = 250
const functionLinesMax = 70

interface File {
  /** Relative to src. */
  readonly path: string
  readonly source: string
}

const files: ReadonlyArray<File> = sources.map((file) => ({ path: file.slice("src/".length), source: read(file) }))

const folderOf = (path: string): string => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "")

interface Import {
  readonly target: string
  readonly when: "loading" | "running" | "compiling"
}

const importsOf = ({ source }: File): ReadonlyArray<Import> => [
  ...[...source.matchAll(/^(?:import|export)\b(\s+type\b)?(?:[^"'`;]*?\bfrom)?\s*"([^"]+)"/gm)].map(
    ([, type, target = ""]): Import => ({ target, when: type === undefined ? "loading" : "compiling" })
  ),
  ...[...source.matchAll(/\b(?:import|new URL)\("([^"]+)"/g)].map(
    ([, target = ""]): Import => ({ target, when: "running" })
  )
]

const resolved = (file: File, target: string): string => posix.join(posix.dirname(file.path), target)

const ownImports = (file: File): ReadonlyArray<string> =>
  importsOf(file)
    .filter(({ target }) => target.startsWith("."))
    .map(({ target }) => resolved(file, target))

const importsUpwards = (file: File): ReadonlyArray<string> => {
  const from = folderOf(file.path)
  if (!order.includes(from)) return [`${file.path} is in a folder that has no place in the order`]
  return ownImports(file)
    .filter((to) => folderOf(to) !== from && order.indexOf(folderOf(to)) >= order.indexOf(from))
    .map((to) => `${file.path} imports ${to}`)
}

const choosesForOthers = (file: File): ReadonlyArray<string> =>
  choices
    .filter(({ choosers }) => !choosers.test(file.path))
    .flatMap(({ modules }) => ownImports(file).filter((to) => modules.test(to) && folderOf(to) !== folderOf(file.path)))
    .map((to) => `${file.path} chooses ${to}`)

const foreignImports = (file: File): ReadonlyArray<string> =>
  importsOf(file)
    .map(({ target }) => target)
    .filter((target) => !target.startsWith(".") && !target.startsWith("node:") && !/^effect\/[A-Z]\w*$/.test(target))
    .filter(
      (target) => !foreign.some(({ modules, folders }) => modules.test(target) && folders.includes(folderOf(file.path)))
    )
    .map((target) => `${file.path} imports ${target}`)

const worldlyNames =
  /^(process|console|fetch|performance|crypto|navigator|WebSocket|BroadcastChannel|set(Timeout|Interval|Immediate))$/

const clockOrChance = (node: Node): string | undefined => {
  const callee = calleeOf(node)
  const name = dotted(callee)
  if (name === "Math.random" || name === "Date.now") return name
  if (name === "Date" && argumentsOf(node).length === 0) return "Date"
  return undefined
}

const worldUses = (file: File): ReadonlyArray<string> => {
  const program = parseSource(file.source)
  return [
    ...importsOf(file).flatMap(({ target, when }) =>
      target.startsWith("node:") && when !== "compiling" ? [target] : []
    ),
    ...[...namesUsed(program)].filter((name) => worldlyNames.test(name)),
    ...[...within(program)].flatMap((node) => clockOrChance(node) ?? [])
  ]
}

const touchesTheWorld = (file: File): ReadonlyArray<string> =>
  [...new Set(folderOf(file.path) === "cli" ? [] : worldUses(file))]
    .filter((use) => !worldly.some(({ files, uses }) => files.test(file.path) && uses.includes(use)))
    .map((use) => `${file.path} uses ${use}`)

const runsEffects = (file: File): ReadonlyArray<string> => {
  if (file.path === "promise.ts" || /^(promise|cli)$/.test(folderOf(file.path))) return []
  return [...within(parseSource(file.source))]
    .map((node) => dotted(calleeOf(node)) ?? "")
    .filter((name) => /^(Effect|Runtime|ManagedRuntime|NodeRuntime)\.run/.test(name))
    .map((name) => `${file.path} calls ${name}`)
}

const linesOf = (text: string): number => text.trimEnd().split("\n").length

const isFunction = (node: Node): boolean => /Function/.test(node.type)

/** The functions within a node that are in no other function of it. */
const outermostFunctions = (node: Node): ReadonlyArray<Node> =>
  childrenOf(node).flatMap((child) => (isFunction(child) ? [child] : outermostFunctions(child)))

/** The lines of a function, without those of functions that it holds: a constructor of a service is measured like a class. */
const ownLines = (source: string, node: Node): number => {
  const lines = ({ start, end }: Node) => linesOf(source.slice(start, end))
  return outermostFunctions(node).reduce((left, inner) => left - lines(inner) + 1, lines(node))
}

const longFunctions = (file: File): ReadonlyArray<string> =>
  [...within(parseSource(file.source))]
    .filter(isFunction)
    .map((node) => ({ node, lines: ownLines(file.source, node) }))
    .filter(({ lines }) => lines > functionLinesMax)
    .map(({ node, lines }) => `${file.path}:${linesOf(`${file.source.slice(0, node.start)}|`)} has ${lines} lines`)

const emptyName =
  /(Manager|Helpers?|Utils?|Utilities|Common|Misc|Impl|Base|Data|Info|V\d+)$|^(Simple|Enhanced|Legacy)[A-Z]|^I[A-Z][a-z]/
const emptyFile =
  /^(types|index|utils?|helpers?|common|misc|shared|core|lib|constants|interfaces|handlers?|services?)$/i
const saysEnough = new Set(["ToolInfo"])

/** Names that say nothing, in paths and among exports. `ToolInfo` is what a guest's `getToolInfo()` gives. */
const emptyNames = (file: File): ReadonlyArray<string> => {
  const parts = file.path.replace(/\.ts$/, "").split("/")
  const exported = [...file.source.matchAll(/^export (?:abstract )?(?:class|interface|type|const|function\*?) (\w+)/gm)]
  const names = [parts.at(-1) ?? "", ...exported.map(([, name = ""]) => name)]
  return [
    ...(file.path === "index.ts" ? [] : parts.filter((part) => emptyFile.test(part))),
    ...names.filter((name) => emptyName.test(name) && !saysEnough.has(name))
  ].map((name) => `${file.path}: ${name}`)
}

/** Groups of modules that need each other to be loaded. */
const cycles = (all: ReadonlyArray<File>): ReadonlyArray<string> => {
  const next = new Map(
    all.map((file) => [
      file.path,
      importsOf(file).flatMap(({ target, when }) =>
        when === "loading" && target.startsWith(".") ? [resolved(file, target)] : []
      )
    ])
  )
  const found: Array<string> = []
  const done = new Set<string>()
  const visit = (path: string, trail: ReadonlyArray<string>): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "))
    if (done.has(path)) return
    done.add(path)
    for (const target of next.get(path) ?? []) visit(target, [...trail, path])
  }
  for (const { path } of all) visit(path, [])
  return found
}

const none = (law: (file: File) => ReadonlyArray<string>) => assert.deepStrictEqual(files.flatMap(law), [])

describe("architecture", () => {
  it("sees the source tree", () => {
    assert.isAbove(files.length, 20)
    assert.isAbove(files.flatMap(importsOf).length, 3 * files.length)
  })

  it("lets a folder import only folders above it", () => none(importsUpwards))

  it("lets only those who put a system together choose a tier or a journal", () => none(choosesForOthers))

  it("has no modules that wait for each other", () => assert.deepStrictEqual(cycles(files), []))

  it("imports foreign packages only where they belong, and Effect by module", () => none(foreignImports))

  it("has the world injected, but for named exceptions", () => none(touchesTheWorld))

  it("has no exception that nobody needs", () => {
    const uses = files.flatMap((file) => worldUses(file).map((use) => ({ path: file.path, use })))
    const unused = worldly.flatMap((exception) =>
      exception.uses
        .filter((use) => !uses.some((found) => exception.files.test(found.path) && found.use === use))
        .map((use) => `${exception.files.source} no longer uses ${use}`)
    )
    assert.deepStrictEqual(unused, [])
  })

  it("runs effects only in promise and cli", () => none(runsEffects))

  it("keeps index a list of names", () => {
    const statements = files
      .filter(({ path }) => path === "index.ts")
      .flatMap(({ source }) => parseSource(source)["body"] as ReadonlyArray<Node>)
    const others = statements.filter((node) => !/^Export(All|Named)Declaration$/.test(node.type) || !node["source"])
    assert.deepStrictEqual(others, [])
  })

  it("has files that fit in one sitting", () => {
    const long = [...sources, ...tests].filter((file) => linesOf(read(file)) > linesMax)
    assert.deepStrictEqual(long, [])
    const lengths = files.map(({ source }) => linesOf(source)).sort((left, right) => left - right)
    assert.isAtMost(lengths[Math.floor(lengths.length * 0.9)] ?? 0, linesMaxOfNineInTen)
  })

  it("has functions that fit on a page", () => none(longFunctions))

  it("has names that say something", () => none(emptyNames))

  it("has nothing left over, and nothing of the machine that it was written on", () => {
    const [, first = ""] = root.split("/")
    const isUsual = /^(bin|boot|dev|etc|home|lib|media|mnt|opt|private|proc|root|run|sbin|srv|sys|tmp|usr|var|Users)$/
    const ownPaths = isUsual.test(first) || first === "" ? [root] : [root, `/${first}/`]
    const leftOver = /\bTO[D]O\b|\bFIX[M]E\b|\bX[X]X\b|[Ii]n a real [i]mplementation|\b[Nn]ot [i]mplemented\b/
    const found = filesBelow(".")
      .filter((file) => file !== "package-lock.json")
      .filter((file) => {
        const text = read(file)
        const names = ownPaths.some((path) => text.includes(path)) || /\/(home|Users)\/[a-z]\w*\//.test(text)
        return names || leftOver.test(text) || (!file.startsWith("test/") && /\p{Emoji_Presentation}/u.test(text))
      })
    assert.deepStrictEqual(found, [])
  })
})

describe("the laws of architecture", () => {
  const breaks = (law: (file: File) => ReadonlyArray<string>, path: string, source: string) =>
    assert.lengthOf(law({ path, source }), 1, source)

  it("notice what breaks them", () => {
    breaks(importsUpwards, "tool/A.ts", 'import { B } from "../session/B.ts"')
    breaks(importsUpwards, "tool/A.ts", 'import {\n  type B\n} from "../session/B.ts"')
    breaks(importsUpwards, "unheard/A.ts", "export const a = 1")
    breaks(choosesForOthers, "session/Runner.ts", 'import * as Q from "../quickjs/QuickJs.ts"')
    breaks(choosesForOthers, "sandbox/Sandbox.ts", 'import type { J } from "../session/journal/JournalSqlite.ts"')
    breaks(choosesForOthers, "supervisor/A.ts", 'import * as J from "../session/journal/JournalMemory.ts"')
    breaks(foreignImports, "capability/Gate.ts", 'import { newQuickJs } from "quickjs-wasi"')
    breaks(foreignImports, "capability/Gate.ts", 'import { Effect } from "effect"')
    breaks(foreignImports, "tool/A.ts", 'import * as SqlClient from "effect/sql/SqlClient"')
    breaks(touchesTheWorld, "tool/A.ts", 'import * as fs from "node:fs"')
    breaks(touchesTheWorld, "tool/A.ts", "export const now = (): number => Date.now()")
    breaks(touchesTheWorld, "tool/A.ts", "export const now = new Date()")
    breaks(touchesTheWorld, "tool/A.ts", "export const home = process.env.HOME")
    breaks(touchesTheWorld, "tool/A.ts", "const later = { run: setTimeout }")
    breaks(runsEffects, "tool/A.ts", "Effect.runSync(program)")
    breaks(longFunctions, "tool/A.ts", `const long = () => {${"\n".repeat(functionLinesMax)}}`)
    breaks(emptyNames, "tool/ToolManager.ts", "")
    breaks(emptyNames, "tool/types.ts", "")
    breaks(emptyNames, "tool/A.ts", "export class Utils {}")
    const wheel = ["A", "B"].map((name, index) => ({
      path: `tool/${name}.ts`,
      source: `import * as Next from "./${["B", "A"][index]}.ts"`
    }))
    assert.deepStrictEqual(cycles(wheel), ["tool/A.ts -> tool/B.ts -> tool/A.ts"])
  })

  it("let pass what keeps them", () => {
    const file: File = {
      path: "session/A.ts",
      source: `import * as Effect from "effect/Effect"
import type { Turn } from "../machine/Turn.ts"

/** Not an import: from "node:fs", nor a use of process. */
export const at = (millis: number) => new Date(millis).toISOString()
export const a = { process: 1, console: 2 }.process`
    }
    const laws = [importsUpwards, choosesForOthers, foreignImports, touchesTheWorld, runsEffects, emptyNames]
    assert.deepStrictEqual(
      laws.flatMap((law) => law(file)),
      []
    )
  })
})

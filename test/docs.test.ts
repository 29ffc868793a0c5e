import { execFile } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, posix } from "node:path"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { exists, filesBelow, packageJson, pages, read, root, sources } from "./repository.ts"

interface Fence {
  readonly page: string
  /** The line of its first line of code. */
  readonly line: number
  /** What stands behind the three backticks: `ts`, `ts run`, `sh`, … */
  readonly kind: string
  readonly code: string
}

/** A page as it is, or of a source what its doc comments say, line by line. */
const textOf = (page: string): string =>
  page.endsWith(".ts")
    ? read(page)
        .replace(/^(?! *\*).*$/gm, "")
        .replace(/^ *\*\/?\x20?/gm, "")
    : read(page)

const fencesOf = (page: string): ReadonlyArray<Fence> => {
  const text = textOf(page)
  return [...text.matchAll(/^```(\S[^\n]*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: kind = "", 2: code = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length + 1,
    kind,
    code
  }))
}

const prose = (page: string): string => read(page).replace(/^```[\s\S]*?^```$/gm, "")

/** Those of pages, and those of doc comments that are whole modules. */
const fences = [...pages, ...sources]
  .flatMap(fencesOf)
  .filter(({ code, page }) => page.endsWith(".md") || code.startsWith("import "))
const runnable = fences.filter(({ kind }) => kind === "ts run")

/** Needs machines with kernels of their own, which not every host has: see `test/microvm/Demo.test.ts`. */
const withMachines = "docs/examples/analysis/demo.ts"

/** Whole programs: single files, and the `demo.ts` of folders. */
const examples = filesBelow("docs/examples").filter(
  (file) => /^docs\/examples\/([^/]+|[^/]+\/demo)\.ts$/.test(file) && file !== withMachines
)

const exec = promisify(execFile)

/** Runs Node on the sources of this package and gives its exit code, with what it printed if that is not 0. */
const node = (cwd: string, ...args: ReadonlyArray<string>) =>
  exec(process.execPath, ["--disable-warning=ExperimentalWarning", "--conditions=source", ...args], { cwd }).then(
    () => "0",
    (failure: { readonly code: unknown; readonly stdout: string; readonly stderr: string }) =>
      `${failure.code}\n${failure.stdout}${failure.stderr}`
  )

/** The anchors of a page, made of its headings as code hosts make them. */
const anchorsOf = (page: string): ReadonlyArray<string> =>
  [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\s_-]/gu, "")
      .replace(/\s/g, "-")
  )

const brokenLinks = (page: string): ReadonlyArray<string> =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^(https?|mailto):/.test(target))
    .filter((target) => {
      const [path = "", anchor] = target.split("#")
      const file = path === "" ? page : posix.join(posix.dirname(page), path)
      return !exists(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor))
    })

const namedPaths = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/`((?:src|test|docs|scripts|bin|templates|guest|\.ci)\/[^`\s*]*)`/g)].map(([, path = ""]) => path)

const inEveryPage = (find: (page: string) => ReadonlyArray<string>): ReadonlyArray<string> =>
  pages.flatMap((page) => find(page).map((found) => `${page}: ${found}`))

describe("code in the docs", () => {
  it("compiles", { timeout: 60_000 }, async () => {
    const folder = join(root, "node_modules/.cache/docs")
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    for (const { page, line, code } of fences.filter(({ kind }) => /^ts( |$)/.test(kind))) {
      const name = `${page.replaceAll("/", "-")}-${line}.ts`
      writeFileSync(join(folder, name), "\n".repeat(line - 1) + code)
    }
    writeFileSync(join(folder, "always.ts"), "export {}\n")
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../../tsconfig.json",
        compilerOptions: { moduleDetection: "force", noUnusedLocals: false, noUnusedParameters: false },
        include: ["*.ts"]
      })
    )
    assert.strictEqual(await node(root, "node_modules/typescript/bin/tsc", "-p", folder), "0")
  })

  it.each(runnable)("runs: $page, line $line", { timeout: 60_000 }, async ({ code }) => {
    assert.strictEqual(await node(root, "--input-type=module-typescript", "--eval", code), "0")
  })

  it.each(examples)("runs: %s", { timeout: 180_000 }, async (example) => {
    assert.strictEqual(await node(tmpdir(), join(root, example)), "0")
  })

  it("names npm scripts and files that exist", () => {
    const missing = inEveryPage((page) => {
      const commands = [...read(page).matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].map(([, script = ""]) => script)
      const files = [...read(page).matchAll(/\bnode (?:--\S+ )*([\w./-]+\.[cm]?[jt]s)\b/g)].map(([, file = ""]) => file)
      return [
        ...commands.filter((script) => packageJson.scripts[script] === undefined),
        ...files.filter((file) => !exists(file))
      ]
    })
    assert.deepStrictEqual(missing, [])
  })
})

describe("pages", () => {
  it("begin with one title", () => {
    const titles = pages.map((page) => ({ page, titles: prose(page).match(/^# .*$/gm)?.length ?? 0 }))
    assert.deepStrictEqual(
      titles.filter(({ titles }) => titles !== 1),
      []
    )
  })

  it("link to what exists", () => assert.deepStrictEqual(inEveryPage(brokenLinks), []))

  it("name files that exist", () =>
    assert.deepStrictEqual(
      inEveryPage((page) => namedPaths(prose(page)).filter((path) => !exists(path))),
      []
    ))

  it("tell of the architecture in 250 lines, and of a decision in 40 with what it costs", () => {
    assert.isAtMost(read("docs/ARCHITECTURE.md").split("\n").length, 250)
    const decisions = pages.filter((page) => page.startsWith("docs/decisions/"))
    assert.isNotEmpty(decisions)
    for (const [index, page] of decisions.entries()) {
      assert.match(page, new RegExp(`/${String(index + 1).padStart(4, "0")}-[a-z0-9-]+\\.md$`))
      assert.isAtMost(read(page).trimEnd().split("\n").length, 40, page)
      const sections = read(page).match(/^## .*$/gm)
      assert.deepStrictEqual(sections, ["## Context", "## Decision", "## What we give up"], page)
    }
  })

  it("name a file and a test for every threat", () => {
    const rows = read("docs/THREAT_MODEL.md")
      .split("\n")
      .filter((line) => /^\| [^-]/.test(line))
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .filter((cells) => cells.length === 6 && cells[1] !== "Vector")
    assert.isAbove(rows.length, 10)
    const unproven = rows.filter(
      ([, , , file = "", test = ""]) =>
        !namedPaths(file).some((path) => path.startsWith("src/")) ||
        !namedPaths(test).some((path) => path.startsWith("test/") && path.endsWith(".test.ts"))
    )
    assert.deepStrictEqual(unproven, [])
  })

  it("tell in the readme how to see it at work, and how to test it", () => {
    const [first] = fencesOf("README.md").filter(({ kind }) => kind === "sh")
    assert.strictEqual(first?.code, "npm ci && npm run demo\nnpm ci && npm test\n")
  })
})

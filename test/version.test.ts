import { spawnSync } from "node:child_process"
import { accessSync, constants, realpathSync } from "node:fs"
import { createRequire } from "node:module"
import { delimiter, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { parse } from "acorn"
import { packageJson, read, root } from "./repository.ts"

interface RequireNode {
  readonly complaint: (found: string, remedy: string) => string | undefined
}
const { complaint }: RequireNode = createRequire(import.meta.url)("../bin/require-node.cjs")

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

interface OtherNode {
  readonly file: string
  readonly version: string
}

/** A Node of this machine that is too old for Caisson, if it has one outside of this package's own. */
const olderNode = (): OtherNode | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "node"))
    .filter((file) => isExecutable(file) && !realpathSync(file).includes("node_modules"))
    .map((file) => ({ file, version: spawnSync(file, ["--version"], { encoding: "utf8" }).stdout.trim() }))
    .find(({ version }) => complaint(version, "") !== undefined)

describe("the version of Node", () => {
  it("is enough from the one on that package.json asks for", () => {
    const [, needed = ""] = /^>=(\d+\.\d+\.\d+)$/.exec(packageJson.engines.node) ?? []
    assert.strictEqual(needed, "22.19.0")
    for (const version of ["v22.19.0", "v22.19.1", "v22.20.0", "v23.0.0", "v24.0.0-nightly20250101", "v100.0.0"]) {
      assert.isUndefined(complaint(version, "go on"), version)
    }
    for (const version of ["v22.18.9", "v22.9.0", "v21.20.0", "v20.20.2", "v6.0.0", "v0.12.18"]) {
      assert.strictEqual(
        complaint(version, "do that"),
        `Caisson needs Node 22.19.0 or newer, but this is Node ${version.slice(1)}: do that.`
      )
    }
  })

  it.for(["require-node.cjs", "caisson.cjs"])("is complained about in one sentence by bin/%s", (name, context) => {
    const older = olderNode()
    context.skip(older === undefined, "there is no older Node on this machine's PATH")
    const { status, stdout, stderr } = spawnSync(`${older?.file}`, [join(root, "bin", name)], { encoding: "utf8" })
    assert.match(
      stderr,
      new RegExp(
        `^Caisson needs Node 22\\.19\\.0 or newer, but this is Node ${older?.version.slice(1)}: [^\\n.]+.*\\.\\n$`
      )
    )
    assert.deepStrictEqual({ status, stdout }, { status: 1, stdout: "" })
  })

  it("is looked at by code that old ones can read", () => {
    const code = read("bin/require-node.cjs")
    assert.strictEqual(parse(code, { ecmaVersion: 6, sourceType: "script" }).end, code.length)
  })

  it("is looked at by every npm script before anything else", () => {
    const scripts = Object.entries(packageJson.scripts)
    assert.isNotEmpty(scripts)
    assert.deepStrictEqual(
      scripts.filter(([, command]) => !command.startsWith("node bin/require-node.cjs && ")),
      []
    )
  })
})

describe("the version of Caisson", () => {
  it("is the one at the top of the changelog and in the lockfile", () => {
    const [, newest] = /^## \[?(\d+\.\d+\.\d+)\b/m.exec(read("CHANGELOG.md")) ?? []
    assert.strictEqual(newest, packageJson.version)
    const lock: { readonly version: string } = JSON.parse(read("package-lock.json"))
    assert.strictEqual(lock.version, packageJson.version)
  })
})

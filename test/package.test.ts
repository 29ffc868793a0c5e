import { execFileSync } from "node:child_process"
import { accessSync, constants, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, expect, it } from "@effect/vitest"
import { exists, filesBelow, packageJson, read, root } from "./repository.ts"

const built = mkdtempSync(join(tmpdir(), "caisson-package-"))

const packed = (): ReadonlyArray<string> => {
  const report = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: built })
  const [{ files }] = JSON.parse(report.toString()) as [{ readonly files: ReadonlyArray<{ readonly path: string }> }]
  return files.map(({ path }) => path)
}

const targetOf = (targets: Readonly<Record<string, string>>, condition: string): string => {
  assert.isString(targets[condition], condition)
  return `${targets[condition]}`
}

const entries = Object.entries(packageJson.exports).flatMap(([entry, targets]) =>
  typeof targets === "string"
    ? []
    : {
        entry,
        source: targetOf(targets, "source"),
        types: targetOf(targets, "types"),
        module: targetOf(targets, "default")
      }
)

describe("the package", () => {
  beforeAll(() => {
    for (const name of ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "bin", "guest", "templates"]) {
      cpSync(join(root, name), join(built, name), { recursive: true })
    }
    execFileSync(process.execPath, [join(root, "scripts/build.ts"), join(built, "dist")], { stdio: "inherit" })
  }, 60_000)

  afterAll(() => rmSync(built, { recursive: true, force: true }))

  it("builds what its exports name", () => {
    const targets = entries.flatMap(({ types, module }) => [types, module])
    assert.isNotEmpty(targets)
    assert.deepStrictEqual(
      targets.filter((target) => !existsSync(join(built, target))),
      []
    )
    assert.deepStrictEqual(
      entries.filter(({ source }) => !exists(source)),
      []
    )
  })

  it("builds what its command starts", () => {
    const launcher = `${packageJson.bin["caisson"]}`
    accessSync(join(root, launcher), constants.X_OK)
    const [, started = ""] = /import\("([^"]+)"\)/.exec(read(launcher)) ?? []
    assert.isTrue(existsSync(join(built, "bin", started)), started)
  })

  it("has every asset of its sources, and no module that names a TypeScript file", () => {
    const assets = filesBelow("src").filter((file) => !file.endsWith(".ts"))
    const inDist = (file: string) => join(built, file.replace(/^src/, "dist"))
    for (const asset of assets) assert.strictEqual(readFileSync(inDist(asset), "utf8"), read(asset), asset)
    const modules = packed().filter((file) => /^dist\/.*\.js$/.test(file))
    assert.isNotEmpty(modules)
    assert.deepStrictEqual(
      modules.filter((file) => /["'`]\.{1,2}\/[^"'`\s]*\.ts["'`]/.test(readFileSync(join(built, file), "utf8"))),
      []
    )
  })

  it("brings the licences of those whose code is in it", () => {
    const licenses = readFileSync(join(built, "dist/THIRD-PARTY-LICENSES.txt"), "utf8")
    for (const name of ["effect", "fflate", "just-bash", "minimatch", "yaml"]) {
      assert.match(licenses, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, "m"))
    }
  })

  it("packs what it needs and nothing else", () => {
    const files = packed()
    const wanted = ["package.json", "README.md", "CHANGELOG.md", "LICENSE", ...Object.values(packageJson.bin)]
    assert.includeMembers(
      [...files],
      [...wanted, ...["guest/go.mod", "guest/main.go", "templates/shell.yaml"]].map((file) => file.replace(/^\.\//, ""))
    )
    assert.deepStrictEqual(
      files.filter((file) => !/^(bin|dist|guest|templates)\//.test(file) && !wanted.includes(file)),
      []
    )
    assert.deepStrictEqual(
      files.filter((file) => /\.test\.|_test\.go$|(^|\/)test\//.test(file)),
      []
    )
  })
})

describe("the public names", () => {
  it.each(entries)("of $entry are what they were", async ({ source }) => {
    const module: Record<string, unknown> = await import(join(root, source))
    const isNamespace = (value: unknown): value is object => Object.prototype.toString.call(value) === "[object Module]"
    const names = Object.entries(module).map(([name, value]) =>
      isNamespace(value) ? `${name}: ${Object.keys(value).sort().join(", ")}` : name
    )
    expect(names).toMatchSnapshot()
  })
})

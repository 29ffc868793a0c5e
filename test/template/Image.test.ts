import { spawnSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import * as BaseBuild from "../../src/template/image/BaseBuild.ts"
import * as Cpio from "../../src/template/image/Cpio.ts"
import * as DebianRecipe from "../../src/template/image/DebianRecipe.ts"
import * as Packages from "../../src/template/image/Packages.ts"

const entries: ReadonlyArray<Cpio.Entry> = [
  { _tag: "Directory", path: "modules" },
  { _tag: "File", path: "init", bytes: Buffer.from("#!agent\n"), isExecutable: true },
  { _tag: "File", path: "modules/order", bytes: Buffer.from("a.ko\n"), isExecutable: false }
]

describe("Cpio", () => {
  it("is the same each time, and four bytes at a time", () => {
    const archive = Buffer.from(Cpio.archive(entries))
    assert.isTrue(archive.equals(Buffer.from(Cpio.archive(entries))))
    assert.strictEqual(archive.length % 4, 0)
    assert.strictEqual(archive.toString("latin1").match(/070701/g)?.length, 4)
  })

  it("is what cpio reads", (context) => {
    const listed = spawnSync("cpio", ["--list", "--verbose", "--quiet"], { input: Cpio.archive(entries) })
    context.skip(listed.error !== undefined, "cpio is not installed")
    const lines = String(listed.stdout).trim().split("\n")
    assert.deepStrictEqual(
      lines.map((line) => [line.slice(0, 10), line.split(" ").at(-1)]),
      [
        ["drwxr-xr-x", "modules"],
        ["-rwxr-xr-x", "init"],
        ["-rw-r--r--", "modules/order"]
      ]
    )
  })
})

describe("Packages", () => {
  it("reads what is installed, by name", () => {
    const status = [
      "Package: zip\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0-13",
      "Package: gone\nStatus: deinstall ok config-files\nVersion: 1",
      "Package: bash\nStatus: install ok installed\nDescription: shell\n more: of it\nArchitecture: amd64\nVersion: 5.2",
      ""
    ].join("\n\n")
    assert.deepStrictEqual(Packages.parse(status), [
      { name: "bash", version: "5.2", architecture: "amd64" },
      { name: "zip", version: "3.0-13", architecture: "amd64" }
    ])
  })
})

describe("DebianRecipe", () => {
  const source = { debian: "bookworm", packages: ["jq", "bash"], files: [] } as const

  it("asks for the packages of the template, and for no others", () => {
    const line = DebianRecipe.build({ source, placed: "placed", output: "files.tar" })
    assert.include(line, "--include=bash,jq")
    assert.include(line, '--aptopt=APT::Install-Recommends "false"')
    assert.deepStrictEqual(line.slice(-2), ["bookworm", "files.tar"])
    assert.isFalse(line.some((word) => word.includes("sync-in")))
  })

  it("puts files over those of packages, and compiles afterwards", () => {
    const files = [{ path: "/etc/x", text: "y", isExecutable: false }]
    const line = DebianRecipe.build({ source: { ...source, files }, placed: "placed", output: "files.tar" })
    const [placing, compiling] = ["sync-in placed /", "compileall"].map((text) =>
      line.findIndex((word) => word.includes(text))
    )
    assert.isAbove(placing ?? -1, 0)
    assert.isAbove(compiling ?? -1, placing ?? 0)
  })

  it("leaves what the package manager needs to know that it is not the host's", () => {
    const line = DebianRecipe.build({ source, placed: "placed", output: "files.tar" })
    assert.isFalse(line.some((word) => /"\$1"?\/tmp\b/.test(word)))
  })

  it("has the same key for the same packages in another order, and another one for anything else", () => {
    const key = BaseBuild.keyOf(source)
    assert.strictEqual(BaseBuild.keyOf({ ...source, packages: ["bash", "jq"] }), key)
    assert.notStrictEqual(BaseBuild.keyOf({ ...source, packages: ["bash"] }), key)
    assert.notStrictEqual(
      BaseBuild.keyOf({ ...source, files: [{ path: "/etc/x", text: "y", isExecutable: false }] }),
      key
    )
  })
})

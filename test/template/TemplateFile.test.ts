import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as TemplateFile from "../../src/template/TemplateFile.ts"
import { read } from "../repository.ts"

const shell = `version: 1
name: shell
tier: microvm
image:
  debian: bookworm
languages: [shell]
`

/** What is told of a text, each issue with its place. */
const told = (text: string): ReadonlyArray<string> => {
  const parsed = TemplateFile.parse("t.yaml", text)
  return Result.isFailure(parsed) ? parsed.failure.message.split("\n") : []
}

describe("TemplateFile", () => {
  it("fills in what a template does not say", () => {
    const template = Result.getOrThrow(TemplateFile.parse("t.yaml", shell))
    assert.deepInclude(template, { tier: "microvm", cpus: 1, memoryMebibytes: 256, network: "none", warmUp: [] })
  })

  it("tells everything that is wrong, where it is, and what may have been meant", () => {
    const text = `version: 1
name: Shell
tier: microvm
image:
  debian: woody
  packages: [bash, "X Y", 3]
  fils: []
languages: []
cpu: 3
memoryMebibytes: 1
warmUp:
  - ru: true
`
    assert.deepStrictEqual(told(text), [
      "t.yaml:2:7: expected a name such as python-data-analysis",
      't.yaml:5:11: "woody" is not allowed here; allowed: bookworm',
      "t.yaml:6:20: expected the name of a Debian package",
      "t.yaml:6:27: expected a text",
      't.yaml:7:3: unknown key "fils"; did you mean "files"? allowed: debian, packages, files',
      "t.yaml:8:12: it is empty",
      't.yaml:9:1: unknown key "cpu"; did you mean "cpus"? allowed: version, name, description, honeytokens, tier, image, languages, cpus, memoryMebibytes, diskMebibytes, network, output, limits, preload, warmUp, pool',
      "t.yaml:10:18: expected a value between 64 and 65536",
      't.yaml:12:5: unknown key "ru"; did you mean "run"? allowed: run, timeoutMillis'
    ])
  })

  it("calls what it expects as a file does", () => {
    const one = (line: string) => told(`${shell}${line}\n`)
    assert.deepStrictEqual(one("output: rch"), [
      't.yaml:7:9: "rch" is not allowed here; did you mean "rich"? allowed: text, rich'
    ])
    assert.deepStrictEqual(one("cpus: two"), ["t.yaml:7:7: expected a number"])
    assert.deepStrictEqual(one("cpus:"), ["t.yaml:7:6: expected a number"])
    assert.deepStrictEqual(one("pool: 3"), ["t.yaml:7:7: expected a mapping"])
    assert.deepStrictEqual(one("preload: numpy"), ["t.yaml:7:10: expected a list"])
    const nothing = "t.yaml:1:1: expected a mapping with the keys of a template: version, name, tier and others"
    for (const text of ["", "# nothing", "shell", "- shell"]) assert.deepStrictEqual(told(text), [nothing])
  })

  it("tells what is wrong with a step of the warm-up, and where", () => {
    assert.deepStrictEqual(told(`${shell}warmUp:\n  - rnu: "true"\n  - run: "true"\n    timeout: 5\n  - "true"\n`), [
      't.yaml:8:5: unknown key "rnu"; did you mean "run"? allowed: run, timeoutMillis',
      't.yaml:10:5: unknown key "timeout"; allowed: run, timeoutMillis',
      "t.yaml:11:5: expected a mapping"
    ])
    for (const run of ["", "echo\\0"]) {
      assert.deepStrictEqual(told(`${shell}warmUp: [{ run: "${run}" }]\n`), [
        "t.yaml:7:17: expected a script, which has no NUL"
      ])
    }
  })

  it("tells where a second document begins", () => {
    assert.deepStrictEqual(told(`${shell}---\n${shell}`), [
      "t.yaml:7:1: a second document begins here, and a file has one: put it into a file of its own"
    ])
  })

  it("says once that a file is beyond its bounds, however often it is", () => {
    const tens = (item: string) => `[${Array.from({ length: 10 }, () => item).join(", ")}]`
    const bomb = Array.from({ length: 6 }, (_, level) => `  - &a${level + 1} ${tens(`*a${level}`)}\n`).join("")
    assert.deepStrictEqual(told(`${shell}preload:\n  - &a0 ${tens("x")}\n${bomb}`), [
      "t.yaml:8:10: the file has more than 20000 values, with all aliases followed"
    ])
    const aliases = Array.from({ length: 130 }, () => "*a").join(", ")
    assert.deepStrictEqual(told(`${shell}description: &a x\npreload: [${aliases}]\n`), [
      "t.yaml:8:411: the file has more than 100 aliases"
    ])
    const deep = `${"[".repeat(40)}${Array.from({ length: 30 }, () => "[x]").join(", ")}${"]".repeat(40)}`
    assert.deepStrictEqual(told(`${shell}preload: ${deep}\n`), ["t.yaml:7:50: the file has more than 40 levels"])
  })

  it("reads honeytokens of both tiers, and says of none where there are none", () => {
    const planted =
      '- { path: /workspace/.env, value: key-4b1f09ac77 }\n  - { path: /a, value: key-4b1f09ac78, text: "k=key-4b1f09ac78" }'
    for (const tier of [shell, "version: 1\nname: a\ntier: embedded\nlanguages: [shell]\n"]) {
      const { honeytokens } = Result.getOrThrow(TemplateFile.parse("t.yaml", `${tier}honeytokens:\n  ${planted}\n`))
      assert.deepStrictEqual(honeytokens, [
        { path: "/workspace/.env", value: "key-4b1f09ac77" },
        { path: "/a", value: "key-4b1f09ac78", text: "k=key-4b1f09ac78" }
      ])
      assert.notProperty(Result.getOrThrow(TemplateFile.parse("t.yaml", tier)), "honeytokens")
    }
  })

  it("tells what is wrong with honeytokens, and where", () => {
    const one = (entry: string) => told(`${shell}honeytokens:\n  ${entry}\n`)
    assert.deepStrictEqual(one("- { path: .env, value: key-4b1f09ac77 }"), [
      "t.yaml:8:13: expected an absolute path without a slash at its end"
    ])
    assert.deepStrictEqual(one("- { path: /a, valu: key-4b1f09ac77 }"), [
      "t.yaml:8:5: there is no value",
      't.yaml:8:17: unknown key "valu"; did you mean "value"? allowed: path, value, text'
    ])
    assert.deepStrictEqual(one('- { path: /a, value: "key 4b1f09ac77" }'), [
      "t.yaml:8:24: expected printable characters of ASCII without a space"
    ])
    assert.deepStrictEqual(one("- { path: /a, value: key-4b1f09ac77, text: k= }"), [
      "t.yaml:8:5: expected a text with the value in it"
    ])
    const twice = "- { path: /a, value: key-4b1f09ac77 }\n  ".repeat(2)
    assert.deepStrictEqual(one(twice.trim()), ["t.yaml:9:13: /a occurs twice"])
    const many = Array.from({ length: 17 }, (_, index) => `- { path: /${index}, value: key-4b1f09ac77 }`)
    assert.lengthOf(one(many.join("\n  ")), 1)
  })

  it("takes each language once, and modules of Python only with Python", () => {
    assert.deepStrictEqual(told(shell.replace("[shell]", "[shell, python, shell]")), [
      "t.yaml:6:28: shell occurs twice"
    ])
    assert.deepStrictEqual(told(`${shell}preload: [numpy]\n`), [
      "t.yaml:7:10: these are loaded into Python, which is not among the languages"
    ])
    assert.deepStrictEqual(told(`${shell.replace("[shell]", "[python]")}preload: [numpy]\n`), [])
  })

  it("takes no clock that would run for longer than a session", () => {
    const limits = (...lines: ReadonlyArray<string>) => told(`${shell}limits:\n  ${lines.join("\n  ")}\n`)
    assert.deepStrictEqual(limits("runMillis: 60001", "idleMillis: 70000", "totalMillis: 60000"), [
      "t.yaml:8:14: expected at most 60000, the totalMillis of a session: it would be over before",
      "t.yaml:9:15: expected at most 60000, the totalMillis of a session: it would be over before"
    ])
    assert.deepStrictEqual(limits("runMillis: 60000", "idleMillis: 60000", "totalMillis: 60000"), [])
    // A session without a run for a while may have had longer ones, and the other way round.
    assert.deepStrictEqual(limits("runMillis: 60000", "idleMillis: 1000"), [])
    assert.deepStrictEqual(limits("totalMillis: 1000"), [])
  })

  it("takes no two files that cannot both be there", () => {
    const placed = (...paths: ReadonlyArray<string>) => {
      const files = paths.map((path) => `    - { path: ${path}, text: x }\n`).join("")
      return told(shell.replace("languages", `  files:\n${files}languages`))
    }
    assert.deepStrictEqual(placed("/etc/x", "/etc/xy", "/etc/x-y/z", "/etc"), [
      "t.yaml:10:15: /etc and /etc/x cannot both be files"
    ])
    assert.deepStrictEqual(placed("/etc/x", "/etc/x/y", "/etc/x"), [
      "t.yaml:8:15: /etc/x/y and /etc/x cannot both be files",
      "t.yaml:9:15: /etc/x occurs twice"
    ])
  })

  it("reads an image of OCI, of a directory, an archive or a registry", () => {
    const digest = `sha256:${"0".repeat(64)}`
    for (const oci of ["layout: a", "archive: a.tar, tag: x", `registry: ghcr.io/own/image:1, digest: "${digest}"`]) {
      assert.deepStrictEqual(told(shell.replace("debian: bookworm", `oci: { ${oci} }`)), [], oci)
    }
  })

  it("tells which parts of an image of OCI do not go together, and where they are", () => {
    const oci = (image: string) => told(shell.replace("  debian: bookworm\n", image))
    assert.deepStrictEqual(oci("  debian: bookworm\n  packages: [bash]\n  oci: { layout: a }\n"), [
      "t.yaml:5:3: an image is made of packages of Debian or of an image of OCI, not of both",
      "t.yaml:6:3: packages are those of Debian: an image of OCI brings its own"
    ])
    assert.deepStrictEqual(oci("  oci:\n    layout: a\n    archive: b\n"), [
      "t.yaml:7:5: give one of layout, archive, registry"
    ])
    assert.deepStrictEqual(oci("  oci: {}\n"), ["t.yaml:5:8: give one of layout, archive, registry"])
    assert.deepStrictEqual(oci("  oci:\n    registry: python:3.12\n    tag: x\n"), [
      "t.yaml:6:5: there is no digest",
      "t.yaml:6:15: expected the whole name of an image, such as docker.io/library/python:3.12-slim",
      't.yaml:7:5: unknown key "tag"; allowed: registry, digest'
    ])
    assert.deepStrictEqual(oci('  oci: { layout: "a:b", digest: sha256:1 }\n'), [
      "t.yaml:5:18: expected a path without a colon",
      "t.yaml:5:33: expected sha256: and 64 hexadecimal digits"
    ])
  })

  it("says of a tier that is not there which there are, and nothing else", () => {
    assert.deepStrictEqual(told("version: 1\nname: a\ntier: microvn\n"), [
      't.yaml:3:7: there is no such tier; did you mean "microvm"? allowed: embedded, microvm'
    ])
    assert.deepStrictEqual(told("name: a\n"), ["t.yaml:1:1: there is no tier; allowed: embedded, microvm"])
  })

  it("holds each tier to its own keys", () => {
    assert.deepStrictEqual(told("version: 1\nname: a\ntier: embedded\nlanguages: [javascript]\ncpus: 4\n"), [
      't.yaml:5:1: unknown key "cpus"; allowed: version, name, description, honeytokens, tier, languages, memoryMebibytes'
    ])
  })

  it.each(["../x", "/a/../b", "/a/./b", "a", "/", "/a/"])("refuses to place a file at %s", (path) => {
    const text = shell.replace("  debian: bookworm\n", `  debian: bookworm\n  files: [{ path: "${path}", text: x }]\n`)
    assert.match(told(text)[0] ?? "", /^t\.yaml:6:\d+: expected an absolute path|a path without/)
  })

  it.each([
    "",
    "[",
    "- a",
    "a: *b",
    "version: 1\nversion: 1",
    "\u0000",
    "{".repeat(10_000)
  ])("takes %.20j for no template, without an exception", (text) => {
    assert.isAbove(told(text).length, 0)
  })

  it.each(
    readdirSync(new URL("../../templates", import.meta.url))
  )("reads %s, which is named like its file", (file) => {
    const template = Result.getOrThrow(TemplateFile.parse(file, read(`templates/${file}`)))
    assert.strictEqual(`${template.name}.yaml`, file)
  })

  it.effect("lets paths of images begin where the template is", () =>
    Effect.gen(function* () {
      const directory = realpathSync(mkdtempSync(join(tmpdir(), "caisson-template-")))
      const file = join(directory, "a.yaml")
      writeFileSync(file, shell.replace("debian: bookworm", "oci: { archive: images/a.tar }"))
      const template = yield* TemplateFile.read(file)
      assert.deepNestedInclude(template, { "image.oci": { archive: join(directory, "images/a.tar") } })
      rmSync(directory, { recursive: true })
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("refuses a file that is not UTF-8", () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "caisson-template-"))
      const file = join(directory, "latin1.yaml")
      writeFileSync(file, Buffer.from(`${shell}# caf\xe9\n`, "latin1"))
      const { reason } = yield* Effect.flip(TemplateFile.read(file))
      assert.deepInclude(reason, { _tag: "NotReadable", detail: "it is not UTF-8" })
      rmSync(directory, { recursive: true })
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("says that it cannot read a file that is not there, or that is none", () =>
    Effect.gen(function* () {
      for (const [file, detail] of [
        ["nowhere.yaml", "ENOENT: no such file or directory, stat 'nowhere.yaml'"],
        ["/dev/zero", "it is no file: CharacterDevice"]
      ] as const) {
        const { reason } = yield* Effect.flip(TemplateFile.read(file))
        assert.deepInclude(reason, { _tag: "NotReadable", detail })
      }
    }).pipe(Effect.provide(NodeServices.layer))
  )
})

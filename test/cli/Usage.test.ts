import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { exitCodes } from "../../src/cli/ExitCode.ts"
import { packageJson } from "../repository.ts"
import { caisson, freshDirectory, jsonOf } from "./command.ts"

const cwd = freshDirectory()

const refused = async (...words: ReadonlyArray<string>) => {
  const ended = await caisson([...words, "--json"], { cwd })
  assert.strictEqual(ended.code, 64, `${words.join(" ")}: ${ended.stdout}${ended.stderr}`)
  assert.match(ended.stderr, /^caisson: [^\n]+\n$/)
  const { error, exitCode } = jsonOf(ended) as { error: Record<string, string>; exitCode: number }
  assert.strictEqual(exitCode, 64)
  assert.include(ended.stderr, error["message"] ?? "-")
  return error["reason"]
}

describe("what cannot be done as asked", { timeout: 60_000 }, () => {
  beforeAll(() => caisson(["run", "-e", "1", "--session", "somebody"], { cwd }))

  it.each([
    ["an unknown flag", "UnrecognizedOption", ["run", "-e", "1", "--fast"]],
    ["an unknown subcommand", "UnknownSubcommand", ["walk"]],
    ["no subcommand", "NoCommand", []],
    ["a flag without its value", "InvalidValue", ["run", "--session"]],
    ["no source", "NoSource", ["run"]],
    ["two sources", "Contradiction", ["run", "file.js", "-e", "1"]],
    ["a file too many", "UnexpectedArgument", ["run", "one.js", "two.js"]],
    ["a file that is not there", "NotReadable", ["run", "missing.js"]],
    ["code without an end", "NotReadable", ["run", "/dev/zero"]],
    ["a policy without an end", "NotReadable", ["policy", "check", "/dev/zero"]],
    ["a proof without an end", "NotReadable", ["audit", "verify", "--proof", "/dev/zero"]],
    ["a time that is none", "InvalidDuration", ["run", "-e", "1", "--timeout", "soon"]],
    ["a negative time", "InvalidDuration", ["run", "-e", "1", "--timeout", "-1h"]],
    ["a negative time in words", "InvalidDuration", ["run", "-e", "1", "--timeout", "-5 seconds"]],
    ["a negative time of a token", "InvalidDuration", ["token", "mint", "--expires", "-1h"]],
    ["a time of a token that is none", "InvalidDuration", ["token", "mint", "--expires", "-h1"]],
    ["a negative time to begin with", "InvalidDuration", ["token", "mint", "--not-before", "-1h"]],
    ["a negative time of an audit", "InvalidDuration", ["audit", "query", "--since", "-1h"]],
    ["a number with a letter", "InvalidValue", ["audit", "tail", "-n", "-5h"]],
    ["an argument that begins with a dash", "UnrecognizedOption", ["answer", "s", "-1h", "--approve"]],
    ["flags of one letter together", "UnrecognizedOption", ["audit", "tail", "-fh"]],
    ["a value of a flag that takes none", "InvalidValue", ["sessions", "--json", "-1h"]],
    ["a number that is none", "InvalidValue", ["run", "-e", "1", "--memory", "much"]],
    ["a template that there is not", "UnknownTemplate", ["run", "-e", "1", "--template", "cobol"]],
    ["an id with spaces", "InvalidOptions", ["run", "-e", "1", "--session", "a b"]],
    ["a tools module that is not there", "InvalidToolsModule", ["run", "-e", "1", "--tools", "missing.ts"]],
    ["no answer", "Contradiction", ["answer", "s", "1.1"]],
    ["two answers", "Contradiction", ["answer", "s", "1.1", "--approve", "--deny"]],
    ["a reason for an approval", "Contradiction", ["answer", "s", "1.1", "--approve", "--reason", "why"]],
    ["a result that is not JSON", "InvalidJson", ["answer", "s", "1.1", "--result", "{"]],
    ["two reconciliations", "Contradiction", ["reconcile", "s", "1.1", "--committed", "1", "--not-committed"]],
    ["a missing argument", "MissingArgument", ["answer", "s", "--approve"]],
    ["a rewind to nowhere", "MissingOption", ["rewind", "s"]],
    ["declarations of nothing", "MissingOption", ["declarations"]],
    ["an unknown session", "SessionNotFound", ["show", "nobody"]],
    ["an unknown session to answer", "SessionNotFound", ["answer", "nobody", "1.1", "--approve"]],
    ["an unknown session to cancel", "SessionNotFound", ["cancel", "nobody"]],
    ["an unknown session to fork", "SessionNotFound", ["fork", "nobody"]]
  ] as const)("is refused with 64 and one line: %s", async (_, reason, words) => {
    assert.strictEqual(await refused(...words), reason)
  })

  it("leaves no home behind where there was none", async () => {
    const home = join(freshDirectory(), "none")
    assert.strictEqual(await refused("show", "nobody", "--home", home), "NoHome")
    assert.deepStrictEqual(jsonOf(await caisson(["sessions", "--home", home, "--json"])), { sessions: [] })
    assert.isFalse(existsSync(home))
  })

  it("is said without JSON as well, with the way to help", async () => {
    const ended = await caisson(["run", "--fast"], { cwd })
    assert.strictEqual(ended.stdout, "")
    assert.match(ended.stderr, /--fast.*try caisson run --help\n$/)
  })
})

describe("a tools module", { timeout: 60_000 }, () => {
  const load = async (source: string) => {
    const file = join(freshDirectory(), "tools.mjs")
    writeFileSync(file, source)
    return await refused("run", "-e", "1", "--tools", file)
  }

  it("is refused with what is wrong with its capabilities", async () => {
    assert.isUndefined(await load("export default { capabilities: [{ methods: 7 }] }"))
  })

  it("is refused if it is something else", async () => {
    assert.strictEqual(await load("export const tools = []"), "InvalidToolsModule")
    assert.strictEqual(await load("export default { tools: {} }"), "InvalidToolsModule")
    assert.strictEqual(await load("export default { tools: [() => 1] }"), "InvalidToolsModule")
    assert.strictEqual(await load("throw new Error('broken')"), "InvalidToolsModule")
  })
})

describe("a home", { timeout: 60_000 }, () => {
  it("that cannot be used is refused with 78", async () => {
    const home = join(freshDirectory(), "home")
    writeFileSync(home, "not a directory")
    const file = await caisson(["run", "-e", "1", "--home", home, "--json"])
    assert.strictEqual(file.code, 78)
    assert.deepInclude(jsonOf(file)["error"], { name: "HomeError", reason: "NotUsable" })
  })

  it("that cannot be made is refused with 78", async () => {
    const ended = await caisson(["run", "-e", "1", "--home", "/proc/nowhere/home", "--json"])
    assert.strictEqual(ended.code, 78)
    assert.deepInclude(jsonOf(ended)["error"], { name: "HomeError", reason: "NotUsable" })
  })

  it("with a key that others can read is refused with 78", async () => {
    const home = join(freshDirectory(), "home")
    mkdirSync(home)
    writeFileSync(join(home, "snapshot.key"), new Uint8Array(32), { mode: 0o644 })
    const ended = await caisson(["run", "-e", "1", "--home", home, "--json"])
    assert.strictEqual(ended.code, 78)
    assert.deepInclude(jsonOf(ended)["error"], { name: "HomeError", reason: "KeyExposed" })
    assert.include(ended.stderr, "chmod 600")
  })
})

describe("help", { timeout: 60_000 }, () => {
  it("goes to standard output, and has every exit code", async () => {
    const ended = await caisson(["--help"])
    assert.strictEqual(ended.code, 0)
    assert.strictEqual(ended.stderr, "")
    for (const { code, meaning } of Object.values(exitCodes)) {
      assert.match(ended.stdout, new RegExp(`\\b${code}\\b`))
      assert.include(ended.stdout, meaning)
    }
  })

  it("is there for each subcommand that it names", async () => {
    const { stdout } = await caisson(["--help"])
    const [, subcommands = ""] = stdout.split("SUBCOMMANDS\n")
    const names = [...subcommands.matchAll(/^ {2}(\w+)/gm)].map(([, name = ""]) => name)
    const known = [
      "run",
      "sessions",
      "show",
      "answer",
      "resume",
      "reconcile",
      "cancel",
      "fork",
      "rewind",
      "close",
      "files",
      "approvals",
      "guard",
      "declarations",
      "keys",
      "token",
      "policy",
      "audit",
      "template",
      "doctor"
    ]
    assert.deepStrictEqual(names, known)
    const help = await caisson(["answer", "--help"])
    assert.strictEqual(help.code, 0)
    assert.include(help.stdout, "--approve")
  })

  it("has the version of the package", async () => {
    assert.include((await caisson(["--version"])).stdout, packageJson.version)
  })
})

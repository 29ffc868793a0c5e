import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { caisson, freshDirectory, jsonOf, makeHome, start } from "./command.ts"

const home = makeHome()

const runJson = (code: number, source: string, ...words: ReadonlyArray<string>) =>
  home.json(code, "run", "-e", source, ...words)

describe("caisson run --json", { timeout: 60_000 }, () => {
  it("O5 gives the value and what was printed, and every field of a result", async () => {
    const result = await runJson(0, "console.log('out'); console.error('err'); 40 + 2")
    const { metrics, run, session, ...rest } = result
    assert.deepStrictEqual(rest, {
      status: "completed",
      value: 42,
      stdout: "out\n",
      stderr: "err\n",
      error: null,
      calls: []
    })
    assert.match(String(session), /^s-[0-9a-f]+$/)
    assert.strictEqual(run, "r1")
    const names = ["queueMillis", "restoreMillis", "guestMillis", "toolMillis", "wallMillis", "calls", "snapshotBytes"]
    assert.hasAllKeys(metrics, [...names, "memoryBytes"])
    for (const [name, metric] of Object.entries(metrics as Record<string, number>)) {
      assert.match(String(metric), /^\d+(\.\d{1,3})?$/, name)
    }
  })

  it("leaves no session that was to be opened for a run that its token is refused for", async () => {
    const { json } = makeHome()
    const run = (code: number, token: string, ...words: ReadonlyArray<string>) =>
      json(code, "run", "-e", "1", "--session", "ghost", "--token", token, ...words)
    await json(0, "run", "-e", "1", "--session", "other")
    await json(0, "keys", "new")
    const minted = async (...words: ReadonlyArray<string>) => `${(await json(0, "token", "mint", ...words))["token"]}`
    const refused = {
      UnknownVersion: "garbage",
      WrongSession: await minted("--session", "other"),
      WrongCode: await minted("--code-hash", "0".repeat(64)),
      InvalidOptions: await minted("--memory", "1")
    }
    for (const [reason, token] of Object.entries(refused)) {
      assert.strictEqual(((await run(64, token))["error"] as Record<string, unknown>)["reason"], reason)
      const error = (await json(64, "show", "ghost"))["error"] as Record<string, unknown>
      assert.strictEqual(error["reason"], "SessionNotFound")
    }
    const once = await minted("--once", "--session", "ghost")
    assert.strictEqual((await run(0, once))["value"], 1)
    const again = (await run(64, once))["error"] as Record<string, unknown>
    assert.strictEqual(again["reason"], "AlreadyUsed")
  })

  it("opens a session for a run with no wider limits than the run's token", async () => {
    const { json } = makeHome()
    await json(0, "keys", "new")
    const limits = ["--memory", "16", "--cpu", "500ms", "--timeout", "5s"]
    const token = `${(await json(0, "token", "mint", ...limits, "--once"))["token"]}`
    const words = ["run", "-e", "1", "--session", "narrow", "--token"]
    assert.strictEqual((await json(0, ...words, token))["value"], 1)
    const lower = `${(await json(0, "token", "mint", "--cpu", "400ms", "--once"))["token"]}`
    const refused = (await json(64, ...words, lower))["error"] as Record<string, unknown>
    assert.strictEqual(refused["reason"], "TokenTooTight")
  })

  it("leaves no session that was to be opened for a run in a language that its template does not have", async () => {
    const { json } = makeHome()
    const { error } = await json(64, "run", "-e", "1", "--session", "ghost", "--language", "python")
    assert.deepInclude(error, { reason: "InvalidOptions" })
    assert.deepInclude((await json(64, "show", "ghost"))["error"], { reason: "SessionNotFound" })
  })

  it("leaves no session that was to be opened for a run whose id cannot be one", async () => {
    const { json } = makeHome()
    const { error } = await json(64, "run", "-e", "1", "--session", "ghost", "--run-id", "x y")
    assert.deepInclude(error, { reason: "InvalidOptions" })
    assert.deepInclude((await json(64, "show", "ghost"))["error"], { reason: "SessionNotFound" })
  })

  it("runs in a new session whose limits a policy has lowered", async () => {
    const policy = join(freshDirectory(), "low.policy.yaml")
    writeFileSync(policy, "{ version: 1, name: low, limits: { wallMillis: 10000 } }\n")
    assert.strictEqual((await runJson(0, "1", "--policy", policy, "--timeout", "20s"))["value"], 1)
  })

  it("shows in JSON what JSON has no word for", async () => {
    const source = `({
      date: new Date(0), big: 12n, nan: NaN, minus: -Infinity, zero: -0, nothing: undefined, list: [undefined, null],
      map: new Map([["a", 1n]]), set: new Set([1, 2]), bytes: new Uint8Array([1, 2, 3]), error: new RangeError("far")
    })`
    const { value } = await runJson(0, source)
    assert.deepStrictEqual(value, {
      date: "1970-01-01T00:00:00.000Z",
      big: "12",
      nan: "NaN",
      minus: "-Infinity",
      zero: 0,
      list: [null, null],
      map: [["a", "1"]],
      set: [1, 2],
      bytes: "AQID",
      error: { name: "RangeError", message: "far" }
    })
    assert.isNull((await runJson(0, "undefined"))["value"])
  })

  it("O3 ends with 1 for a guest that throws, and says what it threw and where", async () => {
    const result = await runJson(1, "const fine = 1\n\nnull.x")
    assert.deepInclude(result, { status: "failed", value: null, calls: [] })
    const error = result["error"] as Record<string, unknown>
    assert.strictEqual(error["name"], "TypeError")
    assert.strictEqual(error["line"], 3)
    assert.isString(error["message"])
  })

  it("O3 names the line of a syntax error", async () => {
    const { error } = await runJson(1, "const a = 1\nconst b = = 2")
    assert.deepInclude(error, { name: "SyntaxError", line: 2 })
  })

  it("O6 stops an endless loop within its time", async () => {
    const { error, metrics, status } = await runJson(1, "while (true) {}", "--timeout", "300ms")
    assert.strictEqual(status, "failed")
    assert.match(String((error as Record<string, unknown>)["reason"]), /Limit$/)
    assert.isBelow(Number((metrics as Record<string, unknown>)["guestMillis"]), 1_000)
  })

  it("takes code from standard input", async () => {
    const ended = await caisson(["run", "-", "--home", home.directory, "--json"], {
      input: "const x: number = 20; x + 1"
    })
    assert.strictEqual(jsonOf(ended)["value"], 21)
  })

  it("runs a TypeScript file, and names the lines of its errors", async () => {
    const file = join(freshDirectory(), "program.ts")
    writeFileSync(
      file,
      "interface Point {\n  x: number\n}\nconst point: Point = { x: 1 }\nthrow new Error('no ' + point.x)\n"
    )
    const { column, ...error } = (await home.json(1, "run", file))["error"] as Record<string, unknown>
    assert.deepStrictEqual(error, { name: "Error", message: "no 1", line: 5 })
    assert.isTrue(Number(column) > "throw ".length && Number(column) <= "throw new Error('no ' + point.x)".length)
  })

  it("keeps variables in a session, and gives a run id the same result", async () => {
    const first = await runJson(0, "let total = 5; total", "--session", "books")
    assert.deepInclude(first, { session: "books", run: "r1", value: 5 })
    assert.strictEqual((await runJson(0, "total += 1", "--session", "books", "--run-id", "add"))["value"], 6)
    assert.strictEqual((await runJson(0, "total += 1", "--session", "books", "--run-id", "add"))["value"], 6)
    assert.strictEqual((await runJson(0, "total", "--session", "books"))["value"], 6)
    const conflict = await runJson(64, "total += 2", "--session", "books", "--run-id", "add")
    assert.deepInclude(conflict["error"], { name: "SessionError", reason: "RunConflict" })
  })

  it("says that a session keeps its limits", async () => {
    await runJson(0, "1", "--session", "tight", "--timeout", "5 seconds", "--memory", "32")
    await runJson(0, "1", "--session", "tight", "--timeout", "5s")
    const { error } = await runJson(64, "1", "--session", "tight", "--timeout", "6s")
    assert.deepInclude(error, { name: "UsageError", reason: "LimitsAreFixed" })
  })

  it("says that a session keeps its template", async () => {
    await runJson(0, "1", "--session", "plain")
    await runJson(0, "1", "--session", "plain", "--template", "javascript")
    const { error } = await runJson(64, "1", "--session", "plain", "--template", "shell")
    assert.deepInclude(error, { name: "UsageError", reason: "TemplateIsFixed" })
  })

  it("refuses limits beyond what there is", async () => {
    const { error } = await runJson(64, "1", "--memory", "1000000")
    assert.deepInclude(error, { name: "SessionError", reason: "InvalidOptions" })
  })
})

describe("caisson run", { timeout: 60_000 }, () => {
  const run = (...words: ReadonlyArray<string>) => caisson(["run", ...words, "--home", home.directory])

  it("O1 writes output and the value to standard output, and notes beside it", async () => {
    const ended = await run("-e", "console.log('one'); console.error('two'); ({ three: 3 })")
    assert.strictEqual(ended.code, 0)
    assert.strictEqual(ended.stdout, "one\n{ three: 3 }\n")
    assert.match(ended.stderr, /^session s-[0-9a-f]+\ntwo\n$/)
  })

  it("shows what cannot leave a guest as what it was", async () => {
    const ended = await run("-e", "({ f() {}, list: [Symbol('x')] })")
    assert.strictEqual(ended.stdout, "{ f: [Function f], list: [ Symbol(x) ] }\n")
  })

  it("O1 shows output while the run goes on", async () => {
    const { appears, process } = start([
      "run",
      "-e",
      "console.log('begun'); await new Promise((resolve) => setTimeout(resolve, 50_000))",
      "--home",
      home.directory
    ])
    await appears("begun")
    assert.isNull(process.exitCode)
    process.kill("SIGKILL")
  })

  it("shows all of much output, in order", async () => {
    const ended = await run("-e", "for (let i = 0; i < 5000; i++) console.log(i)")
    assert.strictEqual(ended.stdout, Array.from({ length: 5_000 }, (_, index) => `${index}\n`).join(""))
  })

  it("O3 says on standard error what was thrown, without a stack", async () => {
    const ended = await run("-e", "null.x")
    assert.strictEqual(ended.code, 1)
    assert.strictEqual(ended.stdout, "")
    assert.match(ended.stderr, /TypeError: .*\(line 1/)
    assert.notMatch(ended.stderr, /\n\s+at /)
  })

  it("has no colours where there is no terminal, and none where NO_COLOR forbids them", async () => {
    const plain = await run("-e", "null.x")
    assert.notInclude(plain.stderr, "\u001b")
    const forced = { env: { FORCE_COLOR: "1" } }
    const coloured = await caisson(["run", "-e", "null.x", "--home", home.directory], forced)
    assert.include(coloured.stderr, "\u001b[31m")
    const forbidden = { env: { FORCE_COLOR: undefined, NO_COLOR: "1" } }
    assert.notInclude((await caisson(["run", "-e", "null.x", "--home", home.directory], forbidden)).stderr, "\u001b")
  })

  it("keeps sessions where CAISSON_HOME says, or in .caisson", async () => {
    const cwd = freshDirectory()
    await caisson(["run", "-e", "1", "--session", "near"], { cwd })
    const near = jsonOf(await caisson(["show", "near", "--json", "--home", join(cwd, ".caisson")]))
    assert.strictEqual(near["session"], "near")
    const elsewhere = join(cwd, "elsewhere")
    await caisson(["run", "-e", "1", "--session", "far"], { cwd, env: { CAISSON_HOME: elsewhere } })
    assert.strictEqual(jsonOf(await caisson(["show", "far", "--json", "--home", elsewhere]))["session"], "far")
  })
})

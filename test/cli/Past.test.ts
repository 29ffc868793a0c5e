import { assert, describe, it } from "@effect/vitest"
import { caisson, tools } from "./command.ts"
import { callsOf, errorOf, makeWorld, refund } from "./world.ts"

describe("looking at sessions", { timeout: 60_000 }, () => {
  it("shows runs, waiting calls with their commands, and receipts", async () => {
    const { home, json, text } = makeWorld()
    await json(
      1,
      "run",
      "-e",
      "const seen = await bank.look({ amount: 4 }); null.x",
      "--session",
      "a",
      "--tools",
      tools
    )
    await json(75, "run", "-e", refund, "--session", "a")
    const shown = await json(0, "show", "a")
    assert.deepInclude(shown, { session: "a", status: "paused", template: "javascript", metadata: { tools } })
    assert.deepStrictEqual(
      (shown["runs"] as ReadonlyArray<Record<string, unknown>>).map(({ calls, run, status }) => [run, status, calls]),
      [
        ["r1", "failed", 1],
        ["r2", "unfinished", 1]
      ]
    )
    assert.lengthOf(callsOf(shown), 1)
    assert.deepStrictEqual(
      (shown["receipts"] as ReadonlyArray<Record<string, unknown>>).map(({ method, receipt, run, verdict }) => [
        run,
        method,
        verdict,
        receipt
      ]),
      [
        ["r1", "bank/look", "allowed", "committed"],
        ["r2", "bank/refund", "asked", "prepared"]
      ]
    )
    const page = (await text("show", "a")).stdout
    assert.match(page, /^session a is paused\n/)
    assert.match(page, /\n {2}2\.1 is refused by itself at \d{4}-\S+Z\n/)
    assert.notInclude(page, "caisson resume")
    assert.include(page, `caisson answer a ${callsOf(shown)[0]?.id} --approve --home ${home.directory}`)
    assert.include(page, "bank/look  allowed, committed")
  })

  it("says that tools are needed which the session does not remember", async () => {
    const { json, text } = makeWorld()
    await json(0, "run", "-e", "1", "--session", "a")
    await json(75, "run", "-e", refund, "--session", "a", "--tools", tools)
    const page = (await text("show", "a")).stdout
    const [, words = ""] = /\n +caisson (answer a \S+ --approve .*)\n/.exec(page) ?? []
    assert.include(words, "--tools MODULE")
    const answered = await caisson(words.replace("MODULE", tools).split(" "))
    assert.strictEqual(answered.code, 0, answered.stderr)
  })

  it("says until when a run sleeps, and what to type then", async () => {
    const { home, json, text } = makeWorld()
    const code = "await new Promise((resolve) => setTimeout(resolve, 3_600_000))"
    const { wakesAt } = await json(75, "run", "-e", code, "--session", "a")
    const page = (await text("show", "a")).stdout
    assert.include(page, `session a sleeps until ${wakesAt}\n`)
    assert.include(page, `\n  caisson resume a --home ${home.directory}\n`)
  })

  it("shows the journal, one entry on each line", async () => {
    const { json, text } = makeWorld()
    await json(0, "run", "-e", "1", "--session", "a")
    const lines = (await text("show", "a", "--events", "--json")).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    assert.deepStrictEqual(
      lines.map(({ event, seq }) => [seq, event._tag]),
      [
        [1, "Opened"],
        [2, "RunStarted"],
        [3, "RunEnded"]
      ]
    )
    const page = (await text("show", "a", "--events")).stdout.trimEnd().split("\n")
    assert.lengthOf(page, 3)
    assert.match(page[1] ?? "", /^ {4}2 {2}\S+ {2}RunStarted +r1, typescript$/)
  })

  it("lists sessions, newest first", async () => {
    const { json, text } = makeWorld()
    await json(0, "run", "-e", "1", "--session", "a")
    await json(0, "run", "-e", "1", "--session", "b")
    await json(0, "close", "a")
    const { sessions } = await json(0, "sessions")
    assert.deepStrictEqual(
      (sessions as ReadonlyArray<Record<string, unknown>>).map(({ session, status }) => [session, status]),
      [
        ["b", "idle"],
        ["a", "closed"]
      ]
    )
    assert.match((await text("sessions", "--limit", "1")).stdout, /^b {2}idle {2}\S+\n$/)
  })
})

describe("going back", { timeout: 60_000 }, () => {
  it("forks a session from any point, and both go on by themselves", async () => {
    const { json, text } = makeWorld()
    await json(0, "run", "-e", "var n = 1", "--session", "a")
    await json(0, "run", "-e", "n = 2", "--session", "a")
    const forked = await json(0, "fork", "a", "--at", "3")
    assert.deepInclude(forked, { source: "a", at: 3 })
    assert.strictEqual((await json(0, "run", "-e", "n += 10", "--session", String(forked["session"])))["value"], 11)
    assert.strictEqual((await json(0, "run", "-e", "n", "--session", "a"))["value"], 2)
    const whole = (await text("fork", "a")).stdout.trim()
    assert.strictEqual((await json(0, "run", "-e", "n", "--session", whole))["value"], 2)
    assert.deepInclude(errorOf(await json(64, "fork", "a", "--at", "99")), { reason: "PointNotFound" })
  })

  it("rewinds a session", async () => {
    const { json } = makeWorld()
    await json(0, "run", "-e", "var n = 1", "--session", "a")
    await json(0, "run", "-e", "n = 2", "--session", "a")
    assert.deepStrictEqual(await json(0, "rewind", "a", "--at", "3"), { session: "a", at: 3 })
    assert.strictEqual((await json(0, "run", "-e", "n", "--session", "a"))["value"], 1)
    assert.deepInclude(errorOf(await json(64, "rewind", "a", "--at", "99")), { reason: "PointNotFound" })
  })

  it("O4 closes a session for good", async () => {
    const { json } = makeWorld()
    await json(0, "run", "-e", "1", "--session", "a")
    assert.deepStrictEqual(await json(0, "close", "a"), { session: "a", status: "closed" })
    for (const words of [
      ["run", "-e", "1", "--session", "a"],
      ["resume", "a"]
    ]) {
      assert.deepInclude(errorOf(await json(64, ...words)), { reason: "SessionClosed" })
    }
  })

  it("says so when there is nothing to resume", async () => {
    const { json, text } = makeWorld()
    await json(0, "run", "-e", "1", "--session", "a")
    const fork = (await text("fork", "a", "--at", "1")).stdout.trim()
    assert.deepInclude(errorOf(await json(64, "resume", fork)), { reason: "NothingToResume" })
    assert.strictEqual((await json(0, "resume", "a"))["value"], 1)
  })
})

describe("declarations", { timeout: 60_000 }, () => {
  it("are TypeScript for what the capabilities cover", async () => {
    const { json, text } = makeWorld()
    const { stdout } = await text("declarations", "--tools", tools)
    assert.include(stdout, "declare const bank")
    assert.include(stdout, "refund(input:")
    assert.deepStrictEqual(await json(0, "declarations", "--tools", tools), { declarations: stdout })
  })
})

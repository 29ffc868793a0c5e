import { userInfo } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { caisson, tools } from "./command.ts"
import { callsOf, errorOf, makeWorld, refund } from "./world.ts"

describe("a call that asks", { timeout: 60_000 }, () => {
  it("T12 ends the command with 75 and goes on in another process, without running anything again", async () => {
    const { effects, json } = makeWorld()
    const paused = await json(75, "run", "-e", refund, "--session", "monday", "--tools", tools)
    assert.deepInclude(paused, {
      session: "monday",
      run: "r1",
      status: "paused",
      value: null,
      stdout: "before\n",
      error: null
    })
    const [call, ...others] = callsOf(paused)
    assert.isEmpty(others)
    assert.deepInclude(call, { method: "bank/refund", input: { amount: 50 }, needs: "decision" })
    assert.isAbove(Date.parse(String(call?.["expiresAt"])), Date.now())
    assert.isString(call?.["reason"])
    assert.deepStrictEqual(effects(), [])

    const completed = await json(0, "answer", "monday", `${call?.id}`, "--approve")
    assert.deepInclude(completed, {
      session: "monday",
      run: "r1",
      status: "completed",
      value: ["refunded 50", 1],
      stdout: "before\nafter\n",
      calls: []
    })
    assert.deepStrictEqual(effects(), ["refund 50"])

    const again = await json(0, "answer", "monday", `${call?.id}`, "--deny")
    assert.deepStrictEqual(again["value"], ["refunded 50", 1])
    assert.deepStrictEqual(effects(), ["refund 50"])
  })

  it("can be denied, and the guest can catch that", async () => {
    const { effects, json } = makeWorld()
    const code = "try { await bank.refund({ amount: 7 }) } catch (error) { [error.name, error.message, error.reason] }"
    const paused = await json(75, "run", "-e", code, "--session", "a", "--tools", tools)
    const denied = await json(0, "answer", "a", `${callsOf(paused)[0]?.id}`, "--deny", "--reason", "too much")
    assert.deepStrictEqual(denied["value"], ["CapabilityError", "too much", "Refused"])
    assert.deepStrictEqual(effects(), [])
  })

  it("can be given its result, or an error, without its handler", async () => {
    const { effects, json } = makeWorld()
    const code = `
      const one = await bank.refund({ amount: 1 })
      const two = await bank.refund({ amount: 2 }).catch((error) => error.message)
      ;({ one, two })
    `
    const first = await json(75, "run", "-e", code, "--session", "a", "--tools", tools)
    const second = await json(75, "answer", "a", `${callsOf(first)[0]?.id}`, "--result", '"by hand"')
    const last = await json(0, "answer", "a", `${callsOf(second)[0]?.id}`, "--error", "no money")
    assert.deepStrictEqual(last["value"], { one: "by hand", two: "no money" })
    assert.deepStrictEqual(effects(), [])
  })

  it("T17 is not answered by a call of another session, or one that there is not", async () => {
    const { json } = makeWorld()
    const paused = await json(75, "run", "-e", refund, "--session", "a", "--tools", tools)
    await json(0, "run", "-e", "1", "--session", "b", "--tools", tools)
    for (const [session, call] of [
      ["b", `${callsOf(paused)[0]?.id}`],
      ["a", "9.9"]
    ] as const) {
      const refused = await json(64, "answer", session, call, "--approve")
      assert.deepInclude(errorOf(refused), { name: "SessionError", reason: "AnswerRefused" })
    }
  })

  it("is denied at once where no capability covers it", async () => {
    const { json } = makeWorld()
    const failed = await json(1, "run", "-e", "await bank.refund({ amount: 101 })", "--tools", tools)
    assert.deepInclude(errorOf(failed), { name: "CapabilityError", reason: "ConstraintFailed", line: 1 })
  })

  it("shows a person what to type, and what they type works", async () => {
    const { home, text } = makeWorld()
    const paused = await text("run", "-e", refund, "--session", "it's monday".replace(/\W/g, "."), "--tools", tools)
    assert.strictEqual(paused.code, 75)
    assert.match(paused.stdout, /^before\nrun r1 of session it.s.monday is paused/)
    const command = /caisson (answer \S+ \S+ --approve .*)/.exec(paused.stdout)?.[1] ?? ""
    assert.include(command, `--home ${home.directory}`)
    const approved = await caisson(command.split(" "))
    assert.strictEqual(approved.code, 0, approved.stderr)
    assert.strictEqual(approved.stdout, "after\n[ 'refunded 50', 1 ]\n")
  })
})

describe("what is said of a call", { timeout: 60_000 }, () => {
  const saidBy = async (text: (...words: ReadonlyArray<string>) => Promise<{ readonly stdout: string }>) => {
    const lines = (await text("show", "a", "--events", "--json")).stdout.trim().split("\n")
    return lines.map((line) => JSON.parse(line).event).filter(({ by }) => by !== undefined)
  }

  it("is recorded with the name of who answered", async () => {
    const { json, text } = makeWorld()
    const code = "[await bank.refund({ amount: 1 }), await bank.refund({ amount: 2 })]"
    const first = await json(75, "run", "-e", code, "--session", "a", "--tools", tools)
    const second = await json(75, "answer", "a", `${callsOf(first)[0]?.id}`, "--approve", "--by", "ann")
    await json(0, "answer", "a", `${callsOf(second)[0]?.id}`, "--result", '"3"', "--by", "bob")
    assert.deepStrictEqual(
      (await saidBy(text)).map(({ _tag, by, call }) => [_tag, call, by]),
      [
        ["CallApproved", "1.1", "ann"],
        ["CallAnswered", "1.2", "bob"]
      ]
    )
    assert.match((await text("show", "a", "--events")).stdout, /CallApproved +1\.1, by ann\n/)
  })

  it("is recorded with the user's name where none is given", async () => {
    const { json, text } = makeWorld()
    const code = "[await bank.refund({ amount: 1 }), await bank.refund({ amount: 2 })]"
    await json(75, "run", "-e", code, "--session", "a", "--tools", tools)
    await json(75, "answer", "a", "1.1", "--approve")
    await json(0, "answer", "a", "1.2", "--result", '"3"')
    await json(0, "guard", "a", "asking")
    const { username } = userInfo()
    assert.deepStrictEqual(
      (await saidBy(text)).map(({ _tag, by }) => [_tag, by]),
      [
        ["CallApproved", username],
        ["CallAnswered", username],
        ["Guarded", username]
      ]
    )
  })

  it("is recorded with the name of who reconciled", async () => {
    const { begin, json, text } = makeWorld()
    const killed = begin("run", "-e", "await bank.transfer({ amount: 6 })", "--session", "a", "--tools", tools)
    await killed.appears("transfer is under way")
    killed.process.kill("SIGKILL")
    await killed.ended
    await json(75, "resume", "a")
    await json(0, "reconcile", "a", "1.1", "--committed", "1", "--by", "ann")
    assert.deepStrictEqual(
      (await saidBy(text)).map(({ _tag, by }) => [_tag, by]),
      [["CallAnswered", "ann"]]
    )
  })
})

describe("a run that is cancelled", { timeout: 60_000 }, () => {
  it("O4 ends with a reason, and the session takes the next one with its variables as they were", async () => {
    const { effects, json, text } = makeWorld()
    await json(0, "run", "-e", "var n = 1", "--session", "a", "--tools", tools)
    await json(75, "run", "-e", "n = 2; await bank.refund({ amount: 5 })", "--session", "a")
    const busy = await json(64, "run", "-e", "n", "--session", "a")
    assert.deepInclude(errorOf(busy), { reason: "RunInProgress" })
    assert.deepStrictEqual(await json(0, "cancel", "a", "--reason", "not wanted"), { session: "a", cancelled: "r2" })
    assert.deepInclude(errorOf(await json(1, "resume", "a")), { message: "not wanted", reason: "Cancelled" })
    assert.strictEqual((await json(0, "run", "-e", "n", "--session", "a"))["value"], 1)
    assert.deepStrictEqual(effects(), [])
    const { code, stderr } = await text("cancel", "a")
    assert.strictEqual(code, 64)
    assert.strictEqual(stderr, "caisson: session a has no run in progress\n")
  })
})

describe("a process that is killed", { timeout: 60_000 }, () => {
  it("T15 leaves a call of unknown outcome, which is not made again until somebody says so", async () => {
    const { begin, effects, json } = makeWorld()
    const code = "await Promise.all([bank.refund({ amount: 5 }), bank.transfer({ amount: 6 })])"
    const first = begin("run", "-e", code, "--session", "a", "--tools", tools)
    await first.appears("transfer is under way")
    first.process.kill("SIGKILL")
    assert.strictEqual((await first.ended).signal, "SIGKILL")

    const resumed = await json(75, "resume", "a")
    const needs = Object.fromEntries(callsOf(resumed).map(({ id, method, needs }) => [String(method), { id, needs }]))
    assert.strictEqual(needs["bank/refund"]?.needs, "decision")
    assert.strictEqual(needs["bank/transfer"]?.needs, "reconciliation")
    assert.deepStrictEqual(effects(), ["transfer 6"])

    const wrong = await json(64, "answer", "a", `${needs["bank/transfer"]?.id}`, "--approve")
    assert.deepInclude(errorOf(wrong), { reason: "AnswerRefused" })
    const reconciled = await json(75, "reconcile", "a", `${needs["bank/transfer"]?.id}`, "--committed", '"done"')
    assert.lengthOf(callsOf(reconciled), 1)
    const completed = await json(0, "answer", "a", `${needs["bank/refund"]?.id}`, "--approve")
    assert.deepStrictEqual(completed["value"], ["refunded 5", "done"])
    assert.deepStrictEqual(effects(), ["transfer 6", "refund 5"])
  })

  it("T15 lets a call be made again that is known to have had no effect", async () => {
    const { begin, effects, json } = makeWorld()
    const first = begin("run", "-e", "await bank.transfer({ amount: 6 })", "--session", "a", "--tools", tools)
    await first.appears("transfer is under way")
    first.process.kill("SIGKILL")
    await first.ended
    const call = callsOf(await json(75, "resume", "a"))[0]
    const second = begin("reconcile", "a", `${call?.id}`, "--not-committed")
    await second.appears("transfer is under way")
    second.process.kill("SIGKILL")
    await second.ended
    assert.deepStrictEqual(effects(), ["transfer 6", "transfer 6"])
  })

  it("can be resumed without snapshots", async () => {
    const { json } = makeWorld()
    const paused = await json(75, "run", "-e", refund, "--session", "a", "--tools", tools)
    const rebuilt = await json(75, "resume", "a", "--rebuild")
    assert.deepStrictEqual(callsOf(rebuilt), callsOf(paused))
    const completed = await json(0, "answer", "a", `${callsOf(paused)[0]?.id}`, "--approve")
    assert.deepStrictEqual(completed["value"], ["refunded 50", 1])
  })
})

describe("a process that is told to end", { timeout: 60_000 }, () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143]
  ] as const)("lets its session go on %s, and the run can be resumed", async (signal, code) => {
    const { begin, json } = makeWorld()
    const first = begin(
      "run",
      "-e",
      "console.log('begun'); await bank.transfer({ amount: 1 })",
      "--session",
      "a",
      "--tools",
      tools
    )
    await first.appears("transfer is under way")
    first.process.kill(signal)
    const ended = await first.ended
    assert.strictEqual(ended.code, code)
    assert.include(ended.stderr, "caisson resume a")
    assert.notMatch(ended.stderr, /\n\s+at /)
    assert.strictEqual(callsOf(await json(75, "resume", "a"))[0]?.["needs"], "reconciliation")
  })

  it("leaves a run that computes to be run again", async () => {
    const { begin, json } = makeWorld()
    const code = "console.log('begun'); let n = 0; for (let i = 0; i < 1e9; i++) n += i; n"
    const first = begin("run", "-e", code, "--session", "a", "--timeout", "60s")
    await first.appears("begun")
    first.process.kill("SIGINT")
    assert.strictEqual((await first.ended).code, 130)
    assert.strictEqual((await json(0, "show", "a"))["status"], "running")
    assert.deepStrictEqual(await json(0, "close", "a"), { session: "a", status: "closed" })
  })
})

describe("a session that another process holds", { timeout: 60_000 }, () => {
  it("is busy: 69, and nothing happens to it", async () => {
    const { begin, json, text } = makeWorld()
    const holder = begin("run", "-e", "await bank.transfer({ amount: 1 })", "--session", "a", "--tools", tools)
    await holder.appears("transfer is under way")
    for (const words of [
      ["run", "-e", "1", "--session", "a"],
      ["resume", "a"],
      ["close", "a"],
      ["rewind", "a", "--at", "1"]
    ]) {
      const refused = await json(69, ...words)
      assert.deepInclude(errorOf(refused), { name: "JournalError", reason: "SessionBusy" })
    }
    assert.include(String(errorOf(await json(69, "close", "a"))["message"]), `process ${holder.process.pid} on `)
    assert.deepInclude(await json(0, "show", "a"), { session: "a", status: "running" })
    holder.process.kill("SIGKILL")
    await holder.ended
    const page = (await text("show", "a")).stdout
    assert.match(page, /^session a is running\n/)
    assert.match(page, /\n {2}caisson resume a --home \S+\n/)
  })
})

import { userInfo } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { tools } from "./command.ts"
import { errorOf, makeWorld, refund } from "./world.ts"

const requestsOf = (said: Record<string, unknown>) =>
  said["requests"] as ReadonlyArray<Record<string, unknown> & { readonly call: string; readonly digest: string }>

/** Asks for a refund while a transfer is under way that never ends: the process keeps the session. */
const whileBusy = `
  const transfer = bank.transfer({ amount: 1 })
  console.log(await bank.refund({ amount: 50 }).catch((error) => error.message))
  await transfer
`

describe("the inbox of a home", { timeout: 60_000 }, () => {
  it("is empty where nothing waits, or nothing ever was", async () => {
    const { json, text } = makeWorld()
    assert.deepStrictEqual(await json(0, "approvals", "list"), { requests: [] })
    const { code, stderr, stdout } = await text("approvals", "list")
    assert.deepStrictEqual([code, stdout, stderr], [0, "", "nothing waits for a decision\n"])
    assert.strictEqual(errorOf(await json(64, "approvals", "show", "a", "1.1"))["reason"], "NoHome")
  })

  it("shows what waits in all sessions, with what can be typed to decide on it", async () => {
    const { json, text } = makeWorld()
    for (const session of ["monday", "tuesday"]) {
      await json(75, "run", "-e", refund, "--session", session, "--tools", tools)
    }
    const [newest, oldest, ...others] = requestsOf(await json(0, "approvals", "list"))
    assert.isEmpty(others)
    assert.deepInclude(newest, { session: "tuesday", run: "r1", method: "bank/refund", input: { amount: 50 } })
    assert.strictEqual(oldest?.["session"], "monday")
    assert.isAbove(Date.parse(String(newest?.["expiresAt"])), Date.parse(String(newest?.["askedAt"])))
    const page = await json(0, "approvals", "list", "--limit", "1")
    const next = await json(0, "approvals", "list", "--limit", "1", "--cursor", String(page["cursor"]))
    assert.deepStrictEqual([...requestsOf(page), ...requestsOf(next)], [newest, oldest])
    assert.isUndefined(next["cursor"])
    const { stdout } = await text("approvals", "list")
    const command = /caisson (approvals deny monday .*)/.exec(stdout)?.[1] ?? ""
    const denied = await json(0, ...command.split(" ").slice(0, 4))
    assert.deepInclude(denied, { session: "monday", decision: "deny", by: userInfo().username })
    const shown = await json(0, "approvals", "show", "monday", oldest?.call ?? "")
    assert.deepInclude(shown, { session: "monday", method: "bank/refund" })
    const [decision] = shown["decisions"] as ReadonlyArray<unknown>
    assert.deepInclude(decision, { decision: "deny", by: userInfo().username, fate: "pending" })
    assert.lengthOf(requestsOf(await json(0, "approvals", "list")), 1)
    assert.match((await text("approvals", "show", "monday", oldest?.call ?? "")).stdout, /has not taken up yet/)
  })

  it("approves with another input while another process holds the session, which goes on", async () => {
    const { begin, effects, json, text } = makeWorld()
    const holder = begin("run", "-e", whileBusy, "--session", "a", "--tools", tools)
    await holder.appears("transfer is under way")
    const [request] = requestsOf(await json(0, "approvals", "list"))
    const call = request?.call ?? ""
    const approve = ["approvals", "approve", "a", call, "--input", '{"amount":20}', "--by", "ann"]
    const approved = await text(...approve, "--resume")
    assert.strictEqual(approved.code, 0, approved.stderr)
    assert.match(approved.stdout, /was approved with \{"amount":20\} by ann at /)
    assert.include(approved.stderr, "another process holds the session")
    await holder.appears("refunded 20")
    assert.deepStrictEqual(effects().toSorted(), ["refund 20", "transfer 1"])
    assert.deepInclude(await json(0, ...approve), { decision: "approve", by: "ann", input: { amount: 20 } })
    const late = await json(64, "approvals", "deny", "a", call, "--by", "bob")
    assert.deepInclude(errorOf(late), { name: "UsageError", reason: "DecidedBefore" })
    assert.include(String(errorOf(late)["message"]), "by ann")
    holder.process.kill("SIGKILL")
    await holder.ended
  })

  it("goes on with the run itself where it is asked to and nobody else does", async () => {
    const { effects, json } = makeWorld()
    const session = ["--session", "a", "--tools", tools]
    await json(75, "run", "-e", refund, ...session)
    const [request] = requestsOf(await json(0, "approvals", "list"))
    const call = request?.call ?? ""
    const resumed = await json(0, "approvals", "approve", "a", call, "--resume")
    assert.deepInclude(resumed, { status: "completed", value: ["refunded 50", 1] })
    assert.deepStrictEqual(effects(), ["refund 50"])
  })

  it("asks again when an input was not allowed, and refuses one at once that the tools cannot take", async () => {
    const { effects, json, text } = makeWorld()
    await json(75, "run", "-e", refund, "--session", "a", "--tools", tools)
    const [request] = requestsOf(await json(0, "approvals", "list"))
    const call = request?.call ?? ""
    const wrong = await json(64, "approvals", "approve", "a", call, "--input", '{"amount":"x"}', "--tools", tools)
    assert.include(String(errorOf(wrong)["message"]), "its tool cannot take this input")
    const paused = await json(75, "approvals", "approve", "a", call, "--input", '{"amount":500}', "--resume")
    assert.strictEqual(paused["status"], "paused")
    const [again] = requestsOf(await json(0, "approvals", "list"))
    assert.deepInclude(again?.["refused"], { why: "InputDenied" })
    assert.match((await text("approvals", "list")).stdout, /was refused: bank\/refund is refused/)
    const stale = await json(64, "approvals", "approve", "a", call, "--digest", request?.digest ?? "")
    assert.include(String(errorOf(stale)["message"]), "another question by now")
    await json(0, "approvals", "deny", "a", call, "--digest", again?.digest ?? "", "--reason", "no")
    assert.deepStrictEqual(effects(), [])
  })

  it("does not let a call go ahead whose token was revoked while it waited", async () => {
    const { effects, json, text } = makeWorld()
    await json(0, "keys", "new")
    const { id, token } = await json(0, "token", "mint", "--capability", "bank/*")
    await json(75, "run", "-e", refund, "--session", "a", "--tools", tools, "--token", String(token))
    const [request] = requestsOf(await json(0, "approvals", "list"))
    await json(0, "token", "revoke", String(id))
    const approved = await text("approvals", "approve", "a", request?.call ?? "", "--by", "ann", "--resume")
    assert.strictEqual(approved.code, 1, approved.stderr)
    assert.include(approved.stderr, "the decision of ann on call 1.1 of session a was refused: the token that allows")
    assert.include(approved.stderr, "CapabilityError")
    assert.deepStrictEqual(effects(), [])
    assert.match((await text("show", "a", "--events")).stdout, /1\.1, refused, no longer allowed by token .*by ann/)
  })

  it("refuses decisions on what does not wait", async () => {
    const { json } = makeWorld()
    await json(75, "run", "-e", refund, "--session", "a", "--tools", tools)
    const unknown = await json(64, "approvals", "approve", "a", "9.9")
    assert.deepInclude(errorOf(unknown), { name: "SessionError", reason: "AnswerRefused" })
    assert.strictEqual(errorOf(await json(64, "approvals", "deny", "b", "1.1"))["reason"], "SessionNotFound")
    await json(0, "close", "a")
    assert.strictEqual(errorOf(await json(64, "approvals", "deny", "a", "1.1"))["reason"], "SessionClosed")
    const broken = await json(64, "approvals", "approve", "a", "1.1", "--input", "{")
    assert.strictEqual(errorOf(broken)["reason"], "InvalidJson")
  })
})

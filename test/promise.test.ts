import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Tool } from "../src/index.ts"
import {
  Caisson,
  type PausedRun,
  ReleasedError,
  type RunResult,
  runOnce,
  type SessionError,
  tool
} from "../src/promise.ts"

const directory = mkdtempSync(join(tmpdir(), "caisson-promise-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const amount = { type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] } as const

/** A bank, and what happened in it. */
const makeBank = () => {
  const effects: Array<string> = []
  const keys: Array<string> = []
  const aborted: Array<string> = []
  let entered: () => void = () => {}
  const transferring = new Promise<void>((resolve) => (entered = resolve))
  const tools = [
    tool<{ amount: number }>("bank.pay", {
      description: "Pays an amount",
      input: amount,
      execute: async ({ amount }, { idempotencyKey }) => {
        keys.push(idempotencyKey)
        effects.push(`pay ${amount}`)
        return { paid: amount, on: new Date(0) }
      }
    }),
    tool<{ amount: number }>("bank.refund", {
      description: "Refunds an amount",
      input: amount,
      output: { type: "string" },
      execute: ({ amount }) => {
        effects.push(`refund ${amount}`)
        return `refunded ${amount}`
      }
    }),
    tool<{ amount: number }>("bank.transfer", {
      description: "Transfers an amount, and never says so",
      input: amount,
      execute: (_, { callId, signal }) => {
        signal.addEventListener("abort", () => aborted.push(callId))
        entered()
        return new Promise(() => {})
      }
    })
  ]
  const capabilities = [
    { methods: ["bank/pay", "bank/transfer"] },
    { methods: "bank/refund", mode: "ask", description: "Refunds need a person" }
  ]
  return { effects, keys, aborted, transferring, tools, capabilities }
}

const paused = (result: RunResult): PausedRun => {
  assert.strictEqual(result.status, "paused", JSON.stringify(result))
  return result as PausedRun
}

const callOf = (result: RunResult): string => {
  const [call, ...others] = paused(result).calls
  assert.isEmpty(others)
  return `${call?.id}`
}

const valueOf = (result: RunResult): unknown => {
  assert.strictEqual(result.status, "completed", JSON.stringify(result))
  return result.value
}

const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail("it was not rejected")
}

const reasonOf = async (promise: Promise<unknown>) => {
  const error = (await rejection(promise)) as SessionError
  assert.instanceOf(error, Error)
  return error.reason._tag
}

describe("runOnce", () => {
  it("O5 gives the value, read, and what was printed", async () => {
    const result = await runOnce("console.log('out'); console.error('err'); new Map([['when', new Date(5)]])")
    assert.deepStrictEqual(valueOf(result), new Map([["when", new Date(5)]]))
    assert.deepInclude(result, { stdout: "out\n", stderr: "err\n", error: null, calls: [] })
  })

  it("T1 lets a guest call tools, of promises and of effects", async () => {
    const { capabilities, effects, tools } = makeBank()
    const double = Tool.make("math.double", {
      description: "Doubles a number",
      input: Schema.Struct({ number: Schema.Finite }),
      output: Schema.Finite,
      readOnly: true,
      execute: ({ number }) => Effect.succeed(number * 2)
    })
    const result = await runOnce("[await bank.pay({ amount: 3 }), await math.double({ number: 21 })]", {
      tools: [...tools, double],
      capabilities: [...capabilities, { methods: "math/**" }],
      template: "javascript"
    })
    assert.deepStrictEqual(valueOf(result), [{ paid: 3, on: new Date(0) }, 42])
    assert.deepStrictEqual(effects, ["pay 3"])
  })

  it("O3 gives what the guest threw as a result", async () => {
    const result = await runOnce("const a = 1\nnull.x")
    assert.strictEqual(result.status, "failed")
    assert.deepInclude(result.error, { name: "TypeError", line: 2 })
    assert.isUndefined(result.value)
  })

  it("B1 B8 denies every call without capabilities, by whichever name it is made", async () => {
    const { effects, tools } = makeBank()
    for (const pay of ["bank.pay", "tools.bank.pay"]) {
      const result = await runOnce(`await ${pay}({ amount: 3 })`, { tools })
      assert.deepInclude(result.error, { name: "CapabilityError", reason: "NoCapability" })
    }
    assert.strictEqual((await runOnce("listTools().length + Object.keys(bank).length", { tools })).value, 0)
    assert.isEmpty(effects)
  })

  it("has results whose types follow from their status", () => {
    expectTypeOf<Extract<RunResult, { status: "failed" }>["error"]>().toHaveProperty("message")
    expectTypeOf<Extract<RunResult, { status: "completed" }>["error"]>().toEqualTypeOf<null>()
    expectTypeOf<Parameters<typeof runOnce>[0]>().toBeString()
  })
})

describe("a session", () => {
  it("T12 pauses, is released, and goes on where another Caisson resumes it", async () => {
    const { capabilities, effects, tools } = makeBank()
    let call = ""
    {
      await using caisson = await Caisson.open({ directory })
      await using session = await caisson.session({ id: "monday", tools, capabilities, metadata: { of: "test" } })
      await session.run("globalThis.count = 0")
      const first = await session.run("count++; const said = await bank.refund({ amount: 5 }); [said, count]")
      const [waiting] = paused(first).calls
      assert.deepInclude(waiting, {
        method: "bank/refund",
        input: { amount: 5 },
        reason: "Refunds need a person",
        needs: "decision"
      })
      assert.instanceOf(waiting?.expiresAt, Date)
      call = callOf(first)
    }
    await using caisson = await Caisson.open({ directory })
    await using session = await caisson.resume("monday", { tools, capabilities })
    assert.strictEqual(callOf((await session.resume()) as RunResult), call)
    const answered = await session.answer(call, { approve: true, by: "ann" })
    assert.deepStrictEqual(valueOf(answered), ["refunded 5", 1])
    assert.deepStrictEqual(valueOf(await session.answer(call, { deny: "too late" })), ["refunded 5", 1])
    assert.deepStrictEqual(effects, ["refund 5"])
    const [summary] = await caisson.sessions()
    assert.deepInclude(summary, { session: "monday", status: "idle", metadata: { of: "test" } })
  })

  it("takes every kind of answer, and no other", async () => {
    const { capabilities, effects, tools } = makeBank()
    await using caisson = await Caisson.open()
    await using session = await caisson.session({ tools, capabilities })
    const code = "await bank.refund({ amount: 1 }).catch((error) => error.name + ': ' + error.message)"
    const answers = [
      [{ deny: "no" }, "CapabilityError: no"],
      [{ result: "by hand" }, "by hand"],
      [{ approve: true, input: { amount: 2 } }, "refunded 2"],
      [{ error: "broken" }, "ToolError: broken"]
    ] as const
    for (const [answer, value] of answers) {
      const call = callOf(await session.run(code))
      assert.deepStrictEqual(valueOf(await session.answer(call, answer)), value)
    }
    const call = callOf(await session.run(code))
    for (const wrong of [{}, { approve: false }, { approve: true, deny: "no" }, { deny: 1 }]) {
      assert.strictEqual(await reasonOf(session.answer(call, wrong as never)), "InvalidOptions")
    }
    assert.strictEqual(await reasonOf(session.answer(call, { result: 7 })), "AnswerRefused")
    assert.deepStrictEqual(effects, ["refund 2"])
    assert.strictEqual(await reasonOf(session.answer("9.9", { approve: true })), "AnswerRefused")
    await session.cancel("enough")
    const last = await session.resume()
    assert.deepInclude(last?.error, { message: "enough", reason: "Cancelled" })
  })

  it("gives handlers a key of their own for every call", async () => {
    const { capabilities, keys, tools } = makeBank()
    await using caisson = await Caisson.open()
    await using session = await caisson.session({ id: "keys", tools, capabilities })
    await session.run("await bank.pay({ amount: 1 }); await bank.pay({ amount: 1 })")
    assert.lengthOf(new Set(keys), 2)
    for (const key of keys) assert.match(key, /^keys\//)
  })

  it("T15 asks what became of a call that was under way when it was released", async () => {
    const { aborted, capabilities, tools, transferring } = makeBank()
    await using caisson = await Caisson.open()
    const session = await caisson.session({ id: "a", tools, capabilities })
    const run = rejection(session.run("await bank.transfer({ amount: 1 })"))
    await transferring
    await session.release()
    assert.instanceOf(await run, ReleasedError)
    assert.lengthOf(aborted, 1)
    await using again = await caisson.resume("a", { tools, capabilities })
    const waiting = paused((await again.resume()) as RunResult)
    assert.strictEqual(waiting.calls[0]?.needs, "reconciliation")
    assert.isNull(waiting.calls[0]?.expiresAt)
    assert.deepStrictEqual(valueOf(await again.reconcile(callOf(waiting), { committed: "done" })), "done")
    assert.deepStrictEqual(valueOf(await again.reconcile(callOf(waiting), { notCommitted: true })), "done")
  })

  it("gives the same result for the same run id", async () => {
    await using caisson = await Caisson.open()
    await using session = await caisson.session()
    assert.strictEqual(valueOf(await session.run("globalThis.n = (globalThis.n ?? 0) + 1", { runId: "once" })), 1)
    assert.strictEqual(valueOf(await session.run("globalThis.n = (globalThis.n ?? 0) + 1", { runId: "once" })), 1)
    assert.strictEqual(await reasonOf(session.run("2", { runId: "once" })), "RunConflict")
  })

  it("forks, rewinds, and closes", async () => {
    await using caisson = await Caisson.open()
    const session = await caisson.session({ id: "a" })
    await session.run("var n = 1", { language: "javascript" })
    await session.run("n = 2")
    const id = await session.fork({ at: 3 })
    await using fork = await caisson.resume(id)
    assert.strictEqual(valueOf(await fork.run("n")), 1)
    await session.rewind(3)
    assert.strictEqual(valueOf(await session.run("n")), 1)
    await session.close()
    assert.instanceOf(await rejection(session.run("n")), ReleasedError)
    await using closed = await caisson.resume("a")
    assert.strictEqual(await reasonOf(closed.run("n")), "SessionClosed")
    assert.strictEqual(await reasonOf(caisson.resume("nobody")), "SessionNotFound")
  })

  it("tells of its events until it is left, released or closed", async () => {
    await using caisson = await Caisson.open()
    const session = await caisson.session()
    await session.run("1")
    const tags: Array<string> = []
    for await (const { event } of session.events()) {
      tags.push(event._tag)
      if (event._tag === "RunEnded") break
    }
    assert.deepStrictEqual(tags, ["Opened", "RunStarted", "RunEnded"])
    const rest = Array.fromAsync(session.events({ after: 3 }), ({ event }) => event._tag)
    await session.run("2")
    await session.close()
    assert.deepStrictEqual(await rest, ["RunStarted", "RunEnded", "Closed"])

    await using other = await caisson.session()
    const all = Array.fromAsync(other.events(), ({ event }) => event._tag)
    await other.release()
    assert.includeMembers(["Opened"], await all)
  })

  it("O1 tells of its output as it comes", async () => {
    const { capabilities, tools } = makeBank()
    await using caisson = await Caisson.open()
    await using session = await caisson.session({ tools, capabilities })
    const chunks: Array<string> = []
    const following = (async () => {
      for await (const { stream, text } of session.output()) {
        chunks.push(`${stream} ${text}`)
        if (text.includes("last")) break
      }
    })()
    const result = await session.run("console.log('first'); await bank.pay({ amount: 1 }); console.error('last')")
    assert.strictEqual(result.status, "completed")
    await following
    assert.deepStrictEqual(chunks, ["stdout first\n", "stderr last\n"])
  })
})

describe("a signal", () => {
  it("stops the waiting, and the run can be resumed", async () => {
    const { capabilities, tools, transferring } = makeBank()
    await using caisson = await Caisson.open()
    await using session = await caisson.session({ tools, capabilities })
    const controller = new AbortController()
    const run = rejection(session.run("await bank.transfer({ amount: 1 })", { signal: controller.signal }))
    await transferring
    controller.abort(new RangeError("no patience"))
    assert.deepInclude(await run, { name: "RangeError", message: "no patience" })
    await session.cancel()
    const last = await session.resume()
    assert.deepInclude(last?.error, { reason: "Cancelled" })
  })

  it("that was aborted before stops everything", async () => {
    await using caisson = await Caisson.open()
    await using session = await caisson.session()
    const signal = AbortSignal.abort("never")
    const attempts = [
      session.run("1", { signal }),
      session.resume({ signal }),
      session.fork({ signal }),
      session.cancel("never", { signal }),
      session.guard("frozen", { reason: "never", signal }),
      session.close({ signal }),
      caisson.session({ signal }),
      caisson.sandbox({ signal }),
      caisson.sessions({ signal }),
      caisson.runOnce("1", { signal })
    ]
    assert.deepStrictEqual(
      await Promise.all(attempts.map(rejection)),
      attempts.map(() => "never")
    )
    assert.isUndefined(await session.resume())
  })

  it("ends the following of events with its reason", async () => {
    await using caisson = await Caisson.open()
    await using session = await caisson.session()
    const controller = new AbortController()
    const following = rejection(Array.fromAsync(session.output({ signal: controller.signal })))
    controller.abort("enough")
    assert.strictEqual(await following, "enough")
  })
})

describe("Caisson", () => {
  it("O4 leaves nothing running when it is released", async () => {
    const { aborted, capabilities, tools, transferring } = makeBank()
    const caisson = await Caisson.open({ directory: join(directory, "released") })
    const session = await caisson.session({ id: "a", tools, capabilities })
    const sandbox = await caisson.sandbox()
    const run = rejection(session.run("await bank.transfer({ amount: 1 })"))
    const events = Array.fromAsync(session.events())
    await transferring
    await caisson[Symbol.asyncDispose]()
    assert.instanceOf(await run, ReleasedError)
    assert.isNotEmpty(await events)
    assert.lengthOf(aborted, 1)
    assert.deepStrictEqual(
      process.getActiveResourcesInfo().filter((resource) => resource === "MessagePort"),
      []
    )
    const late = [session.run("1"), session.release().then(() => session.run("1")), sandbox.run("1"), caisson.session()]
    for (const promise of [...late, caisson.sessions()]) assert.instanceOf(await rejection(promise), ReleasedError)
    await caisson.release()
    await using again = await Caisson.open({ directory: join(directory, "released") })
    assert.deepInclude((await again.sessions())[0], { session: "a", status: "running" })
  })

  it("is not opened where a home cannot be", async () => {
    assert.strictEqual(await reasonOf(Caisson.open({ directory: "/dev/null/home" })), "NotUsable")
  })

  it("refuses tools and capabilities that are not sound", async () => {
    await using caisson = await Caisson.open()
    const nameless = tool("not a name", { description: "", input: { type: "object" }, execute: () => 1 })
    assert.deepInclude(await rejection(caisson.session({ tools: [nameless] })), {
      _tag: "ToolkitError",
      reason: "InvalidName"
    })
    const malformed = await rejection(caisson.session({ capabilities: [{ methods: "a//b" }] }))
    assert.deepInclude(malformed, { _tag: "Malformed" })
    assert.strictEqual(await reasonOf(caisson.session({ id: "a b" })), "InvalidOptions")
  })

  it("keeps sandboxes apart, and their variables until they are released", async () => {
    await using caisson = await Caisson.open()
    await using one = await caisson.sandbox({ limits: { memoryMebibytes: 32 } })
    await using two = await caisson.sandbox()
    await one.run("globalThis.secret = 'canary'")
    assert.strictEqual(valueOf(await one.run("secret")), "canary")
    assert.strictEqual(valueOf(await two.run("typeof secret")), "undefined")
    assert.deepStrictEqual(await caisson.sessions(), [])
  })
})

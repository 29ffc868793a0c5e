import { assert, describe, it } from "@effect/vitest"
import { completed, deny, failed, Guest, give, ids, parked, tool, valueOf } from "./guest.ts"

const argumentsOf = (guest: Guest, source: string) => parked(guest.start(source)).calls.map((call) => call.arguments)

describe("calls of a guest", () => {
  it("T1 leave with path, id and arguments, and their results come back usable", async () => {
    const guest = await Guest.boot()
    const turn = parked(guest.start(`const { fee } = await tools.bank.transfer({ to: "eve", amount: 5 }); fee * 2`))
    assert.deepStrictEqual(turn.calls, [{ id: "1.1", path: "bank.transfer", arguments: '[{"to":"eve","amount":5}]' }])
    assert.deepStrictEqual([turn.sleeps, turn.cancelled], [[], []])
    assert.strictEqual(valueOf(guest.answer(give("1.1", { fee: 0.5 }))), 1)
  })

  it("T1 are made through tools, through a global for each namespace, and of any path at all", async () => {
    const guest = await Guest.boot()
    const turn = guest.start(
      "tools.ask(1); ask(2); bank.accounts.list(); tools.never.heard.of.it(3, 4); await sleep(0)"
    )
    assert.deepStrictEqual(
      parked(turn).calls.map(({ arguments: given, path }) => [path, given]),
      [
        ["ask", "[1]"],
        ["ask", "[2]"],
        ["bank.accounts.list", "[]"],
        ["never.heard.of.it", "[3,4]"]
      ]
    )
  })

  it("T2 a result is kept in a variable, and a later run works on it", async () => {
    const guest = await Guest.boot()
    guest.start("let rows = await ask()")
    completed(
      guest.answer(
        give("1.1", [
          { id: 1, due: 4 },
          { id: 2, due: 0 }
        ])
      )
    )
    assert.deepStrictEqual(guest.value("rows.filter((row) => row.due > 0).map((row) => row.id)"), [1])
  })

  it.each([
    ["10 KB", "x".repeat(10_240)],
    ["50 KB of text beyond ASCII", "é漢".repeat(17_000)],
    ["astral characters around a power of two", `${"y".repeat(65_535)}🦀🦀`],
    ["ten levels", JSON.parse(`${'{"in":'.repeat(10)}1${"}".repeat(10)}`)],
    ["text that looks like a tag", '{"$":["Map",[]]}'],
    ["an object with a key $", { $: ["Map", []] }]
  ])("T3 T6 a result passes through unchanged: %s", async (_, value) => {
    const guest = await Guest.boot()
    guest.start("globalThis.kept = await ask()")
    const text = JSON.stringify(value)
    const given = typeof value === "object" && "$" in value ? '{"$":["Object",[["$",["Map",[]]]]]}' : text
    const turn = guest.answer({ id: "1.1", outcome: { _tag: "Succeeded", value: given } })
    assert.strictEqual(completed(turn).value, given)
    assert.deepStrictEqual(argumentsOf(guest, "await ask(kept)"), [`[${given}]`])
  })

  it("T6 several large results follow each other", async () => {
    const guest = await Guest.boot()
    guest.start("let total = 0; for (let i = 0; i < 5; i++) total += (await ask()).length; total")
    for (let index = 1; index < 5; index++) parked(guest.answer(give(`1.${index}`, "z".repeat(200_000))))
    assert.strictEqual(valueOf(guest.answer(give("1.5", "z".repeat(200_000)))), 1_000_000)
  })

  it("T8 a result that stands for no value is an error in the guest", async () => {
    const guest = await Guest.boot()
    guest.start("await ask().catch((error) => `caught ${error.name}`)")
    const turn = guest.answer({ id: "1.1", outcome: { _tag: "Succeeded", value: '{"$":["Nothing",1]}' } })
    assert.strictEqual(valueOf(turn), "caught TypeError")
  })

  it("T9 a guest can list the tools that it was told of, and see what is known of each", async () => {
    const guest = await Guest.boot()
    assert.deepStrictEqual(guest.value("listTools()"), ["ask", "bank.accounts.list", "bank.transfer"])
    assert.deepStrictEqual(guest.value("getToolInfo('bank.transfer')"), {
      id: "bank.transfer",
      description: "does bank.transfer",
      input: { type: "object" },
      output: {}
    })
    assert.deepStrictEqual(guest.value("[getToolInfo('bank') === undefined, Object.keys(tools), Object.keys(bank)]"), [
      true,
      ["ask", "bank"],
      ["accounts", "transfer"]
    ])
    assert.deepStrictEqual(guest.value("['bank' in tools, 'vault' in tools, 'transfer' in bank]"), [true, false, true])
  })

  it("T9 tools are replaced with each run, and a variable of a guest keeps its name", async () => {
    const guest = await Guest.boot()
    guest.start("let ask = 'mine'")
    const tools = [tool("ask"), tool("shop.buy"), tool("Math.add")]
    const turn = guest.start("[ask, typeof bank, typeof shop, typeof Math.max, listTools()]", { tools })
    assert.deepStrictEqual(valueOf(turn), [
      "mine",
      "undefined",
      "function",
      "function",
      ["ask", "shop.buy", "Math.add"]
    ])
  })

  it("T9 a tool that a guest may not know is called by its name, and put to the host", async () => {
    const guest = await Guest.boot()
    const namespaces = ["ask", "vault", "Math"]
    const turn = guest.start("let ask = 1; vault.open({ key: 7 }).catch(() => {}); await vault.close()", {
      tools: [tool("ask")],
      namespaces
    })
    assert.deepStrictEqual(turn._tag === "Parked" && turn.calls.map(({ path }) => path), ["vault.open", "vault.close"])
    const look = guest.start("[typeof vault, typeof Math.max, 'vault' in tools, Object.keys(vault), listTools()]", {
      tools: [tool("ask")],
      namespaces
    })
    assert.deepStrictEqual(valueOf(look), ["function", "function", false, [], ["ask"]])
    assert.deepStrictEqual(guest.value("typeof vault"), "undefined")
  })

  it("T10 concurrent calls leave together, in order, and their results are in the order of the arguments", async () => {
    const guest = await Guest.boot()
    const turn = guest.start("await Promise.all(Array.from({ length: 50 }, (_, index) => ask(index)))")
    assert.deepStrictEqual(
      ids(turn),
      Array.from({ length: 50 }, (_, index) => `1.${index + 1}`)
    )
    const answers = ids(turn).map((id) => give(id, id))
    assert.deepStrictEqual(valueOf(guest.answer(...answers.toReversed())), ids(turn))
  })

  it("T14 neither catch nor finally sees anything of the wait", async () => {
    const guest = await Guest.boot()
    guest.start(
      "let seen = []; try { seen.push(await ask()) } catch { seen.push('catch') } finally { seen.push('end') }"
    )
    completed(guest.answer(give("1.1", "answer")))
    assert.deepStrictEqual(guest.value("seen"), ["answer", "end"])
  })

  it("T16 T17 answers to other ids, second answers, and answers of the wrong kind are ignored", async () => {
    const guest = await Guest.boot()
    guest.start("const [a] = await Promise.all([ask(), sleep(5)]); a")
    for (const id of ["", "1", "1.3", "2.1", "01.1", "__proto__"]) parked(guest.answer(give(id, "forged")))
    parked(guest.answer({ id: "1.1" }, give("1.2", "no call"), give("1.1", "first"), give("1.1", "second")))
    assert.strictEqual(valueOf(guest.answer({ id: "1.2" })), "first")
  })

  it("T18 a rejected call throws an error of plain data with the guest's own frames", async () => {
    const guest = await Guest.boot()
    guest.start(
      "let error = await ask().catch((error) => error);\n" +
        "[error instanceof Error, error.name, error.message, error.reason, Object.keys(error), error.stack]"
    )
    const [isError, name, message, reason, keys, stack] = valueOf(
      guest.answer(deny("1.1", "not yours"))
    ) as Array<never>
    assert.deepStrictEqual([isError, name, message, reason], [true, "CapabilityError", "not yours", "NoCapability"])
    assert.deepStrictEqual(keys, ["reason"])
    assert.match(`${stack}`, /^ {4}at .*run-1/)
    assert.notMatch(`${stack}`, /caisson|native|wasm|\.ts/)
  })

  it("arguments that cannot be passed are a TypeError at the call, with the place", async () => {
    const guest = await Guest.boot()
    for (const [argument, message] of [
      ["{ deep: [() => 1] }", 'ask: a function cannot be passed at [0]["deep"][0]'],
      ["Symbol('s')", "ask: a symbol cannot be passed at [0]"],
      ["ask()", "ask: a promise cannot be passed (is an await missing?) at [0]"],
      ["(globalThis.ring = [], ring.push(ring), ring)", "ask: the value contains itself at [0][0]"]
    ] as const) {
      const error = guest.error(`ask(${argument})`)
      assert.strictEqual(error.name, "TypeError")
      assert.strictEqual(error.message, message)
    }
  })

  it("arguments that are too long are a catchable RangeError, and nothing leaves", async () => {
    const guest = await Guest.boot({ limits: { argumentBytes: 20 } })
    const turn = guest.start(
      "for (const a of ['x'.repeat(16), 'é'.repeat(9)]) try { ask(a) } catch (e) { ask(e.reason) }"
    )
    assert.deepStrictEqual(
      parked(turn).calls.map((call) => call.arguments),
      [`["${"x".repeat(16)}"]`, '["TooLarge"]']
    )
  })

  it("calls that wait have no more arguments together than there is room for, also after a restore", async () => {
    const guest = await Guest.boot()
    const large = "'x'.repeat(1_000_000)"
    const first = parked(
      guest.start(`
        const reasons = []
        const attempt = () => ask(${large}).catch(({ name, reason, message }) => reasons.push([name, reason, message]))
        const made = Array.from({ length: 34 }, attempt)
        await made[0]
        made.push(attempt(), attempt())
        await Promise.all(made)
        return reasons`)
    )
    assert.deepStrictEqual([first.calls.length, first.calls.at(-1)?.id, first.cancelled], [33, "1.33", []])
    const copy = await guest.copy()
    assert.deepStrictEqual(ids(copy.answer(give("1.1", 0))), ["1.35"])
    const rest = [...Array.from({ length: 32 }, (_, index) => give(`1.${index + 2}`, 0)), give("1.35", 0)]
    const refusal = "ask: the arguments of calls that wait have more than 33554432 bytes together"
    const all = Array.from({ length: 2 }, () => ["RangeError", "TooLarge", refusal])
    assert.deepStrictEqual(valueOf(copy.answer(...rest)), all)
  })

  it("calls whose arguments found no room are over: they cannot be cancelled and take none", async () => {
    const guest = await Guest.boot()
    const turn = guest.start(`
      const large = 'x'.repeat(1_000_000)
      const lost = Promise.race(Array.from({ length: 40 }, () => ask(large)))
      const { message } = await lost.catch((error) => error)
      ask(message)`)
    const { calls, cancelled } = parked(turn)
    assert.deepStrictEqual(cancelled, [])
    assert.include(calls[0]?.arguments, "33554432 bytes")
  })

  it("no more calls are admitted than may wait or a run may make, and the ids have no gap", async () => {
    const guest = await Guest.boot({ limits: { outstandingCalls: 2, callsPerRun: 3 } })
    const turn = guest.start(`
      const attempt = () => { try { return ask() } catch (error) { return error.reason } }
      const made = [attempt(), attempt(), attempt()]
      await made[0]
      made.push(attempt(), attempt())
      await made[3]
      made.push(attempt())
      return [made[2], made[4], made[5]]`)
    assert.deepStrictEqual(ids(turn), ["1.1", "1.2"])
    assert.deepStrictEqual(ids(guest.answer(give("1.1", 0))), ["1.3"])
    const last = guest.answer(give("1.3", 0), give("1.2", 0))
    assert.deepStrictEqual(valueOf(last), ["TooManyCalls", "TooManyCalls", "TooManyCalls"])
  })

  it("a run that has a value waits for the calls that it did not await", async () => {
    const guest = await Guest.boot()
    assert.deepStrictEqual(ids(guest.start("ask('save'); 'done'")), ["1.1"])
    assert.strictEqual(valueOf(guest.answer(give("1.1", null))), "done")
  })

  it("a run that throws ends at once: its open calls are cancelled, and those of this turn were never made", async () => {
    const guest = await Guest.boot()
    guest.start("ask('slow'); await ask('fast'); ask('too late'); throw new Error('enough')")
    const turn = failed(guest.answer(give("1.2", 1)))
    assert.deepStrictEqual([turn.error.message, turn.cancelled], ["enough", ["1.1"]])
    const { error } = failed(guest.answer(give("1.1", 1)))
    assert.strictEqual(error.reason, "NoRun")
  })
})

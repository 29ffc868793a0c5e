import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Caisson, runOnce, tool } from "../../src/promise.ts"

let caisson: Caisson
beforeAll(async () => {
  caisson = await Caisson.open({ machines: { threads: 1 } })
})
afterAll(() => caisson.release())

const language = "shell" as const

const amount = { type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] } as const

/** A bank that is asked about refunds, and what happened in it. */
const makeBank = () => {
  const effects: Array<unknown> = []
  const refund = tool<{ readonly amount: number }>("bank.refund", {
    description: "Refunds an amount",
    input: amount,
    execute: (input) => {
      effects.push(input)
      return { refunded: input.amount }
    }
  })
  return { effects, tools: [refund], capabilities: [{ methods: "bank/refund", mode: "ask" }] }
}

describe("a script, with promises", () => {
  it("S2 O2 completes with its exit code and both outputs, whatever the code", async () => {
    await using session = await caisson.session()
    const script = "echo out; echo err >&2; exit"
    for (const exitCode of [0, 3]) {
      const result = await session.run(`${script} ${exitCode}`, { language })
      const { metrics, run, session: id, ...rest } = result
      assert.deepStrictEqual<unknown>(rest, {
        status: "completed",
        value: { exitCode },
        displays: [],
        phases: {},
        stdout: "out\n",
        stderr: "err\n",
        error: null,
        calls: []
      })
      assert.strictEqual(id, session.id)
      assert.match(run, /^r\d+$/)
      assert.isAbove(metrics.wallMillis, 0)
    }
  })

  it("O1 has its output as it comes, each of the two for itself", async () => {
    await using session = await caisson.session()
    const texts = { stdout: "", stderr: "" }
    const heard = (async () => {
      for await (const { stream, text } of session.output()) {
        texts[stream] += text
        if (texts.stdout.endsWith("end\n")) return
      }
    })()
    await session.run("for n in 1 2; do echo $n; echo err $n >&2; done; echo end", { language })
    await heard
    assert.deepStrictEqual(texts, { stdout: "1\n2\nend\n", stderr: "err 1\nerr 2\n" })
  })

  it("F4 S5 has its state, files and tools in common with JavaScript", async () => {
    const { capabilities, effects, tools } = makeBank()
    const granted = { tools, capabilities: capabilities.map(({ methods }) => ({ methods })) }
    await using session = await caisson.session(granted)
    await session.run("cd /tmp; name=$(tool bank.refund --amount 4 | jq .refunded); echo $name > f", { language })
    const { value } = await session.run(
      "[await bank.refund({ amount: 4 }), await fs.readFile('/tmp/f'), await shell.run('echo $name in $PWD')]"
    )
    assert.deepStrictEqual(value, [{ refunded: 4 }, "4\n", "4 in /tmp\n"])
    assert.deepStrictEqual(effects, [{ amount: 4 }, { amount: 4 }])
  })

  it("T12 pauses in its pipeline for a call that asks, and goes on once that is answered", async () => {
    const { effects, ...granted } = makeBank()
    await using session = await caisson.session(granted)
    const paused = await session.run("tool bank.refund --amount 4 | jq -c '[.refunded]'; exit 5", { language })
    assert.deepInclude(paused, { status: "paused", stdout: "", value: undefined })
    const [call] = paused.calls
    assert.deepInclude(call, { method: "bank/refund", input: { amount: 4 }, needs: "decision" })
    await session.files.write("meanwhile", "")
    const completed = await session.answer(`${call?.id}`, { approve: true })
    assert.deepInclude(completed, { status: "completed", stdout: "[4]\n", stderr: "" })
    assert.deepStrictEqual([completed.value, effects], [{ exitCode: 5 }, [{ amount: 4 }]])
  })

  it("runs by itself", async () => {
    const result = await runOnce("echo one two | tr ' ' '\\n' | wc -l | tr -d ' '", { language })
    assert.deepStrictEqual([result.status, result.stdout, result.value], ["completed", "2\n", { exitCode: 0 }])
  })

  it("O6 fails if a limit ends it", async () => {
    const result = await caisson.runOnce("while :; do :; done", { language, limits: { cpuRunMillis: 500 } })
    assert.strictEqual(result.status, "failed")
  })
})

import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { Session } from "../../src/session/Session.ts"
import { onlyCall } from "../session/results.ts"
import { asking, makeWorld, printed, tier, valueOf } from "./world.ts"

/** What JavaScript catches of something that fails. */
const caught = (session: Session, code: string) =>
  valueOf(
    session,
    `try { await ${code}; undefined } catch (error) { ({ ...error, name: error.name, message: error.message }) }`
  )

layer(tier, { excludeTestServices: true })("the shell of JavaScript", (it) => {
  it.effect("S2 gives stdout, stderr and exit code of a script, whatever the code is", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      assert.deepStrictEqual(yield* valueOf(session, `await shell("echo out; echo err >&2; exit 3")`), {
        stdout: "out\n",
        stderr: "err\n",
        exitCode: 3
      })
      assert.deepStrictEqual(yield* valueOf(session, `await shell("")`), { stdout: "", stderr: "", exitCode: 0 })
    })
  )

  it.effect("S2 gives a script's stdout alone with shell.run, and throws what it was if it fails", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      assert.strictEqual(yield* valueOf(session, `await shell.run("printf a; echo err >&2")`), "a")
      assert.deepStrictEqual(yield* caught(session, `shell.run("echo part; echo why >&2; exit 9")`), {
        name: "ShellError",
        message: "the script ended with exit code 9: why\n",
        exitCode: 9,
        stdout: "part\n",
        stderr: "why\n"
      })
    })
  )

  it.effect("S2 fails a run that does not catch it, and says where", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const result = yield* session.run(`const before = 1\nawait shell.run("false")`)
      assert(result._tag === "Failed", JSON.stringify(result))
      assert.deepInclude(result.error, { name: "ShellError", line: 2 })
      assert.isFalse(result.rolledBack)
    })
  )

  it.effect("S2 takes nothing but a text", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      for (const wrong of ["", "3", "['echo']", "{ script: 'echo' }"]) {
        assert.deepInclude(
          yield* caught(session, `Promise.resolve().then(() => shell(${wrong}))`),
          { name: "TypeError" },
          wrong
        )
      }
    })
  )

  it.effect("S2 does not print what its scripts print", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const result = yield* session.run(`console.log("own"); await shell("echo out; echo err >&2"); 1`)
      assert.deepInclude(result, { _tag: "Completed", stdout: "own\n", stderr: "" })
    })
  )

  it.effect("runs scripts one after another, in the order in which they were asked for", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const ends = yield* valueOf(
        session,
        `await Promise.all([shell.run("sleep 0.02; echo 1 >> order"), shell.run("echo 2 >> order"), shell.run("cat order")])`
      )
      assert.deepStrictEqual(ends, ["", "", "1\n2\n"])
    })
  )

  it.effect("goes on with JavaScript while a script waits", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const steps = yield* valueOf(
        session,
        `const steps = []
         const slow = shell.run("sleep 0.05; echo slow").then((text) => steps.push(text))
         await sleep(1); steps.push("between"); await slow; steps`
      )
      assert.deepStrictEqual(steps, ["between", "slow\n"])
    })
  )

  it.effect("gives a script up when another promise is first, and the next one runs at once", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const code = `await Promise.race([shell("x=1; touch began; sleep 100000; touch ended"), sleep(5).then(() => "first")])`
      assert.strictEqual(yield* valueOf(session, code), "first")
      assert.strictEqual(yield* printed(session, 'ls; echo "[$x]"'), "began\n[]\n")
    })
  )

  it.effect("can call tools by it, and has their answers as if it had called them", () =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld()
      const code = `JSON.parse(await shell.run("tool shop.orders.list --customer c-1 | jq -c '[.[] | select(.disputed).id]'"))`
      assert.deepStrictEqual(yield* valueOf(session, code), ["o-2", "o-3"])
      assert.deepStrictEqual(calls, [["list", { customer: "c-1" }]])
    })
  )

  it.effect("waits with its script for a person, in another process as well", () =>
    Effect.gen(function* () {
      const { again, calls, session } = yield* makeWorld({ capabilities: asking })
      const code = `let count = 0; count++; const said = await shell("tool shop.refund --order o-1 --amount 5 | tr a-z A-Z"); [count, said]`
      const call = onlyCall(yield* session.run(code))
      assert.deepStrictEqual(calls, [])
      const result = yield* (yield* again()).answer(call, { _tag: "Approve" })
      assert(result._tag === "Completed", JSON.stringify(result))
      const said = { stdout: "REFUNDED 5 OF O-1\n", stderr: "", exitCode: 0 }
      assert.deepStrictEqual(JSON.parse(result.value), [1, said])
      assert.deepStrictEqual(calls, [["refund", { order: "o-1", amount: 5 }]])
    })
  )

  it.effect("cannot be replaced, nor what it has", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      yield* session.run("try { shell.run = () => 'mine' } catch {}")
      assert.strictEqual(yield* valueOf(session, `await shell.run("echo own")`), "own\n")
    })
  )
})

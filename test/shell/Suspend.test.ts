import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { Machines } from "../../src/machine/Machine.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { onlyCall } from "../session/results.ts"
import { asking, type Calls, endOf, makeWorld, printed, shell, tier, toolkit, type WorldOptions } from "./world.ts"

const journalFile = Effect.map(temporaryDirectory, (directory) => join(directory, "journal.sqlite"))

const journalIn = (filename: string) => JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename })))

/** Sessions whose journal is a file. */
const makeDurable = (options: WorldOptions = {}) =>
  Effect.flatMap(journalFile, (filename) =>
    makeWorld({ capabilities: asking, journal: journalIn(filename), ...options })
  )

const refund = `echo began >> log.txt
tool shop.refund --order o-1 --amount 5 | tr a-z A-Z | tee out.txt | sed 's/^/said: /'
echo "done \${PIPESTATUS[*]} $(wc -l < log.txt)" | tr -s ' '`

const afterRefund = "said: REFUNDED 5 OF O-1\ndone 0 0 0 0 1\n"

/** What a pipeline that waits takes in a snapshot, and with the JavaScript that waits for it. */
const pipelineBytesMax = 65_536
const bothBytesMax = 81_920

layer(tier, { excludeTestServices: true })("a suspended script", (it) => {
  it.effect.each([
    ["a snapshot", false],
    ["the journal alone", true]
  ] as const)("T12 goes on in the middle of a pipeline once its call is answered, from %s", ([, rebuild]) =>
    Effect.gen(function* () {
      const { again, calls, session } = yield* makeDurable()
      const paused = yield* shell(session, refund)
      const call = onlyCall(paused)
      assert.deepStrictEqual(calls, [])
      const next = yield* again({ rebuild })
      assert.deepStrictEqual(endOf(yield* next.answer(call, { _tag: "Approve" })), {
        stdout: afterRefund,
        stderr: "",
        exitCode: 0
      })
      assert.deepStrictEqual(calls, [["refund", { order: "o-1", amount: 5 }]])
      assert.strictEqual(yield* printed(next, "cat out.txt"), "REFUNDED 5 OF O-1\n")
    })
  )

  it.effect("is small, with the JavaScript that waits for it as well", () =>
    Effect.gen(function* () {
      const script = "tool shop.refund --order o-1 --amount 5 | jq -R . > out.txt; cat out.txt"
      const kept = Effect.fnUntraced(function* (code: string, language: "shell" | "javascript") {
        const { session } = yield* makeDurable()
        const paused = yield* session.run(code, { language })
        onlyCall(paused)
        return paused.metrics.snapshotBytes
      })
      const alone = yield* kept(script, "shell")
      assert.isAbove(alone, 0)
      assert.isAtMost(alone, pipelineBytesMax)
      assert.isAtMost(yield* kept(`await shell(${JSON.stringify(script)})`, "javascript"), bothBytesMax)
    })
  )

  it.effect("waits in every process that holds it for another call of the same loop", () =>
    Effect.gen(function* () {
      const { again, calls, session } = yield* makeDurable()
      const script =
        "for n in 1 2 3; do tool shop.refund --order o-$n --amount $n | cut -d' ' -f2,4; done | paste -sd, -"
      let result = yield* shell(session, script)
      for (let amount = 1; amount <= 3; amount++) {
        const call = onlyCall(result)
        assert.lengthOf(calls, amount - 1)
        result = yield* (yield* again()).answer(call, { _tag: "Approve" })
      }
      assert.strictEqual(endOf(result).stdout, "1 o-1,2 o-2,3 o-3\n")
      assert.lengthOf(calls, 3)
    })
  )

  it.effect("T12 goes on after its process was killed, with nothing run again", () =>
    Effect.gen(function* () {
      const filename = yield* journalFile
      const call = yield* Effect.promise(() => killedWhilePaused(filename, "s-1", refund))
      const calls: Calls = []
      const kept = Layer.merge(journalIn(filename), Layer.succeed(Machines, yield* Machines))
      const sessions = yield* Layer.build(Layer.fresh(Sessions.layer().pipe(Layer.provide(kept))))
      const grants = { toolkit: yield* toolkit(calls), capabilities: asking }
      const session = yield* Context.get(sessions, Sessions).resume("s-1", grants)
      assert.strictEqual(endOf(yield* session.answer(call, { _tag: "Approve" })).stdout, afterRefund)
      assert.deepStrictEqual(calls, [["refund", { order: "o-1", amount: 5 }]])
    })
  )
})

layer(tier)("a script that sleeps", (it) => {
  it.effect("waits in the middle of a pipeline for as long as it takes, in no process at all", () =>
    Effect.gen(function* () {
      const { again, session } = yield* makeDurable()
      const script =
        "date +%s; echo a b c | while read -r first rest; do sleep 3600; echo $rest $first; done | tr ' ' -; date +%s"
      const paused = yield* shell(session, script, { patience: 0 })
      assert.deepInclude(paused, { _tag: "Paused", wakesMillis: 3_600_000, stdout: "0\n" })
      const early = yield* (yield* again()).resume({ patience: 0 })
      assert.deepInclude(Option.getOrUndefined(early), { _tag: "Paused", wakesMillis: 3_600_000 })
      yield* TestClock.adjust("1 hour")
      const late = yield* (yield* again()).resume()
      assert.deepInclude(Option.getOrUndefined(late), { _tag: "Completed", stdout: "0\nb-c-a\n3600\n", stderr: "" })
    })
  )

  it.effect("gives up a call when the time for it is over", () =>
    Effect.gen(function* () {
      const { again, calls, session } = yield* makeDurable()
      const script = "timeout 60 tool shop.refund --order o-1 --amount 5 | cat; echo ${PIPESTATUS[0]}"
      onlyCall(yield* shell(session, script, { patience: 0 }))
      yield* TestClock.adjust("2 minutes")
      const result = yield* (yield* again()).resume()
      assert.deepInclude(Option.getOrUndefined(result), { _tag: "Completed", stdout: "124\n" })
      assert.deepStrictEqual(calls, [])
    })
  )
})

/** Gives the call that the script waited for when its process was killed. */
const killedWhilePaused = async (filename: string, id: string, script: string): Promise<string> => {
  const program = fileURLToPath(new URL("process.ts", import.meta.url))
  const child = spawn(process.execPath, ["--conditions=source", program, filename, id, script], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const exited = once(child, "exit")
  const [call = ""] = await once(createInterface({ input: child.stdout }), "line")
  child.kill("SIGKILL")
  const [, signal] = await exited
  assert.strictEqual(signal, "SIGKILL")
  return call
}

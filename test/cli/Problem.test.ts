import { assert, describe, it } from "@effect/vitest"
import { Cause, Config, ConfigProvider, Effect } from "effect"
import { type CommandError, fromCause, type Problem } from "../../src/cli/Problem.ts"
import { MachineError, MachineUnavailable } from "../../src/machine/Machine.ts"
import { ProgramFailed } from "../../src/process/Program.ts"
import { JournalError, SessionBusy, StorageFailed } from "../../src/session/journal/Journal.ts"
import { TemplateError } from "../../src/template/TemplateError.ts"

const problemOf = (error: CommandError): Problem => {
  const problem = fromCause(Cause.fail(error))
  return typeof problem === "number" ? assert.fail("all had been said") : problem
}

const busy = (owner: string) =>
  new JournalError({ reason: new SessionBusy({ session: "a", owner, leaseUntilMillis: 0 }) })

describe("a problem", () => {
  it("names the process and the host that hold a session, and no more of them", () => {
    const { exitCode, message } = problemOf(busy("ann-laptop pid 4711 of pid:[4026531836] since 81920 0a1b2c3d"))
    assert.strictEqual(exitCode, 69)
    assert.strictEqual(message, "session a is held by process 4711 on ann-laptop")
  })

  it("names a holder as it calls itself where it is none of this package's processes", () => {
    assert.strictEqual(problemOf(busy("worker 7")).message, "session a is held by worker 7")
  })

  it("of a run that is recorded says how it goes on", () => {
    const unavailable = problemOf(new MachineError({ reason: new MachineUnavailable({ detail: "all are taken" }) }))
    const failed = problemOf(
      new JournalError({ reason: new StorageFailed({ operation: "append", cause: new Error("full") }) })
    )
    assert.deepStrictEqual([unavailable.exitCode, failed.exitCode], [69, 74])
    for (const { message } of [unavailable, failed]) assert.match(message, /goes on with `caisson resume ID`$/)
  })

  it("of a build says behind the tool's own words how all of them are seen", () => {
    const reason = new ProgramFailed({
      program: "mmdebstrap",
      reason: "Unsuccessful",
      said: "E: no package\nI: cleared"
    })
    const { exitCode, message } = problemOf(new TemplateError({ reason, template: "own" }))
    assert.strictEqual(exitCode, 1)
    assert.deepStrictEqual(message.split("\n"), [
      "mmdebstrap failed: E: no package",
      "I: cleared",
      "`caisson template build own --verbose` shows all that the tools say"
    ])
  })

  it("of the environment names the variable, on one line", () => {
    const environment = ConfigProvider.fromEnv({ env: {} })
    const { exitCode, message } = problemOf(Effect.runSync(Effect.flip(Config.String("HOME").parse(environment))))
    assert.strictEqual(exitCode, 64)
    assert.strictEqual(
      message,
      'a variable of the environment is missing, or cannot be used: Expected string at ["HOME"]'
    )
  })
})

import { type Duplex, duplexPair } from "node:stream"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Qmp from "../../src/qemu/qmp/Qmp.ts"

const greeting =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\r\n'

interface Command {
  readonly execute: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly id: number
}

/** The other end of a control connection, which answers as it is told to; capabilities it always gives. */
const peer = (answer: (command: Command, stream: Duplex) => void) => {
  const [ours, theirs] = duplexPair()
  let rest = ""
  theirs.on("data", (bytes: Buffer) => {
    const lines = `${rest}${bytes}`.split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const command = JSON.parse(line) as Command
      if (command.execute === "qmp_capabilities") theirs.write(`{"return": {}, "id": ${command.id}}\r\n`)
      else answer(command, theirs)
    }
  })
  theirs.write(greeting)
  return { ours, theirs }
}

const connected = (answer: (command: Command, stream: Duplex) => void) =>
  Effect.gen(function* () {
    const { ours, theirs } = peer(answer)
    return { control: yield* Qmp.connect(ours, "2 seconds"), theirs, ours }
  })

const reasonOf = <A>(doing: Effect.Effect<A, { readonly reason: { readonly _tag: string } }>) =>
  Effect.map(Effect.flip(doing), ({ reason }) => reason._tag)

describe("Qmp", () => {
  it.live("gives each command its own answer, in whatever order they come", () =>
    Effect.gen(function* () {
      const waiting: Array<Command> = []
      const { control } = yield* connected((command, stream) => {
        waiting.push(command)
        if (waiting.length < 3) return
        for (const { execute, id } of waiting.toReversed()) stream.write(`{"return": "${execute}", "id": ${id}}\r\n`)
      })
      const names = ["query-status", "stop", "cont"]
      const answers = yield* Effect.forEach(names, (name) => control.execute(name), { concurrency: "unbounded" })
      assert.deepStrictEqual(answers, names)
    }).pipe(Effect.scoped)
  )

  it.live("gives a refusal as a failure of its command alone", () =>
    Effect.gen(function* () {
      const { control } = yield* connected(({ execute, id }, stream) => {
        const failure = `{"error": {"class": "GenericError", "desc": "not now"}, "id": ${id}}`
        stream.write(execute === "stop" ? `${failure}\r\n` : `{"return": {}, "id": ${id}}\r\n`)
      })
      const { reason } = yield* Effect.flip(control.execute("stop"))
      assert.deepInclude(reason, { _tag: "QmpRefused", command: "stop", detail: "not now" })
      assert.deepStrictEqual(yield* control.execute("cont"), {})
    }).pipe(Effect.scoped)
  )

  it.live("hears of an event that comes before the answer to the command that it follows from", () =>
    Effect.gen(function* () {
      const { control } = yield* connected(({ id }, stream) =>
        stream.write(`{"event": "STOP"}\r\n{"return": {}, "id": ${id}}\r\n`)
      )
      const stopped = yield* control.expecting("stop", ({ event }) => (event === "STOP" ? event : undefined))
      yield* control.execute("stop")
      assert.strictEqual(yield* stopped("2 seconds"), "STOP")
    }).pipe(Effect.scoped)
  )

  it.live("gives up what does not come in time, and takes its late answer for what it is", () =>
    Effect.gen(function* () {
      const late: Array<() => void> = []
      const { control } = yield* connected(({ execute, id }, stream) => {
        const answer = () => void stream.write(`{"return": {}, "id": ${id}}\r\n`)
        if (execute === "stop") late.push(answer)
        else answer()
      })
      assert.strictEqual(yield* reasonOf(control.execute("stop", {}, { timeout: "10 millis" })), "QmpTimeout")
      const event = yield* control.expecting("nothing", () => undefined)
      assert.strictEqual(yield* reasonOf(event("10 millis")), "QmpTimeout")
      for (const answer of late) answer()
      assert.deepStrictEqual(yield* control.execute("cont"), {})
    }).pipe(Effect.scoped)
  )

  it.live.each([
    ["an answer to no command", '{"return": {}, "id": 99}\r\n'],
    ["an error of no command", '{"error": {"class": "GenericError", "desc": "what?"}}\r\n'],
    ["no JSON", "hello\r\n"],
    ["no UTF-8", Buffer.from([0xff, 0x0a])]
  ] as const)("fails everything that waits, and all that comes later, after %s", ([, bytes]) =>
    Effect.gen(function* () {
      const { control, theirs } = yield* connected(() => {})
      const waiting = yield* Effect.forkChild(Effect.flip(control.execute("stop")), { startImmediately: true })
      theirs.write(bytes)
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "QmpMalformed")
      assert.strictEqual(yield* reasonOf(control.execute("cont")), "QmpMalformed")
    }).pipe(Effect.scoped)
  )

  it.live("says that the other end has closed the connection", () =>
    Effect.gen(function* () {
      const { control, theirs } = yield* connected((_, stream) => stream.destroy())
      assert.strictEqual(yield* reasonOf(control.execute("quit")), "QmpClosed")
      assert.isTrue(theirs.destroyed)
    }).pipe(Effect.scoped)
  )

  it.live("closes its stream with the scope", () =>
    Effect.gen(function* () {
      const { ours } = yield* Effect.scoped(connected(() => {}))
      assert.isTrue(ours.destroyed)
    })
  )

  it.live("gives up who does not greet", () =>
    Effect.gen(function* () {
      const [ours] = duplexPair()
      assert.strictEqual(yield* reasonOf(Effect.scoped(Qmp.connect(ours, "10 millis"))), "QmpTimeout")
    })
  )

  it.live("has a bound on commands that wait", () =>
    Effect.gen(function* () {
      const { control } = yield* connected(() => {})
      const all = yield* Effect.forEach(
        Array.from({ length: 65 }),
        () => reasonOf(control.execute("stop", {}, { timeout: "50 millis" })),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(all.filter((tag) => tag === "QmpRefused").length, 1)
    }).pipe(Effect.scoped)
  )
})

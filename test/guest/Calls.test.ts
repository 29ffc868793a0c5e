import { createConnection, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Queue, Stream } from "effect"
import type { Agent } from "../../src/guest/Agent.ts"
import { agent, type Guest, greet, needsGo, shell, start } from "./guest.ts"

/** Guest code that is connected to the socket for tool calls. */
const caller = Effect.fnUntraced(function* (guest: Guest) {
  const socket: Socket = yield* Effect.acquireRelease(
    Effect.sync(() => createConnection(guest.socket)),
    (socket) => Effect.sync(() => socket.destroy())
  )
  let text = ""
  const line: Effect.Effect<string> = Effect.callback((resume) => {
    const look = () => {
      const end = text.indexOf("\n")
      if (end === -1) return
      socket.off("data", hear)
      socket.off("close", close)
      const found = text.slice(0, end)
      text = text.slice(end + 1)
      resume(Effect.succeed(found))
    }
    const hear = (bytes: Buffer) => {
      text += bytes.toString()
      look()
    }
    const close = () => resume(Effect.succeed("closed"))
    socket.on("data", hear)
    socket.on("close", close)
    look()
  })
  const say = (question: unknown) =>
    Effect.sync(() => {
      socket.write(typeof question === "string" ? question : `${JSON.stringify(question)}\n`)
    })
  return { socket, line, say, ask: (question: unknown) => Effect.andThen(say(question), line) }
})

/** A process whose id tool calls can be made in. */
const running = (machine: Agent) => machine.execute(shell("1", "exec sleep 1000"))

/** Answers the one call that waits. */
const answeredBy = <E, R>(connect: Effect.Effect<Agent, E, R>) =>
  Effect.gen(function* () {
    const machine = yield* connect
    const call = yield* Queue.take(machine.calls)
    yield* call.answer('{"value":1}')
    // What is sent later is heard later.
    yield* machine.ping
    return { call, calls: machine.welcome.calls }
  })

describe("a tool call of guest code", () => {
  it.live("T1 arrives as it was made, and its answer as it was given", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      yield* running(machine)
      const guest = yield* caller(machine.guest)
      const question = { process: "1", tool: "stripe.charges.create", arguments: [{ amount: 500, note: "é\n" }] }
      const asking = yield* Effect.forkScoped(guest.ask(question))
      const call = yield* Queue.take(machine.calls)
      assert.deepInclude(call, { id: "1.1", process: "1", path: "stripe.charges.create" })
      assert.deepStrictEqual(JSON.parse(call.arguments), question.arguments)
      yield* call.answer('{"value":{"id":"ch_1"}}')
      assert.strictEqual(yield* Fiber.join(asking), '{"value":{"id":"ch_1"}}')
    })
  )

  it.live("T6 may be large, and so may its answer", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      yield* running(machine)
      const guest = yield* caller(machine.guest)
      const large = "é".repeat(300_000)
      const asking = yield* Effect.forkScoped(guest.ask({ process: "1", tool: "t", arguments: [large] }))
      const call = yield* Queue.take(machine.calls)
      assert.deepStrictEqual(JSON.parse(call.arguments), [large])
      yield* call.answer(JSON.stringify({ value: `${large}${large}` }))
      assert.deepStrictEqual(JSON.parse(yield* Fiber.join(asking)), { value: `${large}${large}` })
    })
  )

  it.live("T7 with arguments that are too large is refused, and not told", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const machine = yield* greet(yield* guest.dial, 1, { argumentBytes: 1_000 })
      yield* running(machine)
      const code = yield* caller(guest)
      const answer = yield* code.ask({ process: "1", tool: "t", arguments: ["x".repeat(300_000)] })
      assert.include(answer, "the host has refused the call")
      yield* Effect.forkScoped(code.ask({ process: "1", tool: "small", arguments: [] }))
      assert.deepInclude(yield* Queue.take(machine.calls), { id: "1.2", path: "small" })
    })
  )

  it.live("T10 does not wait for others", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      yield* running(machine)
      const asked = yield* Effect.forEach([1, 2, 3], (n) =>
        Effect.gen(function* () {
          const guest = yield* caller(machine.guest)
          return yield* Effect.forkScoped(guest.ask({ process: "1", tool: `t${n}`, arguments: [n] }))
        })
      )
      const calls = yield* Queue.takeN(machine.calls, 3)
      for (const call of calls.toReversed()) yield* call.answer(`{"value":"${call.path}"}`)
      const answers = yield* Effect.forEach(asked, Fiber.join)
      assert.deepStrictEqual(answers, ['{"value":"t1"}', '{"value":"t2"}', '{"value":"t3"}'])
    })
  )

  it.live("T12 waits over connections, under the same id, until it is answered", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const code = yield* caller(guest)
      const link = yield* guest.dial
      const begun = yield* Deferred.make<void>()
      const question = { process: "1", tool: "t", arguments: [1] }
      const asking = yield* Effect.forkScoped(Effect.andThen(Deferred.await(begun), code.ask(question)))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const machine = yield* greet(link, 1)
          yield* running(machine)
          yield* Deferred.succeed(begun, undefined)
          yield* Queue.take(machine.calls)
          yield* machine.freeze
        })
      )
      const waited = yield* Effect.scoped(answeredBy(greet(link, 2)))
      assert.deepInclude(waited.call, { id: "1.1", path: "t", arguments: "[1]" })
      assert.strictEqual(waited.calls, 1)
      assert.strictEqual(yield* Fiber.join(asking), '{"value":1}')
      assert.strictEqual((yield* greet(link, 3)).welcome.calls, 0)
    })
  )

  it.live("T11 that its maker has left is told to the host", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      yield* running(machine)
      const guest = yield* caller(machine.guest)
      yield* guest.say({ process: "1", tool: "t", arguments: [] })
      const call = yield* Queue.take(machine.calls)
      guest.socket.destroy()
      yield* call.left
      assert.strictEqual(call.id, "1.1")
      const other = yield* caller(machine.guest)
      yield* other.say({ process: "1", tool: "t", arguments: [] })
      const waiting = yield* Queue.take(machine.calls)
      machine.guest.child.kill("SIGKILL")
      assert.strictEqual((yield* Effect.flip(waiting.left)).reason._tag, "LinkClosed")
    })
  )

  it.live("T17 of no process, or that is none, is answered by the agent", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const guest = yield* caller(machine.guest)
      assert.include(yield* guest.ask({ process: "none", tool: "t", arguments: [] }), "there is no such process")
      assert.include(yield* guest.ask("no json\n"), "no call of a tool")
      assert.include(yield* guest.ask("[]\n"), "no call of a tool")
    })
  )

  it.live("T9 can be preceded by the question for what there is", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const guest = yield* caller(machine.guest)
      assert.strictEqual(yield* guest.ask({ list: true }), '{"value":[]}')
      yield* machine.tools('[{"path":"a.b"}]')
      assert.strictEqual(yield* guest.ask({ list: true }), '{"value":[{"path":"a.b"}]}')
    })
  )

  it.live("is made by programs of the guest, which are told where", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const script = `import json, os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["CAISSON_SOCKET"])
s.sendall((json.dumps({"process": os.environ["CAISSON_PROCESS"], "tool": "add", "arguments": [3, 4]}) + "\\n").encode())
print(json.loads(s.makefile().readline())["value"])`
      const python = yield* machine.execute({
        ...shell("cell:1", ""),
        arguments: ["python3", "-c", script],
        user: "root"
      })
      const call = yield* Queue.take(machine.calls)
      assert.deepInclude(call, { id: "cell:1.1", path: "add", arguments: "[3, 4]" })
      yield* call.answer('{"value": 7}')
      assert.strictEqual(Buffer.concat(yield* Stream.runCollect(python.output)).toString(), "7\n")
    })
  )
})
